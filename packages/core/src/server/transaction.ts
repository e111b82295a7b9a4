// What a transaction begins with, how its content comes and is answered, and what is told once the transaction is over.

import type { MailParameters } from "../extensions/extension.ts";
import type { ForwardedAttributes } from "../extensions/xforward.ts";
import type { ReversePath } from "../grammar/address.ts";
import type { Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { ContentFraming } from "./content.ts";
import type { Envelope, EnvelopeRecipient, ServerEvent } from "./messages.ts";
import type { ServerProfile } from "./options.ts";
import type { ContentForm } from "./verdict.ts";

/** The envelope of a transaction that takes recipients. */
export type OpenEnvelope = Envelope & { readonly recipients: EnvelopeRecipient[] };

export function openEnvelope(
  reversePath: ReversePath,
  parameters: MailParameters,
  forwarded: ForwardedAttributes | undefined,
): OpenEnvelope {
  const envelope = { reversePath, parameters, recipients: [] };
  return forwarded === undefined ? envelope : { ...envelope, forwarded };
}

/** @param command The one that begins the content. */
export function framingOf(command: Command | undefined, envelope: Envelope | undefined): ContentFraming {
  if (command?.verb === "DATA") return "data";
  return envelope?.parameters.body === "BINARYMIME" ? "binary" : "chunks";
}

/** @param repliesEach Whether the client takes a reply for each recipient. */
export function contentForm(
  command: Command | undefined,
  protocol: ServerProfile["protocol"],
  repliesEach: boolean,
): ContentForm {
  if (!repliesEach || !endsContent(command)) return "whole";
  return protocol === "lmtp" ? "each" : "differing";
}

/** A chunk that is not the last has one reply, in LMTP as well (RFC 2033 §4.3). */
function endsContent(command: Command | undefined): boolean {
  if (command?.verb === "BDAT") return command.chunk.last;
  return command?.verb !== "BURL" || command.reference.last;
}

/** @param reply None where the transaction came to no decision. */
export function transactionEnded(
  envelope: Envelope,
  reply: Reply | undefined,
  replies: readonly Reply[] | undefined,
): ServerEvent {
  if (reply === undefined) return { type: "transactionEnded", envelope };
  return replies === undefined
    ? { type: "transactionEnded", envelope, reply }
    : { type: "transactionEnded", envelope, reply, replies };
}
