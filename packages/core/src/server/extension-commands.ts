// Commands of extensions, by their verb: what they ask the application, or the reply that refuses them before.

import type { ExtensionVerb, Offer } from "../extensions/extension.ts";
import { xclientVerb, type ClientAttributes } from "../extensions/xclient.ts";
import { xforwardVerb, type ForwardedAttributes } from "../extensions/xforward.ts";
import { HTAB, isIn, PRINTABLE, SP } from "../grammar/abnf.ts";
import { decodeAscii } from "../grammar/text.ts";
import { failed, fittingOutcome, type Refusal } from "./extension-failure.ts";
import type { Envelope } from "./messages.ts";
import type { Question } from "./questions.ts";
import { checkReplies } from "./replies.ts";

export interface ExtensionCommand {
  /** In upper case. */
  readonly verb: string;
  readonly definition: ExtensionVerb;
  /** The whole line, without its CRLF. */
  readonly line: Uint8Array;
}

/** The event of the chart that the command is, and what goes with it; or the reply that refuses it. */
export type CheckedExtension =
  | { readonly event: "extension"; readonly question: Question }
  | { readonly event: "XCLIENT"; readonly attributes: ClientAttributes }
  | { readonly event: "XFORWARD"; readonly attributes: ForwardedAttributes }
  | Refusal;

/**
 * Never throws, whatever the extension does.
 * @param decision The number of the next question.
 */
export function checkExtensionCommand(
  { verb, definition, line }: ExtensionCommand,
  offer: Offer,
  envelope: Envelope | undefined,
  decision: number,
): CheckedExtension {
  if (definition.trustedOnly === true && !offer.trusted) return { refused: checkReplies.notTrusted };
  const argument = argumentOf(line, verb.length);
  if (argument === undefined) return { refused: checkReplies.badArgument };
  if (verb === "XCLIENT") return attributes(verb, xclientVerb.read(argument, offer));
  if (verb === "XFORWARD") return attributes(verb, xforwardVerb.read(argument, offer));
  const outcome = readSafely(verb, definition, argument, offer);
  if ("refused" in outcome) return outcome;
  const { value } = outcome;
  const question = { type: "commandReceived", decision, verb, value, argument, ...(envelope && { envelope }) } as const;
  return { event: "extension", question };
}

function attributes<Event, Attributes>(event: Event, read: ReturnType<ExtensionVerb<Attributes>["read"]>) {
  return "refused" in read ? read : { event, attributes: read.value };
}

function readSafely(
  verb: string,
  definition: ExtensionVerb,
  argument: string,
  offer: Offer,
): { readonly value: unknown } | Refusal {
  try {
    return fittingOutcome(definition.read(argument, offer), "value");
  } catch (error) {
    return failed(`verb ${verb}`, error);
  }
}

/**
 *     extension-command = verb [ 1*SP 1*( %d32-126 ) ] *( SP / HTAB )
 */
function argumentOf(line: Uint8Array, verbEnd: number): string | undefined {
  let end = line.length;
  while (end > verbEnd && isBlank(line[end - 1])) end -= 1;
  let at = verbEnd;
  while (at < end && line[at] === SP) at += 1;
  for (let index = at; index < end; index++) if (!isIn(line[index] ?? 0, PRINTABLE)) return undefined;
  return decodeAscii(line, at, end);
}

function isBlank(octet: number | undefined): boolean {
  return octet === SP || octet === HTAB;
}
