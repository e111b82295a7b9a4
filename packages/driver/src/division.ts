// A message that takes several transactions (LIMITS, RFC 9422): sent one after the other, and what became of it put together.

import {
  LocalProtocolError,
  type Division,
  type Failure,
  type RecipientResult,
  type Reply,
  type TransactionResult,
} from "@carteiro/core";
import { SmtpError, type SmtpErrorOptions } from "./errors.ts";
import type { OutgoingMessage, SendResult } from "./message.ts";
import { isRereadable } from "./outgoing-content.ts";

export interface DivisionOptions {
  /** Whether no message has been begun in the session: another one will not take more. */
  readonly isFresh: boolean;
  /** Sends a part in one transaction. */
  readonly send: (part: OutgoingMessage) => Promise<SendResult>;
}

const exhausted: Failure = {
  kind: "exhausted",
  during: "ready",
  detail: "LIMITS, RFC 9422; open another session for those who have had no answer",
};
const interrupted: Failure = {
  kind: "aborted",
  during: "transaction",
  detail: "after some recipients had their answer",
};
const onceOnly =
  "The server takes so many recipients in several transactions alone (LIMITS): give content that can be sent more than once, as a string, an array or a function";

/**
 * Sends to as many as the session may. Rejects as `send` does for the first part, afterwards with `SmtpError`, whose
 * `result` tells of all recipients; the failure is `exhausted` where some have to wait for another session. Nothing has
 * been sent where it has no result.
 */
export function sendDivided(
  sending: OutgoingMessage,
  { transactions, beyond }: Division,
  { isFresh, send }: DivisionOptions,
): Promise<SendResult> {
  if (transactions.length === 0) return Promise.reject(new SmtpError(exhausted));
  if (isRereadable(sending.content)) return sendEach(sending, transactions, beyond.length > 0, send);
  const isHopeless = isFresh || beyond.length === 0;
  return Promise.reject(isHopeless ? new LocalProtocolError(onceOnly) : new SmtpError(exhausted));
}

async function sendEach(
  { intent, content }: OutgoingMessage,
  transactions: Division["transactions"],
  isMore: boolean,
  send: DivisionOptions["send"],
): Promise<SendResult> {
  const { recipients } = intent;
  const outcomes = new Outcomes(recipients.map(({ recipient }) => ({ recipient, accepted: false })));
  for (const [index, places] of transactions.entries()) {
    const some = places.flatMap((place) => recipients[place] ?? []);
    try {
      outcomes.record(places, await send({ intent: { ...intent, recipients: some }, content }));
    } catch (error) {
      throw index === 0 && !(error instanceof SmtpError) ? error : outcomes.failure(error, places, index > 0);
    }
  }
  if (isMore) throw outcomes.failed(exhausted, { contentEnded: true });
  return outcomes.result;
}

/** What became of a message's recipients, by their places in it. */
export class Outcomes {
  readonly #results: (RecipientResult | undefined)[];
  #reply: Reply | undefined;

  /** What is known already; a place without a result, where nothing is. */
  constructor(known: readonly (RecipientResult | undefined)[]) {
    this.#results = [...known];
  }

  /** Of the recipients of whom anything is known. */
  get result(): SendResult {
    return { recipients: this.#results.flatMap((result) => result ?? []), reply: this.#reply };
  }

  /** Takes what became of some recipients, in the order of their places. */
  record(
    places: readonly number[],
    { recipients, reply }: Pick<TransactionResult, "recipients"> & { reply?: Reply | undefined },
  ): void {
    for (const [index, place] of places.entries()) this.#results[place] = recipients[index];
    this.#reply = reply ?? this.#reply;
  }

  /** An error that befell those recipients, with what is known of all. */
  failure(error: unknown, places: readonly number[], contentEnded: boolean): SmtpError {
    if (!(error instanceof SmtpError)) return this.failed(interrupted, { contentEnded, cause: error });
    const { failure, result, cause } = error;
    if (result !== undefined) this.record(places, result);
    return this.failed(failure, { contentEnded: contentEnded || error.contentEnded, cause });
  }

  failed(failure: Failure, options: SmtpErrorOptions): SmtpError {
    const { recipients, reply } = this.result;
    const uncertain = recipients.some((result) => result.uncertain === true);
    return new SmtpError(failure, { ...options, result: { recipients, uncertain, failure, ...(reply && { reply }) } });
  }
}
