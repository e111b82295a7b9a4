// What an extension makes of one parameter, and what a client makes of its announcement.

import type {
  Extension,
  MailParameters,
  Offer,
  RecipientParameters,
} from "../../packages/core/src/extensions/extension.ts";
import { findCapability, parseCapabilities } from "../../packages/core/src/grammar/capabilities.ts";
import type { Parsed } from "../../packages/core/src/grammar/parsed.ts";
import { reply, type Reply } from "../../packages/core/src/grammar/reply.ts";
import { encodeUtf8 } from "../../packages/core/src/grammar/text.ts";

export const securedOffer: Offer = {
  messageSize: undefined,
  startTls: false,
  secured: true,
  trusted: false,
  protocol: "smtp",
  mechanisms: [],
};

/** The typed value of a parameter of MAIL, or code and enhanced code of the reply that refuses it. */
export function readMail(
  extension: Extension,
  keyword: string,
  value?: string,
  offer = securedOffer,
): Omit<MailParameters, "raw"> | string {
  const reader = extension.mailParameters?.[keyword];
  if (reader === undefined) throw new Error(`No reader of ${keyword}`);
  const outcome = reader(value, offer);
  return "typed" in outcome ? outcome.typed : codes(outcome.refused);
}

/** The same of RCPT. */
export function readRecipient(
  extension: Extension,
  keyword: string,
  value?: string,
): Omit<RecipientParameters, "raw"> | string {
  const reader = extension.recipientParameters?.[keyword];
  if (reader === undefined) throw new Error(`No reader of ${keyword}`);
  const outcome = reader(value, securedOffer);
  return "typed" in outcome ? outcome.typed : codes(outcome.refused);
}

export function codes({ code, enhanced }: Reply): string {
  return `${code} ${enhanced}`;
}

/** The parameters behind the keyword, as a client reads them out of the reply to EHLO; `undefined`: it is not there. */
export function announced(extension: Extension, keyword: string, offer = securedOffer): readonly string[] | undefined {
  const line = extension.announce(offer);
  const lines = line === undefined ? [] : [line];
  return findCapability(parseCapabilities(reply(250, undefined, "mail.example.org", ...lines)), keyword)?.parameters;
}

/** What a parser makes of a command's argument, in the midst of a line whose other octets nobody may look at. */
export function argument<Value>(
  parse: (octets: Uint8Array, at: number, end: number) => Parsed<Value>,
  text: string,
): Parsed<Value> {
  const octets = encodeUtf8(text);
  return parse(encodeUtf8(`0${text}0 LAST X=1`), 1, octets.length + 1);
}
