// The four messages of SCRAM (RFC 5802 §7), read. What binds them together is in scram-client.ts and scram-server.ts.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";
import { decodeBase64 } from "./base64.ts";
import { parseGs2Header, parseSaslName, type ParsedGs2Header } from "./gs2.ts";

/** Longer nonces are refused: a server sends the client's back, and the line must hold both. */
const longestNonce = 1_024;
/** Names that the messages give a meaning to; no extension may bear them, `m` least of all: it demands to be understood. */
const reserved = "anmrcsipve";

export interface ClientFirst {
  readonly header: ParsedGs2Header;
  /** The message without its header. */
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
}

/**
 *     client-first-message      = gs2-header client-first-message-bare
 *     client-first-message-bare = username "," nonce ["," extensions]
 */
export function parseClientFirst(message: Uint8Array): ClientFirst | undefined {
  const text = decodeUtf8(message);
  const header = text === undefined ? undefined : parseGs2Header(text);
  if (text === undefined || header === undefined) return undefined;
  const bare = text.slice(header.text.length);
  const [name = "", nonce = ""] = parseAttributes(bare, "nr") ?? [];
  const user = parseSaslName(name);
  return user !== undefined && isNonce(nonce) ? { header, bare, user, nonce } : undefined;
}

export interface ServerFirst {
  readonly text: string;
  /** Both sides' nonces, the client's first. */
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/**
 *     server-first-message = nonce "," salt "," iteration-count ["," extensions]
 */
export function parseServerFirst(message: Uint8Array): ServerFirst | undefined {
  const text = decodeUtf8(message);
  if (text === undefined) return undefined;
  const [nonce = "", salt = "", count = ""] = parseAttributes(text, "rsi") ?? [];
  const octets = decodeBase64(salt);
  const iterations = parsePositive(count);
  if (!isNonce(nonce) || octets === undefined || iterations === undefined) return undefined;
  return { text, nonce, salt: octets, iterations };
}

export interface ClientFinal {
  readonly withoutProof: string;
  /** What the client binds the exchange to: its header and, with -PLUS, the channel's data. */
  readonly binding: Uint8Array;
  readonly nonce: string;
  readonly proof: Uint8Array;
}

/**
 *     client-final-message               = client-final-message-without-proof "," proof
 *     client-final-message-without-proof = channel-binding "," nonce ["," extensions]
 */
export function parseClientFinal(message: Uint8Array, proofLength: number): ClientFinal | undefined {
  const text = decodeUtf8(message);
  const end = text?.lastIndexOf(",p=") ?? -1;
  if (text === undefined || end < 0) return undefined;
  const withoutProof = text.slice(0, end);
  const [channelBinding = "", nonce = ""] = parseAttributes(withoutProof, "cr") ?? [];
  const binding = decodeBase64(channelBinding);
  const proof = decodeBase64(text.slice(end + ",p=".length));
  if (!isNonce(nonce) || binding === undefined || proof?.length !== proofLength) return undefined;
  return { withoutProof, binding, nonce, proof };
}

/**
 *     server-final-message = (server-error / verifier) ["," extensions]
 */
export function parseServerFinal(
  message: Uint8Array,
): { readonly signature: Uint8Array } | { readonly error: string } | undefined {
  const text = decodeUtf8(message);
  if (text === undefined) return undefined;
  const [error] = parseAttributes(text, "e") ?? [];
  if (error !== undefined) return { error };
  const [verifier = ""] = parseAttributes(text, "v") ?? [];
  const signature = decodeBase64(verifier);
  return signature === undefined || signature.length === 0 ? undefined : { signature };
}

/**
 * The values of the attributes with these names, which the text must begin with in this order. Extensions may follow.
 *
 *     attr-val   = ALPHA "=" value
 *     value      = 1*value-char                ; UTF-8 without NUL and ","
 *     extensions = attr-val *("," attr-val)
 */
function parseAttributes(text: string, names: string): readonly string[] | undefined {
  const attributes = text.split(",");
  const isWhole = attributes.length >= names.length && attributes.every(isAttribute);
  if (!isWhole || text.includes("\0")) return undefined;
  const asNamed = attributes.every((attribute, index) => {
    const name = attribute.charAt(0);
    return index < names.length ? name === names[index] : !reserved.includes(name);
  });
  return asNamed ? attributes.slice(0, names.length).map((attribute) => attribute.slice(2)) : undefined;
}

function isAttribute(text: string): boolean {
  const lower = text.charCodeAt(0) | 0x20;
  return text.length > 2 && lower >= 0x61 && lower <= 0x7a && text.charAt(1) === "=";
}

/**
 *     c-nonce = 1*( %x21-2B / %x2D-7E )        ; the comma has ended it
 */
function isNonce(text: string): boolean {
  if (text === "" || text.length > longestNonce) return false;
  return encodeUtf8(text).every((octet) => octet > 0x20 && octet < 0x7f);
}

/**
 *     posit-number = %x31-39 *DIGIT            ; here no more than 9 digits
 */
function parsePositive(text: string): number | undefined {
  const isDigits = encodeUtf8(text).every((octet) => octet >= 0x30 && octet <= 0x39);
  return isDigits && text.length <= 9 && text >= "1" ? Number(text) : undefined;
}
