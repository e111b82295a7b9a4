// What a server announced in its reply to EHLO (RFC 5321 §4.1.1.1).

import { scanKeyword } from "./parameters.ts";
import type { Reply } from "./reply.ts";
import { encodeUtf8 } from "./text.ts";

/** One extension on offer. */
export interface Capability {
  /** In upper case. */
  readonly keyword: string;
  /** As they were sent. */
  readonly parameters: readonly string[];
}

/** In the order of their first announcement, each keyword once. */
export type Capabilities = readonly Capability[];

/** Nothing on offer: before EHLO, and after HELO. */
export const noCapabilities: Capabilities = [];

const oldAuth = "AUTH=";

/**
 * The capabilities in the reply to EHLO, whose first line is a greeting. A line that is none is passed over: it
 * announces nothing that could be used. A keyword that comes twice has the parameters of both, as servers announce
 * `AUTH` again in its old form.
 *
 *     ehlo-line = ehlo-keyword *( SP ehlo-param )
 *     ehlo-line =/ "AUTH=" ehlo-param *( SP ehlo-param )     ; before RFC 2554
 */
export function parseCapabilities(reply: Reply): Capabilities {
  const parametersByKeyword = new Map<string, Set<string>>();
  for (const line of reply.lines.slice(1)) {
    const [word = "", ...parameters] = words(line);
    const [name, ...old] = splitOldAuth(word);
    if (!isKeyword(name)) continue;
    const keyword = name.toUpperCase();
    const known = parametersByKeyword.get(keyword) ?? new Set();
    for (const parameter of [...old, ...parameters]) known.add(parameter);
    parametersByKeyword.set(keyword, known);
  }
  return Array.from(parametersByKeyword, ([keyword, parameters]) => ({ keyword, parameters: [...parameters] }));
}

function words(line: string): string[] {
  return line.split(" ").filter((word) => word !== "");
}

function splitOldAuth(word: string): [string, ...string[]] {
  const isOld = word.length > oldAuth.length && word.slice(0, oldAuth.length).toUpperCase() === oldAuth;
  return isOld ? ["AUTH", word.slice(oldAuth.length)] : [word];
}

function isKeyword(text: string): boolean {
  const octets = encodeUtf8(text);
  return scanKeyword(octets, 0, octets.length) === octets.length;
}

/** The texts of the lines that announce them, for a reply to EHLO after its greeting. */
export function formatCapabilities(capabilities: Capabilities): string[] {
  return capabilities.map(({ keyword, parameters }) => [keyword, ...parameters].join(" "));
}

/** The capability of that keyword, which is in upper case, or `undefined` where it is not on offer. */
export function findCapability(capabilities: Capabilities, keyword: string): Capability | undefined {
  return capabilities.find((capability) => capability.keyword === keyword);
}
