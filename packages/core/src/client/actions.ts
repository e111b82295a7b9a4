// What the chart's actions do: the one place where a client session writes commands and keeps what the server said.

import type { ActionCall } from "../engine/runner.ts";
import { DataWriter } from "../framing/data-writer.ts";
import { findCapability, noCapabilities, parseCapabilities, type Capabilities } from "../grammar/capabilities.ts";
import { formatCommand, type Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import type { Inbox } from "../inbox.ts";
import type { Outbox } from "../outbox.ts";
import { identityOf, type ClientCredentials } from "../sasl/credentials.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import { strongest } from "../sasl/mechanisms.ts";
import type { TlsInfo } from "../session.ts";
import { SaslExchange } from "./exchange.ts";
import { initialClientFacts, type ClientFacts, type ClientMachineEvent } from "./machine.ts";
import type { ClientEvent, Failure, FailureKind } from "./messages.ts";
import { clientMechanisms, type ClientProfile } from "./options.ts";
import type { OutgoingTransaction } from "./transaction.ts";

type MachineEventType = ClientMachineEvent["type"];

/** Ends content of no octets (RFC 2920 §3.1). */
const emptyContent = encodeUtf8(".\r\n");

export interface ActionsContext {
  readonly profile: ClientProfile;
  readonly inbox: Inbox;
  readonly outbox: Outbox<ClientEvent>;
  /** The chart's state, for traces. */
  readonly state: () => string;
}

export class ClientActions {
  /** What the chart's guards read. */
  readonly facts: { -readonly [Name in keyof ClientFacts]: boolean } = { ...initialClientFacts };
  /** What the server offers, as last told. */
  capabilities: Capabilities = noCapabilities;
  tls: TlsInfo | undefined;
  transaction: OutgoingTransaction | undefined;
  writer: DataWriter | undefined;
  /** What ends the content. */
  end = emptyContent;
  /** NOOP, VRFY, EXPN, HELP or RSET, as the application asked for it. */
  question: Command | undefined;
  /** The reply being taken, or what else was wrong. */
  reply: Reply | undefined;
  detail: string | undefined;
  /** The state in which the event being taken happened. */
  during = "";
  /** An event that an action brought about: to be taken right after the present one. */
  next: MachineEventType | undefined;

  readonly #context: ActionsContext;
  #greeting: Reply | undefined;
  #extended = true;
  #tlsDeclined = false;
  #mechanism: ClientMechanism | undefined;
  #exchange: SaslExchange | undefined;
  /** The answer to the challenge being taken, in base64. */
  #answer: string | undefined;
  #identity: string | undefined;
  #failure: Failure | undefined;

  constructor(context: ActionsContext, tls: TlsInfo | undefined) {
    this.#context = context;
    this.tls = tls;
    this.facts.lmtp = context.profile.protocol === "lmtp";
  }

  /** Sets what the guards read of the event about to be taken. */
  weighEvent(type: MachineEventType): void {
    const { facts, transaction } = this;
    facts.pipelined = transaction?.pipelined === true;
    facts.moreRecipients = transaction?.moreAwaited === true;
    facts.recipientAccepted = transaction?.anyAccepted === true;
    facts.dataDue = facts.pipelined || facts.recipientAccepted;
    facts.moreVerdicts = transaction?.moreVerdictsAwaited === true;
    if (type !== "3yz" || this.#exchange === undefined) return;
    this.#answer = this.#exchange.respond(this.reply?.lines[0] ?? "");
    facts.answerable = this.#answer !== undefined;
  }

  perform(action: ActionCall): void {
    switch (action.type) {
      case "fail":
        return this.#fail(action.params?.["kind"] as FailureKind);
      case "tellFailure":
        if (this.#failure !== undefined) this.#context.outbox.tell({ type: "openingFailed", failure: this.#failure });
        return;
      case "rememberGreeting":
        this.#greeting = this.reply;
        return;
      case "writeEhlo":
        return this.#introduce(this.#context.profile.protocol === "lmtp" ? "LHLO" : "EHLO");
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
        return this.transaction?.begin((command) => this.#write(command));
      case "refuseAll":
        return this.transaction?.refuseAll(this.reply);
      case "writeRecipient":
        return this.transaction?.nextRecipient((command) => this.#write(command));
      case "recordRecipient":
        return this.transaction?.recordRecipient(this.reply);
      case "writeData":
        return this.transaction?.data((command) => this.#write(command));
      case "startContent":
        return this.#startContent();
      case "writeEndOfContent":
        return this.#writeEndOfContent();
      case "recordContentReply":
        return this.transaction?.recordContent(this.reply);
      case "recordVerdict":
        return this.transaction?.recordVerdict(this.reply);
      case "endTransaction":
        return this.#endTransaction();
      case "writeReset":
        return this.#write({ verb: "RSET" });
      case "writeQuestion":
        if (this.question !== undefined) this.#write(this.question);
        return;
      case "tellAnswer":
        if (this.reply !== undefined) this.#context.outbox.tell({ type: "answered", reply: this.reply });
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
      during: this.during,
      ...(this.reply && { reply: this.reply }),
      ...(this.detail !== undefined && { detail: this.detail }),
    };
  }

  #introduce(verb: "EHLO" | "HELO" | "LHLO"): void {
    this.#extended = verb !== "HELO";
    this.#writeLine(`${verb} ${this.#context.profile.hostname}`);
  }

  #rememberCapabilities(): void {
    this.capabilities = this.#extended && this.reply !== undefined ? parseCapabilities(this.reply) : noCapabilities;
  }

  /** Sets the facts by which the chart chooses the next step of opening a session. */
  #weigh(): void {
    const { tls, credentials, allowAuthInClear } = this.#context.profile;
    const secure = this.tls !== undefined;
    const offered = findCapability(this.capabilities, "STARTTLS") !== undefined && !this.#tlsDeclined;
    const mayAuthenticate = credentials !== undefined && this.#identity === undefined;
    this.#mechanism = mayAuthenticate ? this.#strongest(credentials, secure || allowAuthInClear) : undefined;
    this.facts.tlsRequired = tls === "required";
    this.facts.tlsUnavailable = tls === "required" && !secure && !offered;
    this.facts.tlsWanted = tls !== "never" && !secure && offered;
    this.facts.authWanted = this.#mechanism !== undefined;
    this.facts.authUnavailable = mayAuthenticate && this.#mechanism === undefined;
    if (this.facts.authUnavailable) this.detail = this.#whyNoMechanism(secure || allowAuthInClear);
    this.next = "weighed";
  }

  #strongest(credentials: ClientCredentials, secure: boolean): ClientMechanism | undefined {
    const offered = findCapability(this.capabilities, "AUTH")?.parameters ?? [];
    const available = clientMechanisms.filter((mechanism) => mechanism.takes(credentials));
    return strongest(offered, available, { secure, channelBinding: false });
  }

  #whyNoMechanism(clearAllowed: boolean): string {
    if (findCapability(this.capabilities, "AUTH") === undefined) return "AUTH is not offered";
    if (!clearAllowed) return "without TLS no password is sent, unless allowAuthInClear is set";
    return `of the mechanisms offered none is known here; known are ${clientMechanisms.map(({ name }) => name).join(", ")}`;
  }

  #startTls(): void {
    // An injected reply must not be read under TLS (RFC 3207 §4.2, CVE-2021-38371).
    if (this.#context.inbox.unread > 0) {
      this.detail = "octets behind the reply to STARTTLS in the clear";
      this.next = "violated";
      return;
    }
    this.#context.outbox.conclude({ type: "startTls" });
  }

  #startOver(): void {
    this.#context.inbox.clear();
    this.capabilities = noCapabilities;
    this.#context.outbox.tell({ type: "tlsStarted", tls: this.tls ?? {} });
  }

  #writeAuth(): void {
    const { credentials } = this.#context.profile;
    if (this.#mechanism === undefined || credentials === undefined) return;
    this.#exchange = new SaslExchange(this.#mechanism, credentials);
    this.#write(this.#exchange.command);
  }

  #answerChallenge(): void {
    if (this.#answer !== undefined) this.#writeLine(this.#answer, "*");
  }

  #rememberAuthentication(): void {
    const { credentials } = this.#context.profile;
    this.#identity = credentials === undefined ? undefined : identityOf(credentials);
    this.#exchange = undefined;
  }

  #announceReady(): void {
    if (this.#greeting === undefined) return;
    const { greeting, capabilities, identity } = {
      greeting: this.#greeting,
      capabilities: this.capabilities,
      identity: this.#identity,
    };
    this.#context.outbox.tell({ type: "opened", greeting, capabilities, identity });
  }

  #startContent(): void {
    this.writer = new DataWriter({ bareNewlines: this.#context.profile.bareNewlines });
    this.#context.outbox.tell({ type: "contentWanted" });
  }

  #writeEndOfContent(): void {
    this.#context.outbox.write(this.end);
    this.end = emptyContent;
    this.writer = undefined;
    this.transaction?.endContent();
  }

  #endTransaction(): void {
    const transaction = this.transaction;
    if (transaction === undefined) return;
    this.transaction = this.writer = undefined;
    this.#context.outbox.tell({ type: "transactionEnded", result: transaction.result(this.#failure) });
  }

  #close(): void {
    this.#context.inbox.clear();
    const failure = this.#failure;
    this.#context.outbox.tell({ type: "sessionClosed", ...(failure && { failure }) });
    this.#context.outbox.conclude({ type: "close" });
  }

  // Writing.

  #write(command: Command): void {
    const secret = command.verb === "AUTH" && command.initialResponse !== undefined;
    this.#writeLine(formatCommand(command), secret ? `AUTH ${command.mechanism} *` : undefined);
  }

  #writeLine(line: string, shown: string = line): void {
    this.#context.outbox.write(encodeUtf8(`${line}\r\n`));
    if (this.#context.profile.trace)
      this.#context.outbox.tell({ type: "lineTraced", from: "client", line: shown, state: this.#context.state() });
  }
}
