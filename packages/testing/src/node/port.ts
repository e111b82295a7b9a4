// A port on which a test's server listens, with TLS if it is to be, by a certificate of the kit's own.

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Transport } from "@carteiro/driver";
import { nodeTransport, secureNodeTransport, serverTls, type ServerTlsOptions, type Tls } from "@carteiro/node";
import { certificate } from "./certificate.ts";

export interface PortOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 0, a free one. */
  readonly port?: number;
  /**
   * STARTTLS, with this key and certificate or, where it is `true`, with one of the kit's own: for localhost, 127.0.0.1, ::1 and
   * inbox.test, signed by `ca`.
   */
  readonly tls?: boolean | ServerTlsOptions;
  /** Whether connections begin with TLS, as on port 465. Default: no. */
  readonly implicitTls?: boolean;
}

/** Who is told what comes. */
export interface PortEvents {
  accepted(transport: Transport): unknown;
  handshakeFailed(error: unknown): void;
  failed(error: unknown): void;
}

export class Port {
  /** Where it listens. */
  host = "";
  port = 0;
  /** Whether connections in the clear can go on with TLS. */
  readonly startsTls: boolean;
  readonly #tls: Tls | undefined;
  readonly #implicitTls: boolean;
  readonly #events: PortEvents;
  readonly #listener: Server;

  constructor({ tls, implicitTls = false }: PortOptions, events: PortEvents) {
    const given = tls === true || (implicitTls && tls === undefined) ? certificate : tls === false ? undefined : tls;
    this.#tls = given && serverTls(given);
    this.#implicitTls = implicitTls;
    this.startsTls = given !== undefined && !implicitTls;
    this.#events = events;
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#serve(socket));
  }

  /** `smtp://127.0.0.1:2525`, as nodemailer's `createTransport` takes it; `smtps:` with `implicitTls`. */
  get url(): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return `${this.#implicitTls ? "smtps" : "smtp"}://${host}:${this.port}`;
  }

  /** Rejects with the system's error where the port is taken. */
  async listen({ host = "127.0.0.1", port = 0 }: Pick<PortOptions, "host" | "port">): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once("error", reject).listen({ host, port }, resolve);
    });
    const { address, port: bound } = this.#listener.address() as AddressInfo;
    this.host = address;
    this.port = bound;
    this.#listener.removeAllListeners("error").on("error", (error) => this.#events.failed(error));
  }

  /** Settles once all connections are closed, which is for others to do. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#listener.close(() => resolve()));
  }

  async #serve(socket: Socket): Promise<void> {
    // Whatever befalls it outside of the session concerns nobody.
    socket.on("error", () => undefined);
    const tls = this.#tls;
    if (tls === undefined || !this.#implicitTls)
      return void this.#events.accepted(nodeTransport(socket, tls === undefined ? {} : { tls }));
    try {
      this.#events.accepted(await secureNodeTransport(socket, tls));
    } catch (error) {
      this.#events.handshakeFailed(error);
    }
  }
}
