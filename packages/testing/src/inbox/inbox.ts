// A test inbox: a server that takes every message, and gives it to the test that waits for it.

import {
  accept,
  reject,
  SmtpServer,
  systemClock,
  type Clock,
  type MessageAnswer,
  type Platform,
  type ServerHandlers,
  type ServerOptions,
  type WrapTransport,
} from "@carteiro/driver";
import { faults, type FaultOptions, type FaultPlan, type FaultRules } from "../faults/plan.ts";
import { Dialogues, indented } from "./dialogues.ts";
import { inboxMessage, type InboxMessage } from "./inbox-message.ts";
import { checkWanted, describeWanted, isWanted, type Wanted } from "./wanted.ts";

/** A server's options and handlers, with other defaults where tests would be slow or be refused by the usual ones. */
export interface InboxOptions extends Omit<Partial<ServerOptions>, "onMessage"> {
  /** Who may log in, passwords by name; mail is taken from nobody else then. Offered: PLAIN and LOGIN, without TLS, too. */
  readonly users?: Readonly<Record<string, string>>;
  /** What is answered to a message; one that is not accepted is not kept. Default: every message is accepted. */
  readonly onMessage?: (message: InboxMessage) => MessageAnswer;
  /** How connections are harmed, as by the method `faults`. Default: they are not. */
  readonly faults?: FaultRules;
}

export interface Within {
  /** Milliseconds to wait. Default: 1,000; of `none`, 100. */
  readonly within?: number;
}

/** A message did not come, or one came that must not. The message has what came instead, and the dialogues. */
export class InboxError extends Error {
  override readonly name = "InboxError";
}

/** Who waits for a message. */
interface Waiter {
  readonly wanted: Wanted;
  readonly found: (message: InboxMessage) => void;
  readonly failed: (error: Error) => void;
}

export class Inbox implements AsyncDisposable {
  /** The server itself: its events, its connections. */
  readonly server: SmtpServer;
  readonly #clock: Clock;
  readonly #dialogues: Dialogues;
  readonly #messages: InboxMessage[] = [];
  /** Those that `message` has given to somebody. */
  readonly #taken = new WeakSet<InboxMessage>();
  readonly #waiters = new Set<Waiter>();
  /** Messages whose content is being read. */
  readonly #arriving = new Set<Promise<void>>();
  /** The last one harms the connections that come. */
  readonly #plans: FaultPlan[] = [];
  #closed = false;

  /** Throws `FaultError` for rules that make no sense, and what `SmtpServer` throws. */
  constructor(options: InboxOptions, platform: Platform) {
    this.#clock = platform.clock ?? systemClock;
    const { onMessage, wrapTransport } = options;
    this.server = new SmtpServer(
      {
        ...serverOptions(options),
        onMessage: (step) => this.#received(step, onMessage),
        wrapTransport: this.#wrapping(wrapTransport),
      },
      platform,
    );
    if (options.faults !== undefined) this.faults(options.faults);
    this.#dialogues = new Dialogues(this.server);
  }

  /** All that have come since the last `clear`, in the order in which they came. */
  get messages(): readonly InboxMessage[] {
    return [...this.#messages];
  }

  /** Whether `close` has been called. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** What was said in the sessions since the last `clear`; without secrets. */
  get dialogue(): string {
    return this.#dialogues.toString();
  }

  /**
   * The first such message that no call before has given, once it is there. Rejects with `InboxError` where none has come in
   * time, or the inbox is closed; throws `TypeError` for a wish that has no meaning.
   */
  async message(wanted: Wanted = {}, { within = 1_000 }: Within = {}): Promise<InboxMessage> {
    checkWanted(wanted);
    if (this.#arriving.size > 0) await this.#read();
    const found = this.#messages.find((message) => !this.#taken.has(message) && isWanted(message, wanted));
    return this.#take(found ?? (await this.#wait(wanted, within)));
  }

  /**
   * Settles after the time if no such message came, or was there that no call of `message` had given; rejects with `InboxError`
   * if one did. `within` may stand in the wish as well.
   */
  async none(
    { within: inWish = 100, ...wanted }: Wanted & Within = {},
    { within = inWish }: Within = {},
  ): Promise<void> {
    checkWanted(wanted);
    const isUnwelcome = (message: InboxMessage) => !this.#taken.has(message) && isWanted(message, wanted);
    await this.#read();
    if (!this.#messages.some(isUnwelcome))
      await new Promise<void>((resolve) => void this.#clock.after(within, resolve));
    await this.#read();
    const unwelcome = this.#messages.filter(isUnwelcome);
    if (unwelcome.length > 0)
      throw this.#error(`A message${describeWanted(wanted)} came, and none was to come`, unwelcome);
  }

  /**
   * Harms the connections that come from now on by these rules, and no others; without rules none. Those that are open stay as
   * they are. Gives the plan, whose `fired` says what has happened. Throws `FaultError` for rules that make no sense.
   */
  faults(rules: FaultRules = [], options?: FaultOptions): FaultPlan {
    const plan = faults(rules, options);
    this.#plans.push(plan);
    return plan;
  }

  /** Forgets messages and dialogues. Who waits goes on waiting. */
  clear(): void {
    this.#messages.length = 0;
    this.#dialogues.clear();
  }

  /** Closes all connections. Who waits for a message is told. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { failed, wanted } of this.#waiters)
      failed(this.#error(`The inbox was closed while a message${describeWanted(wanted)} was waited for`));
    await this.server.destroy();
    for (const plan of this.#plans) plan.close();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #wrapping(also: WrapTransport | undefined): WrapTransport {
    return (transport, wrapping) => {
      const plan = this.#plans.at(-1);
      const given = also === undefined ? transport : also(transport, wrapping);
      return plan === undefined || plan.rules.length === 0 ? given : plan.wrapTransport(given, wrapping);
    };
  }

  async #received(step: MessageStep, decide: InboxOptions["onMessage"]): Promise<Awaited<MessageAnswer>> {
    const { envelope, session, content } = step;
    // As it is now: the list of recipients is the session's own.
    const sent = { ...envelope, recipients: [...envelope.recipients] };
    const raw = await content.bytes();
    const read = inboxMessage(raw, sent, { session, dialogue: this.#dialogues.lines(session) });
    if (decide !== undefined) return this.#decided(await read, decide);
    const kept = read.then((message) => this.#keep(message));
    this.#arriving.add(kept);
    void kept.then(() => this.#arriving.delete(kept));
    // Reading MIME takes turns of the runtime's own: under a virtual clock the time to answer would be over before.
    if (this.#clock === systemClock) await kept;
    return accept();
  }

  async #decided(
    message: InboxMessage,
    decide: NonNullable<InboxOptions["onMessage"]>,
  ): Promise<Awaited<MessageAnswer>> {
    const answer = await decide(message);
    if (answer === undefined || answer.type === "accept" || answer.type === "eachRecipient") this.#keep(message);
    return answer;
  }

  #keep(message: InboxMessage): void {
    this.#messages.push(message);
    for (const { wanted, found } of this.#waiters) {
      if (isWanted(message, wanted)) return found(message);
    }
  }

  #take(message: InboxMessage): InboxMessage {
    this.#taken.add(message);
    return message;
  }

  /** Settles when all that has come is read. */
  async #read(): Promise<void> {
    await Promise.all(this.#arriving);
  }

  #wait(wanted: Wanted, within: number): Promise<InboxMessage> {
    const { promise, resolve, reject: fail } = Promise.withResolvers<InboxMessage>();
    const settle = () => {
      cancel();
      this.#waiters.delete(waiter);
    };
    const waiter: Waiter = {
      wanted,
      found: (message) => (settle(), resolve(this.#take(message))),
      failed: (error) => (settle(), fail(error)),
    };
    const late = () => waiter.failed(this.#error(`No message${describeWanted(wanted)} came within ${within} ms`));
    const cancel = this.#clock.after(within, late);
    this.#waiters.add(waiter);
    if (this.#closed) waiter.failed(this.#error("The inbox is closed: make another"));
    return promise;
  }

  #error(problem: string, messages: readonly InboxMessage[] = this.#messages): InboxError {
    const listed = messages.map((message, index) => `${index + 1}. ${this.#described(message)}`);
    const came = listed.length === 0 ? "No message came at all." : `What came:\n${indented(listed.join("\n"))}`;
    const dialogue = this.dialogue === "" ? "Nobody has connected." : this.dialogue;
    const fired = this.#plans.flatMap((plan) => plan.fired);
    const harm = fired.map(({ connection, rule }) => `connection ${connection}: ${rule}`);
    const harmed = harm.length === 0 ? [] : [`Faults on purpose:\n${indented(harm.join("\n"))}`];
    return new InboxError([problem, came, dialogue, ...harmed].join("\n\n"));
  }

  #described(message: InboxMessage): string {
    const { envelope, subject, problem } = message;
    const to = envelope.to.map((address) => `<${address}>`).join(", ");
    const taken = this.#taken.has(message) ? "; a call before was given it" : "";
    return `from <${envelope.from}> to ${to}: ${problem ?? JSON.stringify(subject)}${taken}`;
  }
}

type MessageStep = Parameters<NonNullable<ServerHandlers["onMessage"]>>[0];

/** More than any test has, and no delay for those that make mistakes on purpose. */
const connections = { total: 10_000, perAddress: 10_000 };
const timeouts = { errorDelay: 0, authenticationDelay: 0 };

function serverOptions({ users, onMessage: _, faults: __, ...given }: InboxOptions): ServerOptions {
  return {
    hostname: "inbox.test",
    connections,
    rates: { failedAuthentications: false },
    ...(users && login(users)),
    ...given,
    timeouts: { ...timeouts, ...given.timeouts },
  };
}

function login(users: NonNullable<InboxOptions["users"]>): Partial<ServerOptions> {
  const wrong = reject(535, "5.7.8", "Credentials are not valid");
  return {
    authentication: { required: true, allowInClear: true },
    onAuthenticate: ({ user, password }) => (Object.hasOwn(users, user) && users[user] === password ? accept() : wrong),
  };
}
