// The channel binding `tls-server-end-point` (RFC 5929 §4.1): a hash of the server's certificate, by the hash function that
// its signature was made with.

import { createHash } from "node:crypto";

/** Certificates are signed by these (RFC 3279, RFC 4055, RFC 5758); MD5 and SHA-1 are replaced by SHA-256. */
const hashBySignature: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256",
  "2a864886f70d010105": "sha256",
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  "2a8648ce3d0401": "sha256",
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/** RSASSA-PSS has its hash function as a parameter, SHA-1 where it is left out (RFC 4055 §3.1). */
const rsassaPss = "2a864886f70d01010a";
const hashByParameter: Readonly<Record<string, string>> = {
  "2b0e03021a": "sha256",
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "608648016503040204": "sha224",
};

/** The binding of a certificate in DER; `undefined` where its signature has no hash function of its own, as Ed25519. */
export function serverEndPoint(certificate: Uint8Array): Uint8Array | undefined {
  const hash = signatureHash(certificate);
  return hash === undefined ? undefined : Uint8Array.from(createHash(hash).update(certificate).digest());
}

/**
 *     Certificate         ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue }
 *     AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL }
 */
function signatureHash(certificate: Uint8Array): string | undefined {
  const [whole] = elements(certificate);
  const [, identifier] = elements(whole);
  const [algorithm, parameters] = elements(identifier);
  if (hex(algorithm) !== rsassaPss) return hashBySignature[hex(algorithm)];
  const [first] = elements(parameters);
  // RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] AlgorithmIdentifier DEFAULT sha1, … }
  if (first?.tag !== 0xa0) return "sha256";
  const [hashAlgorithm] = elements(first);
  return hashByParameter[hex(elements(hashAlgorithm)[0])];
}

/** An element of DER (X.690 §8.1): its tag and its contents. */
interface Element {
  readonly tag: number;
  readonly contents: Uint8Array;
}

/** The elements that stand one after the other in the contents of another, as far as they are whole. */
function elements(outer: Element | Uint8Array | undefined): readonly Element[] {
  const octets = outer instanceof Uint8Array ? outer : (outer?.contents ?? new Uint8Array());
  const found: Element[] = [];
  for (let at = 0; at + 2 <= octets.length;) {
    const { length, start } = lengthAt(octets, at + 1);
    if (start + length > octets.length) break;
    found.push({ tag: octets[at] ?? 0, contents: octets.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function lengthAt(octets: Uint8Array, at: number): { readonly length: number; readonly start: number } {
  const first = octets[at] ?? 0;
  if (first < 0x80) return { length: first, start: at + 1 };
  const start = at + 1 + (first & 0x7f);
  return { length: octets.subarray(at + 1, start).reduce((sum, octet) => sum * 256 + octet, 0), start };
}

function hex(element: Element | undefined): string {
  return Buffer.from(element?.contents ?? []).toString("hex");
}
