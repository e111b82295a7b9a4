// A scripted server on a real port, for clients of any kind and language.

import type { Transport } from "@carteiro/driver";
import type { CapturesOf } from "../script/captures.ts";
import type { DialogueSource, InTurn } from "../script/dialogue.ts";
import { ScriptedPeer, type ScriptOptions } from "../script/peer.ts";
import { authority } from "./certificate.ts";
import { Port, type PortOptions } from "./port.ts";

/** `tls`: what `C: (TLS)` begins with; by default the kit's own. */
export interface ScriptedServerOptions extends ScriptOptions, PortOptions {}

/** Listens. Rejects with the system's error where the port is taken, and with `DialogueError` for what is no dialogue. */
export async function scriptedServer<const Source extends DialogueSource | InTurn>(
  source: Source,
  options: ScriptedServerOptions = {},
): Promise<PortScriptedServer<CapturesOf<Source>>> {
  const server = new PortScriptedServer<CapturesOf<Source>>(source, options);
  await server.listen(options);
  return server;
}

export class PortScriptedServer<Captures> extends ScriptedPeer<Captures> {
  /** What clients have to trust where `tls` is not given, in PEM. It is public, with its key: trust it in tests alone. */
  readonly ca: string = authority;
  readonly #port: Port;

  constructor(source: DialogueSource | InTurn, options: ScriptedServerOptions) {
    super("server", source, options);
    this.#port = new Port(
      { tls: true, ...options },
      {
        accepted: (transport) => this.accept(transport),
        handshakeFailed: (error) => this.fail("The TLS handshake failed", error),
        failed: (error) => this.fail("The server cannot listen any more", error),
      },
    );
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

  /** Speaks over a connection that has come otherwise. Never rejects: `done` does. */
  accept(transport: Transport): Promise<void> {
    return this.converse(transport);
  }

  /** For `scriptedServer`, which has called it. */
  async listen(options: Pick<PortOptions, "host" | "port">): Promise<void> {
    await this.#port.listen(options);
  }

  override async close(): Promise<void> {
    const closed = this.#port.close();
    await super.close();
    await closed;
  }
}
