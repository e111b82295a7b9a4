// One SMTP session, client side: replies become machine events, the chart says what they mean, and the actions it
// calls for are performed here. The contract with the driver is `Session` in ../session.ts.

import { compile } from "../engine/compile.ts";
import type { ActionCall, Runner } from "../engine/runner.ts";
import { DataWriter } from "../framing/data-writer.ts";
import { LineReader } from "../framing/line-reader.ts";
import { ReplyReader } from "../framing/reply-reader.ts";
import { findCapability, noCapabilities, parseCapabilities, type Capabilities } from "../grammar/capabilities.ts";
import { commandArgument, initialResponse, saslMechanism } from "../grammar/command-argument.ts";
import { formatCommand, type Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import { decodeLenient, encodeUtf8 } from "../grammar/text.ts";
import { Inbox } from "../inbox.ts";
import { Outbox } from "../outbox.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { ClientExchange, ClientMechanism } from "../sasl/mechanism.ts";
import {
  LocalProtocolError,
  type Input,
  type Instant,
  type Output,
  type Session,
  type TlsInfo,
  type Wants,
} from "../session.ts";
import { clientMachine, initialClientFacts, type ClientFacts, type ClientMachineEvent } from "./machine.ts";
import type { ClientEvent, ClientIntent, ClientTimeout, Failure, FailureKind } from "./messages.ts";
import { clientMechanisms, type ClientProfile } from "./options.ts";
import { OutgoingTransaction } from "./transaction.ts";

const program = compile(clientMachine);

/** What the chart's states say of themselves in `meta`. */
interface StateMeta {
  readonly timeout?: ClientTimeout;
  readonly wants?: "either";
}

type MachineEventType = ClientMachineEvent["type"];
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Question = Extract<ClientIntent, { type: "ask" }>;

/** Ends content of no octets (RFC 2920 §3.1). */
const emptyContent = encodeUtf8(".\r\n");

const classes: Readonly<Record<number, MachineEventType>> = { 2: "2yz", 3: "3yz", 4: "4yz", 5: "5yz" };

export class ClientSession implements Session<ClientIntent, ClientEvent> {
  readonly #profile: ClientProfile;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox<ClientEvent>;
  readonly #lines: LineReader;
  readonly #replies: ReplyReader;
  readonly #runner: Runner<ClientFacts, ClientMachineEvent>;
  readonly #facts: Mutable<ClientFacts>;

  #now: Instant;
  /** When the last progress was made: what the state's timeout counts from. */
  #since: Instant;

  #tls: TlsInfo | undefined;
  #tlsDeclined = false;
  #extended = true;
  #greeting: Reply | undefined;
  #capabilities: Capabilities = noCapabilities;
  #mechanism: ClientMechanism | undefined;
  #exchange: ClientExchange | undefined;
  #answer: Uint8Array | undefined;
  #identity: string | undefined;
  #transaction: OutgoingTransaction | undefined;
  #writer: DataWriter | undefined;
  #end = emptyContent;
  #question: Question | undefined;

  /** The reply being taken, and the event that an action brought about, taken right after it. */
  #reply: Reply | undefined;
  #detail: string | undefined;
  #next: MachineEventType | undefined;
  #failure: Failure | undefined;
  /** The state in which the event being taken happened. */
  #during = "";

  /**
   * @param profile What `clientProfile` made of the options; shared by all sessions of a client.
   * @param now The driver's time.
   * @param tls What is known of TLS where the connection began with it (implicit TLS, RFC 8314).
   */
  constructor(profile: ClientProfile, now: Instant, tls?: TlsInfo) {
    this.#profile = profile;
    const { replyLine, replyLines, bufferedOutput } = profile.limits;
    this.#outbox = new Outbox(bufferedOutput);
    this.#lines = new LineReader({ limit: replyLine, endless: replyLine });
    this.#replies = new ReplyReader({ lines: replyLines, octets: replyLine * replyLines });
    this.#now = this.#since = now;
    this.#tls = tls;
    this.#facts = { ...initialClientFacts };
    const { runner, actions } = program.start(this.#facts);
    this.#runner = runner;
    for (const action of actions) this.#perform(action);
  }

  /** The chart's state, for example `transaction.expectingDataReply`. */
  get state(): string {
    return this.#runner.state;
  }

  /** What the server offers, as last told; nothing before EHLO and after HELO. */
  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  handle(input: Input, now: Instant): void {
    this.#now = now;
    if (this.#runner.done) return;
    switch (input.type) {
      case "received":
        return this.#received(input.bytes);
      case "ended":
        this.#inbox.ended = true;
        if (this.state === "opening.securing") this.#step("ended");
        return;
      case "broken":
        return this.#step("ended");
      case "secured":
        this.#tls = input.tls;
        return this.#step("secured");
      case "elapsed":
        if (now >= (this.#deadline ?? Infinity)) this.#step("elapsed");
        return;
    }
  }

  submit(intent: ClientIntent, now: Instant): void {
    this.#now = now;
    switch (intent.type) {
      case "send":
        this.#mustBe("ready", "send");
        this.#transaction = new OutgoingTransaction(intent, this.#capabilities, this.#profile.pipelining);
        return this.#step("send");
      case "content":
        return this.#sendContent(intent.bytes);
      case "endContent":
        return this.#endContent();
      case "ask":
        this.#mustBe("ready", "ask");
        this.#question = intent;
        return this.#step("ask");
      case "quit":
        this.#mustBe("ready", "quit");
        return this.#step("quit");
      case "abort":
        return this.#step("abort");
    }
  }

  poll(): Output<ClientEvent> {
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
    if (this.state === "opening.securing") return "intent";
    return this.#meta.wants ?? "input";
  }

  get #deadline(): Instant | undefined {
    const { timeout } = this.#meta;
    return timeout === undefined ? undefined : this.#since + this.#profile.timeouts[timeout];
  }

  #mustBe(state: string, intent: string): void {
    if (this.state === state) return;
    throw new LocalProtocolError(`${intent} is not possible in state ${this.state}: wait for ${state}`);
  }

  // What happens.

  #received(bytes: Uint8Array): void {
    if (this.#inbox.ended || bytes.length === 0) return;
    // Octets in the clear behind the 220 to STARTTLS: an injected reply (CVE-2021-38371).
    if (this.state === "opening.securing") return this.#violate("octets behind the reply to STARTTLS in the clear");
    this.#inbox.add(bytes);
  }

  #violate(detail: string): void {
    this.#detail = detail;
    this.#step("violated");
    this.#detail = undefined;
  }

  /** Reads one line; false when there is none. */
  #advance(): boolean {
    if (this.#runner.done || this.state === "opening.securing") return false;
    if (!this.#inbox.ready()) {
      if (this.#inbox.ended) this.#step("ended");
      return this.#inbox.ended;
    }
    const outcome = this.#lines.read(this.#inbox.chunk, this.#inbox.at);
    this.#inbox.at = this.#lines.next;
    if (outcome === "line") this.#lineReceived(this.#lines.line);
    else if (outcome !== "partial") this.#violate(`a line of a reply is not one: ${outcome}`);
    return true;
  }

  #lineReceived(line: Uint8Array): void {
    this.#trace("server", line);
    const outcome = this.#replies.read(line);
    if (outcome === "invalid") return this.#violate("what came is not a reply");
    if (outcome === "reply") this.#replyReceived(this.#replies.reply);
  }

  #replyReceived(reply: Reply): void {
    const event = reply.code === 421 ? "421" : classes[Math.trunc(reply.code / 100)];
    this.#reply = reply;
    if (event === undefined) this.#violate("a reply of class 1yz");
    else this.#step(event);
    this.#reply = undefined;
  }

  // Running the chart.

  #step(type: MachineEventType): void {
    this.#refreshFacts(type);
    this.#during = this.state;
    for (let event: MachineEventType | undefined = type; event !== undefined; ) {
      this.#next = undefined;
      for (const action of this.#runner.send({ type: event }, this.#facts)) this.#perform(action);
      event = this.#next;
    }
    this.#since = this.#now;
  }

  #refreshFacts(type: MachineEventType): void {
    const facts = this.#facts;
    const transaction = this.#transaction;
    facts.pipelined = transaction?.pipelined === true;
    facts.moreRecipients = transaction?.moreAwaited === true;
    facts.recipientAccepted = transaction?.anyAccepted === true;
    facts.dataDue = facts.pipelined || facts.recipientAccepted;
    if (type === "3yz" && this.#exchange !== undefined) facts.answerable = this.#prepareAnswer(this.#exchange);
  }

  #perform(action: ActionCall): void {
    switch (action.type) {
      case "fail":
        return this.#fail(action.params?.["kind"] as FailureKind);
      case "rememberGreeting":
        this.#greeting = this.#reply;
        return;
      case "writeEhlo":
        return this.#introduce("EHLO");
      case "writeHelo":
        return this.#introduce("HELO");
      case "rememberCapabilities":
        return this.#rememberCapabilities();
      case "weigh":
        return this.#weigh();
      case "writeStartTls":
        return this.#write({ verb: "STARTTLS" });
      case "startTls":
        return this.#startTls();
      case "startOver":
        return this.#startOver();
      case "declineTls":
        this.#tlsDeclined = true;
        return;
      case "writeAuth":
        return this.#writeAuth();
      case "answerChallenge":
        return this.#answerChallenge();
      case "cancelAuth":
        return this.#writeLine("*");
      case "rememberAuthentication":
        return this.#rememberAuthentication();
      case "announceReady":
        return this.#announceReady();
      case "openTransaction":
        return;
      case "writeMail":
        return this.#transaction?.begin((command) => this.#write(command));
      case "refuseAll":
        return this.#transaction?.refuseAll(this.#reply);
      case "writeRecipient":
        return this.#transaction?.nextRecipient((command) => this.#write(command));
      case "recordRecipient":
        return this.#transaction?.recordRecipient(this.#reply);
      case "writeData":
        return this.#transaction?.data((command) => this.#write(command));
      case "startContent":
        return this.#startContent();
      case "writeEndOfContent":
        return this.#writeEndOfContent();
      case "recordContentReply":
        return this.#transaction?.recordContent(this.#reply);
      case "endTransaction":
        return this.#endTransaction();
      case "writeReset":
        return this.#write({ verb: "RSET" });
      case "writeQuestion":
        return this.#writeQuestion();
      case "tellAnswer":
        if (this.#reply !== undefined) this.#outbox.tell({ type: "answered", reply: this.#reply });
        return;
      case "writeQuit":
        return this.#write({ verb: "QUIT" });
      case "close":
        return this.#close();
    }
  }

  // Actions.

  #fail(kind: FailureKind): void {
    this.#failure ??= {
      kind,
      during: this.#during,
      ...(this.#reply && { reply: this.#reply }),
      ...(this.#detail !== undefined && { detail: this.#detail }),
    };
  }

  #introduce(verb: "EHLO" | "HELO"): void {
    this.#extended = verb === "EHLO";
    this.#write({ verb, name: this.#profile.hostname });
  }

  #rememberCapabilities(): void {
    this.#capabilities = this.#extended && this.#reply !== undefined ? parseCapabilities(this.#reply) : noCapabilities;
  }

  /** Sets the facts by which the chart chooses the next step of opening a session. */
  #weigh(): void {
    const { tls, credentials, allowAuthInClear } = this.#profile;
    const secure = this.#tls !== undefined;
    const offered = findCapability(this.#capabilities, "STARTTLS") !== undefined && !this.#tlsDeclined;
    const mayAuthenticate = credentials !== undefined && this.#identity === undefined;
    this.#mechanism = mayAuthenticate ? this.#strongest(secure || allowAuthInClear) : undefined;
    this.#facts.tlsRequired = tls === "required";
    this.#facts.tlsUnavailable = tls === "required" && !secure && !offered;
    this.#facts.tlsWanted = tls !== "never" && !secure && offered;
    this.#facts.authWanted = this.#mechanism !== undefined;
    this.#facts.authUnavailable = mayAuthenticate && this.#mechanism === undefined;
    this.#next = "weighed";
  }

  #strongest(clearAllowed: boolean): ClientMechanism | undefined {
    const offered = findCapability(this.#capabilities, "AUTH")?.parameters.map((name) => name.toUpperCase()) ?? [];
    return clientMechanisms.find(({ name, clear }) => offered.includes(name) && (clearAllowed || !clear));
  }

  #startTls(): void {
    // An injected reply must not be read under TLS (RFC 3207 §4.2, CVE-2021-38371).
    if (this.#inbox.unread > 0) {
      this.#detail = "octets behind the reply to STARTTLS in the clear";
      this.#next = "violated";
      return;
    }
    this.#outbox.conclude({ type: "startTls" });
  }

  #startOver(): void {
    this.#inbox.clear();
    this.#lines.reset();
    this.#replies.reset();
    this.#capabilities = noCapabilities;
    this.#outbox.tell({ type: "tlsStarted", tls: this.#tls ?? {} });
  }

  #writeAuth(): void {
    const { credentials } = this.#profile;
    if (this.#mechanism === undefined || credentials === undefined) return;
    this.#exchange = this.#mechanism.start(credentials);
    const { initial } = this.#exchange;
    const mechanism = saslMechanism(this.#mechanism.name);
    if (initial === undefined) return this.#write({ verb: "AUTH", mechanism });
    // An empty initial response is written as = (RFC 4954 §4).
    const response = initialResponse(initial.length === 0 ? "=" : encodeBase64(initial));
    this.#write({ verb: "AUTH", mechanism, initialResponse: response });
  }

  #prepareAnswer(exchange: ClientExchange): boolean {
    const challenge = decodeBase64(this.#reply?.lines[0] ?? "");
    this.#answer = challenge === undefined ? undefined : exchange.respond(challenge);
    return this.#answer !== undefined;
  }

  #answerChallenge(): void {
    if (this.#answer !== undefined) this.#writeLine(encodeBase64(this.#answer), "*");
  }

  #rememberAuthentication(): void {
    const { credentials } = this.#profile;
    this.#identity = credentials?.authorizationIdentity ?? credentials?.user;
    this.#exchange = undefined;
  }

  #announceReady(): void {
    if (this.#greeting === undefined) return;
    const { greeting, capabilities, identity } = { greeting: this.#greeting, capabilities: this.#capabilities, identity: this.#identity };
    this.#outbox.tell({ type: "opened", greeting, capabilities, identity });
  }

  #startContent(): void {
    this.#writer = new DataWriter({ bareNewlines: this.#profile.bareNewlines });
    this.#outbox.tell({ type: "contentWanted" });
  }

  #sendContent(bytes: Uint8Array): void {
    this.#mustBe("transaction.sendingContent", "content");
    for (const slice of this.#writer?.write(bytes) ?? []) this.#outbox.write(slice);
    this.#since = this.#now;
    this.#abortIfBare();
  }

  /** Content that must not be sent as it is cannot be ended either: half of it would be taken for the whole. */
  #abortIfBare(): boolean {
    if (this.#writer?.bareNewline !== true || this.#profile.bareNewlines !== "reject") return false;
    this.#detail = "bare CR or LF in the content";
    this.#step("abort");
    return true;
  }

  #endContent(): void {
    this.#mustBe("transaction.sendingContent", "endContent");
    this.#end = this.#writer?.end() ?? emptyContent;
    if (!this.#abortIfBare()) this.#step("endContent");
  }

  #writeEndOfContent(): void {
    this.#outbox.write(this.#end);
    this.#end = emptyContent;
    this.#writer = undefined;
    this.#transaction?.endContent();
  }

  #endTransaction(): void {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    this.#transaction = this.#writer = undefined;
    this.#outbox.tell({ type: "transactionEnded", result: transaction.result(this.#failure) });
  }

  #writeQuestion(): void {
    const question = this.#question;
    if (question === undefined) return;
    this.#write(questionCommand(question));
  }

  #close(): void {
    this.#inbox.clear();
    const failure = this.#failure;
    this.#outbox.tell({ type: "sessionClosed", ...(failure && { failure }) });
    this.#outbox.conclude({ type: "close" });
  }

  // Writing.

  #write(command: Command): void {
    const secret = command.verb === "AUTH" && command.initialResponse !== undefined;
    this.#writeLine(formatCommand(command), secret ? `AUTH ${command.mechanism} *` : undefined);
  }

  #writeLine(line: string, shown: string = line): void {
    this.#outbox.write(encodeUtf8(`${line}\r\n`));
    if (this.#profile.trace) this.#outbox.tell({ type: "lineTraced", from: "client", line: shown, state: this.state });
  }

  #trace(from: "server", line: Uint8Array): void {
    if (this.#profile.trace) this.#outbox.tell({ type: "lineTraced", from, line: decodeLenient(line), state: this.state });
  }
}

function questionCommand(question: Question): Command {
  switch (question.verb) {
    case "NOOP":
    case "RSET":
      return { verb: question.verb };
    case "HELP":
      return question.argument === "" ? { verb: "HELP" } : { verb: "HELP", argument: commandArgument(question.argument) };
    default:
      return { verb: question.verb, argument: commandArgument(question.argument), parameters: [] };
  }
}
