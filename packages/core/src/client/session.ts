// One SMTP session, client side: replies become machine events, and the chart says what they mean. The actions that it
// calls for are performed by actions.ts. The contract with the driver is `Session` in ../session.ts.

import { clientProgram } from "#client-program";
import type { Runner } from "../engine/runner.ts";
import { LineReader, type LineOutcome } from "../framing/line-reader.ts";
import { ReplyReader } from "../framing/reply-reader.ts";
import type { Capabilities } from "../grammar/capabilities.ts";
import { formatCommand } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import { decodeLenient } from "../grammar/text.ts";
import { Inbox } from "../inbox.ts";
import { Outbox } from "../outbox.ts";
import {
  LocalProtocolError,
  type Input,
  type Instant,
  type Output,
  type Session,
  type TlsInfo,
  type Wants,
} from "../session.ts";
import { ClientActions } from "./actions.ts";
import type { Division } from "./allowance.ts";
import { mustBeSendable } from "./credentials.ts";
import type { ClientFacts, ClientMachineEvent } from "./facts.ts";
import type { OutgoingContent } from "./content.ts";
import type { ClientEvent, ClientIntent, ClientTimeout, OutgoingRecipient } from "./messages.ts";
import type { ClientProfile } from "./options.ts";
import { questionCommand } from "./questions.ts";
import { OutgoingTransaction } from "./transaction.ts";

/** What the chart's states say of themselves in `meta`. */
interface StateMeta {
  readonly timeout?: ClientTimeout;
  readonly wants?: "either" | "intent";
}

type MachineEventType = ClientMachineEvent["type"];

const classes: Readonly<Record<number, MachineEventType>> = { 2: "2yz", 3: "3yz", 4: "4yz", 5: "5yz" };

export class ClientSession implements Session<ClientIntent, ClientEvent> {
  readonly #profile: ClientProfile;
  readonly #inbox = new Inbox();
  readonly #outbox: Outbox<ClientEvent>;
  readonly #lines: LineReader;
  readonly #replies: ReplyReader;
  readonly #runner: Runner<ClientFacts, ClientMachineEvent>;
  readonly #actions: ClientActions;

  #now: Instant;
  /** When the last progress was made: what the state's timeout counts from. */
  #since: Instant;

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
    this.#actions = new ClientActions(
      { profile, inbox: this.#inbox, outbox: this.#outbox, state: () => this.state, now: () => this.#now },
      tls,
    );
    const { runner, actions } = clientProgram.start(this.#actions.facts);
    this.#runner = runner;
    this.#actions.performAll(actions);
  }

  /** The chart's state, for example `transaction.expectingDataReply`. */
  get state(): string {
    return this.#runner.state;
  }

  /** What the server offers, as last told; nothing before EHLO and after HELO. */
  get capabilities(): Capabilities {
    return this.#actions.capabilities;
  }

  /** Whether the server takes no more messages in this session (MAILMAX, RFC 9422). */
  get spent(): boolean {
    return this.#actions.allowance.spent;
  }

  /** Whether the last message's content has been handed over with its end: from then on the server may have accepted it. */
  get contentEnded(): boolean {
    return this.#actions.contentEnded;
  }

  /**
   * Divides recipients into the transactions that the server takes them in (LIMITS, RFC 9422): `send` one after the other,
   * as more at once would be refused by `LocalProtocolError`. `undefined`: all go in one.
   */
  divide(recipients: readonly OutgoingRecipient[]): Division | undefined {
    return this.#actions.allowance.divide(recipients);
  }

  handle(input: Input, now: Instant): void {
    this.#now = now;
    if (this.#runner.done) return;
    switch (input.type) {
      case "received":
        return this.#received(input.bytes, input.lent === true);
      case "ended":
        this.#inbox.ended = true;
        if (this.state === "opening.securing") this.#step("ended");
        return;
      case "broken":
        return this.#step("ended");
      case "secured":
        return this.#secured(input.tls);
      case "computed":
        return this.#computed(input.computation, input.result);
      case "paused":
      case "resumed":
        return;
      case "elapsed":
        if (now >= (this.#deadline() ?? Infinity)) this.#step("elapsed");
        return;
    }
  }

  submit(intent: ClientIntent, now: Instant): void {
    this.#now = now;
    switch (intent.type) {
      case "send":
        this.#mustBe("ready", "send");
        this.#actions.transaction = this.#transaction(intent);
        return this.#step("send");
      case "authenticate":
        this.#mustBe("opening.expectingCredentials", "authenticate");
        mustBeSendable(intent.credentials);
        this.#actions.authentication.provide(intent.credentials);
        return this.#step("authenticate");
      case "content":
        return this.#sendContent(intent.bytes);
      case "endContent":
        return this.#endContent();
      case "ask":
        this.#mustBe("ready", "ask");
        this.#actions.question = formatCommand(questionCommand(intent, this.#actions.capabilities));
        return this.#step("ask");
      case "command":
        this.#mustBe("ready", "command");
        this.#actions.question = this.#profile.registry.command(
          intent.verb,
          intent.argument ?? "",
          this.#actions.capabilities,
        );
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
      const rest = this.#outbox.takeRest();
      if (rest !== undefined) return rest;
      // No chunk is to be kept for as long as the server says no more.
      this.#lines.forget();
      this.#inbox.keep();
      return { kind: "idle", wants: this.#wants(), deadline: this.#deadline() };
    }
  }

  #transaction(intent: Extract<ClientIntent, { type: "send" }>): OutgoingTransaction {
    const { offer, tls, allowance } = this.#actions;
    const { protocol, pipelining, chunking, registry } = this.#profile;
    const transaction = new OutgoingTransaction(intent, { offer, protocol, tls, pipelining, chunking, registry });
    allowance.begin(intent.recipients);
    return transaction;
  }

  #meta(): StateMeta {
    return this.#runner.meta;
  }

  #wants(): Wants {
    if (this.#runner.done) return "nothing";
    return this.#meta().wants ?? "input";
  }

  #deadline(): Instant | undefined {
    const { timeout } = this.#meta();
    return timeout === undefined ? undefined : this.#since + this.#profile.timeouts[timeout];
  }

  #mustBe(state: string, intent: string): void {
    if (this.state === state) return;
    throw new LocalProtocolError(`${intent} is not possible in state ${this.state}: wait for ${state}`);
  }

  // What happens.

  #received(bytes: Uint8Array, isLent: boolean): void {
    if (this.#inbox.ended || bytes.length === 0) return;
    // Octets in the clear behind the 220 to STARTTLS: an injected reply (CVE-2021-38371).
    if (this.state === "opening.securing") return this.#violate("octets behind the reply to STARTTLS in the clear");
    this.#inbox.add(bytes, isLent);
  }

  #secured(tls: TlsInfo): void {
    if (this.state !== "opening.securing") return;
    this.#actions.tls = tls;
    this.#lines.reset();
    this.#replies.reset();
    this.#step("secured");
  }

  #computed(computation: number, result: Uint8Array | undefined): void {
    if (this.state !== "opening.computing" || !this.#actions.awaits(computation)) return;
    this.#actions.result = result;
    this.#step("computed");
    this.#actions.result = undefined;
  }

  #violate(detail: string): void {
    this.#actions.detail = detail;
    this.#step("violated");
  }

  /** Reads one line; false when there is none. */
  #advance(): boolean {
    if (this.#runner.done || this.#meta().wants === "intent") return false;
    if (!this.#inbox.ready()) {
      if (this.#inbox.ended) this.#step("ended");
      return this.#inbox.ended;
    }
    const outcome = this.#lines.read(this.#inbox.chunk, this.#inbox.at);
    this.#inbox.at = this.#lines.next;
    if (outcome === "line") this.#lineReceived(this.#lines);
    else if (outcome !== "partial") this.#violate(this.#wrongLine(outcome));
    return true;
  }

  #wrongLine(outcome: Exclude<LineOutcome, "line" | "partial">): string {
    switch (outcome) {
      case "overlong":
      case "endless":
        return `a line of a reply has more than ${this.#profile.limits.replyLine} octets (limits.replyLine)`;
      case "bareLineFeed":
        return "a line of a reply has an LF without a CR";
      case "bareCarriageReturn":
        return "a line of a reply has a CR without an LF";
    }
  }

  #lineReceived(lines: LineReader): void {
    if (this.#profile.trace) this.#trace(lines.line);
    const outcome = this.#replies.readIn(lines.source, lines.start, lines.end);
    if (outcome === "invalid") return this.#violate("what came is not a reply");
    // The limit of octets is that of the lines, and so never the one that is exceeded.
    if (outcome === "overlong") return this.#violate(`${this.#replies.problem} (limits.replyLines)`);
    if (outcome === "reply") this.#replyReceived(this.#replies.reply);
  }

  #replyReceived(reply: Reply): void {
    const event = reply.code === 421 ? "421" : classes[Math.trunc(reply.code / 100)];
    this.#actions.reply = reply;
    if (event === undefined) this.#violate("a reply of class 1yz");
    else this.#step(event);
    this.#actions.reply = undefined;
  }

  // Running the chart.

  #step(type: MachineEventType): void {
    this.#actions.during = this.state;
    for (let event: MachineEventType | undefined = type; event !== undefined; event = this.#actions.next) {
      this.#actions.next = undefined;
      this.#actions.weighEvent(event);
      this.#actions.performAll(this.#runner.send({ type: event }, this.#actions.facts));
    }
    this.#actions.detail = undefined;
    this.#since = this.#now;
  }

  // Content.

  #sendContent(bytes: Uint8Array): void {
    this.#contentFor("content").write(bytes, this.#now);
    this.#since = this.#now;
    this.#abortIfBare();
  }

  #abortIfBare(): boolean {
    if (!this.#actions.refusesContent) return false;
    this.#step("abort");
    return true;
  }

  #endContent(): void {
    this.#contentFor("endContent").finish();
    if (!this.#abortIfBare()) this.#step("endContent");
  }

  /** What takes content, while content is wanted. */
  #contentFor(intent: string): OutgoingContent {
    const { content } = this.#actions;
    if (content === undefined)
      throw new LocalProtocolError(`${intent} is not possible in state ${this.state}: wait for contentWanted`);
    return content;
  }

  #trace(line: Uint8Array): void {
    this.#outbox.tell({ type: "lineTraced", from: "server", line: decodeLenient(line), state: this.state });
  }
}
