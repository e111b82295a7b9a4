// What a client's certificate says of it, on the server's side of TLS.

import type { TLSSocket } from "node:tls";
import type { TlsInfo } from "@carteiro/core";

/** What the client has shown of itself. Outside of a `tls.Server`, Node looks no further into it by itself. */
export function clientInfo(socket: TLSSocket): Pick<TlsInfo, "authorized" | "clientCertificate"> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { authorized: false };
  const { subject, subjectAltName, fingerprint256, raw } = certificate;
  return {
    authorized: isVerified(socket),
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

function isVerified(socket: TLSSocket): boolean {
  const { _handle } = socket as { readonly _handle?: { verifyError?(): Error | null } };
  return _handle?.verifyError?.() === null;
}

/** Throws where the client has shown none that could be verified, and has destroyed the socket then. */
export function checkClient(socket: TLSSocket): void {
  if (socket.getPeerX509Certificate() !== undefined && isVerified(socket)) return;
  socket.destroy();
  throw new Error("The client has shown no certificate that could be verified");
}
