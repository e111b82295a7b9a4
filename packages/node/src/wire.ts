// What a transport sends octets by, and whom that tells what comes: a socket, or what is beneath one.

import type { Socket } from "node:net";
import { plainAddress } from "@carteiro/driver";
import type { Intake, Taker } from "./intake.ts";
import type { Outlet } from "./outlet.ts";

export interface Wire {
  readonly intake: Intake;
  readonly outlet: Outlet;
  readonly remote: Address;
  readonly local: Address;
  /** Octets that had come before. */
  readonly unread: readonly Buffer[];
  /** Ends our side once all that was written is sent. `done` is called once, with an error where that fails. */
  end(done: (error?: Error | null) => void): void;
  /** Closes both sides at once. */
  destroy(): void;
  /** Closes both sides so that the peer is told of a broken connection. */
  reset(): void;
  /** Gives the socket away, at rest, with these octets put back into it, where TLS looks for them. Nobody is told anything any more. */
  release(unread: readonly Buffer[]): Socket;
}

/** Whom a wire tells, but not before it is made. */
export interface WireTaker extends Taker {
  /** Nothing waits to be sent any more. */
  emptied(): void;
  /** The peer sends no more. */
  ended(): void;
  /** The connection is broken, both ways. */
  broken(error: Error): void;
  /** It is closed, and nobody has said why. */
  closed(): void;
  /** It goes on in another way, and is paused. */
  continues(wire: Wire): void;
}

export type Address = { readonly address?: string; readonly port?: number };

/** Of one end of a connection, as far as it is known. */
export function address(ip: string | undefined, port: number | undefined): Address {
  const plain = plainAddress(ip);
  if (plain === undefined) return port === undefined ? {} : { port };
  return port === undefined ? { address: plain } : { address: plain, port };
}
