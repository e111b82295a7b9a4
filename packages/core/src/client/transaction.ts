// One message on its way out: which commands are written when, and what became of each recipient.

import { forwardPath, isAscii, mailbox, type Mailbox } from "../grammar/address.ts";
import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { esmtpParameter, formatParameters, type EsmtpParameter, type EsmtpParameters } from "../grammar/parameters.ts";
import type { Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import { isAsciiText } from "../grammar/text.ts";
import { parseSize } from "../extensions/size.ts";
import { LocalProtocolError } from "../session.ts";
import type { ClientIntent, Failure, OutgoingRecipient, RecipientResult, TransactionResult } from "./messages.ts";

type Send = Extract<ClientIntent, { type: "send" }>;
type Write = (command: Command) => void;

const noChunks = "BODY=BINARYMIME goes by BDAT alone: CHUNKING and PIPELINING must be offered, and not be turned off";

/** Largest content that the server takes, in octets (RFC 1870); `undefined` where it names no limit. */
export function sizeLimit(capabilities: Capabilities): bigint | undefined {
  const announced = parseSize(findCapability(capabilities, "SIZE")?.parameters[0]);
  return announced === 0n ? undefined : announced;
}

/** Whether a transaction needs SMTPUTF8 (RFC 6531 §3.4): for an address, a parameter, or the content's header. */
export function needsSmtputf8({ reversePath, parameters = [], recipients, smtputf8 }: Omit<Send, "type">): boolean {
  const isPlain = (path: Mailbox | null, its: EsmtpParameters) => isAscii(path) && isAsciiText(formatParameters(its));
  const allPlain = recipients.every(({ recipient, parameters: its = [] }) => isPlain(recipient, its));
  return smtputf8 === true || !isPlain(reversePath, parameters) || !allPlain;
}

/** What a transaction has to know of its session. */
export interface TransactionTerms {
  readonly capabilities: Capabilities;
  readonly protocol: "smtp" | "lmtp";
  /** Whether commands may be written in groups where PIPELINING is offered. */
  readonly pipelining: boolean;
  /** Whether BDAT may take the place of DATA where CHUNKING and PIPELINING are offered. */
  readonly chunking: boolean;
}

export class OutgoingTransaction {
  /** Whether MAIL, the RCPTs and DATA are written in one group (RFC 2920). */
  readonly pipelined: boolean;
  /** Whether the content goes by BDAT (RFC 3030), and so without DATA. */
  readonly chunked: boolean;
  /** Whether the content is no text of lines, so that its octets must go out as they are. */
  readonly binary: boolean;
  readonly #mail: Extract<Command, { verb: "MAIL" }>;
  readonly #recipients: readonly OutgoingRecipient[];
  readonly #replies: (Reply | undefined)[] = [];
  #accepted = 0;
  /** The reply that refused the whole transaction: to MAIL or DATA. */
  #refusal: Reply | undefined;
  #mailRefused = false;
  /** Whether the content is answered for each accepted recipient. */
  readonly #answeredEach: boolean;
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
  constructor(intent: Send, { capabilities, protocol, pipelining, chunking }: TransactionTerms) {
    if (intent.recipients.length === 0) throw new LocalProtocolError("send without recipients: give at least one");
    const offered = (keyword: string) => findCapability(capabilities, keyword) !== undefined;
    this.pipelined = pipelining && offered("PIPELINING");
    this.chunked = chunking && this.pipelined && offered("CHUNKING");
    this.binary = intent.body === "BINARYMIME";
    this.#answeredEach = protocol === "lmtp";
    const { reversePath: path } = intent;
    const parameters = mailParameters(intent, capabilities);
    if (this.binary && !this.chunked) throw new LocalProtocolError(noChunks);
    this.#mail = {
      verb: "MAIL",
      reversePath: path === null ? null : mailbox(path.address),
      parameters: parameters.map(parsedAgain),
    };
    this.#recipients = intent.recipients.map(({ recipient, parameters: its = [] }) => ({
      recipient: forwardPath(recipient.address),
      parameters: its.map(parsedAgain),
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

  begin(write: Write): void {
    write(this.#mail);
    if (!this.pipelined) return;
    for (const recipient of this.#recipients) write(recipientCommand(recipient));
    if (!this.chunked) write({ verb: "DATA" });
  }

  nextRecipient(write: Write): void {
    const next = this.#recipients[this.#replies.length];
    if (!this.pipelined && next !== undefined) write(recipientCommand(next));
  }

  data(write: Write): void {
    if (!this.pipelined) write({ verb: "DATA" });
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
    return this.#answeredEach ? (verdict ?? this.#contentReply) : this.#contentReply;
  }

  /** Of a recipient that was accepted at RCPT. */
  #outcome(recipient: Mailbox, decisive: Reply | undefined, failure: Failure | undefined): RecipientResult {
    if (decisive !== undefined && isPositive(decisive)) return { recipient, accepted: true, reply: decisive };
    const isUnknown = decisive === undefined && this.#contentSent && failure?.kind !== "serviceClosing";
    return { ...refused(recipient, decisive ?? failure?.reply), ...(isUnknown && { uncertain: true }) };
  }
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

function mailParameters(intent: Send, capabilities: Capabilities): readonly EsmtpParameter[] {
  const offered = (keyword: string) => findCapability(capabilities, keyword) !== undefined;
  const parameters: EsmtpParameter[] = [];
  if (intent.size !== undefined) mustBeSize(intent.size);
  if (intent.size !== undefined && offered("SIZE")) {
    const limit = sizeLimit(capabilities);
    if (limit !== undefined && BigInt(intent.size) > limit) {
      throw new LocalProtocolError(`content of ${intent.size} octets: the server takes at most ${limit}`);
    }
    parameters.push(esmtpParameter("SIZE", String(intent.size)));
  }
  const utf8 = needsSmtputf8(intent);
  if (utf8 && !offered("SMTPUTF8")) {
    throw new LocalProtocolError("a non-ASCII address or header: the server does not offer SMTPUTF8");
  }
  const body = intent.body ?? (intent.eightBit === true || utf8 ? "8BITMIME" : undefined);
  if (body === "BINARYMIME" && !offered("BINARYMIME")) throw notOffered("BODY=BINARYMIME", "BINARYMIME");
  if (intent.body === "8BITMIME" && !offered("8BITMIME")) throw notOffered("BODY=8BITMIME", "8BITMIME");
  if (body !== undefined && (body === "BINARYMIME" || offered("8BITMIME")))
    parameters.push(esmtpParameter("BODY", body));
  if (utf8) parameters.push(esmtpParameter("SMTPUTF8"));
  // What the caller sets takes the place of what would be set by itself: a parameter may stand once only.
  const own = intent.parameters ?? [];
  const isSet = (keyword: string) => own.some((parameter) => parameter.keyword === keyword);
  return [...parameters.filter(({ keyword }) => !isSet(keyword)), ...own];
}

function notOffered(what: string, keyword: string): LocalProtocolError {
  return new LocalProtocolError(`${what}: the server does not offer ${keyword}`);
}

function mustBeSize(octets: number): void {
  if (Number.isSafeInteger(octets) && octets >= 0) return;
  throw new InvalidValueError(
    `Size ${shown(String(octets))}`,
    "It counts no octets",
    "Pass a whole number, or leave it out",
  );
}

/** Intents may come from a record or from code without types: only what is parsed here is certain to be what it seems. */
function parsedAgain({ keyword, value }: EsmtpParameter): EsmtpParameter {
  return esmtpParameter(keyword, value, { utf8: true });
}
