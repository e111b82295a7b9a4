// The other end of a transport in tests: says and hears lines, as the script of a test will have it.

import type { Transport } from "@carteiro/driver";
import { Promised } from "./promised.ts";
import { ascii, text } from "./transfers.ts";

export class WirePeer {
  readonly transport: Promised;
  /** What has been heard and not yet asked for. */
  #heard = "";
  #ended = false;

  constructor(transport: Transport) {
    this.transport = new Promised(transport);
  }

  /** Says lines, in one write. */
  async say(...lines: readonly string[]): Promise<void> {
    await this.transport.write(ascii(lines.map((line) => `${line}\r\n`).join("")));
  }

  /** The next line; `undefined` when the other end has ended or is gone. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const end = this.#heard.indexOf("\r\n");
      if (end >= 0) {
        const line = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end + 2);
        return line;
      }
      if (this.#ended) return undefined;
      await this.#hear();
    }
  }

  /** The next octets, so many; each as a character where they are ASCII. `undefined` where there are fewer. */
  async octets(count: number): Promise<string | undefined> {
    while (this.#heard.length < count && !this.#ended) await this.#hear();
    if (this.#heard.length < count) return undefined;
    const octets = this.#heard.slice(0, count);
    this.#heard = this.#heard.slice(count);
    return octets;
  }

  /** The next reply of SMTP, its lines joined by `\n`. */
  async reply(): Promise<string | undefined> {
    let whole = await this.line();
    for (let last = whole; last?.[3] === "-";) {
      last = await this.line();
      whole = `${whole}\n${last}`;
    }
    return whole;
  }

  /** Says a command and gives the reply to it. */
  async ask(command: string): Promise<string | undefined> {
    await this.say(command);
    return this.reply();
  }

  /** Asks one after the other; gives the codes of the replies. */
  async codes(...commands: readonly string[]): Promise<string[]> {
    const codes: string[] = [];
    for (const command of commands) codes.push((await this.ask(command))?.slice(0, 3) ?? "none");
    return codes;
  }

  /** Everything up to the end, whatever ends it. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#hear();
    const rest = this.#heard;
    this.#heard = "";
    return rest;
  }

  async #hear(): Promise<void> {
    const bytes = await this.transport.read().catch(() => undefined);
    if (bytes === undefined) this.#ended = true;
    else this.#heard += text(bytes);
  }
}
