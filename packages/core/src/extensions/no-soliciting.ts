// NO-SOLICITING (RFC 3865): classes of solicitation, as the server turns them away and as MAIL declares them.

import { ALPHA, COLON, DOT, HYPHEN, isIn, LET_DIG, UNDERSCORE } from "../grammar/abnf.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

/** Characters in all the keywords with their commas. */
const longestList = 1_000;

const malformed = reply(501, "5.5.4", "SOLICIT takes class keywords with commas between them");

/** Announces the classes that are not wanted. Throws `InvalidValueError` for what is no keyword. */
export function noSoliciting(keywords: readonly string[] = []): Extension {
  const announcement = keywords.length === 0 ? "NO-SOLICITING" : `NO-SOLICITING ${formatSolicitation(keywords)}`;
  return {
    keyword: "NO-SOLICITING",
    announce: () => announcement,
    mailParameters: {
      SOLICIT(value) {
        const solicitation = parseSolicitation(value);
        return solicitation === undefined ? { refused: malformed } : { typed: { solicitation } };
      },
    },
  };
}

/**
 *     Solicitation-keywords = word *( "," word )     ; at most 1000 characters
 *     word                  = ALPHA *( "." / "-" / "_" / ":" / ALPHA / DIGIT )
 */
export function parseSolicitation(value: string | undefined): readonly string[] | undefined {
  if (value === undefined || value.length > longestList) return undefined;
  const keywords = value.split(",");
  return keywords.every(isKeyword) ? keywords : undefined;
}

function isKeyword(word: string): boolean {
  for (let at = 0; at < word.length; at++) {
    if (!isKeywordCharacter(word.charCodeAt(at))) return false;
  }
  return isIn(word.charCodeAt(0), ALPHA);
}

function isKeywordCharacter(unit: number): boolean {
  return isIn(unit, LET_DIG) || unit === DOT || unit === HYPHEN || unit === UNDERSCORE || unit === COLON;
}

/** The keywords for SOLICIT and for NO-SOLICITING. Throws `InvalidValueError` for none, and for what is no keyword. */
export function formatSolicitation(keywords: readonly string[]): string {
  const list = keywords.join(",");
  if (keywords.every(isKeyword) && keywords.length > 0 && list.length <= longestList) return list;
  throw new InvalidValueError(
    `Solicitation keywords ${shown(list)}`,
    "They are none, too long, or no keywords",
    "Pass keywords such as org.example.adv:ADLT",
  );
}

/** The classes that a server announced behind NO-SOLICITING; none where it names none, or makes no sense. */
export function parseNoSolicitingAnnouncement(parameters: readonly string[]): readonly string[] {
  return parseSolicitation(parameters[0]) ?? [];
}
