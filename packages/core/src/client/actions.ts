// What the chart's actions do: the one place where a client session writes commands and keeps what the server said.

import type { ActionCall } from "../engine/runner.ts";
import type { WrittenChunk } from "../framing/chunk-writer.ts";
import { findCapability, noCapabilities, parseCapabilities, type Capabilities } from "../grammar/capabilities.ts";
import { formatCommand, type Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import { encodeForWriting } from "../grammar/text.ts";
import type { Inbox } from "../inbox.ts";
import type { Outbox } from "../outbox.ts";
import type { Instant, TlsInfo } from "../session.ts";
import { Allowance } from "./allowance.ts";
import { ClientAuthentication } from "./authentication.ts";
import { ChunkedContent, DataContent, emptyContent, type OutgoingContent } from "./content.ts";
import { initialClientFacts, type ClientFacts, type ClientMachineEvent } from "./facts.ts";
import type { ClientEvent, Failure, FailureKind } from "./messages.ts";
import { serverOffer, type ServerOffer } from "./offer.ts";
import type { ClientProfile } from "./options.ts";
import type { OutgoingTransaction } from "./transaction.ts";

type MachineEventType = ClientMachineEvent["type"];

export interface ActionsContext {
  readonly profile: ClientProfile;
  readonly inbox: Inbox;
  readonly outbox: Outbox<ClientEvent>;
  /** The chart's state, for traces. */
  readonly state: () => string;
  readonly now: () => Instant;
}

export class ClientActions {
  /** What the chart's guards read. */
  readonly facts: { -readonly [Name in keyof ClientFacts]: boolean } = { ...initialClientFacts };
  /** What the server offers, as last told. */
  offer: ServerOffer = serverOffer(noCapabilities);
  tls: TlsInfo | undefined;
  readonly allowance = new Allowance();
  transaction: OutgoingTransaction | undefined;
  /** While it is wanted. */
  content: OutgoingContent | undefined;
  /** Whether the end of the last transaction's content has been written. */
  contentEnded = false;
  /** NOOP, VRFY, EXPN, HELP, RSET, or a command of an extension, as the application asked for it. */
  question: string | undefined;
  /** What the computation under way has come to. */
  result: Uint8Array | undefined;
  /** The reply being taken, or what else was wrong. */
  reply: Reply | undefined;
  detail: string | undefined;
  /** The state in which the event being taken happened. */
  during = "";
  /** An event that an action brought about: to be taken right after the present one. */
  next: MachineEventType | undefined;

  readonly authentication: ClientAuthentication;
  readonly #context: ActionsContext;
  #greeting: Reply | undefined;
  #extended = true;
  #tlsDeclined = false;
  #computation = 0;
  #failure: Failure | undefined;

  constructor(context: ActionsContext, tls: TlsInfo | undefined) {
    this.#context = context;
    this.authentication = new ClientAuthentication(context.profile);
    this.tls = tls;
    this.facts.lmtp = context.profile.protocol === "lmtp";
  }

  get capabilities(): Capabilities {
    return this.offer.capabilities;
  }

  /** Sets what the guards read of the event about to be taken. */
  weighEvent(type: MachineEventType): void {
    const { facts, transaction } = this;
    facts.pipelined = transaction?.pipelined === true;
    facts.moreRecipients = transaction?.moreAwaited === true;
    facts.recipientAccepted = transaction?.anyAccepted === true;
    facts.chunked = transaction?.chunked === true;
    facts.dataDue = !facts.chunked && (facts.pipelined || facts.recipientAccepted);
    facts.nothingToSend = transaction?.nothingToSend === true;
    facts.chunkAwaited = transaction?.chunkAwaited === true;
    facts.moreChunks = transaction?.moreChunksAwaited === true;
    facts.lastChunkAwaited = transaction?.lastChunkAwaited === true;
    facts.prdr = transaction?.prdr === true;
    facts.moreVerdicts = transaction?.moreVerdictsAwaited === true;
    if (type === "5yz") {
      facts.credentialsDue = this.authentication.renewableAfter(this.reply);
      facts.mechanismRefused = this.authentication.mechanismRefusedBy(this.reply);
    }
  }

  /** Whether the session waits for this computation. */
  awaits(computation: number): boolean {
    return computation === this.#computation;
  }

  performAll(actions: readonly ActionCall[]): void {
    for (let index = 0; index < actions.length; index++) {
      const action = actions[index];
      if (action !== undefined) this.#perform(action);
    }
  }

  #perform(action: ActionCall): void {
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
      case "askForCredentials":
        this.#context.outbox.tell({ type: "credentialsWanted", ...this.authentication.asked() });
        return;
      case "forgetCredentials":
        return this.authentication.forget(this.reply);
      case "beginAuth":
        this.next = this.authentication.begin();
        this.facts.serverProves = this.authentication.serverProves;
        return;
      case "dismissMechanism":
        return this.authentication.dismiss();
      case "takeChallenge":
        this.next = this.authentication.exchange?.respond(this.reply?.lines[0] ?? "");
        return;
      case "compute":
        return this.#compute();
      case "takeResult":
        this.next = this.authentication.exchange?.computed(this.result);
        return;
      case "writeAuth":
        return this.#writeAuth();
      case "cancelAuth":
        return this.#writeLine("*");
      case "rememberAuthentication":
        return this.authentication.succeed();
      case "announceReady":
        return this.#announceReady();
      case "openTransaction":
        this.contentEnded = false;
        return;
      case "writeMail":
        return this.#writeGroup(this.transaction?.opening());
      case "refuseAll":
        return this.transaction?.refuseAll(this.reply);
      case "writeRecipient":
        return this.#writeGroup(this.transaction?.nextRecipient());
      case "recordRecipient":
        return this.transaction?.recordRecipient(this.reply);
      case "writeData":
        return this.#writeGroup(this.transaction?.data());
      case "startContent":
        return this.#startContent();
      case "writeEndOfContent":
        return this.#writeEndOfContent();
      case "recordContentReply":
        return this.transaction?.recordContent(this.reply);
      case "awaitVerdicts":
        return this.transaction?.awaitVerdicts();
      case "recordVerdict":
        return this.transaction?.recordVerdict(this.reply);
      case "recordChunk":
        return this.transaction?.recordChunk();
      case "refuseContent":
        return this.#refuseContent();
      case "contradictRefusal":
        return this.transaction?.contradictRefusal();
      case "endTransaction":
        return this.#endTransaction();
      case "writeReset":
        return this.#write({ verb: "RSET" });
      case "writeQuestion":
        if (this.question !== undefined) this.#writeLine(this.question);
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
    const { oauthError } = this.authentication;
    const detail = this.detail ?? this.#problemOf(kind);
    this.#failure ??= {
      kind,
      during: this.during,
      ...(this.reply && { reply: this.reply }),
      ...(oauthError && { oauthError }),
      ...(detail !== undefined && { detail }),
    };
  }

  /** What authentication has to do with it, where it has. */
  #problemOf(kind: FailureKind): string | undefined {
    const { exchange, problem } = this.authentication;
    if (kind.startsWith("auth")) return problem;
    if (kind !== "protocol" || exchange === undefined) return undefined;
    const early = this.reply !== undefined && this.reply.code < 300;
    return problem ?? (early ? "success before the SASL exchange was over" : undefined);
  }

  #introduce(verb: "EHLO" | "HELO" | "LHLO"): void {
    this.#extended = verb !== "HELO";
    this.#write({ verb, name: this.#context.profile.hostname });
  }

  #rememberCapabilities(): void {
    const told = this.#extended ? this.reply : undefined;
    this.offer = serverOffer(told === undefined ? noCapabilities : parseCapabilities(told));
    this.allowance.announced(this.capabilities);
  }

  /** Sets the facts by which the chart chooses the next step of opening a session. */
  #weigh(): void {
    const { tls } = this.#context.profile;
    const secure = this.tls !== undefined;
    const offered = findCapability(this.capabilities, "STARTTLS") !== undefined && !this.#tlsDeclined;
    const need = this.authentication.weigh(this.capabilities, this.tls);
    this.facts.tlsRequired = tls === "required";
    this.facts.tlsUnavailable = tls === "required" && !secure && !offered;
    this.facts.tlsWanted = tls !== "never" && !secure && offered;
    this.facts.authWanted = need === "wanted";
    this.facts.authUnavailable = need === "unavailable";
    this.facts.credentialsDue = need === "due";
    this.next = "weighed";
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
    this.offer = serverOffer(noCapabilities);
    this.#context.outbox.tell({ type: "tlsStarted", tls: this.tls ?? {} });
  }

  #compute(): void {
    const operation = this.authentication.exchange?.operation;
    if (operation === undefined) return;
    this.#computation += 1;
    this.#context.outbox.conclude({ type: "compute", computation: this.#computation, operation });
  }

  /** Writes the AUTH command, and after it responses. */
  #writeAuth(): void {
    const words = this.authentication.exchange?.words;
    if (typeof words === "string") this.#writeLine(words, "*");
    else if (words !== undefined) this.#write(words);
  }

  #announceReady(): void {
    if (this.#greeting === undefined) return;
    const { greeting, capabilities, identity } = {
      greeting: this.#greeting,
      capabilities: this.capabilities,
      identity: this.authentication.identity,
    };
    this.#context.outbox.tell({ type: "opened", greeting, capabilities, identity });
  }

  #startContent(): void {
    const { bareNewlines, limits } = this.#context.profile;
    const { chunked = false, binary = false, content: whole, measure } = this.transaction ?? {};
    const options = { bareNewlines: binary ? "raw" : bareNewlines, limit: limits.chunk } as const;
    this.content = chunked
      ? new ChunkedContent((chunk) => this.#writeChunk(chunk), options, this.#context.now())
      : new DataContent((bytes) => this.#context.outbox.write(bytes), bareNewlines);
    if (whole === undefined) this.#context.outbox.tell({ type: "contentWanted" });
    else this.#takeWhole(whole, this.content, measure?.isPlain === true);
  }

  #takeWhole(whole: Uint8Array, content: OutgoingContent, isPlain: boolean): void {
    if (isPlain) content.writePlain(whole);
    else content.write(whole, this.#context.now());
    content.finish();
    // What comes next is not about the reply that let it begin.
    this.reply = undefined;
    this.during = this.#context.state();
    this.next = this.refusesContent ? "abort" : "endContent";
  }

  /** Whether content has come that must not be sent as it is. It cannot be ended either: half of it would be taken for the whole. */
  get refusesContent(): boolean {
    if (this.content?.bareNewline !== true || this.#context.profile.bareNewlines !== "reject") return false;
    this.detail = "bare CR or LF in the content";
    return true;
  }

  #writeEndOfContent(): void {
    if (this.content === undefined) this.#context.outbox.write(emptyContent);
    else this.content.writeEnd();
    this.content = undefined;
    this.contentEnded = true;
    this.transaction?.endContent();
  }

  #refuseContent(): void {
    this.content = undefined;
    this.transaction?.refuseContent(this.reply);
    if (this.reply !== undefined) this.#context.outbox.tell({ type: "contentRefused", reply: this.reply });
  }

  #endTransaction(): void {
    const transaction = this.transaction;
    if (transaction === undefined) return;
    this.transaction = this.content = undefined;
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

  /** In one write (RFC 2920). */
  #writeGroup(commands: readonly Command[] = []): void {
    let text = "";
    for (const command of commands) {
      const line = formatCommand(command);
      text += `${line}\r\n`;
      this.#trace(line);
    }
    this.#context.outbox.write(encodeForWriting(text));
  }

  #writeChunk({ command, last, bytes }: WrittenChunk): void {
    if (!last) this.transaction?.chunkWritten();
    this.#context.outbox.write(bytes);
    this.#trace(command);
  }

  #writeLine(line: string, shown: string = line): void {
    this.#context.outbox.write(encodeForWriting(`${line}\r\n`));
    this.#trace(shown);
  }

  #trace(line: string): void {
    if (!this.#context.profile.trace) return;
    this.#context.outbox.tell({ type: "lineTraced", from: "client", line, state: this.#context.state() });
  }
}
