// A raw peer that speaks in lines: what cases write as a dialogue.

import type { RawPeer } from "./adapter.ts";
import { within } from "./expectations.ts";

const patience = 5_000;

export class Dialogue {
  readonly #peer: RawPeer;
  /** Heard and not yet asked for, each octet a character. */
  #heard = "";
  /** The lines of the reply heard last. */
  lastReply: readonly string[] = [];

  constructor(peer: RawPeer) {
    this.#peer = peer;
  }

  /** Sends characters below 256 as octets. */
  say(text: string): Promise<void> {
    return within(this.#peer.write(octets(text)), patience, `saying ${JSON.stringify(text.slice(0, 40))}`);
  }

  /** The next line without its end; `undefined` when there is none any more. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#heard.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end + 2);
        return line;
      }
      if (!(await this.#hear())) return undefined;
    }
  }

  /** The last line of the next reply; `undefined` when there is none any more. */
  async reply(): Promise<string | undefined> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line !== undefined) lines.push(line);
      this.lastReply = lines;
      if (line === undefined || line[3] !== "-") return line;
    }
  }

  /** Sends a line and gives the last line of the reply to it. */
  async ask(line: string): Promise<string | undefined> {
    await this.say(`${line}\r\n`);
    return this.reply();
  }

  /** Everything else, until the other side has ended or the connection is broken. */
  async rest(): Promise<string> {
    while (await this.#hear(() => undefined));
    return this.#heard;
  }

  /** Whether more has come. `broken`: what a broken connection comes to, if not an error. */
  async #hear(broken?: () => undefined): Promise<boolean> {
    const chunk = await within(
      this.#peer.read().catch(broken),
      patience,
      `hearing more than ${JSON.stringify(this.#heard)}`,
    );
    if (chunk === undefined) return false;
    for (const octet of chunk) this.#heard += String.fromCharCode(octet);
    return true;
  }
}

export function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
