// One message on its way out: which commands are written when, and what became of each recipient.

import { measureContent, type ContentMeasure } from "../framing/content-measure.ts";
import { forwardPath, mailbox, type Mailbox } from "../grammar/address.ts";
import type { Command } from "../grammar/command.ts";
import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import type { Reply } from "../grammar/reply.ts";
import { LocalProtocolError, type TlsInfo } from "../session.ts";
import type { ClientIntent, Failure, OutgoingRecipient, RecipientResult, TransactionResult } from "./messages.ts";
import type { ServerOffer } from "./offer.ts";
import type { ClientRegistry } from "./registry.ts";
import { mailParameters, needsSmtputf8, recipientParameters } from "./parameters.ts";

type Send = Extract<ClientIntent, { type: "send" }>;

const data: Command = { verb: "DATA" };
const nothing: readonly Command[] = [];

/** What a transaction has to know of its session. */
export interface TransactionTerms {
  readonly offer: ServerOffer;
  readonly protocol: "smtp" | "lmtp";
  readonly tls: TlsInfo | undefined;
  /** Whether commands may be written in groups where PIPELINING is offered. */
  readonly pipelining: boolean;
  /** Whether BDAT may take the place of DATA where CHUNKING and PIPELINING are offered. */
  readonly chunking: boolean;
  readonly registry: ClientRegistry;
}

export class OutgoingTransaction {
  /** Whether MAIL, the RCPTs and DATA are written in one group (RFC 2920). */
  readonly pipelined: boolean;
  /** Whether the content goes by BDAT (RFC 3030), and so without DATA. */
  readonly chunked: boolean;
  /** Whether the content is no text of lines, so that its octets must go out as they are. */
  readonly binary: boolean;
  /** The content, where it came with the rest. */
  readonly content: Uint8Array | undefined;
  /** What is known of it then. */
  readonly measure: ContentMeasure | undefined;
  /** Whether a reply to the content was asked for each recipient, over SMTP. */
  readonly prdr: boolean;
  readonly #mail: Extract<Command, { verb: "MAIL" }>;
  readonly #recipients: readonly OutgoingRecipient[];
  readonly #replies: (Reply | undefined)[] = [];
  #accepted = 0;
  /** The reply that refused the whole transaction: to MAIL or DATA. */
  #refusal: Reply | undefined;
  #mailRefused = false;
  /** Whether the content is answered for each accepted recipient. */
  #answeredEach: boolean;
  /** Replies to the content, one for each accepted recipient, in order. */
  readonly #verdicts: (Reply | undefined)[] = [];
  /** Chunks written and not yet answered, the last one not counted. */
  #chunks = 0;
  #contentRefused = false;
  #contentReply: Reply | undefined;
  #contentSent = false;

  /**
   * Throws `LocalProtocolError` where the server does not offer what the transaction needs, `InvalidValueError` for values
   * that cannot be sent as they are.
   */
  constructor(intent: Send, { offer, protocol, tls, pipelining, chunking, registry }: TransactionTerms) {
    if (intent.recipients.length === 0) throw new LocalProtocolError("send without recipients: give at least one");
    this.pipelined = pipelining && offer.keywords.has("PIPELINING");
    this.chunked = chunking && this.pipelined && offer.keywords.has("CHUNKING");
    this.binary = intent.body === "BINARYMIME";
    this.content = octetsOrNothing(intent.content);
    this.measure = this.content && (this.binary ? binaryMeasure(this.content) : measureContent(this.content));
    this.prdr = intent.prdr === true || intent.parameters?.some(({ keyword }) => keyword === "PRDR") === true;
    this.#answeredEach = protocol === "lmtp";
    const { reversePath: path } = intent;
    const { chunked, measure } = this;
    const terms = { offer, protocol, tls, chunked, measure, utf8: needsSmtputf8(intent), registry };
    this.#mail = {
      verb: "MAIL",
      reversePath: path === null ? null : mailbox(path.address),
      parameters: mailParameters(intent, terms),
    };
    this.#recipients = intent.recipients.map((each) => ({
      recipient: forwardPath(each.recipient.address),
      parameters: recipientParameters(each, terms),
    }));
  }

  /** Whether the recipient whose reply is awaited is followed by another. */
  get moreAwaited(): boolean {
    return this.#replies.length < this.#recipients.length - 1;
  }

  get anyAccepted(): boolean {
    return this.#accepted > 0;
  }

  /** Whether the accepted recipient whose reply to the content is awaited is followed by another. */
  get moreVerdictsAwaited(): boolean {
    return this.#verdicts.length < this.#accepted - 1;
  }

  /** Only recipients are still to be answered: nothing else of a chunked transaction was written before MAIL was refused. */
  get nothingToSend(): boolean {
    return this.chunked && this.#mailRefused;
  }

  get chunkAwaited(): boolean {
    return this.#chunks > 0;
  }

  get moreChunksAwaited(): boolean {
    return this.#chunks + (this.#contentRefused && this.#contentSent ? 1 : 0) > 1;
  }

  get lastChunkAwaited(): boolean {
    return this.#contentRefused && this.#contentSent && this.#chunks === 0;
  }

  /** The commands that are written first: MAIL, and all that need not wait for its reply. */
  opening(): readonly Command[] {
    if (!this.pipelined) return [this.#mail];
    const commands: Command[] = [this.#mail];
    for (const recipient of this.#recipients) commands.push(recipientCommand(recipient));
    if (!this.chunked) commands.push(data);
    return commands;
  }

  /** The commands for the next recipient and for the content, where they have not been written before. */
  nextRecipient(): readonly Command[] {
    const next = this.#recipients[this.#replies.length];
    return this.pipelined || next === undefined ? nothing : [recipientCommand(next)];
  }

  data(): readonly Command[] {
    return this.pipelined ? nothing : [data];
  }

  /** MAIL was refused before any recipient was answered, or DATA after. */
  refuseAll(reply: Reply | undefined): void {
    this.#refusal ??= reply;
    if (this.#replies.length === 0) this.#mailRefused = true;
    this.#accepted = 0;
  }

  recordRecipient(reply: Reply | undefined): void {
    this.#replies.push(reply);
    if (isPositive(reply) && !this.#mailRefused) this.#accepted += 1;
  }

  /** A chunk that is not the last has been written. */
  chunkWritten(): void {
    this.#chunks += 1;
  }

  recordChunk(): void {
    if (this.#chunks > 0) this.#chunks -= 1;
  }

  /** A chunk was refused, and the message with it. */
  refuseContent(reply: Reply | undefined): void {
    this.#contentRefused = true;
    this.#contentReply = reply;
    this.recordChunk();
  }

  /** The last chunk has been taken after all. */
  contradictRefusal(): void {
    this.#contentReply = undefined;
  }

  endContent(): void {
    this.#contentSent = true;
  }

  recordContent(reply: Reply | undefined): void {
    this.#contentReply = reply;
  }

  awaitVerdicts(): void {
    this.#answeredEach = true;
  }

  /** The reply to the content for the next of the accepted recipients. */
  recordVerdict(reply: Reply | undefined): void {
    this.#verdicts.push(reply);
  }

  result(failure: Failure | undefined): TransactionResult {
    const verdicts = this.#verdicts[Symbol.iterator]();
    const recipients = this.#recipients.map(({ recipient }, index) => {
      const own = this.#replies[index];
      const taken = isPositive(own) && !this.#mailRefused && this.#refusal === undefined;
      if (taken) return this.#outcome(recipient, this.#decisive(verdicts.next().value), failure);
      const refusedItself = own !== undefined && !isPositive(own) && !this.#mailRefused;
      return refused(recipient, refusedItself ? own : (this.#refusal ?? failure?.reply));
    });
    return {
      recipients,
      uncertain: recipients.some(({ uncertain }) => uncertain === true),
      ...(this.#contentReply && { reply: this.#contentReply }),
      ...(failure && { failure }),
    };
  }

  /** The reply that decides over the content for an accepted recipient. */
  #decisive(verdict: Reply | undefined): Reply | undefined {
    const overall = this.#contentReply;
    if (!this.#answeredEach) return overall;
    if (!this.prdr || this.#contentRefused) return verdict ?? overall;
    // What is said of all counts only against a recipient: temporary refusals become permanent by it, others keep their own.
    if (verdict === undefined || isPositive(verdict)) return isPositive(overall) ? verdict : overall;
    return verdict.code < 500 && overall !== undefined && overall.code >= 500 ? overall : verdict;
  }

  /** Of a recipient that was accepted at RCPT. */
  #outcome(recipient: Mailbox, decisive: Reply | undefined, failure: Failure | undefined): RecipientResult {
    if (decisive !== undefined && isPositive(decisive)) return { recipient, accepted: true, reply: decisive };
    const isUnknown = decisive === undefined && this.#contentSent && failure?.kind !== "serviceClosing";
    return { ...refused(recipient, decisive ?? failure?.reply), ...(isUnknown && { uncertain: true }) };
  }
}

/** Intents may come from code without types: what is written later must be certain to be octets now. */
function octetsOrNothing(content: unknown): Uint8Array | undefined {
  if (content === undefined || content instanceof Uint8Array) return content;
  throw new InvalidValueError("Content", "It is no Uint8Array", "Encode it, or submit it when it is wanted");
}

/** Its octets are sent as they are, whatever they are. */
function binaryMeasure({ length }: Uint8Array): ContentMeasure {
  return { size: length, eightBit: true, isPlain: false };
}

/** A positive reply out of place decides nothing: the failure tells of it. */
function refused(recipient: Mailbox, reply: Reply | undefined): RecipientResult {
  return { recipient, accepted: false, ...(reply && reply.code >= 400 && { reply }) };
}

function isPositive(reply: Reply | undefined): boolean {
  return reply !== undefined && reply.code >= 200 && reply.code < 300;
}

function recipientCommand({ recipient, parameters = [] }: OutgoingRecipient): Command {
  return { verb: "RCPT", forwardPath: recipient, parameters };
}
