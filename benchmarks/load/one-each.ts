// Load of connections that bring one mail each: so many at once, lockstep from the greeting to the reply to QUIT.

import type { Socket } from "node:net";
import * as wire from "./mail.ts";
import { ReplyCounter } from "./replies.ts";
import { openSocket, soon, type Address } from "./socket.ts";

export interface OneEachOptions extends Address {
  /** Connections at once. */
  readonly connections: number;
  /** Octets of a mail. */
  readonly octets: number;
}

export class OneEachLoad {
  readonly #options: OneEachOptions;
  readonly #writes: readonly Buffer[];
  #connected = 0;

  constructor(options: OneEachOptions) {
    this.#options = options;
    const texts = [wire.hello, wire.mail, wire.recipient, wire.data, wire.content(options.octets), wire.quit];
    this.#writes = texts.map((text) => Buffer.from(text));
  }

  /** Connects over and over for so many milliseconds, and waits for the last; gives how many mails were accepted. */
  async run(milliseconds: number): Promise<number> {
    const until = performance.now() + milliseconds;
    const places = Array.from({ length: this.#options.connections }, () => this.#place(until));
    const counts = await soon("The load", Promise.all(places));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    // All connections have come to their end.
  }

  /** One connection after the other. */
  async #place(until: number): Promise<number> {
    let count = 0;
    while (performance.now() < until) {
      await dialogue({ ...this.#options, host: this.#nextHost() }, this.#writes);
      count += 1;
    }
    return count;
  }

  /** The server has many addresses, so that no port is wanted again while the system still keeps it closed. */
  #nextHost(): string {
    this.#connected += 1;
    return `127.1.0.${1 + (this.#connected % 250)}`;
  }
}

/** One connection, to its very end. */
function dialogue(address: Address, writes: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const counter = new ReplyCounter("2222322", "");
    let replies = 0;
    const socket: Socket = openSocket(address, {
      received: (buffer, length) => {
        const before = replies;
        try {
          replies += counter.count(buffer, length);
        } catch (error) {
          reject(error);
          return void socket.destroy();
        }
        const next = writes[replies - 1];
        if (next !== undefined && replies > before) socket.write(next);
      },
      gone: (error) => {
        if (replies > writes.length) resolve();
        else reject(error ?? new Error(`The server has closed a connection after ${replies} replies`));
      },
    });
  });
}
