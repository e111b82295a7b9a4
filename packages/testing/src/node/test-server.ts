// The test inbox on a real port, for clients of any kind and language.

import { nodeCompute } from "@carteiro/node";
import { Inbox, type InboxOptions } from "../inbox/inbox.ts";
import { authority } from "./certificate.ts";
import { Port, type PortOptions } from "./port.ts";

/** `tls`: by default none. */
export interface TestServerOptions extends InboxOptions, PortOptions {}

/** Listens; rejects with the system's error where the port is taken. */
export async function testServer(options: TestServerOptions = {}): Promise<PortInbox> {
  const inbox = new PortInbox(options);
  await inbox.listen(options);
  return inbox;
}

export class PortInbox extends Inbox {
  /** What clients have to trust where `tls` is `true`, in PEM. It is public, with its key: trust it in tests alone. */
  readonly ca: string = authority;
  readonly #port: Port;

  constructor({ tls, implicitTls, host: _, port: __, ...options }: TestServerOptions) {
    const port = new Port(
      { ...(tls !== undefined && { tls }), ...(implicitTls !== undefined && { implicitTls }) },
      {
        accepted: (transport) => this.server.accept(transport),
        handshakeFailed: (error) => this.server.handshakeFailed({}, error),
        failed: (error) => this.server.report(error),
      },
    );
    super(options, { startTls: port.startsTls, compute: nodeCompute });
    this.#port = port;
  }

  /** Where it listens. */
  get host(): string {
    return this.#port.host;
  }

  get port(): number {
    return this.#port.port;
  }

  /** `smtp://127.0.0.1:2525`, as nodemailer's `createTransport` takes it; `smtps:` with `implicitTls`. */
  get url(): string {
    return this.#port.url;
  }

  /** For `testServer`, which has called it. */
  async listen(options: Pick<TestServerOptions, "host" | "port">): Promise<void> {
    await this.#port.listen(options);
  }

  override async close(): Promise<void> {
    const closed = this.#port.close();
    await super.close();
    await closed;
  }
}
