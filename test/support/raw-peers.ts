// Peers that say exactly what a test tells them to: a client without manners for a server, a server without manners for a
// client; over memory or over sockets.

import { once } from "node:events";
import { connect as connectSocket, createServer as createSocketServer, type AddressInfo, type Socket } from "node:net";
import { SmtpServer, type ServerOptions } from "@carteiro/driver";
import { pipe, VirtualClock, type PipeOptions } from "@carteiro/memory";
import { latin1, octetsOf } from "./session-harness.ts";
import { noDelays } from "./no-delays.ts";
import { Promised } from "./promised.ts";

/** A client over memory, to a server with these options. */
export class RawClient {
  readonly clock: VirtualClock;
  readonly server: SmtpServer;
  /** Each octet as a character. */
  heard = "";
  /** Whether the server has ended its side, or the connection. */
  closed = false;
  readonly #transport: Promised;

  private constructor(options: ServerOptions, startTls: boolean, pipeOptions: Partial<PipeOptions>) {
    this.clock = new VirtualClock();
    const timeouts = { ...noDelays, ...options.timeouts };
    this.server = new SmtpServer({ ...options, timeouts }, { clock: this.clock, startTls });
    const [client, server] = pipe({ clock: this.clock, ...pipeOptions });
    this.#transport = new Promised(client);
    void this.server.accept(server);
    void this.#listen();
  }

  static async connect(
    options: Omit<ServerOptions, "hostname">,
    { startTls = false, ...pipeOptions }: Partial<PipeOptions> & { readonly startTls?: boolean } = {},
  ): Promise<RawClient> {
    const client = new RawClient({ hostname: "mx.example.org", ...options }, startTls, pipeOptions);
    await client.clock.advance(0);
    return client;
  }

  /** Sends octets, each a character, and lets happen what follows at once; gives what is heard of it. */
  async say(text: string): Promise<string> {
    const before = this.heard.length;
    if (!this.closed) void Promise.resolve(this.#transport.write(octetsOf(text))).catch(() => undefined);
    await this.clock.advance(0);
    return this.heard.slice(before);
  }

  /** Codes of the replies heard, in order. */
  get codes(): number[] {
    return codesOf(this.heard);
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const bytes = await this.#transport.read();
        if (bytes === undefined) break;
        this.heard += latin1(bytes);
      }
    } catch {
      // The server has closed with octets of ours unread.
    }
    this.closed = true;
  }
}

/** The code of each last line of a reply. */
export function codesOf(said: string): number[] {
  return said
    .split("\r\n")
    .filter((line) => /^\d{3}( |$)/.test(line))
    .map((line) => Number(line.slice(0, 3)));
}

/** A client on a socket. */
export class RawSocket {
  readonly socket: Socket;
  heard = "";
  closed = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.heard += latin1(bytes);
      this.#wake();
    });
    socket.on("error", () => undefined);
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    }
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawSocket(socket);
  }

  /** Writes octets in one piece. */
  say(text: string): void {
    if (!this.closed) this.socket.write(octetsOf(text));
  }

  /** Until so many replies have been heard, or the connection is over. */
  async replies(count: number): Promise<number[]> {
    while (!this.closed && codesOf(this.heard).length < count) await this.#news();
    return codesOf(this.heard);
  }

  /** Until a text has been heard, or the connection is over. */
  async hears(text: string): Promise<void> {
    while (!this.closed && !this.heard.includes(text)) await this.#news();
  }

  async ends(): Promise<void> {
    while (!this.closed) await this.#news();
    this.socket.destroy();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/** A server on a socket that does with each connection what it is told to. Close it by what it gives. */
export async function rawServer(
  serve: (peer: RawSocket) => Promise<void>,
): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    void serve(new RawSocket(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
