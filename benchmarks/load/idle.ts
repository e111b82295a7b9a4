// Connections that say EHLO and then nothing.

import type { Socket } from "node:net";
import * as wire from "./mail.ts";
import { ReplyCounter } from "./replies.ts";
import { openSocket, soon, type Address } from "./socket.ts";

/** Connections under way at once: fewer than a system lets wait for a server. */
const atOnce = 100;

export class IdleConnections {
  readonly #sockets: Socket[] = [];

  /** Opens so many, each as far as the reply to EHLO. */
  static async open(address: Address, count: number): Promise<IdleConnections> {
    const idle = new IdleConnections();
    let begun = 0;
    const place = async () => {
      while (begun < count) {
        begun += 1;
        idle.#sockets.push(await opened(address));
      }
    };
    await soon("Connecting", Promise.all(Array.from({ length: atOnce }, place)));
    return idle;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function opened(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const counter = new ReplyCounter("22", "");
    let replies = 0;
    const socket = openSocket(address, {
      received: (buffer, length) => {
        const before = replies;
        replies += counter.count(buffer, length);
        if (before === 0 && replies === 1) socket.write(wire.hello);
        if (replies === 2) resolve(socket);
      },
      gone: (error) => reject(error ?? new Error(`The server has closed a connection after ${replies} replies`)),
    });
  });
}
