// A WebSocket as a pair of streams: what a bridge to a mail server's port speaks.

import type { StreamPair } from "./transport.ts";

export interface WebSocketStreamsOptions {
  /** Octets that may come before they are read; beyond them the socket is closed, since nothing asks a WebSocket to wait. Default: 16 MiB. */
  readonly unreadLimit?: number;
  /** Octets that lie in the socket unsent before a writer is asked to wait. Default: 64 KiB. */
  readonly unsentLimit?: number;
}

const defaultUnreadLimit = 16_777_216;
const defaultUnsentLimit = 65_536;
/** A WebSocket has no event for having sent: milliseconds between two looks. */
const look = 5;

const normalClosure = 1_000;
/** What a socket is closed with that said nothing. */
const noStatus = 1_005;
/** Closed before its end: a code for applications, since browsers let pages use no others (RFC 6455 §7.4.2). */
const brokenOff = 4_000;

/** `readyState` of a socket that is connected; the class that has it by name need not be the global one. */
const OPEN = 1;

/**
 * The socket's messages as octets, text as UTF-8; their borders mean nothing. It may still be connecting, and belongs to the
 * streams from now on. To close the writable closes the socket once all is sent; to abort it, or to cancel the readable,
 * closes it with 4000, which the other side's streams take for a reset. The readable ends when the socket was closed in order,
 * and errors otherwise.
 */
export function webSocketStreams(socket: WebSocket, options: WebSocketStreamsOptions = {}): StreamPair {
  const { unreadLimit = defaultUnreadLimit, unsentLimit = defaultUnsentLimit } = options;
  socket.binaryType = "arraybuffer";
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));
  return {
    readable: incoming(socket, closed, unreadLimit),
    writable: outgoing(socket, closed, unsentLimit),
  };
}

function incoming(
  socket: WebSocket,
  closed: Promise<CloseEvent>,
  highWaterMark: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let ended = false;
  const start = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    const fail = (error: Error) => {
      if (!ended) controller.error(error);
      ended = true;
    };
    socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (ended) return;
      controller.enqueue(typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data));
      if ((controller.desiredSize ?? 0) >= 0) return;
      breakOff(socket);
      fail(new Error(`More than ${highWaterMark} octets came before they were read, which a WebSocket cannot prevent`));
    });
    void closed.then((event) => {
      if (!isOrderly(event)) return fail(reset(event));
      if (!ended) controller.close();
      ended = true;
    });
  };
  const cancel = () => {
    ended = true;
    breakOff(socket);
  };
  return new ReadableStream({ start, cancel }, { highWaterMark, size: ({ length }) => length });
}

function outgoing(socket: WebSocket, closed: Promise<CloseEvent>, unsentLimit: number): WritableStream<Uint8Array> {
  const open = opened(socket, closed);
  /** Waits until no more than that is unsent. */
  const sent = async (most: number) => {
    while (socket.bufferedAmount > most) {
      if (socket.readyState !== OPEN) throw new Error("The WebSocket is closed");
      await new Promise((resolve) => setTimeout(resolve, look));
    }
  };
  return new WritableStream({
    async start(controller) {
      void closed.then((event) => isOrderly(event) || controller.error(reset(event)));
      await open;
    },
    write(chunk) {
      if (socket.readyState !== OPEN) throw new Error("The WebSocket is closed");
      socket.send(owned(chunk));
      if (socket.bufferedAmount > unsentLimit) return sent(unsentLimit);
    },
    async close() {
      await sent(0);
      socket.close(normalClosure);
    },
    abort: () => breakOff(socket),
  });
}

async function opened(socket: WebSocket, closed: Promise<CloseEvent>): Promise<void> {
  if (socket.readyState === OPEN) return;
  const opens = new Promise<undefined>((resolve) =>
    socket.addEventListener("open", () => resolve(undefined), { once: true }),
  );
  const event = await Promise.race([opens, closed]);
  if (event !== undefined) throw reset(event);
}

function isOrderly({ code }: CloseEvent): boolean {
  return code === normalClosure || code === noStatus;
}

function reset({ code, reason }: CloseEvent): Error {
  const message = `The WebSocket was closed with ${code}${reason === "" ? "" : `, ${reason}`}`;
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}

function breakOff(socket: WebSocket): void {
  socket.close(brokenOff);
}

/** The types of the web allow no shared memory here. Nobody's octets are copied that have an array of their own. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}
