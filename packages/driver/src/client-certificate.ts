// What a client's certificate says of it. For adapters whose runtime shows it as Node does.

import type { TlsInfo } from "@carteiro/core";

/** What is read of Node's `X509Certificate`. */
export interface ShownCertificate {
  readonly subject: string;
  readonly subjectAltName: string | undefined;
  readonly fingerprint256: string;
  readonly raw: Uint8Array;
}

/** `authorized`: whether it could be verified. */
export function clientInfo(
  certificate: ShownCertificate | undefined,
  authorized: boolean,
): Pick<TlsInfo, "authorized" | "clientCertificate"> {
  if (certificate === undefined) return { authorized: false };
  const { subject, subjectAltName, fingerprint256, raw } = certificate;
  return {
    authorized,
    clientCertificate: {
      subject,
      names: subjectAltName === undefined ? [] : alternativeNames(subjectAltName),
      fingerprint: fingerprint256.replaceAll(":", "").toLowerCase(),
      octets: Uint8Array.from(raw),
    },
  };
}

/** Divided by commas, but for those within quotes: a name that has one is written as a string of JSON. */
export function alternativeNames(text: string): readonly string[] {
  const names = [""];
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const isEscape = isQuoted && char === "\\";
    if (char === '"') isQuoted = !isQuoted;
    if (char === "," && !isQuoted) {
      names.push("");
      at += 1;
    } else names[names.length - 1] += isEscape ? char + text.charAt((at += 1)) : char;
  }
  return names;
}
