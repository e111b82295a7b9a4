// The test inbox on a real port, for clients of any kind and language.

import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import {
  nodeCompute,
  nodeTransport,
  secureNodeTransport,
  serverTls,
  type ServerTlsOptions,
  type Tls,
} from "@carteiro/node";
import { Inbox, type InboxOptions } from "../inbox/inbox.ts";
import { authority, certificate } from "./certificate.ts";

export interface TestServerOptions extends InboxOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: 0, a free one. */
  readonly port?: number;
  /**
   * STARTTLS, with this key and certificate or, where it is `true`, with one of the kit's own: for localhost, 127.0.0.1, ::1 and
   * inbox.test, signed by `inbox.ca`. Default: none.
   */
  readonly tls?: boolean | ServerTlsOptions;
  /** Whether connections begin with TLS, as on port 465. Default: no. */
  readonly implicitTls?: boolean;
}

/** Listens; rejects with the system's error where the port is taken. */
export async function testServer(options: TestServerOptions = {}): Promise<PortInbox> {
  const inbox = new PortInbox(options);
  await inbox.listen(options);
  return inbox;
}

export class PortInbox extends Inbox {
  /** Where it listens. */
  host = "";
  port = 0;
  /** What clients have to trust where `tls` is `true`, in PEM. It is public, with its key: trust it in tests alone. */
  readonly ca: string = authority;
  readonly #tls: Tls | undefined;
  readonly #implicitTls: boolean;
  readonly #listener: Server;

  constructor({ tls, implicitTls = false, host: _, port: __, ...options }: TestServerOptions) {
    const given = tls === true || (implicitTls && tls === undefined) ? certificate : tls === false ? undefined : tls;
    super(options, { startTls: given !== undefined && !implicitTls, compute: nodeCompute });
    this.#tls = given && serverTls(given);
    this.#implicitTls = implicitTls;
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#serve(socket));
  }

  /** `smtp://127.0.0.1:2525`, as nodemailer's `createTransport` takes it; `smtps:` with `implicitTls`. */
  get url(): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return `${this.#implicitTls ? "smtps" : "smtp"}://${host}:${this.port}`;
  }

  /** For `testServer`, which has called it. */
  async listen({ host = "127.0.0.1", port = 0 }: Pick<TestServerOptions, "host" | "port">): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once("error", reject).listen({ host, port }, resolve);
    });
    const { address, port: bound } = this.#listener.address() as AddressInfo;
    this.host = address;
    this.port = bound;
    this.#listener.removeAllListeners("error").on("error", (error) => this.server.report(error));
  }

  override async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    await super.close();
    await closed;
  }

  async #serve(socket: Socket): Promise<void> {
    // Whatever befalls it outside of the session concerns nobody.
    socket.on("error", () => undefined);
    const tls = this.#tls;
    if (tls === undefined || !this.#implicitTls)
      return this.server.accept(nodeTransport(socket, tls === undefined ? {} : { tls }));
    try {
      await this.server.accept(await secureNodeTransport(socket, tls));
    } catch (error) {
      this.server.handshakeFailed({}, error);
    }
  }
}
