// Node's TLS over a pair of streams.

import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { callbackify } from "node:util";
import type { Tls } from "@carteiro/node";
import type { SecuredStreams, StreamPair } from "@carteiro/web";

/** What a runtime with TLS of its own over streams would hand in. */
export async function secured(streams: StreamPair, tls: Tls): Promise<SecuredStreams> {
  const upgrade = tls.upgrade(duplexOver(streams) as Socket);
  upgrade.socket.allowHalfOpen = true;
  await upgrade.handshake;
  return { ...streamsOver(upgrade.socket), tls: upgrade.info() };
}

function streamsOver(socket: Duplex): StreamPair {
  const ended = (resolve: () => void, reject: (error: Error) => void) => (error?: Error | null) =>
    error ? reject(error) : resolve();
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      socket.on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) socket.pause();
      });
      socket.on("end", () => controller.close());
      socket.on("error", (error) => controller.error(error));
      socket.pause();
    },
    pull: () => void socket.resume(),
    cancel: () => void socket.destroy(),
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => new Promise((resolve, reject) => void socket.write(chunk, ended(resolve, reject))),
    close: () => new Promise((resolve, reject) => void socket.end(ended(resolve, reject))),
    abort: () => void socket.destroy(),
  });
  return { readable, writable };
}

function duplexOver({ readable, writable }: StreamPair): Duplex {
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  const giveUp = (reason: Error) => Promise.allSettled([reader.cancel(reason), writer.abort(reason)]);
  return new Duplex({
    read() {
      reader.read().then(
        ({ done, value }) => this.push(done ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    write: callbackify((chunk: Uint8Array, _encoding: string) => writer.write(chunk)),
    final: callbackify(() => writer.close()),
    destroy(error, done) {
      const reason = error ?? new Error("The connection has been destroyed");
      void giveUp(reason);
      done(error);
    },
  });
}
