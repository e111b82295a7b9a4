// What a server's extensions come to: what EHLO announces and who reads which parameter. Made once, for all of its sessions.

import type {
  Extension,
  ExtensionVerb,
  MailParameters,
  Offer,
  ParameterReader,
  RecipientParameters,
} from "../extensions/extension.ts";
import { refuseUnsound } from "../extensions/soundness.ts";
import { refuseTwins } from "../extensions/twins.ts";
import type { EsmtpParameters } from "../grammar/parameters.ts";
import { reply, type Reply } from "../grammar/reply.ts";
import { fittingReply } from "./decision-replies.ts";
import { failed, fittingOutcome, type Refusal } from "./extension-failure.ts";
import { checkReplies } from "./replies.ts";

/** Parameters as they are understood, or the reply that refuses them. */
export type ReadParameters<Parameters> = { readonly typed: Parameters } | Refusal;

interface Reading<Parameters> {
  readonly readers: ReadonlyMap<string, ParameterReader<Parameters>>;
  readonly checks: readonly {
    readonly keyword: string;
    readonly check: (parameters: Parameters) => Reply | undefined;
  }[];
  /** What comes of no parameters: the same for everybody. */
  readonly none: { readonly typed: Parameters };
}

interface Known {
  readonly offer: Offer;
  readonly announced: readonly string[];
}

export class Registry {
  /** Commands that the grammar does not know, by their verb. */
  readonly verbs: ReadonlyMap<string, ExtensionVerb>;
  /** Those of them that the application is asked about. */
  readonly questions: readonly string[];
  readonly #extensions: readonly Extension[];
  /** The last line that each extension announced and that is known to fit. */
  readonly #fitting: string[] = [];
  /** The last lines announced in the clear and under TLS, and upon what: most clients of a server are told the same. */
  readonly #known: (Known | undefined)[] = [];
  /** Whether what is announced depends on the offer alone: who knows what an application's own extensions look at. */
  readonly #isStandard: boolean;
  readonly #mail: Reading<MailParameters>;
  readonly #recipient: Reading<RecipientParameters>;

  /**
   * Both in the order in which they are announced. An additional extension may read a parameter in a standard one's place; two
   * that have a name in common throw `InvalidValueError`, and so does one that is made wrongly.
   */
  constructor(standard: readonly Extension[], additional: readonly Extension[]) {
    const extensions = [...standard, ...additional];
    for (const extension of additional) refuseUnsound(extension);
    refuseTwins(additional);
    this.#extensions = extensions;
    this.#isStandard = additional.length === 0;
    this.verbs = new Map(extensions.flatMap(({ verbs = {} }) => Object.entries(verbs)));
    this.questions = Array.from(this.verbs.keys()).filter((verb) => verb !== "XCLIENT" && verb !== "XFORWARD");
    this.#mail = {
      readers: new Map(extensions.flatMap(({ mailParameters = {} }) => Object.entries(mailParameters))),
      checks: extensions
        .filter((extension) => "checkMail" in extension)
        .map((extension) => ({
          keyword: extension.keyword,
          check: (parameters) => extension.checkMail?.(parameters),
        })),
      none: { typed: { raw: [] } },
    };
    this.#recipient = {
      readers: new Map(extensions.flatMap(({ recipientParameters = {} }) => Object.entries(recipientParameters))),
      checks: extensions
        .filter((extension) => "checkRecipient" in extension)
        .map((extension) => ({
          keyword: extension.keyword,
          check: (parameters) => extension.checkRecipient?.(parameters),
        })),
      none: { typed: { raw: [] } },
    };
  }

  /** The lines of EHLO's reply, the greeting's aside; or the reply that refuses EHLO, where an extension fails. */
  announcements(offer: Offer): { readonly announced: readonly string[] } | Refusal {
    const place = offer.secured ? 1 : 0;
    const known = this.#known[place];
    if (known !== undefined && this.#isStandard && isSame(offer, known.offer)) return known;
    const announced: string[] = [];
    for (const [index, extension] of this.#extensions.entries()) {
      try {
        const line = extension.announce(offer);
        if (line === undefined) continue;
        if (line !== this.#fitting[index]) this.#fitting[index] = fittingLine(line);
        announced.push(this.#fitting[index] ?? line);
      } catch (error) {
        return failed(`keyword ${extension.keyword}`, error);
      }
    }
    const last = known?.announced ?? [];
    const areSame = announced.length === last.length && announced.every((line, at) => line === last[at]);
    const found = { offer, announced: areSame ? last : announced };
    this.#known[place] = found;
    return found;
  }

  /** MAIL's parameters. After HELO none is known (RFC 5321 §4.1.1.1). */
  readMail(raw: EsmtpParameters, offer: Offer, extended: boolean): ReadParameters<MailParameters> {
    return read(this.#mail, raw, offer, extended);
  }

  /** RCPT's parameters, likewise. */
  readRecipient(raw: EsmtpParameters, offer: Offer, extended: boolean): ReadParameters<RecipientParameters> {
    return read(this.#recipient, raw, offer, extended);
  }
}

function isSame(offer: Offer, last: Offer): boolean {
  return (
    offer.messageSize === last.messageSize &&
    offer.startTls === last.startTls &&
    offer.secured === last.secured &&
    offer.trusted === last.trusted &&
    offer.protocol === last.protocol &&
    offer.mechanisms.length === last.mechanisms.length &&
    offer.mechanisms.every((mechanism, index) => mechanism === last.mechanisms[index])
  );
}

function read<Parameters extends { readonly raw: EsmtpParameters }>(
  { readers, checks, none }: Reading<Parameters>,
  raw: EsmtpParameters,
  offer: Offer,
  extended: boolean,
): ReadParameters<Parameters> {
  if (raw.length === 0) return none;
  let typed: Parameters = { ...none.typed, raw };
  for (const { keyword, value } of raw) {
    const reader = extended ? readers.get(keyword) : undefined;
    if (reader === undefined) return { refused: checkReplies.unknownParameter };
    try {
      const outcome = fittingOutcome(reader(value, offer), "typed");
      if ("refused" in outcome) return outcome;
      typed = { ...typed, ...outcome.typed };
    } catch (error) {
      return failed(`parameter ${keyword}`, error);
    }
  }
  for (const { keyword, check } of checks) {
    try {
      const refused = check(typed);
      if (refused !== undefined) return { refused: fittingReply("reject", "command", refused) };
    } catch (error) {
      return failed(`keyword ${keyword}`, error);
    }
  }
  return { typed };
}

/** Throws where it is no line of a reply. */
function fittingLine(line: string): string {
  if (typeof line !== "string") throw new TypeError("It announces what is no text");
  reply(250, undefined, line);
  return line;
}
