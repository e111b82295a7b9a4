// How cases are written: what they need, and what most of them do.

import {
  accept,
  SmtpError,
  type Message,
  type RuntimeFeatures,
  type ServerOptions,
  type SmtpClient,
} from "@carteiro/driver";
import type { ConformanceAdapter, ConnectOptions, RawPeer, ServeOptions, Served } from "./adapter.ts";
import { Dialogue } from "./dialogue.ts";
import { checkEqual, eventually, rejection, within } from "./expectations.ts";

/** Milliseconds for what ought to come at once. */
const patience = 5_000;

/** Features that are there or not. */
export type Need = {
  [Name in keyof RuntimeFeatures]: RuntimeFeatures[Name] extends boolean ? Name : never;
}[keyof RuntimeFeatures];

export interface CaseDefinition {
  readonly name: string;
  /** Without all of these the case is skipped. */
  readonly needs?: readonly Need[];
  readonly run: <Place>(adapter: ConformanceAdapter<Place>) => Promise<void>;
}

/** A message as a server took it. */
export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: string;
  readonly secured: boolean;
}

/** Options of a server that takes every message and keeps it here. */
export function taking(taken: Taken[], more: Partial<ServerOptions> = {}): ServerOptions {
  return {
    hostname: "mx.example.org",
    async onMessage({ session, envelope, content }) {
      const octets = await content.bytes();
      taken.push({
        from: envelope.reversePath?.address ?? "",
        to: envelope.recipients.map(({ recipient }) => recipient.address),
        content: new TextDecoder().decode(octets),
        secured: session.tls !== undefined,
      });
      return accept();
    },
    ...more,
  };
}

/** A server for as long as the body takes. Its connections are closed at the end, and none must be left. */
export async function withServer<Place>(
  adapter: ConformanceAdapter<Place>,
  options: ServeOptions,
  body: (served: Served<Place>) => Promise<void>,
): Promise<void> {
  const served = await adapter.serve(options);
  try {
    await body(served);
  } finally {
    await served.server.destroy();
  }
}

/** A client for as long as the body takes, which then says QUIT. */
export async function withClient<Place>(
  adapter: ConformanceAdapter<Place>,
  place: Place,
  options: ConnectOptions,
  body: (client: SmtpClient) => Promise<void>,
): Promise<void> {
  const client = await adapter.connect(place, { hostname: "client.example.org", ...options });
  try {
    await body(client);
    await client.quit();
  } finally {
    client.destroy();
  }
}

/** A client without manners for as long as the body takes. */
export async function withRawClient<Place>(
  adapter: ConformanceAdapter<Place>,
  place: Place,
  body: (dialogue: Dialogue, peer: RawPeer) => Promise<void>,
): Promise<void> {
  const peer = await adapter.rawClient(place);
  try {
    await body(new Dialogue(peer), peer);
  } finally {
    peer.close();
  }
}

/** A server without manners for as long as the body takes. */
export async function withRawServer<Place>(
  adapter: ConformanceAdapter<Place>,
  script: (dialogue: Dialogue, peer: RawPeer) => Promise<void>,
  body: (place: Place) => Promise<void>,
): Promise<void> {
  // What befalls a script is what its client does to it: the case looks at that from the other side.
  const server = await adapter.rawServer((peer) => script(new Dialogue(peer), peer).catch(() => undefined));
  try {
    await body(server.place);
  } finally {
    await server.close();
  }
}

/** The server has no connection any more, and takes a message as if nothing had happened. */
export async function checkUnharmed<Place>(
  adapter: ConformanceAdapter<Place>,
  { place, server }: Served<Place>,
  taken: readonly Taken[],
  options: ConnectOptions,
): Promise<void> {
  await eventually(() => server.connections === 0, "the server is rid of the connection");
  const before = taken.length;
  await withClient(adapter, place, options, async (client) => {
    const { reply } = await client.send(note("unharmed"));
    checkEqual(reply?.code, 250, "the reply to a message afterwards");
  });
  checkEqual(taken.length - before, 1, "messages taken afterwards");
}

/** Some message. */
export function note(subject: string): Message {
  return { from: "a@example.net", to: "b@example.org", content: `Subject: ${subject}\r\n\r\nHello\r\n` };
}

/** The failure that a client's call came to. */
export async function failure(promise: Promise<unknown>, what: string): Promise<SmtpError> {
  const error = await within(rejection(promise, what), patience, what);
  if (error instanceof SmtpError) return error;
  throw new Error(`${what}: expected an SmtpError, and it was ${String(error)}`, { cause: error });
}
