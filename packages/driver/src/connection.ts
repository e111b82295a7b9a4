// One connection of a server: the session's questions become calls of handlers, and their answers its intents.

import {
  ServerSession,
  type ProxyHeader,
  type Reply,
  type CredentialsDecision,
  type ServerDecision,
  type ServerEvent,
  type ServerIntent,
} from "@carteiro/core";
import { Attempts } from "./attempts.ts";
import { foundIntent, intentOf, isPromise, isRefusal, silent } from "./answers.ts";
import { serverDrive } from "./server-drive.ts";
import { SessionView } from "./session-info.ts";
import { SessionFacts, type ClientFacts } from "./client-facts.ts";
import type { Admission, ConnectionContext } from "./connection-context.ts";
import { Content } from "./content.ts";
import type { Found } from "./credentials.ts";
import { reject, type Disconnect, type MessageAnswer, type Reject } from "./decisions.ts";
import type { Drive } from "./drive.ts";
import type { SessionListener } from "./drive-options.ts";
import { ContentAbortedError, ContentRefusedError, DecisionVoidError } from "./errors.ts";
import { callHandler, type HandlerAnswer } from "./handler-calls.ts";
import { KnownClient } from "./known-client.ts";
import type { SessionInfo } from "./server-options.ts";
import type { Incoming, Pending, Verdict } from "./pending.ts";
import { MessageStep, StepContext } from "./step-context.ts";
import type { Transport } from "./transport.ts";

const localError = reject(451, "4.3.0", "Local error in processing; try again later");

export class Connection implements SessionListener<ServerEvent> {
  readonly info: SessionInfo;
  readonly #context: ConnectionContext;
  readonly #admission: Admission;
  readonly #session: ServerSession;
  readonly #drive: Drive<ServerIntent, ServerEvent>;

  readonly #client: KnownClient;
  #attempts: Attempts | undefined;
  #refusal: Disconnect | undefined;
  #facts: SessionFacts | undefined;

  #pending: Pending | undefined;
  #message: Incoming | undefined;
  #over = false;

  constructor(id: string, transport: Transport, context: ConnectionContext, admission: Admission) {
    const { driving } = context;
    const { profile, refusal } = admission;
    const { proxied = false, implicitTls = false } = admission.origin;
    this.#context = context;
    this.#admission = admission;
    this.#refusal = refusal;
    this.#client = new KnownClient(transport);
    this.info = new SessionView(id, this.#client, this);
    const now = driving.clock.now();
    const trusted = !proxied && context.isTrusted(transport.remote.address);
    const origin = { proxied, implicitTls, trusted, ...(transport.tls && { tls: transport.tls }) };
    this.#session = new ServerSession(profile, now, origin);
    this.#drive = serverDrive(this.#session, transport, this, { context, profile, origin, now });
  }

  get state(): string {
    return this.#session.state;
  }

  get hello(): SessionInfo["hello"] {
    return this.#session.hello ?? this.#client.assumedHello;
  }

  get facts(): ClientFacts {
    return (this.#facts ??= new SessionFacts({
      ...this.#context,
      clock: this.#context.driving.clock,
      address: () => this.info.remote.address,
      name: () => (this.#pending?.event.type === "helloReceived" ? this.#pending.event.name : this.hello?.name),
    }));
  }

  start(): void {
    this.#context.events.emit("sessionOpened", { session: this.info });
    this.#drive.start();
  }

  /** Closes as soon as no transaction is open. */
  shutDown(): void {
    this.#drive.submit({ type: "shutDown" });
  }

  /** Says the reply where that is still possible, and ends at once, whatever is going on. */
  destroy(last: Reply): void {
    this.#dismiss(last);
    // A handler may ask for it: what the session says to that is yet to be carried out.
    queueMicrotask(() => this.#drive.destroy());
  }

  /** For the drive. */
  onEvent(event: ServerEvent): void | Promise<void> {
    switch (event.type) {
      case "decisionExpired":
        return this.#expired();
      case "contentStarted":
        return this.#startMessage(event);
      case "contentReceived":
        return this.#message?.content.push(this.#drive.lasting(event.bytes));
      case "contentRefused":
        return this.#dropMessage(new ContentRefusedError(event.reply));
      case "contentAborted":
        return this.#dropMessage(new ContentAbortedError());
      case "transactionEnded":
        return this.#transactionEnded(event);
      case "authenticated":
        this.#client.identity = this.#context.credentials.identityOf(event);
        return this.#attempts?.ended();
      case "authenticationFailed":
        return this.#authenticationFailed(event);
      case "mechanismFailed":
        return this.#report(event.error);
      case "tlsStarted":
        return this.#client.secured(event.tls);
      case "proxied":
        return this.#proxied(event.header);
      case "proxyHeaderRefused": {
        const error = new Error(event.problem);
        return this.#context.events.emit("handshakeFailed", { remote: this.info.remote, error });
      }
      case "clientAssumed":
        return this.#client.assume(event.attributes);
      case "extensionFailed":
        return this.#report(
          new Error(`The extension's ${event.part} failed: ${event.problem}`, { cause: event.error }),
        );
      case "lineTraced": {
        const { from, line, state } = event;
        return this.#context.events.emit("trace", { session: this.info, from, line, state });
      }
      case "sessionClosed":
        return this.#sessionClosed(event);
      case "keysWanted":
      case "secretWanted":
      case "tokenReceived":
      case "externalReceived":
      case "anonymousReceived":
        return this.#findCredentials(event);
      default:
        return this.#decide(event);
    }
  }

  /** Only now is it known whose connection this is. */
  #proxied(header: ProxyHeader): void {
    const { isTrusted } = this.#context;
    this.#client.passedOn(header);
    const { address } = this.#client.remote;
    if (isTrusted(address)) this.#drive.submit({ type: "trust" });
    this.#refusal ??= this.#admission.settle(address);
    // Nothing can be said where TLS comes first.
    if (this.#refusal !== undefined && this.#admission.origin.implicitTls === true) this.#dismiss(this.#refusal.reply);
  }

  #transactionEnded(event: Extract<ServerEvent, { type: "transactionEnded" }>): void {
    this.#message = undefined;
    const { events } = this.#context;
    if (!events.has("transactionEnded")) return;
    const { type: _, ...told } = event;
    events.emit("transactionEnded", { session: this.info, ...told });
  }

  /** For the drive. */
  onClosed(): void {
    this.#sessionClosed({ type: "sessionClosed", reason: "disconnected" });
    this.#admission.over();
  }

  /** None before the first AUTH. */
  get #openAttempts(): Attempts {
    return (this.#attempts ??= new Attempts(this.#context, this.info));
  }

  /** Told once, by the session or else by the end of the connection. */
  #sessionClosed({ reason, reply }: Extract<ServerEvent, { type: "sessionClosed" }>): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#message !== undefined) this.#dropMessage(new ContentAbortedError());
    this.#abortSteps("The session is closed");
    this.#pending = undefined;
    this.#attempts?.ended();
    this.#facts?.end();
    const { events } = this.#context;
    if (!events.has("sessionClosed")) return;
    const { error } = this.#drive;
    const rest = { ...(reply && { reply }), ...(error !== undefined && { error }) };
    events.emit("sessionClosed", { session: this.info, reason, ...rest });
  }

  /** Errors are dear, since each has a stack: where nothing is under way, none is made. */
  #abortSteps(why: string): DecisionVoidError | undefined {
    if (this.#pending === undefined && this.#message === undefined) return undefined;
    const reason = new DecisionVoidError(why);
    this.#pending?.step.abort(reason);
    this.#message?.step.abort(reason);
    return reason;
  }

  // Deciding.

  #decide(event: ServerDecision): void {
    if (event.type === "messageReceived" && this.#message !== undefined)
      return this.#decideMessage(event, this.#message);
    const step = new StepContext(this.info);
    const pending = { event, step };
    this.#pending = pending;
    const answer = this.#ask(event, step);
    if (answer instanceof Promise) void answer.then((decision) => this.#answeredLate(pending, decision));
    else this.#answered(pending, answer);
  }

  /** What the handler said when nobody waited for it in a call of the session's. */
  #answeredLate(pending: Pending<ServerDecision>, answer: Verdict | void): void {
    try {
      this.#answered(pending, answer);
    } catch (error) {
      this.#drive.destroy(error);
    }
  }

  /** The content has ended: the handler has answered already, or is waited for. */
  #decideMessage(event: ServerDecision, message: Incoming): void {
    const pending = { event, step: message.step };
    this.#pending = pending;
    if (message.answer !== undefined) return this.#answered(pending, message.answer.decision);
    message.pending = pending;
    message.content.end();
  }

  /** What the handler answers. Where it throws, that is told, and the answer is 451: this neither throws nor rejects. */
  #ask(event: ServerDecision, step: StepContext): Verdict | void | Promise<Verdict | void> {
    return this.#outcome<Verdict | void>(step, () => this.#answerTo(event, step));
  }

  /** What the client's rates answer, or else the handler. */
  #answerTo(event: ServerDecision, step: StepContext): HandlerAnswer {
    if (this.#refusal !== undefined) return this.#refusal;
    if (event.type === "authenticationReceived")
      return this.#openAttempts.check(step, () => this.#context.credentials.decide(event.credentials, step));
    const refusal = this.#context.rates.refusal(event.type, this.info);
    if (!(refusal instanceof Promise)) return refusal ?? callHandler(this.#context, event, step);
    return refusal.then(
      (given) => given ?? (this.#pending?.event === event ? callHandler(this.#context, event, step) : undefined),
    );
  }

  #outcome<Given>(step: StepContext, handler: () => Given | Promise<Given>): Given | Reject | Promise<Given | Reject> {
    try {
      const answer = handler();
      return isPromise(answer) ? Promise.resolve(answer).catch((error: unknown) => this.#failed(step, error)) : answer;
    } catch (error) {
      return this.#failed(step, error);
    }
  }

  /** What a handler that threw has answered. */
  #failed(step: StepContext, error: unknown): Reject {
    if (!step.echoes(error)) this.#report(error);
    return localError;
  }

  /** What a SASL mechanism needs to know. */
  #findCredentials(event: CredentialsDecision): void {
    const step = new StepContext(this.info);
    const pending = { event, step };
    this.#pending = pending;
    const found = this.#outcome(step, async () => {
      return this.#openAttempts.check(step, () => this.#context.credentials.answer(event, step));
    });
    void Promise.resolve(found)
      .then((answer) => this.#found(pending, answer))
      .catch((error: unknown) => this.#drive.destroy(error));
  }

  #found(pending: Pending, answer: Found): void {
    if (this.#pending !== pending) return;
    const { decision } = pending.event;
    this.#pending = undefined;
    try {
      this.#drive.submit(foundIntent(decision, answer));
    } catch (error) {
      // Keys that are none, or a refusal that cannot be said.
      this.#report(error);
      this.#orElse(error, () => this.#drive.submit({ type: "reject", decision, reply: localError.reply }));
    }
  }

  /** Hands the answer to the session, unless it came too late. */
  #answered(pending: Pending<ServerDecision>, answer: Verdict | void): void {
    if (this.#pending !== pending) return;
    const { event } = pending;
    const decision = answer ?? silent(event.type);
    try {
      this.#submit(event, decision);
    } catch (error) {
      // The answer cannot be said: a code that means something else, a text that fits in no reply.
      this.#report(error);
      this.#orElse(error, () => this.#submit(event, localError));
    }
  }

  /** Does what makes good for the error. Where that fails, too, the session cannot go on, and the first error is why. */
  #orElse(error: unknown, makeGood: () => void): void {
    try {
      makeGood();
    } catch {
      throw error;
    }
  }

  /** Throws where the session cannot take the decision; it then waits for another. */
  #submit(event: ServerDecision, decision: Verdict | undefined): void {
    const intent = intentOf(event, decision, this.#admission.profile.hostname);
    this.#pending = undefined;
    // Before the session is told, since it may go on to the next command at once.
    if (event.type === "recipientReceived" && isRefusing(decision)) {
      const { recipient } = event;
      this.#context.events.emit("recipientRefused", { session: this.info, recipient, reply: decision.reply });
    }
    this.#drive.submit(intent);
  }

  #authenticationFailed({ type: _, ...told }: Extract<ServerEvent, { type: "authenticationFailed" }>): void {
    this.#openAttempts.ended(told.reply.code);
    this.#context.events.emit("authenticationFailed", { session: this.info, ...told });
  }

  /** The session has answered by itself. */
  #expired(): void {
    const reason = this.#abortSteps("The time to decide is over");
    this.#message?.content.fail(reason);
    this.#pending = undefined;
  }

  #report(error: unknown): void {
    this.#context.events.emit("error", { error, session: this.info });
  }

  // Messages.

  #startMessage({ envelope, repliesEach }: Extract<ServerEvent, { type: "contentStarted" }>): void {
    const { options } = this.#context;
    const content = new Content();
    const step = new MessageStep(this.info, envelope, content, repliesEach);
    const message: Incoming = { content, step, answer: undefined, pending: undefined };
    this.#message = message;
    // Asked by itself: a promise that follows another costs as much as the handler.
    let answer: MessageAnswer | undefined;
    try {
      answer = options.onMessage?.(step);
    } catch (error) {
      answer = this.#failed(step, error);
    }
    void Promise.resolve(answer).then(
      (decision) => this.#messageAnswered(message, decision),
      (error: unknown) => this.#messageAnswered(message, this.#failed(step, error)),
    );
  }

  /** The reply has to wait for the end of the content; to disconnect has not. */
  #messageAnswered(message: Incoming, decision: Verdict | void): void {
    message.content.discard();
    message.answer = { decision };
    if (message.pending !== undefined) return this.#answeredLate(message.pending, decision);
    if (this.#message !== message || decision?.type !== "disconnect" || !isRefusal(decision.reply)) return;
    try {
      this.#dismiss(decision.reply);
    } catch {
      // It cannot be said: the client is told so at the end of the content.
    }
  }

  #dropMessage(error: ContentRefusedError | ContentAbortedError): void {
    this.#message?.content.fail(error);
    this.#message?.step.abort(error);
    this.#message = undefined;
  }

  #dismiss(reply: Reply): void {
    this.#abortSteps("The session is closed");
    this.#pending = undefined;
    this.#drive.submit({ type: "dismiss", reply });
  }
}

function isRefusing(decision: Verdict | undefined): decision is Reject | Disconnect {
  return decision?.type === "reject" || decision?.type === "disconnect";
}
