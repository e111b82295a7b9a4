// What the chart's actions do: the one place where a server session writes replies, asks questions and keeps a transaction.

import type { ActionCall } from "../engine/runner.ts";
import type { Reply } from "../grammar/reply.ts";
import { decodeLenient } from "../grammar/text.ts";
import type { ClientAttributes } from "../extensions/xclient.ts";
import type { ForwardedAttributes } from "../extensions/xforward.ts";
import type { Command } from "../grammar/command.ts";
import { LocalProtocolError } from "../session.ts";
import type { Identity } from "../sasl/mechanism.ts";
import type { ActionsContext } from "./actions-context.ts";
import { Authentication } from "./authentication.ts";
import { Budget } from "./budget.ts";
import { IncomingContent } from "./content.ts";
import { fittingContent } from "./decision-replies.ts";
import { RefusedChunk } from "./refused-chunk.ts";
import type { CheckedExtension } from "./extension-commands.ts";
import type { DecisionSubject, Envelope, ServerIntent } from "./messages.ts";
import { namedReply } from "./named-replies.ts";
import { accepted, closeReasons, isDecided, type Occurrence } from "./occurrence.ts";
import type { Question } from "./questions.ts";
import { checkReplies, fixedReplies, formattedReply, padded, type ServerReplyName } from "./replies.ts";
import { SentAhead } from "./sent-ahead.ts";
import { contentForm, framingOf, openEnvelope, transactionEnded, type OpenEnvelope } from "./transaction.ts";
import { contentReplies, fittingVerdicts, type Verdicts } from "./verdict.ts";

type Attributes = Extract<CheckedExtension, { readonly attributes: unknown }>;
const none: ReadonlySet<string> = new Set();
const nothing = new Uint8Array(0);

export class ServerActions {
  readonly budget: Budget;
  /** What the check phase found to ask, should the chart call for it. */
  question: Question = { type: "connectionReceived", decision: 1 };
  /** The command being taken. */
  command: Command | undefined;
  /** What XCLIENT or XFORWARD said, should the chart call for it. */
  attributes: Attributes | undefined;
  /** The chunk that is being thrown away. */
  refusedChunk: RefusedChunk | undefined;
  /** None until the first AUTH. */
  authentication: Authentication | undefined;
  /** The question that is pending, and the number of the last one. */
  asked: DecisionSubject | undefined;
  decision = 0;
  /** How many transactions have been opened. */
  transactions = 0;
  /** The question that has just been answered. */
  answered: DecisionSubject | undefined;
  /** The event being taken. */
  cause: Occurrence = accepted;
  /** An event that an action brought about: to be taken right after the present one. */
  next: Occurrence | undefined;

  readonly #context: ActionsContext;
  #envelope: OpenEnvelope | undefined;
  /** Domains of the recipients of the session, where they are limited: RCPTDOMAINMAX counts them so (RFC 9422 §4.3). */
  #domains: Set<string> | undefined;
  #forwarded: ForwardedAttributes | undefined;
  #content: IncomingContent | undefined;
  #identity: Identity | undefined;
  /** Octets of chunks that were thrown away since content was last let in. */
  #discarded = 0;
  /** What the application said to the message for each recipient, where it did. */
  #verdicts: Verdicts | undefined;
  /** What the application has fetched for BURL. */
  #referred: Uint8Array | undefined;
  /** Chunks may come that were sent ahead of a refusal: no error of the client's. */
  readonly #ahead = new SentAhead();
  #lastReply: Reply | undefined;
  #repliesEach: readonly Reply[] | undefined;

  constructor(context: ActionsContext) {
    this.#context = context;
    this.budget = new Budget(context.profile.limits, context.pace);
  }

  /** The number of the next question. */
  get nextDecision(): number {
    return this.decision + 1;
  }

  get envelope(): Envelope | undefined {
    return this.#envelope;
  }

  /** Domains of the envelope's recipients, where their number is limited. */
  get domains(): ReadonlySet<string> {
    return this.#domains ?? none;
  }

  get content(): IncomingContent | undefined {
    return this.#content;
  }

  /** Whether the content of the open transaction is answered for each recipient. */
  get repliesEach(): boolean {
    const { profile } = this.#context;
    return profile.protocol === "lmtp" || this.#envelope?.parameters.prdr === true;
  }

  /** Keeps what comes with an answer besides its reply. Throws `LocalProtocolError` where it does not fit. */
  take(about: DecisionSubject, { recipients, content }: Extract<ServerIntent, { type: "accept" }>): void {
    if (recipients !== undefined && about !== "message")
      throw new LocalProtocolError(`recipients with the answer to ${about}: give a reply, or none`);
    const count = this.#envelope?.recipients.length ?? 0;
    this.#verdicts = recipients && fittingVerdicts(recipients, count, this.repliesEach);
    this.#referred = fittingContent(about, content);
  }

  /** An event has been taken, and all that it brought about. */
  settle(): void {
    this.answered = this.#lastReply = undefined;
  }

  performAll(actions: readonly ActionCall[]): void {
    for (let index = 0; index < actions.length; index++) {
      const action = actions[index];
      if (action !== undefined) this.#perform(action);
    }
  }

  #perform(action: ActionCall): void {
    switch (action.type) {
      case "reply":
        return this.#reply(action.params?.["reply"] as ServerReplyName);
      case "replyToContent":
        return this.#replyToContent(action.params?.["reply"] as ServerReplyName);
      case "ask":
        return this.#ask(action.params?.["about"] as DecisionSubject);
      case "rememberHello":
        if (this.question.type === "helloReceived") this.#context.standing.introduced(this.question);
        return;
      case "assumeClient":
        if (this.attributes?.event === "XCLIENT") this.#assumeClient(this.attributes.attributes);
        return;
      case "rememberForwarded":
        if (this.attributes?.event === "XFORWARD")
          this.#forwarded = { ...this.#forwarded, ...this.attributes.attributes };
        return;
      case "forgetForwarded":
        this.#forwarded = undefined;
        return;
      case "openTransaction":
        if (this.question.type === "mailReceived") this.#openTransaction(this.question);
        return;
      case "addRecipient":
        if (this.question.type === "recipientReceived") this.#addRecipient(this.question);
        return;
      case "forgetTransaction":
        return this.#forgetTransaction();
      case "startContent":
        return this.#startContent();
      case "startChunk":
        return this.#startChunk();
      case "addReference":
        return this.#addReference();
      case "refuseChunk":
        return this.#refuseChunk(action.params?.["reply"] as ServerReplyName);
      case "stepMechanism":
        return this.#stepMechanism();
      case "writeChallenge":
        return this.#writeChallenge();
      case "compute":
        return this.#compute();
      case "forgetMechanism":
        return this.authentication?.forget();
      case "rememberIdentity":
        return this.#rememberIdentity();
      case "startTlsFirst":
        return this.#context.outbox.conclude({ type: "startTls", ...this.#context.inbox.takeRest() });
      case "startTls":
        return this.#context.outbox.conclude({ type: "startTls" });
      case "startOver":
        return this.#startOver();
      case "close":
        return this.#close();
    }
  }

  traceLine(from: "client" | "server", line: string): void {
    const { profile, outbox, runner } = this.#context;
    if (profile.trace) outbox.tell({ type: "lineTraced", from, line, state: runner.state });
  }

  #reply(name: ServerReplyName): void {
    const given = this.cause.given ?? namedReply(name, this.#context, this.#content);
    this.#lastReply = given;
    const isGreeting = name === "hello" && this.cause.given === undefined;
    // The greeting and the reply to EHLO carry no enhanced code, refusals included (RFC 2034 §4).
    const isPlain = this.answered === "connection" || this.answered === "hello";
    this.#writeReply(isGreeting ? this.#context.standing.formatted(given) : formattedReply(given, isPlain));
    this.#charge(given);
    this.#ahead.commandAnswered(this.command?.verb, given, this.cause.type);
  }

  #charge(given: Reply): void {
    // Without EHLO nothing may be sent ahead. Chunks that are no errors are bounded as octets and as commands.
    const isAhead = this.#ahead.possible && this.#context.standing.hello !== undefined;
    if (this.cause.type === "chunkDiscarded" && isAhead) return;
    // It was one too many already.
    if (this.cause.type === "violated") return;
    const isFailure = given.code >= 400 && this.#endsAuthentication();
    const enough = isFailure ? this.#authenticationFailed(given) : this.budget.reply(given, this.answered);
    if (enough !== undefined) this.next = { type: "violated", given: enough };
  }

  /** Whether a reply now is that to an attempt to authenticate. */
  #endsAuthentication(): boolean {
    if (this.answered === "authentication" || this.answered === "credentials") return true;
    const { type } = this.cause;
    return type === "failed" || ((type === "cancelled" || type === "garbled") && this.authentication?.tried === true);
  }

  /** Tells of a failed attempt and counts it, once. */
  #authenticationFailed(given: Reply): Reply | undefined {
    const { authentication } = this;
    if (authentication?.counted === true) return this.budget.tooManyAuthentications;
    if (authentication !== undefined) authentication.counted = true;
    const { mechanism = "", claimed } = authentication ?? {};
    const user = claimed === undefined ? {} : { user: claimed };
    this.#context.outbox.tell({ type: "authenticationFailed", mechanism, ...user, reply: given });
    return this.budget.authenticationFailed();
  }

  #replyToContent(name: ServerReplyName): void {
    const usual = this.cause.given ?? namedReply(name, this.#context, this.#content);
    const recipients = this.#envelope?.recipients.length ?? 0;
    const form = contentForm(this.command, this.#context.profile.protocol, this.repliesEach);
    const { said, each, whole } = contentReplies(form, usual, this.#verdicts, recipients);
    for (const one of said) this.#writeReply(formattedReply(one));
    this.#verdicts = undefined;
    this.#repliesEach = each;
    this.#lastReply = whole;
    this.#ahead.contentAnswered(whole);
    this.#charge(whole);
  }

  #ask(about: DecisionSubject): void {
    // What was sent in the clear behind STARTTLS may be an injection: it must not be read under TLS (RFC 3207 §4.2).
    if (about === "startTls" && this.#context.inbox.unread > 0) {
      this.next = { type: "violated", given: checkReplies.bytesBehindStartTls };
      return;
    }
    if (about === "reference" && this.#envelope !== undefined && this.command?.verb === "BURL") {
      const { url, last } = this.command.reference;
      this.question = { type: "referenceReceived", decision: this.nextDecision, url, last, envelope: this.#envelope };
    }
    if (this.#context.profile.unasked.has(about)) {
      this.answered = about;
      this.next = accepted;
      return;
    }
    this.decision += 1;
    this.asked = about;
    if (this.question.decision !== this.decision) this.question = { ...this.question, decision: this.decision };
    this.#context.outbox.tell(this.question);
  }

  #openTransaction({ reversePath, parameters }: Extract<Question, { type: "mailReceived" }>): void {
    this.#context.standing.facts.binaryContent = parameters.body === "BINARYMIME";
    this.#envelope = openEnvelope(reversePath, parameters, this.#forwarded);
    this.transactions += 1;
  }

  #addRecipient({ recipient, parameters }: Extract<Question, { type: "recipientReceived" }>): void {
    this.#envelope?.recipients.push({ recipient, parameters });
    if (this.#context.profile.limits.recipientDomains < Infinity) (this.#domains ??= new Set()).add(recipient.domain);
    this.budget.progressMade();
  }

  #startContent(): void {
    const envelope = this.#envelope;
    const { profile, now } = this.#context;
    this.#content = new IncomingContent(profile, framingOf(this.command, envelope), now);
    this.#discarded = 0;
    if (envelope !== undefined)
      this.#context.outbox.tell({ type: "contentStarted", envelope, repliesEach: this.repliesEach });
  }

  #startChunk(): void {
    if (this.command?.verb !== "BDAT") return;
    const fits = this.#content?.begin(this.command.chunk) ?? true;
    if (!fits) this.next = { type: "violated", given: checkReplies.tooManySmallChunks };
  }

  #addReference(): void {
    if (this.command?.verb !== "BURL") return;
    const fits = this.#content?.insert(this.#referred ?? nothing, this.command.reference.last) ?? true;
    this.#referred = undefined;
    if (!fits) this.next = { type: "violated", given: checkReplies.tooManySmallChunks };
  }

  #refuseChunk(name: ServerReplyName): void {
    const octets = this.command?.verb === "BDAT" ? this.command.chunk.octets : 0;
    this.#discarded += octets;
    this.refusedChunk = new RefusedChunk(octets, this.cause.given ?? namedReply(name, this.#context, this.#content));
    if (this.#discarded > this.#context.profile.limits.discarded) {
      this.next = { type: "violated", given: checkReplies.tooMuchDiscarded };
    }
  }

  #forgetTransaction(): void {
    const envelope = this.#envelope;
    if (envelope === undefined) return;
    const decided = isDecided(this.cause, this.answered);
    if (this.#content !== undefined && !decided) this.#context.outbox.tell({ type: "contentAborted" });
    if (this.#content !== undefined && this.answered === "reference" && this.#lastReply !== undefined) {
      this.#context.outbox.tell({ type: "contentRefused", reply: this.#lastReply });
    }
    this.#envelope = this.#content = this.#forwarded = undefined;
    this.#context.standing.facts.contentRefused = this.#context.standing.facts.binaryContent = false;
    const reply = decided ? this.#lastReply : undefined;
    const replies = decided ? this.#repliesEach : undefined;
    this.#repliesEach = undefined;
    this.#context.outbox.tell(transactionEnded(envelope, reply, replies));
  }

  #stepMechanism(): void {
    this.authentication ??= new Authentication();
    const outcome = this.authentication.step(this.command, this.#context.standing);
    if (outcome.type === "failed" && outcome.error !== undefined)
      this.#context.outbox.tell({ type: "mechanismFailed", error: outcome.error });
    if (outcome.type === "questioned") this.question = { ...outcome.question, decision: this.nextDecision };
    if (outcome.type === "verified") this.#identity = outcome.identity;
    if (outcome.type === "identified") {
      const { credentials } = outcome;
      this.question = { type: "authenticationReceived", decision: this.nextDecision, credentials };
      this.#identity = credentials;
    }
    this.next = "given" in outcome ? outcome : { type: outcome.type };
  }

  #writeChallenge(): void {
    const outcome = this.authentication?.outcome;
    if (outcome?.type !== "challenged") return;
    // The client learns of the refusal from the challenge already, and need not wait for the reply.
    if (this.authentication?.refused === true) this.#authenticationFailed(fixedReplies.badCredentials);
    const bytes = formattedReply(outcome.challenge);
    if (!outcome.secret) return this.#write(bytes);
    this.#context.outbox.write(bytes);
    this.traceLine("server", "334 *");
  }

  #compute(): void {
    const computation = this.authentication?.compute();
    if (computation !== undefined) this.#context.outbox.conclude({ type: "compute", ...computation });
  }

  #writeReply(bytes: Uint8Array): void {
    const { profile, standing } = this.#context;
    this.#write(profile.replyPadding > 0 && standing.tls !== undefined ? padded(bytes, profile.replyPadding) : bytes);
  }

  #write(bytes: Uint8Array): void {
    this.#context.outbox.write(bytes);
    if (!this.#context.profile.trace) return;
    for (const line of decodeLenient(bytes).split("\r\n").slice(0, -1)) this.traceLine("server", line);
  }

  #rememberIdentity(): void {
    const proven = this.#identity;
    if (proven === undefined) return;
    this.#identity = undefined;
    this.#context.standing.authenticated();
    const identity = proven.authorizationIdentity ?? proven.user;
    this.#context.outbox.tell({ type: "authenticated", identity, mechanism: proven.mechanism });
  }

  /** Under TLS nothing is known of the client that it said in the clear (RFC 3207 §4.2). */
  #startOver(): void {
    this.#context.inbox.clear();
    this.command = this.#forwarded = undefined;
    this.transactions = 0;
    this.#context.outbox.tell({ type: "tlsStarted", tls: this.#context.standing.tls ?? {} });
  }

  /** The session is somebody else's from now on, and begins anew (Postfix's XCLIENT_README). */
  #assumeClient(attributes: ClientAttributes): void {
    this.#context.standing.assume(attributes);
    this.command = this.#forwarded = undefined;
    this.transactions = 0;
    this.question = { type: "connectionReceived", decision: this.nextDecision };
    this.#context.outbox.tell({ type: "clientAssumed", attributes });
  }

  #close(): void {
    this.#context.inbox.clear();
    // The last guess is answered as late as it deserves.
    if (this.cause.given !== checkReplies.tooManyAuthAttempts) this.#context.pace.release();
    this.asked = this.next = undefined;
    const reason = closeReasons[this.cause.type] ?? "violation";
    const said = reason === "disconnected" ? undefined : this.#lastReply;
    this.#context.outbox.tell({ type: "sessionClosed", reason, ...(said && { reply: said }) });
    this.#context.outbox.conclude({ type: "close" });
  }
}
