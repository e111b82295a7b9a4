// A client's session with one server: `openClient` on any transport, then `send` as often as it lasts.

import {
  ClientSession,
  clientProfile,
  mailbox,
  reversePath,
  type Capabilities,
  type ClientEvent,
  type ClientIntent,
  type ClientSessionOptions,
  type EsmtpParameter,
  type EsmtpParameters,
  type Failure,
  type Mailbox,
  type OutgoingRecipient,
  type RecipientResult,
  type Reply,
  type ReversePath,
  type TlsInfo,
  type TransactionResult,
} from "@carteiro/core";
import { systemClock, type Clock } from "./clock.ts";
import { Drive } from "./drive.ts";
import { Emitter } from "./emitter.ts";
import { SmtpError } from "./errors.ts";
import { knownSize, mayBeEightBit, piecesOf, type ContentSource } from "./outgoing-content.ts";
import { Turns } from "./turns.ts";
import type { Transport } from "./transport.ts";

/** A recipient as an address, a mailbox, or with parameters of its own. */
export type RecipientLike = string | Mailbox | { readonly recipient: string | Mailbox; readonly parameters?: EsmtpParameters };

export interface Message {
  /** Reverse-path: where notifications go. `null` for none, as notifications themselves have it (RFC 5321 §4.5.5). */
  readonly from: string | ReversePath;
  readonly to: RecipientLike | readonly RecipientLike[];
  /**
   * The message as it is to be sent, header and body. Dots are stuffed, bare CR and LF become CRLF (or abort, with
   * `bareNewlines: "reject"`), and a missing CRLF at the end is added.
   */
  readonly content: ContentSource;
  /** Octets of content, where you know it and `content` does not show it. */
  readonly size?: number;
  /** Whether the header holds UTF-8; a non-ASCII address implies it (RFC 6531). */
  readonly smtputf8?: boolean;
  /** Further parameters of MAIL. */
  readonly parameters?: readonly EsmtpParameter[];
  /** Aborting it before the end of content has been sent means that nothing was sent. The session ends with it. */
  readonly signal?: AbortSignal;
}

export interface SendResult {
  /** One for each recipient, in order: whether it was accepted, and the reply that decided it. */
  readonly recipients: readonly RecipientResult[];
  /** The server's reply to the content, where it came to that. */
  readonly reply: Reply | undefined;
}

export interface ClientOptions extends Omit<ClientSessionOptions, "hostname" | "credentials" | "trace" | "tls"> {
  /** This host's own name for EHLO. Default: `localhost`. */
  readonly hostname?: string;
  /** Name and password; `onBehalfOf` where another identity is to be acted for. */
  readonly auth?: { readonly user: string; readonly password: string; readonly onBehalfOf?: string };
  /** STARTTLS: default `required` where `auth` is given, else `opportunistic`. */
  readonly startTls?: "required" | "opportunistic" | "never";
  /** Called with each line of the dialogue; secrets are replaced by `*`. */
  readonly onTrace?: (line: { readonly from: "client" | "server"; readonly line: string; readonly state: string }) => void;
  /** Aborts the opening of the session. */
  readonly signal?: AbortSignal;
}

export interface ClientEvents {
  /** The session is over, by `quit` or because something ended it. */
  close: { readonly failure: Failure | undefined; readonly error: unknown };
}

type Ask = Extract<ClientIntent, { type: "ask" }>;

/** Opens a session over a transport. Rejects with `SmtpError`, or with the signal's reason; the transport is closed then. */
export async function openClient(transport: Transport, options: ClientOptions = {}, clock: Clock = systemClock): Promise<SmtpClient> {
  const client = new SmtpClient(transport, options, clock);
  await client.opened;
  return client;
}

export class SmtpClient {
  /** Settles once mail can be sent. */
  readonly opened: Promise<void>;
  /** Settles once the connection is closed; never rejects. */
  readonly closed: Promise<void>;
  readonly #session: ClientSession;
  readonly #drive: Drive<ClientIntent, ClientEvent>;
  readonly #options: ClientOptions;
  readonly #events = new Emitter<ClientEvents>();
  readonly #turns = new Turns();

  #greeting: Reply | undefined;
  #tls: TlsInfo | undefined;
  #failure: Failure | undefined;
  #over = false;
  /** Who waits for the session's next word. */
  #waiter: { readonly told: (event: ClientEvent) => void; readonly failed: (error: SmtpError) => void } | undefined;

  constructor(transport: Transport, options: ClientOptions, clock: Clock) {
    this.#options = options;
    this.#tls = transport.tls;
    this.#session = new ClientSession(clientProfile(sessionOptions(options)), clock.now(), transport.tls);
    this.#drive = new Drive(this.#session, transport, { clock, onEvent: (event) => this.#told(event) });
    this.closed = this.#drive.closed;
    this.opened = this.#turns.take(() => this.#open());
  }

  /** What the server offers (RFC 5321 §4.1.1.1). */
  get capabilities(): Capabilities {
    return this.#session.capabilities;
  }

  get greeting(): Reply | undefined {
    return this.#greeting;
  }

  /** TLS facts; `undefined` in the clear. */
  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  /** Whether another message can be sent. */
  get usable(): boolean {
    return !this.#over && this.#session.state === "ready";
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Sends one message; calls queue up. Resolves whenever the server answered, also where it refused every recipient.
   * Rejects with `SmtpError` where the session failed (its `result` says what is known), `InvalidValueError` for an
   * address that is none, the signal's reason, or what `content` threw.
   */
  async send(message: Message): Promise<SendResult> {
    const intent = sendIntent(message);
    return this.#turns.take(() => this.#send(intent, message));
  }

  /** NOOP: whether the server is still there. Gives its reply. */
  noop(): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "NOOP" });
  }

  /** RSET (RFC 5321 §4.1.1.5). Never needed between messages: `send` leaves none open. */
  reset(): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "RSET" });
  }

  /** VRFY: what the server tells of a user. 252 says that it does not tell. */
  verify(argument: string): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "VRFY", argument });
  }

  /** EXPN: what the server tells of a mailing list. */
  expand(argument: string): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "EXPN", argument });
  }

  help(argument = ""): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "HELP", argument });
  }

  /** Says goodbye after what is queued, and settles once the connection is closed. Never rejects. */
  async quit(): Promise<void> {
    await this.#turns.take(async () => {
      if (this.usable) this.#drive.submit({ type: "quit" });
      else this.destroy();
      await this.closed;
    });
  }

  /** Ends at once; what is under way rejects. */
  destroy(reason?: unknown): void {
    if (!this.#over) this.#drive.submit({ type: "abort" });
    this.#drive.destroy(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit();
  }

  #told(event: ClientEvent): void {
    switch (event.type) {
      case "tlsStarted":
        this.#tls = event.tls;
        return;
      case "lineTraced":
        this.#options.onTrace?.({ from: event.from, line: event.line, state: event.state });
        return;
      case "opened":
        this.#greeting = event.greeting;
        break;
      case "sessionClosed":
        return this.#sessionClosed(event.failure);
      default:
        break;
    }
    this.#waiter?.told(event);
  }

  #sessionClosed(failure: Failure | undefined): void {
    this.#over = true;
    this.#failure = failure;
    this.#waiter?.failed(this.#whyOver());
    this.#events.emit("close", { failure, error: this.#drive.error });
  }

  #whyOver(result?: TransactionResult): SmtpError {
    const failure = this.#failure ?? { kind: "disconnected", during: "closed", detail: "the session is over; open another" };
    return new SmtpError(failure, { result, cause: this.#drive.error });
  }

  /** The session's next word; `begin` may bring it about. */
  #next(begin?: () => void): Promise<ClientEvent> {
    return new Promise<ClientEvent>((told, failed) => {
      this.#waiter = { told, failed };
      begin?.();
      if (this.#over) failed(this.#whyOver());
    }).finally(() => (this.#waiter = undefined));
  }

  async #open(): Promise<void> {
    await this.#withSignal(this.#options.signal, () => this.#next(() => this.#drive.start()));
  }

  #ask(intent: Ask): Promise<Reply> {
    return this.#turns.take(async () => {
      const event = await this.#next(() => this.#submit(intent));
      if (event.type === "answered") return event.reply;
      throw this.#whyOver();
    });
  }

  /** Once the session is over, nothing but that is wrong with any intent. */
  #submit(intent: ClientIntent): void {
    if (this.#over) throw this.#whyOver();
    this.#drive.submit(intent);
  }

  #send(intent: Extract<ClientIntent, { type: "send" }>, message: Message): Promise<SendResult> {
    return this.#withSignal(message.signal, async () => {
      let event = await this.#next(() => this.#submit(intent));
      if (event.type === "contentWanted") event = await this.#sendContent(message.content);
      if (event.type !== "transactionEnded") throw this.#whyOver();
      const { result } = event;
      if (result.failure !== undefined) throw new SmtpError(result.failure, { result, cause: this.#drive.error });
      return { recipients: result.recipients, reply: result.reply };
    });
  }

  /** Hands the content over piece by piece, each when the one before has been taken. */
  async #sendContent(source: ContentSource): Promise<ClientEvent> {
    let ended: ClientEvent | undefined;
    const outcome = this.#next();
    outcome.then(
      (event) => (ended = event),
      () => undefined,
    );
    try {
      for await (const piece of piecesOf(source)) {
        if (ended !== undefined || this.#over) break;
        this.#drive.submit({ type: "content", bytes: piece });
        await this.#drive.flushed();
      }
      if (ended === undefined && !this.#over) this.#drive.submit({ type: "endContent" });
    } catch (error) {
      // Half a message must not be taken for a whole one: no dot, but the end of the connection.
      this.destroy(error);
      await outcome.catch(() => undefined);
      throw error;
    }
    return outcome;
  }

  /** Aborting ends the session: a transaction cannot be taken back otherwise. */
  async #withSignal<Result>(signal: AbortSignal | undefined, act: () => Promise<Result>): Promise<Result> {
    if (signal === undefined) return act();
    signal.throwIfAborted();
    const abort = () => this.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await act();
    } catch (error) {
      if (!signal.aborted) throw error;
      throw signal.reason;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

function sessionOptions({ hostname = "localhost", auth, startTls, onTrace, signal: _, ...rest }: ClientOptions): ClientSessionOptions {
  return {
    ...rest,
    hostname,
    trace: onTrace !== undefined,
    ...(startTls !== undefined && { tls: startTls }),
    ...(auth !== undefined && {
      credentials: {
        user: auth.user,
        password: auth.password,
        ...(auth.onBehalfOf !== undefined && { authorizationIdentity: auth.onBehalfOf }),
      },
    }),
  };
}

function sendIntent(message: Message): Extract<ClientIntent, { type: "send" }> {
  const { from, to, content, smtputf8, parameters } = message;
  const size = message.size ?? knownSize(content);
  return {
    type: "send",
    reversePath: typeof from === "string" ? reversePath(from) : from,
    recipients: (isList(to) ? to : [to]).map(outgoingRecipient),
    eightBit: mayBeEightBit(content),
    ...(size !== undefined && { size }),
    ...(smtputf8 !== undefined && { smtputf8 }),
    ...(parameters !== undefined && { parameters }),
  };
}

function isList(to: Message["to"]): to is readonly RecipientLike[] {
  return Array.isArray(to);
}

function outgoingRecipient(given: RecipientLike): OutgoingRecipient {
  if (typeof given === "string") return { recipient: mailbox(given) };
  if (!("recipient" in given)) return { recipient: given };
  const { recipient, parameters } = given;
  return {
    recipient: typeof recipient === "string" ? mailbox(recipient) : recipient,
    ...(parameters !== undefined && { parameters }),
  };
}
