// Our server as the peers' clients meet it: it keeps every message and every line of the dialogue.

import { setTimeout } from "node:timers/promises";

import type { MessageAnswer } from "@carteiro/driver";
import {
  binaryMime,
  createServer,
  type Envelope,
  type ListenOptions,
  type NodeServerOptions,
  type SessionInfo,
} from "@carteiro/node";

import { Queue } from "./queue.ts";

export interface Arrival {
  readonly envelope: Envelope;
  readonly session: SessionInfo;
  readonly content: Buffer;
}

export interface OwnServer extends AsyncDisposable {
  readonly port: number;
  /** The next message that has come whole. */
  next(): Promise<Arrival>;
  /** What clients have said so far, a line each, of all sessions. */
  readonly said: readonly string[];
  /** Likewise what they were told. */
  readonly told: readonly string[];
  /** What went wrong: nothing should. */
  readonly errors: readonly unknown[];
}

export interface OwnServerOptions extends Partial<Omit<NodeServerOptions, "onMessage">> {
  /** What becomes of a message that has come whole and is kept. Default: it is accepted. */
  readonly verdict?: (arrival: Arrival) => MessageAnswer;
}

/** Starts it on a port of 127.0.0.1. It accepts everything, unless the options say otherwise. */
export async function startOwnServer(
  { verdict, ...options }: OwnServerOptions = {},
  where: ListenOptions = {},
): Promise<OwnServer> {
  const arrivals = new Queue<Arrival>();
  const lines = { client: [] as string[], server: [] as string[] };
  const errors: unknown[] = [];
  const server = createServer({
    hostname: "carteiro.example",
    extensions: options.chunking === false ? [] : [binaryMime],
    async onMessage({ envelope, session, content }) {
      const arrival = { envelope, session, content: Buffer.from(await content.bytes()) };
      arrivals.add(arrival);
      return verdict?.(arrival);
    },
    ...options,
  });
  server.on("trace", ({ from, line }) => lines[from].push(line));
  server.on("error", ({ error }) => errors.push(error));
  const { port } = await server.listen({ host: "127.0.0.1", port: 0, ...where });
  return {
    port,
    next: () => Promise.race([arrivals.next(), tooLate(() => [...lines.client.slice(-10), ...errors.map(String)])]),
    said: lines.client,
    told: lines.server,
    errors,
    [Symbol.asyncDispose]: () => server.destroy(),
  };
}

/** What was handed to a relay: without the one field that it adds. */
export function withoutReceived(content: Buffer): Buffer {
  const own = /^Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/.exec(content.toString("latin1"))?.[0] ?? "";
  return content.subarray(own.length);
}

/** Longest that a client may take to hand over a message. */
const patience = 30_000;

async function tooLate(lastWords: () => readonly string[]): Promise<never> {
  await setTimeout(patience, undefined, { ref: false });
  throw new Error(`No message has come. The clients' last words:\n${lastWords().join("\n")}`);
}
