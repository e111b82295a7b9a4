// A client's socket. In the clear it reads into one buffer, which all share; and a wait for what may never come.

import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

export interface Address {
  readonly port: number;
  /** The server's address: one in the loopback network, which is all of 127.0.0.0/8. Default: 127.0.0.1. */
  readonly host?: string;
  /** The authority to trust, in PEM; the connection then begins with a full TLS handshake. */
  readonly ca?: string;
}

export interface Listener {
  /** The first octets of the buffer have just come; the next overwrite them. */
  received(buffer: Uint8Array, length: number): void;
  /** The server has ended the connection, or it broke. */
  gone(error: Error | undefined): void;
}

/** What reads take: replies are short. */
const shared = Buffer.allocUnsafe(65_536);

export function openSocket(address: Address, listener: Listener): Socket {
  let error: Error | undefined;
  return (address.ca === undefined ? inTheClear(address, listener) : securely(address, address.ca, listener))
    .on("error", (broken) => (error = broken))
    .on("close", () => listener.gone(error));
}

function inTheClear({ port, host = "127.0.0.1" }: Address, listener: Listener): Socket {
  const onread = {
    buffer: shared,
    callback: (length: number) => {
      listener.received(shared, length);
      return true;
    },
  };
  return connect({ port, host, noDelay: true, onread });
}

function securely({ port, host = "127.0.0.1" }: Address, ca: string, listener: Listener): Socket {
  const socket = connectSecurely({ port, host, ca, servername: "mx.example.org" });
  return socket.setNoDelay().on("data", (chunk: Buffer) => listener.received(chunk, chunk.length));
}

/** Milliseconds. */
const patience = 60_000;

/** What the promise comes to; rejects where it comes to nothing for a minute. */
export async function soon<Outcome>(what: string, promise: Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
