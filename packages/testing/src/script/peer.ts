// What scripted servers and clients have in common: connections, each with its dialogue, and what comes of them all.

import { systemClock, type Transport } from "@carteiro/driver";
import { Conversation, usualPatience, type ConversationOptions } from "./conversation.ts";
import { InTurn, readDialogue, type DialogueSource, type Party, type Step } from "./dialogue.ts";
import type { Captured } from "./hearing.ts";
import { ScriptError } from "./script-error.ts";

export interface ScriptOptions extends ConversationOptions {
  /** How many connections there are to be, each with the dialogue. Default: one, or of `inTurn` one for each. */
  readonly connections?: number;
}

/** A dialogue as it went. */
export interface ScriptResult<Captures = Captured> {
  /** What was said, in the notation; of several connections, one below the other. */
  readonly dialogue: string;
  /** What the braces and the named expectations of the dialogue have kept; of several connections, all of it, the later first. */
  readonly captures: Captures;
  /** For each connection. */
  readonly conversations: readonly { readonly dialogue: string; readonly captures: Captured }[];
}

export class ScriptedPeer<Captures> implements AsyncDisposable {
  /** How many there are to be. */
  readonly connections: number;
  readonly #scripts: readonly (readonly Step[])[];
  readonly #party: Party;
  readonly #options: ScriptOptions;
  readonly #conversations: Conversation[] = [];
  readonly #captured: Captured[] = [];
  readonly #done = Promise.withResolvers<ScriptResult<Captures>>();
  #settled = false;
  #cancelWait: (() => void) | undefined;
  #finished = 0;

  constructor(party: Party, source: DialogueSource | InTurn, options: ScriptOptions) {
    const sources = source instanceof InTurn ? source.sources : [source];
    this.#scripts = sources.map((one) => readDialogue(one, party));
    this.#party = party;
    this.#options = options;
    this.connections = options.connections ?? sources.length;
    // Who does not look at it need not know.
    this.#done.promise.catch(() => undefined);
  }

  /**
   * Resolves once all dialogues are over; rejects with `ScriptError` as soon as one goes differently, the peer is closed before,
   * or nobody connects in time, which begins with the first look at this.
   */
  get done(): Promise<ScriptResult<Captures>> {
    this.#awaitConnection();
    return this.#done.promise;
  }

  /** What was said so far. */
  get dialogue(): string {
    return this.#conversations.map(({ log }) => log.toString()).join("\n\n");
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#fail(new ScriptError({ problem: "The peer was closed before its script was over", dialogue: this.dialogue }));
    for (const conversation of this.#conversations) conversation.destroy();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Tells `done` of what went wrong outside of any dialogue. */
  fail(problem: string, cause: unknown): void {
    this.#fail(new ScriptError({ problem, dialogue: this.dialogue, cause }));
  }

  /** Plays the next dialogue. Settles when it is over; never rejects. */
  protected async converse(transport: Transport): Promise<void> {
    const index = this.#conversations.length;
    const isTolerant = this.#options.mode === "tolerant";
    this.#cancelWait?.();
    if (index >= this.connections && !isTolerant) {
      transport.destroy();
      return this.fail(`One more connection came than the ${this.connections} of the script`, undefined);
    }
    const steps = this.#scripts[Math.min(index, this.#scripts.length - 1)] ?? [];
    const conversation = new Conversation(steps, this.#party, transport, this.#options);
    this.#conversations.push(conversation);
    try {
      this.#captured[index] = await conversation.play();
      this.#finished += 1;
      if (this.#finished === this.connections) this.#finish();
      else this.#awaitConnection();
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(): void {
    this.#settled = true;
    const conversations = this.#conversations.slice(0, this.connections).map(({ log }, index) => ({
      dialogue: log.toString(),
      captures: this.#captured[index] ?? {},
    }));
    const captures = Object.assign({}, ...this.#captured) as Captures;
    this.#done.resolve({ dialogue: this.dialogue, captures, conversations });
  }

  #fail(error: unknown): void {
    this.#settled = true;
    this.#cancelWait?.();
    this.#done.reject(error);
  }

  #awaitConnection(): void {
    const { clock = systemClock, within = usualPatience } = this.#options;
    this.#cancelWait?.();
    const open = this.#conversations.length;
    if (this.#settled || open > this.#finished || open >= this.connections) return;
    const problem = `Nobody has connected for ${within} ms`;
    this.#cancelWait = clock.after(within, () => this.#fail(new ScriptError({ problem, dialogue: this.dialogue })));
  }
}
