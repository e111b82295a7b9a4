// A client's socket that gives the octets it reads into one buffer, which all share, and promises what becomes of it.

import { connect, type Socket } from "node:net";

/** What reads take: replies are short. */
const shared = Buffer.allocUnsafe(65_536);

export interface Listener {
  /** The first octets of the buffer have just come; they are overwritten by the next. */
  received(buffer: Uint8Array, length: number): void;
  /** The server has ended the connection, or it broke. */
  gone(error: Error | undefined): void;
}

export function openSocket(port: number, listener: Listener, localAddress?: string): Socket {
  const onread = {
    buffer: shared,
    callback: (length: number) => {
      listener.received(shared, length);
      return true;
    },
  };
  let error: Error | undefined;
  return connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread,
    ...(localAddress !== undefined && { localAddress }),
  })
    .on("error", (broken) => (error = broken))
    .on("close", () => listener.gone(error));
}
