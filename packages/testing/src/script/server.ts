// A server that says what a script says, and wants to hear what it has.

import { openClient, systemClock, type ClientOptions, type SmtpClient, type Transport } from "@carteiro/driver";
import { pipe, type PipeOptions } from "@carteiro/memory";
import type { CapturesOf } from "./captures.ts";
import type { DialogueSource, InTurn } from "./dialogue.ts";
import { ScriptedPeer, type ScriptOptions } from "./peer.ts";

export interface ScriptedServerOptions extends ScriptOptions {
  /** Of connections by `transport` and `connect`: latency, and `secure` for implicit TLS. */
  readonly pipe?: Omit<PipeOptions, "clock">;
}

/**
 * A server in memory. Throws `DialogueError` for what is no dialogue. For clients of other kinds use the one of
 * `@carteiro/testing/node`.
 */
export function scriptedServer<const Source extends DialogueSource | InTurn>(
  source: Source,
  options: ScriptedServerOptions = {},
): ScriptedServer<CapturesOf<Source>> {
  return new ScriptedServer(source, options);
}

export class ScriptedServer<Captures> extends ScriptedPeer<Captures> {
  readonly #options: ScriptedServerOptions;

  constructor(source: DialogueSource | InTurn, options: ScriptedServerOptions) {
    super("server", source, options);
    this.#options = options;
  }

  /** Speaks over a connection, as `SmtpServer` does. Settles when the dialogue is over; never rejects: `done` does. */
  accept(transport: Transport): Promise<void> {
    return this.converse(transport);
  }

  /** The client's end of a new connection: for `openClient`, for a pool's `connect`. */
  transport(): Transport {
    const [client, server] = pipe({ ...this.#options.pipe, clock: this.#options.clock ?? systemClock });
    void this.accept(server);
    return client;
  }

  /** Opens a client's session. Rejects as `openClient` does. */
  connect(options: ClientOptions = {}): Promise<SmtpClient> {
    return openClient(this.transport(), { allowAuthInClear: true, ...options }, this.#options.clock);
  }
}
