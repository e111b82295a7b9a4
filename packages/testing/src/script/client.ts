// A client that says what a script says, with whatever manners, and wants to hear what it has.

import { systemClock, type Transport } from "@carteiro/driver";
import { pipe, type PipeOptions } from "@carteiro/memory";
import type { CapturesOf } from "./captures.ts";
import type { DialogueSource, InTurn } from "./dialogue.ts";
import { ScriptedPeer, type ScriptOptions, type ScriptResult } from "./peer.ts";

export interface ScriptedClientOptions extends ScriptOptions {
  /** Of connections by `transport` and `connectTo`: latency, and `secure` for implicit TLS. */
  readonly pipe?: Omit<PipeOptions, "clock">;
}

/** A client in memory, or over any transport. Throws `DialogueError` for what is no dialogue. */
export function scriptedClient<const Source extends DialogueSource | InTurn>(
  source: Source,
  options: ScriptedClientOptions = {},
): ScriptedClient<CapturesOf<Source>> {
  return new ScriptedClient(source, options);
}

export class ScriptedClient<Captures> extends ScriptedPeer<Captures> {
  readonly #options: ScriptedClientOptions;

  constructor(source: DialogueSource | InTurn, options: ScriptedClientOptions) {
    super("client", source, options);
    this.#options = options;
  }

  /** Speaks over a connection. Settles when the dialogue is over; never rejects: `done` does. */
  speak(transport: Transport): Promise<void> {
    return this.converse(transport);
  }

  /** The server's end of a new connection. */
  transport(): Transport {
    const [client, server] = pipe({ ...this.#options.pipe, clock: this.#options.clock ?? systemClock });
    void this.speak(client);
    return server;
  }

  /** Speaks to a server of Carteiro's, over as many connections as the script has. What `done` is. */
  connectTo(server: { accept(transport: Transport): unknown }): Promise<ScriptResult<Captures>> {
    for (let count = 0; count < this.connections; count++) server.accept(this.transport());
    return this.done;
  }
}
