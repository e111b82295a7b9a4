// A connection that is kept: it sends mail after mail, and counts those that were accepted.

import type { Socket } from "node:net";
import * as wire from "./mail.ts";
import { ReplyCounter } from "./replies.ts";
import { openSocket, type Address } from "./socket.ts";

/**
 * How far a client goes before it waits: for each reply; MAIL, RCPT and DATA as a group, then the content; or the content and
 * the next group at once.
 */
export type Pipelining = "lockstep" | "groups" | "whole";

export interface KeptOptions extends Address {
  readonly connections: number;
  readonly pipelining: Pipelining;
  /** Octets of a mail. */
  readonly octets: number;
  /** Recipients of a mail. Default: 1. */
  readonly recipients?: number;
  /** Mails on their way at once on one connection, where they are pipelined whole. Default: 1. */
  readonly window?: number;
}

interface Step {
  readonly octets: Buffer;
  /** Replies to wait for before the next step. */
  readonly replies: number;
}

/** What is sent, and what is expected, made once for all connections. */
export class Script {
  /** Sent before the first mail. */
  readonly opening: readonly Step[];
  /** Sent for each mail: where it is one step, as often over as mails may be on their way. */
  readonly mail: readonly Step[];
  /** First digits of the replies. */
  readonly once: string;
  readonly repeated: string;
  readonly window: number;

  constructor({ pipelining, octets, recipients = 1, window = 1 }: KeptOptions) {
    const commands = [
      wire.mail,
      ...Array.from({ length: recipients }, (_, index) => wire.oneRecipient(index)),
      wire.data,
    ];
    const group = commands.join("");
    const content = wire.content(octets);
    const whole = pipelining === "whole";
    this.window = whole ? window : 1;
    this.opening = [step(wire.hello, 1), ...(whole ? [step(group, commands.length)] : [])];
    if (whole) this.mail = [step((content + group).repeat(this.window), commands.length + 1)];
    else if (pipelining === "groups") this.mail = [step(group, commands.length), step(content, 1)];
    else this.mail = [...commands, content].map((text) => step(text, 1));
    const toGroup = `${"2".repeat(commands.length - 1)}3`;
    this.once = whole ? `22${toGroup}` : "22";
    this.repeated = whole ? `2${toGroup}` : `${toGroup}2`;
  }
}

function step(text: string, replies: number): Step {
  return { octets: Buffer.from(text), replies };
}

export class KeptConnection {
  readonly #script: Script;
  readonly #socket: Socket;
  readonly #counter: ReplyCounter;
  /** The step whose replies come now, and how many have come. */
  #step = 0;
  #replies = 0;
  /** Mails on their way, and those accepted in this run. */
  #sent = 0;
  #accepted = 0;
  #until = 0;
  #received: (replies: number) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  #done: (accepted: number) => void = () => undefined;

  private constructor(address: Address, script: Script) {
    this.#script = script;
    this.#counter = new ReplyCounter(script.once, script.repeated);
    this.#socket = openSocket(address, {
      received: (buffer, length) => this.#receive(buffer, length),
      gone: (error) => this.#failed(error ?? new Error("The server has closed a connection that was to be kept")),
    });
  }

  static async open(address: Address, script: Script): Promise<KeptConnection> {
    const connection = new KeptConnection(address, script);
    await connection.#answers(1);
    for (const { octets, replies } of script.opening) {
      connection.#socket.write(octets);
      await connection.#answers(replies);
    }
    connection.#received = (replies) => connection.#goOn(replies);
    return connection;
  }

  /** Sends mails until then, one at least, and gives how many were accepted. */
  async run(until: number): Promise<number> {
    this.#until = until;
    this.#accepted = 0;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      this.#begin(this.#script.window);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answers(wanted: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let missing = wanted;
      this.#failed = reject;
      this.#received = (replies) => {
        missing -= replies;
        if (missing === 0) resolve();
      };
    });
  }

  #receive(buffer: Uint8Array, length: number): void {
    try {
      this.#received(this.#counter.count(buffer, length));
    } catch (error) {
      this.#failed(error as Error);
      this.#socket.destroy();
    }
  }

  #begin(mails: number): void {
    const [first] = this.#script.mail;
    if (first === undefined || mails === 0) return;
    this.#sent += mails;
    this.#socket.write(first.octets.subarray(0, (first.octets.length / this.#script.window) * mails));
  }

  #goOn(replies: number): void {
    const { mail } = this.#script;
    const before = this.#step;
    let accepted = 0;
    this.#replies += replies;
    for (let wanted = mail[this.#step]; wanted && this.#replies >= wanted.replies; wanted = mail[this.#step]) {
      this.#replies -= wanted.replies;
      this.#step = (this.#step + 1) % mail.length;
      if (this.#step === 0) accepted += 1;
    }
    const next = mail[this.#step];
    if (accepted > 0) this.#accept(accepted);
    else if (next && this.#step !== before) this.#socket.write(next.octets);
  }

  #accept(mails: number): void {
    this.#accepted += mails;
    this.#sent -= mails;
    if (performance.now() < this.#until) this.#begin(mails);
    else if (this.#sent === 0) this.#done(this.#accepted);
  }
}
