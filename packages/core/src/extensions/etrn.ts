// ETRN (RFC 1985): a client asks the server to begin sending what waits for a host.

import { AT, octetAt, PRINTABLE, scanWhile, SP } from "../grammar/abnf.ts";
import { canonicalDomain, scanDomainOrLiteral } from "../grammar/domain.ts";
import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { failure, type Parsed, success } from "../grammar/parsed.ts";
import { reply } from "../grammar/reply.ts";
import { decodeAscii, encodeUtf8, isWellFormed } from "../grammar/text.ts";
import type { Extension, ExtensionVerb } from "./extension.ts";

/** Whose mail is to be sent. */
export interface QueueRequest {
  /** `host`: that host's; `domain` (`@`): that of all hosts within the domain; `queue` (`#`): what a queue holds. */
  readonly scope: "host" | "domain" | "queue";
  /** A domain in lower case, a literal with its brackets, or the name of a queue as it was sent. */
  readonly name: string;
}

const badRequest = reply(501, "5.5.4", "ETRN takes a host, @ and a domain, or # and the name of a queue");

/** The application answers for it: 250 to 253, or 458 or 459 (RFC 1985 §5.3). Bound how often (RFC 1985 §8). */
const verb: ExtensionVerb<QueueRequest> = {
  phases: ["betweenTransactions"],
  read(argument) {
    const octets = encodeUtf8(argument);
    const parsed = parseQueueRequest(octets, 0, octets.length);
    return parsed.ok ? { value: parsed.value } : { refused: badRequest };
  },
};

export const etrn: Extension = { keyword: "ETRN", announce: () => "ETRN", verbs: { ETRN: verb } };

const NUMBER_SIGN = 0x23;
const malformed = failure("ETRN takes a host, @ and a domain, or # and the name of a queue");

/**
 * The argument of ETRN from `at` up to `end`.
 *
 *     etrn-argument = Domain / address-literal / "@" Domain / "#" 1*%d33-126
 */
export function parseQueueRequest(octets: Uint8Array, at: number, end: number): Parsed<QueueRequest> {
  const option = octetAt(octets, at, end);
  if (option === NUMBER_SIGN) return parseQueue(octets, at + 1, end);
  const scope = option === AT ? "domain" : "host";
  const nameAt = option === AT ? at + 1 : at;
  if (scanDomainOrLiteral(octets, nameAt, end) !== end) return malformed;
  const name = canonicalDomain(octets, nameAt, end);
  return scope === "domain" && name.startsWith("[") ? malformed : success({ scope, name });
}

function parseQueue(octets: Uint8Array, at: number, end: number): Parsed<QueueRequest> {
  const isName = at < end && scanWhile(octets, at, end, PRINTABLE) === end && !octets.subarray(at, end).includes(SP);
  return isName ? success({ scope: "queue", name: decodeAscii(octets, at, end) }) : malformed;
}

const optionCharacters = { host: "", domain: "@", queue: "#" } as const;

/** ETRN's argument. Throws `InvalidValueError` for what is no name of its scope. */
export function formatQueueRequest({ scope, name }: QueueRequest): string {
  const text = `${optionCharacters[scope]}${name}`;
  const octets = encodeUtf8(text);
  const parsed = parseQueueRequest(octets, 0, octets.length);
  if (parsed.ok && parsed.value.scope === scope && isWellFormed(name)) return text;
  throw new InvalidValueError(`ETRN ${shown(text)}`, `It is no ${scope}`, "Pass a domain or the name of a queue");
}
