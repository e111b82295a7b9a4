// How cases are written: what they need, and what most of them do.

import { accept, type RuntimeFeatures, type ServerOptions, type SmtpClient } from "@carteiro/driver";
import type { ConformanceAdapter, ConnectOptions, ServeOptions, Served } from "./adapter.ts";

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
