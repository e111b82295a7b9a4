// The server's side of TLS: Deno's own is for clients alone, and cannot be started on a connection that was accepted in the clear.
// So it is `node:tls` as Deno has it, over the connection as a Duplex.

import { Duplex } from "node:stream";
import { TLSSocket, type TLSSocketOptions } from "node:tls";
import { callbackify } from "node:util";
import { ConnChannel, type Channel } from "./channel.ts";

export class TlsSocketChannel implements Channel {
  readonly socket: TLSSocket;
  /** Rejects with the TLS error, or when the connection ends before. */
  readonly handshake: Promise<void>;
  readonly #conn: ConnChannel;
  /** The beginning of the handshake, where it has been read already. */
  #unread: Uint8Array | undefined;
  /** Deciphered and not yet asked for: what came of one read. */
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #error: Error | undefined;
  #wakeReader: () => void = () => undefined;
  /** Goes on reading from the network. */
  #wakeSource: () => void = () => undefined;
  #rejectWrite: (error: Error) => void = () => undefined;

  constructor(conn: Deno.Conn, options: TLSSocketOptions, unread: Uint8Array | undefined) {
    this.#conn = new ConnChannel(conn);
    this.#unread = unread;
    this.socket = new TLSSocket(this.#duplex(), { ...options, isServer: true });
    this.handshake = handshaken(this.socket);
    this.#listen();
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      this.#wakeSource();
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#written((done) => this.socket.write(bytes, done));
  }

  end(): Promise<void> {
    return this.#written((done) => this.socket.end(done));
  }

  close(): void {
    this.#fail(new Error("The connection has been closed"));
    this.socket.destroy();
  }

  #written(act: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#rejectWrite = reject;
      act((error) => (error ? reject(error) : resolve()));
    });
  }

  #listen(): void {
    const { socket } = this;
    socket.allowHalfOpen = true;
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#wakeReader();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#wakeReader();
    });
    socket.on("error", (error) => this.#fail(error));
    // A server's TLSSocket outside of a tls.Server tells its errors by this event alone, and stays open.
    socket.on("_tlsError", (error: Error) => socket.destroy(error));
    socket.on("close", () => this.#fail(new Error("The connection has been closed")));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wakeReader();
    this.#wakeSource();
    this.#rejectWrite(this.#error);
  }

  #duplex(): Duplex {
    const conn = this.#conn;
    const duplex = new Duplex({
      read: () => void this.#source(duplex),
      write: callbackify((bytes: Uint8Array, _encoding: string) => conn.write(bytes)),
      final: callbackify(() => conn.end()),
      destroy(error, done) {
        conn.close();
        done(error);
      },
    });
    return duplex;
  }

  /** Deno's TLSSocket reads on when it is paused: it is given nothing while there is something that nobody has asked for. */
  async #source(duplex: Duplex): Promise<void> {
    try {
      while (this.#chunks.length > 0 && this.#error === undefined)
        await new Promise<void>((resolve) => (this.#wakeSource = resolve));
      const unread = this.#unread;
      this.#unread = undefined;
      duplex.push(unread ?? (await this.#conn.read()) ?? null);
    } catch (error) {
      duplex.destroy(error as Error);
    }
  }
}

function handshaken(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new Error("The connection ended before the TLS handshake was over"));
    socket.once("secure", resolve);
    socket.once("_tlsError", reject);
    socket.once("error", reject);
    socket.once("end", broken);
    socket.once("close", broken);
  });
}
