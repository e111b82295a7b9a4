// What is answered to a content: one reply, or one for each recipient (LMTP, RFC 2033 §4.2).

import type { Reply } from "../grammar/reply.ts";
import { LocalProtocolError } from "../session.ts";
import { fittingReply } from "./decision-replies.ts";
import { fixedReplies, prdrReplies } from "./replies.ts";

/** For each recipient its reply, or `undefined` for the usual one. */
export type Verdicts = readonly (Reply | undefined)[];

/**
 * The application's verdicts, made anew. Throws `LocalProtocolError` where there is not one for each recipient, where one is
 * no answer to a content, and where they differ although the client takes but one reply.
 */
export function fittingVerdicts(given: Verdicts, recipients: number, repliesEach: boolean): Verdicts {
  if (given.length !== recipients) {
    throw new LocalProtocolError(`${given.length} replies for ${recipients} recipients: give one for each, in order`);
  }
  const verdicts = given.map((verdict) => verdict && fittingVerdict(verdict));
  if (!repliesEach && !comeToTheSame(verdicts)) {
    throw new LocalProtocolError("different replies for the recipients: the client takes one for all of them");
  }
  return verdicts;
}

function fittingVerdict(given: Reply): Reply {
  if (given.code === 421)
    throw new LocalProtocolError(
      "421 for one recipient would end the session: give another 4xx, or end it for all (intent dismiss, in a handler disconnect)",
    );
  return fittingReply(given.code >= 400 ? "reject" : "accept", "message", given);
}

/** Whether all are accepted, or all are refused in the same way: where there can be but one reply, the first one says it. */
function comeToTheSame(verdicts: Verdicts): boolean {
  const [first] = verdicts;
  return verdicts.every((verdict) => {
    if (isPositive(first)) return isPositive(verdict);
    return verdict?.code === first?.code && verdict?.enhanced === first?.enhanced;
  });
}

/** Whether one reply says all that they say. */
function areAlike(replies: readonly Reply[]): boolean {
  const [first, ...others] = replies;
  return first === undefined || others.every((other) => isSame(first, other));
}

function isSame(one: Reply, other: Reply): boolean {
  if (one === other) return true;
  const isSameText = one.lines.length === other.lines.length && one.lines.every((line, at) => line === other.lines[at]);
  return one.code === other.code && one.enhanced === other.enhanced && isSameText;
}

function isPositive(verdict: Reply | undefined): boolean {
  return verdict === undefined || verdict.code < 300;
}

/**
 * How a content is answered: once (`whole`), once for each recipient (`each`, LMTP), or so as PRDR has it, where that makes a
 * difference (`differing`): 353, a reply for each recipient, and one for the whole.
 */
export type ContentForm = "whole" | "each" | "differing";

export interface ContentReplies {
  /** All that is said, in order. */
  readonly said: readonly Reply[];
  /** What of it was for each recipient, in their order. */
  readonly each: readonly Reply[] | undefined;
  /** What has become of the message. */
  readonly whole: Reply;
}

/**
 * @param usual What is said to each recipient that has no verdict of its own.
 * @param recipients How many there are.
 */
export function contentReplies(
  form: ContentForm,
  usual: Reply,
  verdicts: Verdicts | undefined,
  recipients: number,
): ContentReplies {
  if (form === "whole" && verdicts === undefined) return { said: [usual], each: undefined, whole: usual };
  const replies = Array.from({ length: recipients }, (_, index) => verdicts?.[index] ?? usual);
  const whole = overall(replies) ?? usual;
  if (form === "each") return { said: replies, each: replies, whole };
  if (form === "whole" || areAlike(replies)) return { said: [whole], each: undefined, whole };
  const last = lastOf(usual, replies);
  return { said: [prdrReplies.eachFollows, ...replies, last], each: replies, whole: last };
}

/** The one of them that says what has become of the message: taken, to be sent again, or refused. Of none: `undefined`. */
function overall(replies: readonly Reply[]): Reply | undefined {
  return replies.find(isPositive) ?? replies.find(({ code }) => code < 500) ?? replies[0];
}

/** Clients take a refusal of the whole to count for all: 5xx would lose mail that some recipients could still get. */
function lastOf(usual: Reply, replies: readonly Reply[]): Reply {
  const { someAccepted, noneAcceptedNow, noneAccepted } = prdrReplies;
  if (replies.every(isPositive)) return usual;
  if (replies.some(isPositive)) return usual === fixedReplies.messageOk ? someAccepted : usual;
  return replies.some(({ code }) => code < 500) ? noneAcceptedNow : noneAccepted;
}
