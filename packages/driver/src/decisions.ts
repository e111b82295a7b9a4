// What a handler answers: accept, reject, or disconnect.

import { reply, type Reply } from "@carteiro/core";

export type Accept = { readonly type: "accept"; readonly reply?: Reply; readonly text?: readonly string[] };
export type Reject = { readonly type: "reject"; readonly reply: Reply };
export type Disconnect = { readonly type: "disconnect"; readonly reply: Reply };
export type Decision = Accept | Reject | Disconnect;

/** What becomes of a message, recipient by recipient: see `eachRecipient`. */
export type EachRecipient = {
  readonly type: "eachRecipient";
  readonly decisions: readonly (Accept | Reject | undefined)[];
};

/** The answer of `onMessage`, now or later. */
export type MessageAnswer = Answer | EachRecipient | Promise<Decision | EachRecipient | void>;

/** What a URL refers to: see `fetched`. */
export type Fetched = { readonly type: "fetched"; readonly octets: Uint8Array };

/** The answer of `onReference`, now or later. */
export type ReferenceAnswer = Fetched | Reject | Disconnect | void | Promise<Fetched | Reject | Disconnect | void>;

/** A handler's answer, now or later. Nothing means yes, but for `onAuthenticate`. */
export type Answer = Decision | void | Promise<Decision | void>;

/**
 * Yes. `text`, a line each, takes the place of the usual reply's text; a `Reply` takes the place of the whole, and must
 * be of the same kind. The host name stays in front of a greeting, and the reply to EHLO keeps the list of extensions
 * as it is: there the text is left out. A text that cannot stand in a reply counts as thrown by the handler.
 */
export function accept(answer?: Reply | string, ...more: readonly string[]): Accept {
  if (answer === undefined) return { type: "accept" };
  return typeof answer === "string" ? { type: "accept", text: [answer, ...more] } : { type: "accept", reply: answer };
}

/**
 * No: `reject(550, "5.7.1", "Relaying denied")`. 4xx asks the client to try again later, 5xx not to.
 * Throws `InvalidValueError` where code, enhanced code (RFC 3463) or text are not fit for a reply, `RangeError` for a code under 400.
 */
export function reject(code: number, enhanced?: string, ...text: readonly string[]): Reject {
  return { type: "reject", reply: refusal(code, enhanced, text) };
}

/** No, and the connection is closed: `disconnect(421, "4.7.0", "Go away")`. Throws as `reject` does. */
export function disconnect(code: number, enhanced?: string, ...text: readonly string[]): Disconnect {
  return { type: "disconnect", reply: refusal(code, enhanced, text) };
}

/**
 * Answers a message for each recipient by itself, in the order of `envelope.recipients`; nothing means yes. All of it can
 * be said where the step has `repliesEach`: over LMTP, and over SMTP where the client asked for PRDR. Elsewhere the decisions
 * must come to the same, all yes or all the same no, whose first text is said; if they do not, that counts as thrown by the
 * handler. Throws `RangeError` for a refusal with 421, which would end the session: give another 4xx, or answer `disconnect`
 * for all.
 */
export function eachRecipient(decisions: readonly (Accept | Reject | undefined)[]): EachRecipient {
  if (decisions.some((decision) => decision?.type === "reject" && decision.reply.code === 421))
    throw new RangeError(
      "421 for one recipient would end the session for all: reject with another 4xx, or answer disconnect(421, …) alone",
    );
  return { type: "eachRecipient", decisions };
}

/** Answers `onReference`: the content goes on with these octets (text as UTF-8), as if the client had sent them. */
export function fetched(octets: Uint8Array | string): Fetched {
  return { type: "fetched", octets: typeof octets === "string" ? new TextEncoder().encode(octets) : octets };
}

function refusal(code: number, enhanced: string | undefined, text: readonly string[]): Reply {
  if (code < 400) throw new RangeError(`A refusal with code ${code}: give 4xx for "later" or 5xx for "never"`);
  return reply(code, enhanced, ...text);
}
