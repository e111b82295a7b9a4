// Sessions kept for the next message: opened on demand up to a limit, reused, closed when idle or used up.

import { systemClock, type Clock } from "./clock.ts";
import type { Message, SendResult, SmtpClient } from "./client.ts";
import { SmtpError } from "./errors.ts";

export interface PoolOptions {
  /** Opens a session. Its rejection is that of the `send` for which it was opened. */
  readonly connect: () => Promise<SmtpClient>;
  /** Sessions at once. Default: 5. */
  readonly connections?: number;
  /** Messages after which a session is closed. Default: 100. */
  readonly messagesPerConnection?: number;
  /** Milliseconds after which a session without work says QUIT. Default: 30,000. */
  readonly idle?: number;
  readonly clock?: Clock;
}

interface Member {
  readonly client: SmtpClient;
  messages: number;
  cancelIdle: () => void;
}

export class Pool {
  readonly #options: Required<PoolOptions>;
  readonly #idle: Member[] = [];
  readonly #waiting: ((member: Member | undefined) => void)[] = [];
  /** Sessions open, being opened or being closed. */
  readonly #members = new Set<Promise<unknown>>();
  #busy = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    const defaults = { connections: 5, messagesPerConnection: 100, idle: 30_000, clock: systemClock };
    this.#options = { ...defaults, ...options };
  }

  /** Sessions open now, at work or idle. */
  get connections(): number {
    return this.#busy + this.#idle.length;
  }

  /**
   * Sends by whichever session is free. A message that has certainly not been accepted, since the session ended before
   * its content did, is sent once more by a new session, if its content can be read again (a string or an array) or was
   * not begun. Otherwise as `SmtpClient.send`.
   */
  async send(message: Message): Promise<SendResult> {
    const watched = watchContent(message);
    try {
      return await this.#sendOnce(watched.message, false);
    } catch (error) {
      if (!mayRetry(error) || !watched.readable()) throw error;
      return this.#sendOnce(message, true);
    }
  }

  /** Closes idle sessions now and the others after their message; settles when all are closed. `send` rejects from now on. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake(undefined);
    for (const member of this.#idle.splice(0)) this.#retire(member);
    while (this.#members.size > 0) await Promise.all(this.#members);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sendOnce(message: Message, fresh: boolean): Promise<SendResult> {
    message.signal?.throwIfAborted();
    const member = await this.#take(fresh, message.signal);
    const sending = member.client.send(message);
    this.#track(sending.catch(() => undefined));
    try {
      return await sending;
    } finally {
      member.messages += 1;
      this.#giveBack(member);
    }
  }

  async #take(fresh: boolean, signal: AbortSignal | undefined): Promise<Member> {
    if (this.#closed) throw new Error("The pool is closed: make another");
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      member.cancelIdle();
      if (!fresh && member.client.usable) return this.#atWork(member);
      this.#retire(member);
    }
    if (this.#busy >= this.#options.connections) return this.#wait(fresh, signal);
    this.#busy += 1;
    const opening = this.#options.connect();
    this.#track(opening.catch(() => undefined));
    try {
      return { client: await opening, messages: 0, cancelIdle: () => undefined };
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #atWork(member: Member): Member {
    this.#busy += 1;
    return member;
  }

  async #wait(fresh: boolean, signal: AbortSignal | undefined): Promise<Member> {
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(wake);
    });
    return this.#take(fresh, signal);
  }

  #giveBack(member: Member): void {
    const { messagesPerConnection, idle, clock } = this.#options;
    if (this.#closed || !member.client.usable || member.messages >= messagesPerConnection) this.#retire(member);
    else {
      member.cancelIdle = clock.after(idle, () => {
        this.#idle.splice(this.#idle.indexOf(member), 1);
        this.#retire(member);
      });
      this.#idle.push(member);
    }
    this.#free();
  }

  /** Room for one more at work. */
  #free(): void {
    this.#busy -= 1;
    this.#waiting.shift()?.(undefined);
  }

  #retire({ client }: Member): void {
    this.#track(client.quit());
  }

  #track(work: Promise<unknown>): void {
    this.#members.add(work);
    void work.finally(() => this.#members.delete(work));
  }
}

/** Whether no server can have accepted the message, and another session may fare better. */
function mayRetry(error: unknown): boolean {
  if (!(error instanceof SmtpError) || error.result === undefined || error.result.uncertain) return false;
  const { kind } = error.failure;
  return kind === "disconnected" || kind === "serviceClosing";
}

/** Notes whether content that can be read only once has been begun. */
function watchContent(message: Message): { readonly message: Message; readonly readable: () => boolean } {
  const { content } = message;
  if (typeof content === "string" || content instanceof Uint8Array) return { message, readable: () => true };
  let begun = false;
  async function* watched() {
    begun = true;
    yield* content as AsyncIterable<Uint8Array | string>;
  }
  return { message: { ...message, content: watched() }, readable: () => !begun };
}
