// One SMTP session, server side: what is received becomes machine events, and the chart says what they mean. The actions that it
// calls for are performed by actions.ts. The contract with the driver is `Session` in ../session.ts.

import { serverProgram } from "#server-program";
import type { Runner } from "../engine/runner.ts";
import { LineReader } from "../framing/line-reader.ts";
import { ProxyReader } from "../framing/proxy-reader.ts";
import { copyOf } from "../grammar/octets.ts";
import type { Reply } from "../grammar/reply.ts";
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
import { ServerActions } from "./actions.ts";
import type { ActionsContext } from "./actions-context.ts";
import { Commands } from "./commands.ts";
import type { ServerAnswer } from "../sasl/mechanism.ts";
import type { IncomingContent } from "./content.ts";
import { checkFits, fittingAnswer, fittingReply } from "./decision-replies.ts";
import type { ExchangeInput } from "./exchange.ts";
import type { ServerFacts, ServerMachineEvent } from "./facts.ts";
import type { ServerEvent, ServerIntent } from "./messages.ts";
import { accepted, type Occurrence } from "./occurrence.ts";
import type { ServerProfile } from "./options.ts";
import type { ServerOrigin } from "./origin.ts";
import { Pace } from "./pace.ts";
import { Patience } from "./patience.ts";
import { checkReplies, fixedReplies } from "./replies.ts";
import { Standing } from "./standing.ts";
import type { StateMeta } from "./state-meta.ts";

export class ServerSession implements Session<ServerIntent, ServerEvent> {
  readonly #lines: LineReader;
  readonly #runner: Runner<ServerFacts, ServerMachineEvent>;
  readonly #actions: ServerActions;
  readonly #commands: Commands;
  readonly #patience: Patience;
  readonly #context: ActionsContext;
  #shutDown: Reply | undefined;
  /** Only behind a proxy, and only at first. */
  #proxy: ProxyReader | undefined;

  /**
   * @param profile What `serverProfile` made of the options; shared by all sessions of a server.
   * @param now The driver's time.
   * @param origin What is known of the connection.
   */
  constructor(profile: ServerProfile, now: Instant, origin: ServerOrigin = {}) {
    const { limits, timeouts } = profile;
    const standing = new Standing(profile, origin);
    const { runner, actions } = serverProgram.start(standing.facts);
    this.#runner = runner;
    const inbox = new Inbox();
    const outbox = new Outbox<ServerEvent>(limits.bufferedReplies);
    const pace = new Pace(limits, timeouts);
    this.#context = { profile, standing, runner, now, inbox, outbox, pace };
    this.#lines = new LineReader({ limit: limits.commandLine, endless: limits.endlessLine });
    this.#patience = new Patience(profile, now);
    this.#actions = new ServerActions(this.#context);
    this.#commands = new Commands(this.#context, this.#actions);
    this.#actions.performAll(actions);
    this.#connect("connected");
  }

  /** The chart's state, for example `dialogue.idle.expectingMail`. */
  get state(): string {
    return this.#runner.state;
  }

  /** How the client has introduced itself, once that was accepted. */
  get hello(): { readonly name: string; readonly extended: boolean } | undefined {
    return this.#context.standing.hello;
  }

  handle(input: Input, now: Instant): void {
    this.#context.now = now;
    if (this.#runner.done) return this.#handleAtEnd(input);
    switch (input.type) {
      case "received":
        return this.#received(input.bytes, input.lent === true);
      case "ended":
        this.#context.inbox.ended = true;
        if (this.#isSecuring()) this.#step("ended");
        return;
      case "broken":
        this.#actions.asked = undefined;
        return this.#step("ended");
      case "secured":
        return this.#secured(input.tls);
      case "computed":
        return this.#computed(input.computation, input.result);
      case "paused":
        return this.#patience.pause(now);
      case "resumed":
        return this.#patience.resume(now, this.#actions.content);
      case "elapsed":
        return this.#elapsed();
    }
  }

  /** The last words may still be held back. */
  #handleAtEnd({ type }: Input): void {
    const { until } = this.#context.pace;
    if (type === "broken" || (type === "elapsed" && until !== undefined && this.#context.now >= until))
      this.#context.pace.release();
  }

  submit(intent: ServerIntent, now: Instant): void {
    this.#context.now = now;
    if (intent.type === "trust") return this.#context.standing.trust();
    if (intent.type === "dismiss") return this.#dismiss(intent.reply);
    if (intent.type === "shutDown") {
      this.#shutDown =
        intent.reply === undefined ? fixedReplies.shuttingDown : fittingReply("reject", "connection", intent.reply);
      return this.#shutDownIfIdle();
    }
    const about = this.#actions.asked;
    if (about === undefined || intent.decision !== this.#actions.decision) {
      throw new LocalProtocolError(
        `decision ${intent.decision} is not pending: it was taken, it expired, or the session ended`,
      );
    }
    checkFits(intent.type, about);
    if (intent.type === "answer") return this.#answered(intent.answer);
    const given = intent.reply === undefined ? undefined : fittingReply(intent.type, about, intent.reply);
    if (intent.type === "accept") this.#actions.take(about, intent);
    this.#actions.asked = undefined;
    this.#actions.answered = about;
    if (intent.type === "accept" && given === undefined) return this.#occurred(accepted);
    this.#step(intent.type === "reject" && given?.code === 421 ? "dismiss" : intent.type, given);
  }

  poll(): Output<ServerEvent> {
    for (;;) {
      const held = this.#context.pace.until !== undefined;
      const urgent = held ? this.#context.outbox.takeTold() : this.#context.outbox.takeUrgent();
      if (urgent !== undefined) return urgent;
      if (!held && this.#advance()) continue;
      const rest = held ? undefined : this.#context.outbox.takeRest();
      if (rest !== undefined) return rest;
      // No chunk is to be kept for as long as the client says no more.
      this.#lines.forget();
      this.#context.inbox.keep();
      return { kind: "idle", wants: held ? "intent" : this.#wants(), deadline: this.#deadline() };
    }
  }

  #meta(): StateMeta {
    return this.#runner.meta;
  }

  #isSecuring(): boolean {
    return this.state === "securing" || this.state === "securingFirst";
  }

  #wants(): Wants {
    if (this.#runner.done) return "nothing";
    return this.#meta().reads === undefined ? "intent" : "input";
  }

  #deadline(): Instant | undefined {
    return this.#patience.deadline(this.#meta(), this.#context.pace.until, this.#actions.content);
  }

  // What happens.

  #received(bytes: Uint8Array, isLent: boolean): void {
    if (this.#context.inbox.ended || bytes.length === 0) return;
    // The client speaks in the clear although TLS is about to begin: an injection, or no SMTP client (RFC 3207 §4.2).
    if (this.#isSecuring() || this.#actions.asked === "startTls")
      return this.#violate(checkReplies.bytesBehindStartTls);
    this.#context.inbox.add(bytes, isLent);
    const waits = this.#meta().reads === undefined || this.#context.pace.until !== undefined;
    if (waits && this.#context.inbox.unread > this.#context.profile.limits.bufferedInput)
      this.#violate(checkReplies.bufferOverrun);
  }

  #secured(tls: TlsInfo): void {
    if (!this.#isSecuring()) return;
    this.#context.standing.startOver(tls);
    this.#lines.reset();
    this.#connect("secured");
  }

  #computed(computation: number, result: Uint8Array | undefined): void {
    const { authentication } = this.#actions;
    if (authentication?.awaited !== computation) return;
    this.#goOn({ type: "computed", result });
  }

  #elapsed(): void {
    const deadline = this.#deadline();
    if (deadline === undefined || this.#context.now < deadline) return;
    if (this.#context.now >= this.#patience.end) return this.#step("expired");
    if (this.#context.pace.until !== undefined) return this.#release();
    if (this.#patience.isPaused(this.#meta(), this.#actions.content)) return this.#heldTooLong();
    if (this.#actions.asked !== undefined) {
      this.#context.outbox.tell({
        type: "decisionExpired",
        decision: this.#actions.decision,
        about: this.#actions.asked,
      });
      this.#actions.answered = this.#actions.asked;
      this.#actions.asked = undefined;
    }
    this.#step("elapsed");
  }

  /** What was held back is said; the client's time to answer begins now. */
  #release(): void {
    this.#context.pace.release();
    this.#patience.restart(this.#context.now);
  }

  /** The application has neither taken what had come of the content, nor answered: what follows is for nobody. */
  #heldTooLong(): void {
    const { content } = this.#actions;
    this.#patience.resume(this.#context.now, content);
    const reply = fixedReplies.undecided;
    if (content?.refuse(reply) === true) this.#context.outbox.tell({ type: "contentRefused", reply });
  }

  #dismiss(given: Reply): void {
    if (this.#runner.done) return this.#context.pace.release();
    const last = fittingReply("reject", "connection", given);
    this.#actions.asked = undefined;
    this.#step("dismiss", last);
  }

  #violate(given: Reply): void {
    this.#actions.asked = undefined;
    this.#step("violated", given);
  }

  // Reading: the state chooses the reader.

  /** Reads one line or slice, or the end of a chunk; false when there is nothing to be read, or nobody to read it. */
  #advance(): boolean {
    const { reads } = this.#meta();
    if (reads === undefined || this.#runner.done) return false;
    if (!this.#context.inbox.ready() && !this.#chunkComplete(reads)) {
      if (this.#context.inbox.ended) this.#step("ended");
      return this.#context.inbox.ended;
    }
    if (reads === "silence") this.#violate(checkReplies.spokeTooEarly);
    else if (reads === "content" || reads === "chunk") this.#readContent();
    else if (reads === "discarded") this.#discardChunk();
    else if (reads === "proxy") this.#readProxyHeader();
    else this.#readLine(reads);
    return true;
  }

  /** A chunk may be of no octets; then none has to come for it to be at its end. */
  #chunkComplete(reads: NonNullable<StateMeta["reads"]>): boolean {
    if (reads === "chunk") return this.#actions.content?.chunkComplete === true;
    return reads === "discarded" && this.#actions.refusedChunk?.remaining === 0;
  }

  #readProxyHeader(): void {
    const reader = (this.#proxy ??= new ProxyReader());
    const outcome = reader.read(this.#context.inbox.chunk, this.#context.inbox.at);
    this.#context.inbox.at = reader.next;
    const { header, problem } = reader;
    if (outcome === "malformed") {
      this.#context.outbox.tell({ type: "proxyHeaderRefused", problem });
      this.#step("violated");
    } else if (header !== undefined) {
      this.#context.outbox.tell({ type: "proxied", header });
      this.#proxy = undefined;
      this.#context.standing.facts.proxied = false;
      this.#connect("proxied");
    }
  }

  #readLine(reads: "command" | "response"): void {
    const { limits } = this.#context.profile;
    this.#lines.limit = reads === "command" ? limits.commandLine : limits.responseLine;
    const outcome = this.#lines.read(this.#context.inbox.chunk, this.#context.inbox.at);
    this.#context.inbox.at = this.#lines.next;
    switch (outcome) {
      case "partial":
        return;
      case "line":
        return reads === "command"
          ? this.#occurred(this.#commands.received(this.#lines, this.#meta().phase))
          : this.#responseReceived(this.#lines.line);
      case "overlong":
        return reads === "command"
          ? this.#occurred(this.#commands.overlong(this.#lines.line))
          : this.#step("garbled", checkReplies.overlongResponse);
      case "endless":
        return this.#violate(checkReplies.endlessLine);
      case "bareLineFeed":
      case "bareCarriageReturn":
        return this.#violate(checkReplies.commandBareNewline);
    }
  }

  #readContent(): void {
    const content = this.#actions.content;
    if (content === undefined) return;
    const wasRefused = content.refusal !== undefined;
    const outcome = content.read(this.#context.inbox);
    if (content.takeProgress()) this.#patience.restart(this.#context.now);
    if (content.slice.length > 0) this.#context.outbox.tell({ type: "contentReceived", bytes: content.slice });
    if (content.refusal !== undefined && !wasRefused) {
      this.#context.outbox.tell({ type: "contentRefused", reply: content.refusal });
    }
    if (outcome === "flooded") this.#violate(checkReplies.tooMuchDiscarded);
    if (outcome === "ended") this.#pieceEnded(content);
  }

  #discardChunk(): void {
    const chunk = this.#actions.refusedChunk;
    if (chunk === undefined) return;
    chunk.read(this.#context.inbox);
    if (chunk.takeProgress()) this.#patience.restart(this.#context.now);
    if (chunk.remaining === 0) this.#step("chunkDiscarded", chunk.reply);
  }

  /** The content has ended, or a chunk of it. */
  #pieceEnded(content: IncomingContent): void {
    this.#context.standing.facts.contentRefused = content.refusal !== undefined;
    if (content.last) return this.#contentEnded(content);
    if (content.refusal === undefined) this.#actions.budget.progressMade();
    this.#step("chunkEnded", content.refusal);
  }

  #contentEnded(content: IncomingContent): void {
    const envelope = this.#actions.envelope;
    const { repliesEach } = this.#actions;
    if (envelope !== undefined) {
      const decision = this.#actions.nextDecision;
      this.#actions.question = { type: "messageReceived", decision, envelope, size: content.size, repliesEach };
    }
    this.#step("contentEnded", content.refusal);
  }

  #responseReceived(line: Uint8Array): void {
    this.#actions.traceLine("client", "*");
    if (line.length === 1 && line[0] === 0x2a) return this.#step("cancelled");
    this.#goOn({ type: "responded", line: copyOf(line, 0, line.length) });
  }

  #answered(answer: ServerAnswer): void {
    const outcome = this.#actions.authentication?.outcome;
    if (outcome?.type !== "questioned") return;
    const fitting = fittingAnswer(outcome.question, answer);
    this.#actions.asked = undefined;
    this.#actions.answered = "credentials";
    this.#goOn({ type: "answered", answer: fitting });
  }

  /** A mechanism is given what it waited for. */
  #goOn(input: ExchangeInput): void {
    if (this.#actions.authentication !== undefined) this.#actions.authentication.input = input;
    this.#step(input.type === "answered" ? "answer" : input.type);
  }

  // Running the chart.

  /** What comes before the greeting is done, or a part of it. */
  #connect(type: "connected" | "proxied" | "secured"): void {
    this.#step(type);
    if (this.state === "connecting") this.#step("connected");
  }

  #step(type: Occurrence["type"], given?: Reply): void {
    this.#occurred({ type, given });
  }

  #occurred(occurrence: Occurrence): void {
    if (this.#meta().reads === undefined) this.#patience.decided(this.#context.now, this.#actions.content);
    for (let next: Occurrence | undefined = occurrence; next !== undefined; next = this.#actions.next) {
      this.#actions.next = undefined;
      this.#actions.cause = next;
      this.#actions.performAll(this.#runner.send(next, this.#context.standing.facts));
    }
    this.#actions.settle();
    this.#patience.restart(this.#context.now);
    this.#context.pace.hold(this.#context.now);
    this.#shutDownIfIdle();
  }

  #shutDownIfIdle(): void {
    const given = this.#shutDown;
    if (given === undefined || !this.#runner.can({ type: "shutDown" }, this.#context.standing.facts)) return;
    this.#shutDown = undefined;
    this.#step("shutDown", given);
  }
}
