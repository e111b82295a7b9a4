// Load over connections that are kept: each sends mail after mail as fast as the server answers.

import { KeptConnection, Script, type KeptOptions } from "./kept-connection.ts";
import { soon } from "./socket.ts";

export class KeptLoad {
  readonly #connections: readonly KeptConnection[];

  private constructor(connections: readonly KeptConnection[]) {
    this.#connections = connections;
  }

  /** Opens all connections, as far as the reply to EHLO. */
  static async open(options: KeptOptions): Promise<KeptLoad> {
    const script = new Script(options);
    const opened = Array.from({ length: options.connections }, () => KeptConnection.open(options, script));
    return new KeptLoad(await soon("Connecting", Promise.all(opened)));
  }

  /** Sends mail for so many milliseconds, and waits for the last replies; gives how many mails were accepted. */
  async run(milliseconds: number): Promise<number> {
    const until = performance.now() + milliseconds;
    const runs = Promise.all(this.#connections.map((connection) => connection.run(until)));
    const counts = await soon("The load", runs);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
