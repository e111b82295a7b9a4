// A server in memory and raw clients of it: what handlers answer is seen on the wire, under a virtual clock.

import {
  SmtpServer,
  type Compute,
  type ConnectionOrigin,
  type ServerEvents,
  type ServerOptions,
} from "@carteiro/driver";
import { pipe, VirtualClock, type PipeOptions } from "@carteiro/memory";
import { WirePeer } from "./wire-peer.ts";
import { noDelays } from "./no-delays.ts";

type Told = { [Name in keyof ServerEvents]: { readonly name: Name } & ServerEvents[Name] }[keyof ServerEvents];

export interface MemoryServer {
  readonly server: SmtpServer;
  readonly clock: VirtualClock;
  /** All events but traces, in order. */
  readonly told: Told[];
  /** Names of the events told. */
  readonly names: () => string[];
  /** Messages of the `error` events told. */
  readonly errors: () => string[];
  /** How a client introduces itself. */
  readonly greeting: string;
  /** A connection, before its greeting was heard. */
  readonly connect: (options?: Partial<PipeOptions>, origin?: ConnectionOrigin) => WirePeer;
  /** A connection that has greeted, said EHLO, and these commands, all of them accepted. */
  readonly after: (...commands: readonly string[]) => Promise<WirePeer>;
}

export function memoryServer(
  options: Partial<ServerOptions> = {},
  { startTls = false, compute }: { readonly startTls?: boolean; readonly compute?: Compute } = {},
): MemoryServer {
  const clock = new VirtualClock();
  const greeting = `${options.protocol === "lmtp" ? "LHLO" : "EHLO"} client.example.org`;
  const server = new SmtpServer(
    Object.assign(options, { hostname: "mx.example.org", timeouts: { ...noDelays, ...options.timeouts } }),
    {
      clock,
      startTls,
      ...(compute && { compute }),
    },
  );
  const told: Told[] = [];
  const names = [
    "sessionOpened",
    "sessionClosed",
    "authenticationFailed",
    "recipientRefused",
    "transactionEnded",
    "error",
    "handshakeFailed",
  ] as const;
  for (const name of names) server.on(name, (event) => void told.push({ name, ...event } as Told));
  const connect = (pipeOptions: Partial<PipeOptions> = {}, origin: ConnectionOrigin = {}): WirePeer => {
    const [clientEnd, serverEnd] = pipe({ clock, ...pipeOptions });
    void server.accept(serverEnd, origin);
    return new WirePeer(clientEnd);
  };
  return {
    server,
    clock,
    told,
    names: () => told.map(({ name }) => name),
    errors: () => told.flatMap((event) => (event.name === "error" ? [String(event.error)] : [])),
    greeting,
    connect,
    async after(...commands) {
      const client = connect();
      await client.reply();
      for (const command of [greeting, ...commands]) {
        const reply = await client.ask(command);
        if (reply === undefined || reply >= "4") throw new Error(`${command}: ${reply}`);
      }
      return client;
    },
  };
}
