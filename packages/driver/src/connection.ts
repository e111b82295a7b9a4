// One connection of a server: the session's questions become calls of handlers, and their answers its intents.

import {
  reply,
  ServerSession,
  type Envelope,
  type Reply,
  type ServerDecision,
  type ServerEvent,
  type ServerIntent,
  type ServerProfile,
  type TlsInfo,
} from "@carteiro/core";
import type { Clock } from "./clock.ts";
import { Content } from "./content.ts";
import { reject, type Accept, type Answer, type Decision } from "./decisions.ts";
import { Drive } from "./drive.ts";
import type { Emitter } from "./emitter.ts";
import { ContentAbortedError, ContentRefusedError } from "./errors.ts";
import type { ServerEvents, ServerOptions, SessionInfo } from "./server-options.ts";
import { StepContext } from "./step-context.ts";
import type { Transport } from "./transport.ts";

const localError = reject(451, "4.3.0", "Local error in processing; try again later");
const badCredentials = reject(535, "5.7.8", "Credentials are not valid");
const noProxy = reject(535, "5.7.8", "Acting for another identity is not allowed");

/** What the session itself would answer, by the kind of the decision: the code of a reply given as text alone. */
const usualCodes: Partial<Record<ServerDecision["type"], readonly [number, string?]>> = {
  connectionReceived: [220],
  helloReceived: [250],
  startTlsReceived: [220, "2.0.0"],
  authenticationReceived: [235, "2.7.0"],
  dataReceived: [354],
  mailReceived: [250, "2.1.0"],
  recipientReceived: [250, "2.1.5"],
  messageReceived: [250, "2.6.0"],
  verifyReceived: [250, "2.1.5"],
  expandReceived: [250, "2.1.5"],
  helpReceived: [214, "2.0.0"],
};

export interface ConnectionContext {
  readonly options: ServerOptions;
  readonly profile: ServerProfile;
  readonly events: Emitter<ServerEvents>;
  readonly clock: Clock;
}

export class Connection {
  readonly info: SessionInfo;
  /** Settles once the connection is closed; never rejects. */
  readonly closed: Promise<void>;
  readonly #context: ConnectionContext;
  readonly #session: ServerSession;
  readonly #drive: Drive<ServerIntent, ServerEvent>;

  #hello: SessionInfo["hello"];
  #tls: TlsInfo | undefined;
  #identity: string | undefined;

  #pending: { readonly decision: number; readonly step: StepContext } | undefined;
  #message: { readonly content: Content; readonly step: StepContext; readonly answer: Answer } | undefined;

  constructor(id: string, transport: Transport, context: ConnectionContext) {
    this.#context = context;
    this.#tls = transport.tls;
    this.#session = new ServerSession(context.profile, context.clock.now(), transport.tls);
    this.#drive = new Drive(this.#session, transport, { clock: context.clock, onEvent: (event) => this.#told(event) });
    this.closed = this.#drive.closed;
    this.info = describeSession(id, transport, this);
  }

  get hello(): SessionInfo["hello"] {
    return this.#hello;
  }

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  get identity(): string | undefined {
    return this.#identity;
  }

  get state(): string {
    return this.#session.state;
  }

  start(): void {
    this.#context.events.emit("sessionOpened", { session: this.info });
    this.#drive.start();
  }

  /** Closes as soon as no transaction is open. */
  shutDown(): void {
    this.#drive.submit({ type: "shutDown" });
  }

  /** Says the reply and closes, whatever is going on. */
  dismiss(given: Reply): void {
    this.#drive.submit({ type: "dismiss", reply: given });
  }

  /** Ends at once. */
  destroy(): void {
    this.#drive.destroy();
  }

  #told(event: ServerEvent): void | Promise<void> {
    switch (event.type) {
      case "decisionExpired":
        return this.#voidPending("The time to decide is over");
      case "contentStarted":
        return this.#startMessage(event.envelope);
      case "contentReceived":
        return this.#message?.content.push(event.bytes);
      case "contentRefused":
        return this.#dropMessage(new ContentRefusedError(event.reply));
      case "contentAborted":
        return this.#dropMessage(new ContentAbortedError());
      case "transactionEnded":
        return this.#transactionEnded(event.envelope, event.reply);
      case "authenticated":
        this.#identity = event.identity;
        return;
      case "tlsStarted":
        this.#tls = event.tls;
        this.#hello = this.#identity = undefined;
        return;
      case "lineTraced":
        return this.#context.events.emit("trace", { ...event, session: this.info });
      case "sessionClosed":
        return this.#sessionClosed(event);
      default:
        return this.#decide(event);
    }
  }

  #transactionEnded(envelope: Envelope, given: Reply | undefined): void {
    this.#message = undefined;
    this.#context.events.emit("transactionEnded", { session: this.info, envelope, ...(given && { reply: given }) });
  }

  #sessionClosed({ reason, reply: said }: Extract<ServerEvent, { type: "sessionClosed" }>): void {
    this.#voidPending("The session is closed");
    const { error } = this.#drive;
    const rest = { ...(said && { reply: said }), ...(error !== undefined && { error }) };
    this.#context.events.emit("sessionClosed", { session: this.info, reason, ...rest });
  }

  // Deciding.

  #decide(event: ServerDecision): void {
    const step = event.type === "messageReceived" && this.#message !== undefined ? this.#message.step : new StepContext(this.info);
    this.#pending = { decision: event.decision, step };
    this.#settle(event, () => this.#ask(event, step));
  }

  /** Waits for an answer, if it has to be waited for, and hands it to the session. */
  #settle(event: ServerDecision, ask: () => Answer): void {
    try {
      const answer = ask();
      if (!(answer instanceof Promise)) return this.#answer(event, answer);
      answer.then(
        (decision) => this.#answer(event, decision),
        (error: unknown) => this.#failed(event, error),
      );
    } catch (error) {
      this.#failed(event, error);
    }
  }

  #ask(event: ServerDecision, step: StepContext): Answer {
    const { options } = this.#context;
    switch (event.type) {
      case "connectionReceived":
        return options.onConnection?.(step);
      case "helloReceived":
        return options.onHello?.(Object.assign(step, { name: event.name, extended: event.extended }));
      case "startTlsReceived":
        return options.onStartTls?.(step);
      case "authenticationReceived":
        return this.#askAuthentication(event, step);
      case "mailReceived":
        return options.onMail?.(Object.assign(step, { reversePath: event.reversePath, parameters: event.parameters }));
      case "recipientReceived": {
        const { recipient, parameters, envelope } = event;
        return options.onRecipient?.(Object.assign(step, { recipient, parameters, envelope }));
      }
      case "dataReceived":
        return options.onData?.(Object.assign(step, { envelope: event.envelope }));
      case "messageReceived":
        this.#message?.content.end();
        return this.#message?.answer;
      case "verifyReceived":
        return options.onVerify?.(Object.assign(step, { argument: event.argument }));
      case "expandReceived":
        return options.onExpand?.(Object.assign(step, { argument: event.argument }));
      case "helpReceived":
        return options.onHelp?.(Object.assign(step, { argument: event.argument }));
      case "resetReceived":
        return options.onReset?.(step);
    }
  }

  #askAuthentication({ credentials }: Extract<ServerDecision, { type: "authenticationReceived" }>, step: StepContext): Answer {
    const { options } = this.#context;
    if (credentials.authorizationIdentity !== undefined && options.authentication?.proxy !== true) return noProxy;
    return options.onAuthenticate?.(Object.assign(step, credentials));
  }

  #answer(event: ServerDecision, answer: Decision | void): void {
    if (this.#pending?.decision !== event.decision) return;
    try {
      const decision = answer ?? (event.type === "authenticationReceived" ? badCredentials : undefined);
      const intent = intentOf(event, decision);
      this.#pending = undefined;
      this.#note(event, decision);
      this.#drive.submit(intent);
    } catch (error) {
      this.#pending ??= { decision: event.decision, step: new StepContext(this.info) };
      this.#failed(event, error);
    }
  }

  #note(event: ServerDecision, decision: Decision | undefined): void {
    if (event.type === "helloReceived" && decision?.type !== "reject") this.#hello = { name: event.name, extended: event.extended };
    if (event.type !== "recipientReceived" || decision === undefined || decision.type === "accept") return;
    this.#context.events.emit("recipientRefused", { session: this.info, recipient: event.recipient, reply: decision.reply });
  }

  /** A handler threw, or answered what cannot be said. */
  #failed(event: ServerDecision, error: unknown): void {
    if (this.#pending?.decision !== event.decision) return;
    this.#pending = undefined;
    this.#context.events.emit("error", { error, session: this.info });
    this.#drive.submit({ ...localError, decision: event.decision });
  }

  #voidPending(why: string): void {
    this.#pending?.step.abort(why);
    this.#message?.step.abort(why);
    this.#pending = undefined;
  }

  // Messages.

  #startMessage(envelope: Envelope): void {
    const content = new Content();
    const step = new StepContext(this.info);
    this.#message = { content, step, answer: this.#callOnMessage(Object.assign(step, { envelope, content })) };
  }

  /** The answer is looked at when the content has ended; what of it is not consumed by then never will be. */
  #callOnMessage(step: StepContext & { readonly envelope: Envelope; readonly content: Content }): Answer {
    const { onMessage } = this.#context.options;
    if (onMessage === undefined) return step.content.discard();
    const answer = (async () => onMessage.call(this.#context.options, step))();
    answer.then(
      () => step.content.discard(),
      () => step.content.discard(),
    );
    return answer;
  }

  #dropMessage(error: ContentRefusedError | ContentAbortedError): void {
    this.#message?.content.fail(error);
    this.#message?.step.abort(error.message);
    this.#message = undefined;
  }
}

function describeSession(id: string, { remote, local }: Transport, connection: Connection): SessionInfo {
  return {
    id,
    remote,
    local,
    get hello() {
      return connection.hello;
    },
    get tls() {
      return connection.tls;
    },
    get identity() {
      return connection.identity;
    },
    get state() {
      return connection.state;
    },
  };
}

function intentOf({ type, decision }: ServerDecision, answer: Decision | undefined): ServerIntent {
  if (answer === undefined) return { type: "accept", decision };
  if (answer.type === "disconnect") return { type: "dismiss", reply: answer.reply };
  if (answer.type === "reject") return { type: "reject", decision, reply: answer.reply };
  const given = acceptReply(type, answer);
  return given === undefined ? { type: "accept", decision } : { type: "accept", decision, reply: given };
}

function acceptReply(type: ServerDecision["type"], { reply: given, text }: Accept): Reply | undefined {
  if (given !== undefined || text === undefined) return given;
  const [code, enhanced] = usualCodes[type] ?? [250, "2.0.0"];
  return reply(code, enhanced, ...text);
}
