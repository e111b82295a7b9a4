// The check phase of MAIL's and RCPT's parameters: what the extensions on offer make of them.

import type { Extension, MailParameters, Offer } from "../extensions/extension.ts";
import { standardExtensions } from "../extensions/standard.ts";
import type { EsmtpParameter } from "../grammar/parameters.ts";
import type { Reply } from "../grammar/reply.ts";
import { checkReplies } from "./replies.ts";

/** The lines of EHLO's reply, the greeting's aside. */
export function announcements(offer: Offer): string[] {
  return standardExtensions.map((extension) => extension.announce(offer)).filter((line) => line !== undefined);
}

type Readers = NonNullable<Extension["mailParameters"]>;

const mailReaders: ReadonlyMap<string, Readers[string]> = new Map(
  standardExtensions.flatMap((extension) => Object.entries(extension.mailParameters ?? {})),
);

const none: MailParameters = { raw: [] };

/** MAIL's parameters typed, or the reply that refuses one of them. After HELO none is known (RFC 5321 §4.1.1.1). */
export function readMailParameters(
  raw: readonly EsmtpParameter[],
  offer: Offer,
  extended: boolean,
): { readonly typed: MailParameters } | { readonly refused: Reply } {
  if (raw.length === 0) return { typed: none };
  let typed: MailParameters = { raw };
  for (const { keyword, value } of raw) {
    const reader = extended ? mailReaders.get(keyword) : undefined;
    if (reader === undefined) return { refused: checkReplies.unknownParameter };
    const outcome = reader(value, offer);
    if ("refused" in outcome) return outcome;
    typed = { ...typed, ...outcome.typed };
  }
  return { typed };
}

/** RCPT has no parameters in the extensions offered. */
export function refuseRecipientParameters(raw: readonly EsmtpParameter[]): Reply | undefined {
  return raw.length === 0 ? undefined : checkReplies.unknownParameter;
}
