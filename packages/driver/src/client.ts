// A client's session with one server: `openClient` on any transport, then `send` as often as it lasts.

import {
  ClientSession,
  clientProfile,
  type Capabilities,
  type ClientEvent,
  type ClientIntent,
  type Failure,
  type Reply,
  type TlsInfo,
} from "@carteiro/core";
import { Until } from "./abortable.ts";
import { wantedCredentials } from "./authentication.ts";
import { sessionOptions, type ClientOptions } from "./client-options.ts";
import { systemClock, type Clock } from "./clock.ts";
import { sendDivided } from "./division.ts";
import { Drive } from "./drive.ts";
import type { SessionListener } from "./drive-options.ts";
import { Emitter } from "./emitter.ts";
import { endedBy } from "./ending.ts";
import { SmtpError, type SmtpErrorOptions } from "./errors.ts";
import { HeldContent } from "./held-content.ts";
import { outgoing, type Message, type OutgoingMessage, type SendResult } from "./message.ts";
import { contentBefore, Pieces } from "./outgoing-content.ts";
import { Turns } from "./turns.ts";
import type { Transport } from "./transport.ts";
import { witnessed } from "./witness.ts";

export interface ClientEvents {
  /** The session is over, by `quit` or because something ended it. */
  close: { readonly failure: Failure | undefined; readonly error: unknown };
}

/** What can be waited for, and no longer. Aborting it ends the session: what was asked cannot be taken back. */
export interface Abortable {
  readonly signal?: AbortSignal;
}

interface Hearer {
  readonly resolve: (event: ClientEvent) => void;
  readonly reject: (error: SmtpError) => void;
  /** Whether the word is about a message. */
  readonly ofMessage: boolean;
}

type Ask = Extract<ClientIntent, { type: "ask" | "command" }>;

const sessionOver: Failure = { kind: "disconnected", during: "closed", detail: "the session is over; open another" };

/**
 * Opens a session over a transport. Rejects with `SmtpError`, with what a source of tokens threw or with the signal's reason, and for options that make no
 * sense with what says so; the transport is closed then,
 * at once or, where the server refused, as soon as it has answered QUIT.
 */
export async function openClient(
  transport: Transport,
  options: ClientOptions = {},
  clock: Clock = systemClock,
): Promise<SmtpClient> {
  const client = begun(transport, options, clock);
  await client.opened;
  return client;
}

function begun(transport: Transport, options: ClientOptions, clock: Clock): SmtpClient {
  try {
    return new SmtpClient(transport, options, clock);
  } catch (error) {
    transport.destroy();
    throw error;
  }
}

export class SmtpClient {
  /** Settles once mail can be sent; rejects as `openClient` does. */
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
  /** What the source of tokens threw, or what was wrong with the one that it brought. */
  #withoutToken: { readonly error: unknown } | undefined;
  /** Why the session was destroyed from our side. */
  #reason: unknown;
  /** Whether a message has been begun in this session. */
  #used = false;
  /** Whether the session takes content now. */
  #contentWanted = false;
  /** What the session has said and nobody has heard yet. */
  readonly #words: ClientEvent[] = [];
  /** Who waits for its next word. */
  #hearer: Hearer | undefined;

  constructor(transport: Transport, options: ClientOptions, clock: Clock) {
    this.#options = options;
    this.#tls = transport.tls;
    const [session, now] = [sessionOptions(options), clock.now()];
    this.#session = new ClientSession(clientProfile(session), now, transport.tls);
    const { compute } = options;
    const onClosed = () => this.#sessionClosed(sessionOver);
    const listener: SessionListener<ClientEvent> = { onEvent: (event) => this.#told(event), onClosed };
    const origin = transport.tls === undefined ? {} : { tls: transport.tls };
    const state = () => this.#session.state;
    const witness = options.witness?.({ role: "client", options: session, origin, now, state });
    const through = options.wrapTransport?.(transport, { role: "client", clock, proxied: false, state }) ?? transport;
    this.#drive = new Drive(witnessed<ClientIntent, ClientEvent>(this.#session, witness), through, listener, {
      clock,
      takesLent: true,
      ...(compute && { compute }),
    });
    this.closed = this.#drive.closed;
    this.opened = this.#turns.take(() => this.#open(), options.signal);
    this.opened.catch((error: unknown) => this.#session.state === "expectingQuitReply" || this.destroy(error));
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

  /** Whether another message can be sent: nothing is under way, and the server takes more in this session (MAILMAX, RFC 9422). */
  get usable(): boolean {
    return this.#idle() && !this.#session.spent;
  }

  #idle(): boolean {
    return !this.#over && this.#session.state === "ready";
  }

  /** Calls the listener at every event of that name; the function returned ends it. What a listener throws is lost. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Sends one message; calls queue up. Resolves whenever the server answered, also where it refused every recipient. It goes
   * in several transactions where the server takes no more recipients in one (LIMITS, RFC 9422).
   * Rejects with `SmtpError` where the session failed or was used up before all recipients had their answer (its `result`
   * says what is known of each), `InvalidValueError` for an address that is none, `LocalProtocolError` for what the server
   * does not offer or content that cannot be sent so often, the signal's reason, or what `content` threw. A server that
   * refuses before all of the content has come (by DATA) ends the session, and so rejects.
   */
  send(message: Message): Promise<SendResult> {
    try {
      // What can be read again and again needs no watching.
      const isWhole = message.content instanceof Uint8Array;
      return isWhole ? this.#sendInTurn(message, message.content, message.signal) : this.#sendHeld(message);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #sendHeld(message: Message): Promise<SendResult> {
    const held = new HeldContent(message.content, message.signal);
    try {
      return await this.#sendInTurn(message, held.content, held.signal);
    } finally {
      held.release();
    }
  }

  #sendInTurn(message: Message, content: OutgoingMessage["content"], signal?: AbortSignal): Promise<SendResult> {
    const sending = outgoing(message, content);
    return this.#turns.take(() => this.#withSignal(signal, () => this.#sendAll(sending)), signal);
  }

  /** NOOP: whether the server is still there. Gives its reply. */
  noop(options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "NOOP" }, options);
  }

  /** RSET (RFC 5321 §4.1.1.5). Never needed between messages: `send` leaves none open. */
  reset(options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "RSET" }, options);
  }

  /** VRFY: what the server tells of a user. 252 says that it does not tell. */
  verify(argument: string, options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "VRFY", argument }, options);
  }

  /** EXPN: what the server tells of a mailing list. */
  expand(argument: string, options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "EXPN", argument }, options);
  }

  help(argument = "", options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "ask", verb: "HELP", argument }, options);
  }

  /**
   * A command of one of the `extensions` in the options. Rejects with `LocalProtocolError` where none of them has the verb,
   * or the server does not offer it.
   */
  command(verb: string, argument = "", options?: Abortable): Promise<Reply> {
    return this.#ask({ type: "command", verb, argument }, options);
  }

  /**
   * Says goodbye after what is queued, and settles once the connection is closed. Never rejects: aborted, it ends the
   * session at once.
   */
  async quit({ signal }: Abortable = {}): Promise<void> {
    const abort = () => this.destroy(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener("abort", abort, { once: true });
    await this.#turns.take(async () => {
      if (this.#idle()) this.#drive.submit({ type: "quit" });
      await this.closed;
    });
    signal?.removeEventListener("abort", abort);
  }

  /** Ends at once; what is under way or queued rejects. */
  destroy(reason?: unknown): void {
    this.#reason ??= reason;
    if (!this.#over) this.#drive.submit({ type: "abort" });
    this.#drive.destroy(reason);
  }

  /** As `quit` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit();
  }

  // What the session says.

  #told(event: ClientEvent): void {
    switch (event.type) {
      case "tlsStarted":
        this.#tls = event.tls;
        return;
      case "credentialsWanted":
        return void this.#authenticate(event);
      case "lineTraced":
        this.#options.onTrace?.({ from: event.from, line: event.line, state: event.state });
        return;
      case "sessionClosed":
        return this.#sessionClosed(event.failure);
      case "opened":
        this.#greeting = event.greeting;
        break;
      default:
        // What it says next, whatever it is, ends the content.
        this.#contentWanted = event.type === "contentWanted";
        break;
    }
    const hearer = this.#hearer;
    this.#hearer = undefined;
    if (hearer === undefined) this.#words.push(event);
    else hearer.resolve(event);
  }

  /** Told once, by the session or else by the end of the connection. */
  #sessionClosed(failure: Failure | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#hearer?.reject(this.#overError(this.#hearer));
    this.#hearer = undefined;
    this.#events.emit("close", { failure, error: this.#cause });
  }

  get #cause(): unknown {
    return this.#reason ?? this.#drive.error;
  }

  #error(failure: Failure, options?: SmtpErrorOptions): SmtpError {
    return new SmtpError(failure, { ...options, cause: this.#cause });
  }

  #overError({ ofMessage }: Pick<Hearer, "ofMessage">): SmtpError {
    return this.#error(this.#failure ?? sessionOver, ofMessage ? { contentEnded: this.#session.contentEnded } : {});
  }

  /** The session's next word; rejects where it is over and has none. One at a time. */
  #next(ofMessage = false): Promise<ClientEvent> {
    const event = this.#words.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.#over) return Promise.reject(this.#overError({ ofMessage }));
    return new Promise((resolve, reject) => (this.#hearer = { resolve, reject, ofMessage }));
  }

  async #authenticate(wanted: Extract<ClientEvent, { type: "credentialsWanted" }>): Promise<void> {
    try {
      const credentials = await wantedCredentials(this.#options.auth, wanted);
      // Meanwhile the server may have gone.
      if (!this.#over) this.#drive.submit({ type: "authenticate", credentials });
    } catch (error) {
      this.#withoutToken = { error };
      this.destroy(error);
    }
  }

  // What the session is asked.

  #open(): Promise<void> {
    return this.#withSignal(this.#options.signal, async () => {
      this.#drive.start();
      const event = await this.#next().catch((error: unknown) => {
        throw this.#withoutToken === undefined ? error : this.#withoutToken.error;
      });
      if (event.type !== "openingFailed") return;
      this.#failure = event.failure;
      throw this.#error(event.failure);
    });
  }

  #ask(intent: Ask, { signal }: Abortable = {}): Promise<Reply> {
    const act = async () => {
      this.#begin(intent);
      const event = await this.#next();
      if (event.type === "answered") return event.reply;
      throw this.#error(sessionOver);
    };
    return this.#turns.take(() => this.#withSignal(signal, act), signal);
  }

  /** It is this caller's turn: a session that is not ready will not be any more. */
  #begin(intent: Ask | OutgoingMessage["intent"]): void {
    if (!this.#idle()) throw this.#error(this.#failure ?? sessionOver);
    this.#drive.submit(intent);
  }

  /** In one transaction wherever the server takes it so. */
  #sendAll(sending: OutgoingMessage): Promise<SendResult> {
    const division = this.#session.divide(sending.intent.recipients);
    if (division === undefined || !this.#idle()) return this.#send(sending);
    return sendDivided(sending, division, { isFresh: !this.#used, send: (part) => this.#send(part) });
  }

  async #send({ intent, content }: OutgoingMessage): Promise<SendResult> {
    this.#begin(intent);
    this.#used = true;
    let event = await this.#next(true);
    if (event.type === "contentWanted") event = await this.#sendContent(content);
    if (event.type === "contentRefused") event = await this.#next(true);
    const { contentEnded } = this.#session;
    if (event.type !== "transactionEnded") throw this.#error(sessionOver, { contentEnded });
    const { result } = event;
    if (result.failure !== undefined) throw this.#error(result.failure, { contentEnded, result });
    return { recipients: result.recipients, reply: result.reply };
  }

  /** Hands the content over; gives the session's word on it, which may come before the content has ended. */
  async #sendContent(source: OutgoingMessage["content"]): Promise<ClientEvent> {
    const outcome = this.#next(true);
    const until = new Until(outcome);
    let pieces: Pieces | undefined;
    try {
      const given = typeof source === "function" ? await contentBefore(until, source) : source;
      if (given !== undefined) {
        pieces = new Pieces(given);
        await this.#sendPieces(pieces, until);
      }
    } catch (error) {
      // Half a message must not be taken for a whole one: no dot, but the end of the connection.
      this.destroy(error);
      await outcome.catch(() => undefined);
      throw error;
    } finally {
      pieces?.end();
    }
    return outcome;
  }

  /** Hands over piece by piece, each when the one before has been taken. */
  async #sendPieces(pieces: Pieces, until: Until): Promise<void> {
    for (;;) {
      const piece = await until.race(pieces.next());
      if (piece === undefined || this.#over || !this.#contentWanted) return;
      if (piece.done === true) return this.#drive.submit({ type: "endContent" });
      this.#drive.submit({ type: "content", bytes: piece.value });
      await until.race(this.#drive.flushed());
    }
  }

  #withSignal<Result>(signal: AbortSignal | undefined, act: () => Promise<Result>): Promise<Result> {
    return signal === undefined ? act() : endedBy(signal, act, () => this.destroy(signal.reason));
  }
}
