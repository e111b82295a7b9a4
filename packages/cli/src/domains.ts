// Domain names as the command line needs them: is this text a domain, and what is its one comparable form?

import { domainToASCII } from "node:url";

import { everyCode, isLetterOrDigit } from "./character-codes.ts";

/** `Domain = sub-domain *("." sub-domain)` of RFC 5321 §4.1.2, with the lengths of RFC 1035: ASCII only, no final dot. */
export function isDomainName(text: string): boolean {
  return text.length <= 253 && text.split(".").every(isLabel);
}

/**
 * The form in which two domains are compared: A-labels in lower case (RFC 5890).
 * Returns `undefined` for what is no domain name, an address literal among others.
 */
export function asciiDomain(domain: string): string | undefined {
  // domainToASCII reads URLs: it decodes "%61" and drops "/path". Only letters, digits, hyphens and dots may reach it.
  if (!everyCode(domain, (code) => code > 0x7f || isLetterOrDigit(code) || code === 0x2d || code === 0x2e)) {
    return undefined;
  }
  const ascii = isDomainName(domain) ? domain.toLowerCase() : domainToASCII(domain);
  return isDomainName(ascii) ? ascii : undefined;
}

function isLabel(label: string): boolean {
  return (
    label.length >= 1 &&
    label.length <= 63 &&
    !label.startsWith("-") &&
    !label.endsWith("-") &&
    everyCode(label, (code) => isLetterOrDigit(code) || code === 0x2d)
  );
}
