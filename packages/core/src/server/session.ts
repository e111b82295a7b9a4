// One SMTP session, server side: what is received becomes machine events, the chart says what they mean, and the
// actions it calls for are performed here. The contract with the driver is `Session` in ../session.ts.

import { compile } from "../engine/compile.ts";
import type { ActionCall, Runner } from "../engine/runner.ts";
import type { Offer } from "../extensions/extension.ts";
import { LineReader } from "../framing/line-reader.ts";
import { parseCommand, type Command } from "../grammar/command.ts";
import { formatReply, reply, type Reply } from "../grammar/reply.ts";
import { decodeLenient } from "../grammar/text.ts";
import { Inbox } from "../inbox.ts";
import { Outbox } from "../outbox.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { ServerExchange, ServerMechanism } from "../sasl/mechanism.ts";
import {
  LocalProtocolError,
  type Input,
  type Instant,
  type Output,
  type Session,
  type TlsInfo,
  type Wants,
} from "../session.ts";
import { IncomingContent } from "./content.ts";
import { isForeign } from "./foreign-protocols.ts";
import { initialServerFacts, serverMachine, type ServerFacts, type ServerMachineEvent } from "./machine.ts";
import type {
  DecisionSubject,
  EnvelopeRecipient,
  Envelope,
  ServerCloseReason,
  ServerDecision,
  ServerEvent,
  ServerIntent,
  ServerTimeout,
} from "./messages.ts";
import type { ServerProfile } from "./options.ts";
import { announcements, readMailParameters, refuseRecipientParameters } from "./parameters.ts";
import { checkReplies, fixedReplies, formattedReply, type ServerReplyName } from "./replies.ts";

const program = compile(serverMachine);

/** What the chart's states say of themselves in `meta`. */
interface StateMeta {
  readonly timeout?: ServerTimeout;
  readonly reads?: "command" | "response" | "content";
}

type MachineEventType = ServerMachineEvent["type"];
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type OpenEnvelope = Envelope & { readonly recipients: EnvelopeRecipient[] };

/** A decision without its number, kept until the chart asks it. */
type Unnumbered<Decision> = Decision extends unknown ? Omit<Decision, "decision"> : never;
type Question = Unnumbered<ServerDecision>;

const closeReasons: Partial<Record<MachineEventType, ServerCloseReason>> = {
  QUIT: "quit",
  ended: "disconnected",
  elapsed: "timeout",
  violated: "violation",
  dismiss: "dismissed",
  shutDown: "shutDown",
};

export class ServerSession implements Session<ServerIntent, ServerEvent> {
  readonly #profile: ServerProfile;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox<ServerEvent>;
  readonly #lines: LineReader;
  readonly #runner: Runner<ServerFacts, ServerMachineEvent>;
  readonly #facts: Mutable<ServerFacts>;

  #now: Instant;
  readonly #started: Instant;
  /** When the last progress was made: what the state's timeout counts from. */
  #since: Instant;

  #tls: TlsInfo | undefined;
  #mechanisms: readonly ServerMechanism[] = [];
  #hello: { readonly name: string; readonly extended: boolean } | undefined;
  #envelope: OpenEnvelope | undefined;
  #content: IncomingContent | undefined;
  #exchange: ServerExchange | undefined;
  #command: Command | undefined;
  #response: Uint8Array | undefined;
  #challenge: Uint8Array | undefined;

  #question: Question = { type: "connectionReceived" };
  /** The decision that is pending, and its number. */
  #asked: DecisionSubject | undefined;
  #decision = 0;
  /** The decision that has just been taken. */
  #answered: DecisionSubject | undefined;

  /** The event being taken, and the reply it carries. */
  #cause: MachineEventType = "accept";
  #given: Reply | undefined;
  /** An event that an action brought about: taken right after the present one. */
  #next: { readonly type: MachineEventType; readonly given?: Reply | undefined } | undefined;
  #lastReply: Reply | undefined;
  #shutDown: Reply | undefined;

  #errors = 0;
  #commandsWithoutMail = 0;
  #failedAuthentications = 0;

  /**
   * @param profile What `serverProfile` made of the options; shared by all sessions of a server.
   * @param now The driver's time.
   * @param tls What is known of TLS where the connection began with it (implicit TLS, RFC 8314).
   */
  constructor(profile: ServerProfile, now: Instant, tls?: TlsInfo) {
    this.#profile = profile;
    this.#outbox = new Outbox(profile.limits.bufferedReplies);
    this.#lines = new LineReader({ limit: profile.limits.commandLine, endless: profile.limits.endlessLine });
    this.#now = this.#started = this.#since = now;
    this.#tls = tls;
    this.#facts = { ...initialServerFacts };
    this.#refreshFacts();
    const { runner, actions } = program.start(this.#facts);
    this.#runner = runner;
    for (const action of actions) this.#perform(action);
  }

  /** The chart's state, for example `dialogue.idle.expectingMail`. */
  get state(): string {
    return this.#runner.state;
  }

  handle(input: Input, now: Instant): void {
    this.#now = now;
    if (this.#runner.done) return;
    switch (input.type) {
      case "received":
        return this.#received(input.bytes);
      case "ended":
        this.#inbox.ended = true;
        if (this.state === "securing") this.#step("ended");
        return;
      case "broken":
        this.#asked = undefined;
        return this.#step("ended");
      case "secured":
        this.#tls = input.tls;
        return this.#step("secured");
      case "elapsed":
        return this.#elapsed();
    }
  }

  submit(intent: ServerIntent, now: Instant): void {
    this.#now = now;
    if (intent.type === "dismiss") return this.#dismiss(intent.reply);
    if (intent.type === "shutDown") {
      this.#shutDown = intent.reply ?? fixedReplies.shuttingDown;
      return this.#shutDownIfIdle();
    }
    const about = this.#asked;
    if (about === undefined || intent.decision !== this.#decision) {
      throw new LocalProtocolError(`decision ${intent.decision} is not pending: it was taken, it expired, or the session ended`);
    }
    if (intent.reply !== undefined) mustFit(intent.type, about, intent.reply);
    this.#asked = undefined;
    this.#answered = about;
    const event = intent.type === "reject" && intent.reply.code === 421 ? "dismiss" : intent.type;
    this.#step(event, intent.reply);
  }

  poll(): Output<ServerEvent> {
    for (;;) {
      const urgent = this.#outbox.takeUrgent();
      if (urgent !== undefined) return urgent;
      if (this.#advance()) continue;
      return this.#outbox.takeRest() ?? { kind: "idle", wants: this.#wants, deadline: this.#deadline };
    }
  }

  get #meta(): StateMeta {
    return this.#runner.meta;
  }

  get #wants(): Wants {
    if (this.#runner.done) return "nothing";
    return this.#meta.reads === undefined ? "intent" : "input";
  }

  get #deadline(): Instant | undefined {
    const { timeout } = this.#meta;
    if (timeout === undefined) return undefined;
    const { timeouts } = this.#profile;
    return Math.min(this.#since + timeouts[timeout], this.#started + timeouts.session);
  }

  // What happens.

  #received(bytes: Uint8Array): void {
    if (this.#inbox.ended || bytes.length === 0) return;
    // The client speaks in the clear although TLS is about to begin: an injection, or no SMTP client (RFC 3207 §4.2).
    if (this.state === "securing" || this.#asked === "startTls") return this.#violate(checkReplies.bytesBehindStartTls);
    this.#inbox.add(bytes);
    if (this.#meta.reads === undefined && this.#inbox.unread > this.#profile.limits.bufferedInput) {
      this.#violate(checkReplies.bufferOverrun);
    }
  }

  #elapsed(): void {
    const deadline = this.#deadline;
    if (deadline === undefined || this.#now < deadline) return;
    if (this.#now >= this.#started + this.#profile.timeouts.session) return this.#violate(fixedReplies.timeout);
    if (this.#asked !== undefined) {
      this.#outbox.tell({ type: "decisionExpired", decision: this.#decision, about: this.#asked });
      this.#answered = this.#asked;
      this.#asked = undefined;
    }
    this.#step("elapsed");
  }

  #dismiss(given: Reply): void {
    if (this.#runner.done) return;
    mustFit("reject", "connection", given);
    this.#asked = undefined;
    this.#step("dismiss", given);
  }

  #violate(given: Reply): void {
    this.#asked = undefined;
    this.#step("violated", given);
  }

  // Reading: the state chooses the reader.

  /** Reads one line or slice; false when there is nothing to be read, or nobody to read it. */
  #advance(): boolean {
    const { reads } = this.#meta;
    if (reads === undefined || this.#runner.done) return false;
    if (!this.#inbox.ready()) {
      if (this.#inbox.ended) this.#step("ended");
      return this.#inbox.ended;
    }
    if (reads === "content") this.#readContent();
    else this.#readLine(reads);
    return true;
  }

  #readLine(reads: "command" | "response"): void {
    const { limits } = this.#profile;
    this.#lines.limit = reads === "command" ? limits.commandLine : limits.responseLine;
    const outcome = this.#lines.read(this.#inbox.chunk, this.#inbox.at);
    this.#inbox.at = this.#lines.next;
    switch (outcome) {
      case "partial":
        return;
      case "line":
        return reads === "command" ? this.#commandReceived(this.#lines.line) : this.#responseReceived(this.#lines.line);
      case "overlong":
        return reads === "command"
          ? this.#malformed(checkReplies.overlong)
          : this.#step("garbled", checkReplies.overlongResponse);
      case "endless":
        return this.#violate(checkReplies.endlessLine);
      case "bareLineFeed":
      case "bareCarriageReturn":
        return this.#violate(checkReplies.commandBareNewline);
    }
  }

  #readContent(): void {
    const content = this.#content;
    if (content === undefined) return;
    const outcome = content.read(this.#inbox);
    if (content.takeProgress()) this.#since = this.#now;
    if (outcome === "slice") this.#outbox.tell({ type: "contentReceived", bytes: content.slice });
    if (outcome === "refused" && content.refusal !== undefined) {
      this.#outbox.tell({ type: "contentRefused", reply: content.refusal });
    }
    if (outcome === "flooded") this.#violate(checkReplies.tooMuchDiscarded);
    if (outcome === "ended") this.#contentEnded(content);
  }

  #contentEnded(content: IncomingContent): void {
    this.#facts.contentRefused = content.refusal !== undefined;
    const envelope = this.#envelope;
    if (envelope !== undefined) this.#question = { type: "messageReceived", envelope, size: content.size };
    this.#step("contentEnded", content.refusal);
  }

  // Checking: syntax, parameters and limits, before the chart is asked about the order.

  #commandReceived(line: Uint8Array): void {
    this.#commandsWithoutMail += 1;
    const parsed = parseCommand(line, { smtputf8: true, utf8: this.#envelope?.parameters.smtputf8 === true });
    this.#traceCommand(line, parsed.kind === "command" ? parsed.command : undefined);
    if (this.#commandsWithoutMail > this.#profile.limits.commandsWithoutMail) {
      return this.#violate(checkReplies.tooManyCommands);
    }
    switch (parsed.kind) {
      case "unrecognised":
        return isForeign(parsed.verb) ? this.#violate(checkReplies.foreignProtocol) : this.#step("unrecognised");
      case "malformed":
        return this.#malformed(parsed.utf8 ? checkReplies.utf8NotDeclared : reply(501, "5.5.4", parsed.problem));
      case "command":
        return this.#check(parsed.command);
    }
  }

  #malformed(given: Reply): void {
    this.#step("malformed", given);
  }

  #check(command: Command): void {
    this.#command = command;
    const refused = this.#prepareQuestion(command);
    if (refused !== undefined) return this.#malformed(refused);
    this.#step(command.verb);
  }

  /** Keeps what the application will be asked, should the chart ask; or gives the reply that refuses the command. */
  #prepareQuestion(command: Command): Reply | undefined {
    switch (command.verb) {
      case "HELO":
      case "EHLO":
        this.#question = { type: "helloReceived", name: command.name, extended: command.verb === "EHLO" };
        return undefined;
      case "MAIL":
        return this.#prepareMail(command);
      case "RCPT":
        return this.#prepareRecipient(command);
      case "DATA":
        if (this.#envelope !== undefined) this.#question = { type: "dataReceived", envelope: this.#envelope };
        return undefined;
      case "VRFY":
        this.#question = { type: "verifyReceived", argument: command.argument };
        return undefined;
      case "EXPN":
        this.#question = { type: "expandReceived", argument: command.argument };
        return undefined;
      case "HELP":
        this.#question = { type: "helpReceived", argument: command.argument };
        return undefined;
      case "RSET":
        this.#question = { type: "resetReceived" };
        return undefined;
      case "STARTTLS":
        this.#question = { type: "startTlsReceived" };
        return undefined;
      default:
        return undefined;
    }
  }

  #prepareMail(command: Extract<Command, { verb: "MAIL" }>): Reply | undefined {
    // Out of order, the parameters do not matter: the chart will say so.
    if (this.#hello === undefined) return undefined;
    const parameters = readMailParameters(command.parameters, this.#offer, this.#hello.extended);
    if ("refused" in parameters) return parameters.refused;
    this.#question = { type: "mailReceived", reversePath: command.reversePath, parameters: parameters.typed };
    return undefined;
  }

  #prepareRecipient(command: Extract<Command, { verb: "RCPT" }>): Reply | undefined {
    const envelope = this.#envelope;
    if (envelope === undefined) return undefined;
    const refused = refuseRecipientParameters(command.parameters);
    if (refused !== undefined) return refused;
    if (envelope.recipients.length >= this.#profile.limits.recipients) return checkReplies.tooManyRecipients;
    const { forwardPath: recipient, parameters } = command;
    this.#question = { type: "recipientReceived", recipient, parameters, envelope };
    return undefined;
  }

  #responseReceived(line: Uint8Array): void {
    this.#traceLine("client", "*");
    if (line.length === 1 && line[0] === 0x2a) return this.#step("cancelled");
    this.#response = decodeBase64(line);
    if (this.#response === undefined) return this.#step("garbled", checkReplies.badBase64);
    this.#step("responded");
  }

  // Running the chart.

  #step(type: MachineEventType, given?: Reply): void {
    this.#take(type, given);
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      this.#take(next.type, next.given);
    }
    this.#answered = undefined;
    this.#since = this.#now;
    this.#shutDownIfIdle();
  }

  #take(type: MachineEventType, given: Reply | undefined): void {
    this.#cause = type;
    this.#given = given;
    for (const action of this.#runner.send({ type }, this.#facts)) this.#perform(action);
  }

  #shutDownIfIdle(): void {
    const given = this.#shutDown;
    if (given === undefined || !this.#runner.can({ type: "shutDown" }, this.#facts)) return;
    this.#shutDown = undefined;
    this.#step("shutDown", given);
  }

  #perform(action: ActionCall): void {
    switch (action.type) {
      case "reply":
        return this.#reply(action.params?.["reply"] as ServerReplyName);
      case "ask":
        return this.#ask(action.params?.["about"] as DecisionSubject);
      case "rememberHello":
        if (this.#question.type === "helloReceived") this.#hello = this.#question;
        return;
      case "openTransaction":
        if (this.#question.type === "mailReceived") this.#openTransaction(this.#question);
        return;
      case "addRecipient":
        if (this.#question.type === "recipientReceived") this.#addRecipient(this.#question);
        return;
      case "forgetTransaction":
        return this.#forgetTransaction();
      case "startContent":
        return this.#startContent();
      case "stepMechanism":
        return this.#stepMechanism();
      case "writeChallenge":
        return this.#writeChallenge();
      case "forgetMechanism":
        this.#exchange = this.#response = this.#challenge = undefined;
        return;
      case "rememberIdentity":
        return this.#rememberIdentity();
      case "startTls":
        return this.#outbox.conclude({ type: "startTls" });
      case "startOver":
        return this.#startOver();
      case "close":
        return this.#close();
    }
  }

  // Actions.

  #reply(name: ServerReplyName): void {
    const given = this.#given ?? this.#named(name);
    this.#lastReply = given;
    const subject = this.#answered;
    // The greeting and the reply to EHLO carry no enhanced code, refusals included (RFC 2034 §4).
    const plain = subject === "connection" || subject === "hello";
    const bytes = plain ? formatReply(given, { enhanced: false }) : formattedReply(given);
    this.#outbox.write(bytes);
    if (this.#profile.trace) this.#traceReply(bytes);
    if (subject === "message" && given.code < 300) this.#commandsWithoutMail = 0;
    if (subject === "authentication" && given.code >= 400) this.#countFailedAuthentication();
    if (subject === undefined && given.code >= 500 && this.#cause !== "violated") this.#countError();
  }

  #named(name: ServerReplyName): Reply {
    const { hostname } = this.#profile;
    switch (name) {
      case "greeting":
        return reply(220, undefined, `${hostname} ESMTP ready`);
      case "hello":
        return this.#helloReply();
      case "goodbye":
        return reply(221, "2.0.0", `${hostname} closing the connection`);
      case "malformed":
        return checkReplies.badResponse;
      case "contentRefused":
      case "violated":
        return fixedReplies.refused;
      default:
        return fixedReplies[name];
    }
  }

  #helloReply(): Reply {
    const { hostname } = this.#profile;
    const greeting = `${hostname} greets ${this.#hello?.name ?? "you"}`;
    return this.#hello?.extended === true
      ? reply(250, undefined, greeting, ...announcements(this.#offer))
      : reply(250, undefined, greeting);
  }

  #countError(): void {
    this.#errors += 1;
    if (this.#errors > this.#profile.limits.errors) this.#next = { type: "violated", given: checkReplies.tooManyErrors };
  }

  #countFailedAuthentication(): void {
    this.#failedAuthentications += 1;
    if (this.#failedAuthentications < this.#profile.limits.authenticationAttempts) return;
    this.#next = { type: "violated", given: checkReplies.tooManyAuthAttempts };
  }

  #ask(about: DecisionSubject): void {
    // What was sent in the clear behind STARTTLS may be an injection: it must not be read under TLS (RFC 3207 §4.2).
    if (about === "startTls" && this.#inbox.unread > 0) {
      this.#next = { type: "violated", given: checkReplies.bytesBehindStartTls };
      return;
    }
    this.#decision += 1;
    this.#asked = about;
    this.#outbox.tell({ ...this.#question, decision: this.#decision });
  }

  #openTransaction({ reversePath, parameters }: Extract<Question, { type: "mailReceived" }>): void {
    this.#envelope = { reversePath, parameters, recipients: [] };
  }

  #addRecipient({ recipient, parameters }: Extract<Question, { type: "recipientReceived" }>): void {
    this.#envelope?.recipients.push({ recipient, parameters });
    this.#commandsWithoutMail -= 1;
  }

  #startContent(): void {
    this.#content = new IncomingContent(this.#profile);
    if (this.#envelope !== undefined) this.#outbox.tell({ type: "contentStarted", envelope: this.#envelope });
  }

  #forgetTransaction(): void {
    const envelope = this.#envelope;
    if (envelope === undefined) return;
    const decided = this.#cause === "contentEnded" || this.#answered === "data" || this.#answered === "message";
    if (this.#content !== undefined && !decided) this.#outbox.tell({ type: "contentAborted" });
    this.#envelope = this.#content = undefined;
    this.#facts.contentRefused = false;
    const outcome = decided ? this.#lastReply : undefined;
    this.#outbox.tell({ type: "transactionEnded", envelope, ...(outcome && { reply: outcome }) });
  }

  #stepMechanism(): void {
    this.#next = this.#exchange === undefined ? this.#startMechanism() : this.#stepExchange(this.#exchange);
  }

  #startMechanism(): { type: MachineEventType; given?: Reply } {
    const command = this.#command;
    if (command?.verb !== "AUTH") return { type: "garbled" };
    const mechanism = this.#mechanisms.find(({ name }) => name === command.mechanism);
    if (mechanism === undefined) return { type: "garbled", given: checkReplies.unknownMechanism };
    const { initialResponse } = command;
    if (initialResponse !== undefined) {
      // A lone = is an empty response (RFC 4954 §4).
      this.#response = initialResponse === "=" ? new Uint8Array(0) : decodeBase64(initialResponse);
      if (this.#response === undefined) return { type: "garbled", given: checkReplies.badBase64 };
    }
    this.#exchange = mechanism.start();
    return this.#stepExchange(this.#exchange);
  }

  #stepExchange(exchange: ServerExchange): { type: MachineEventType; given?: Reply } {
    const outcome = exchange.step(this.#response);
    this.#response = undefined;
    if (outcome.type === "challenged") this.#challenge = outcome.challenge;
    if (outcome.type === "identified") {
      this.#question = { type: "authenticationReceived", credentials: outcome.credentials };
    }
    return outcome.type === "garbled" ? { type: "garbled", given: checkReplies.badResponse } : { type: outcome.type };
  }

  #writeChallenge(): void {
    // Not made by `reply`: an empty challenge is `334 ` with its space (RFC 4954 §4).
    const bytes = challengeLine(this.#challenge ?? new Uint8Array(0));
    this.#outbox.write(bytes);
    if (this.#profile.trace) this.#traceReply(bytes);
  }

  #rememberIdentity(): void {
    if (this.#question.type !== "authenticationReceived") return;
    const { credentials } = this.#question;
    this.#facts.authenticated = true;
    this.#refreshFacts();
    const identity = credentials.authorizationIdentity ?? credentials.user;
    this.#outbox.tell({ type: "authenticated", identity, mechanism: credentials.mechanism });
  }

  /** Under TLS nothing is known of the client that it said in the clear (RFC 3207 §4.2). */
  #startOver(): void {
    this.#inbox.clear();
    this.#lines.reset();
    this.#hello = this.#command = undefined;
    this.#facts.authenticated = false;
    this.#refreshFacts();
    this.#outbox.tell({ type: "tlsStarted", tls: this.#tls ?? {} });
  }

  #close(): void {
    this.#inbox.clear();
    this.#asked = undefined;
    this.#next = undefined;
    const reason = closeReasons[this.#cause] ?? "violation";
    const said = reason === "disconnected" ? undefined : this.#lastReply;
    this.#outbox.tell({ type: "sessionClosed", reason, ...(said && { reply: said }) });
    this.#outbox.conclude({ type: "close" });
  }

  #refreshFacts(): void {
    const { profile, facts } = { profile: this.#profile, facts: this.#facts };
    const secure = this.#tls !== undefined;
    this.#mechanisms = profile.mechanisms.filter(({ clear }) => secure || !clear || profile.allowAuthInClear);
    facts.tlsOffered = profile.startTls && !secure;
    facts.tlsMissing = profile.requireTls && !secure;
    facts.authOffered = this.#mechanisms.length > 0;
    facts.authNeedsTls = profile.mechanisms.length > 0 && !facts.authOffered && facts.tlsOffered;
    facts.authMissing = profile.requireAuthentication && !facts.authenticated;
  }

  get #offer(): Offer {
    const { messageSize } = this.#profile.limits;
    return {
      messageSize: messageSize === Infinity ? undefined : messageSize,
      startTls: this.#facts.tlsOffered,
      mechanisms: this.#mechanisms.map(({ name }) => name),
    };
  }

  // Tracing.

  #traceCommand(line: Uint8Array, command: Command | undefined): void {
    if (!this.#profile.trace) return;
    const secret = command?.verb === "AUTH" && command.initialResponse !== undefined;
    this.#traceLine("client", secret ? `AUTH ${command.mechanism} *` : decodeLenient(line));
  }

  #traceReply(bytes: Uint8Array): void {
    for (const line of decodeLenient(bytes).split("\r\n").slice(0, -1)) this.#traceLine("server", line);
  }

  #traceLine(from: "client" | "server", line: string): void {
    if (this.#profile.trace) this.#outbox.tell({ type: "lineTraced", from, line, state: this.state });
  }
}

function challengeLine(challenge: Uint8Array): Uint8Array {
  const text = `334 ${encodeBase64(challenge)}\r\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Throws where a reply would say something else than the intent. */
function mustFit(intent: "accept" | "reject", about: DecisionSubject, { code }: Reply): void {
  const fits = intent === "reject" ? code >= 400 : acceptable(about, code);
  if (fits) return;
  const wanted = intent === "reject" ? "4xx or 5xx" : about === "data" ? "354" : "the usual 2xx code";
  throw new LocalProtocolError(`${intent} of ${about} with a ${code} reply: give ${wanted}, or none`);
}

function acceptable(about: DecisionSubject, code: number): boolean {
  switch (about) {
    case "data":
      return code === 354;
    case "connection":
    case "startTls":
      return code === 220;
    case "authentication":
      return code === 235;
    default:
      return code >= 200 && code < 300;
  }
}
