// The header fields that a server puts in front of what it delivers: Return-Path and Received (RFC 5321 §4.4).
// What the peer said (its EHLO name, its TLS parameters) is copied only where it cannot break out of its place.

import { isIP } from "node:net";

import type { TlsInfo } from "@carteiro/core";

import { everyCode, isAsciiControl } from "./character-codes.ts";
import { isDomainName } from "./domains.ts";

/** What a session was, as far as the `with` keyword tells it. */
export interface SessionKind {
  /** EHLO rather than HELO. */
  readonly extended: boolean;
  /** TLS, implicit or by STARTTLS. */
  readonly secure: boolean;
  readonly authenticated: boolean;
  /** The transaction asked for SMTPUTF8. */
  readonly utf8: boolean;
  readonly lmtp?: boolean;
}

type Security = "" | "A" | "S" | "SA";
export type WithProtocol = "SMTP" | `${"ESMTP" | "LMTP" | "UTF8SMTP" | "UTF8LMTP"}${Security}`;

/** The registered keyword for `Received: … with` (RFC 3848 §1, RFC 6531 §4.3). HELO has no keyword but `SMTP`. */
export function withProtocol(session: SessionKind): WithProtocol {
  const lmtp = session.lmtp === true;
  if (!session.extended && !lmtp) return "SMTP";
  const security: Security = `${session.secure ? "S" : ""}${session.authenticated ? "A" : ""}`;
  if (session.utf8) return `${lmtp ? "UTF8LMTP" : "UTF8SMTP"}${security}`;
  return `${lmtp ? "LMTP" : "ESMTP"}${security}`;
}

/**
 * `Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>`, CRLF included.
 * Takes the reverse-path with its angle brackets, for example `<a@b.example>` or `<>`.
 * Throws `TypeError` if it holds a control character.
 */
export function returnPath(reversePath: string): string {
  return `Return-Path: ${withoutControls(reversePath)}\r\n`;
}

export interface ReceivedOptions {
  /** The argument of HELO, EHLO or LHLO as the peer gave it; anything may stand in it. */
  readonly hello: string;
  /** The peer's IP address as the socket tells it, for example `192.0.2.1` or `2001:db8::1`; none for a Unix socket. */
  readonly remoteAddress?: string | undefined;
  /** Our own name, a domain. */
  readonly hostname: string;
  readonly protocol: WithProtocol;
  /** Our name for the message, an atom. */
  readonly id: string;
  /** The recipient whose copy this is, with angle brackets. Name one only where that copy is theirs alone. */
  readonly recipient?: string | undefined;
  readonly tls?: TlsInfo | undefined;
  readonly date: Date;
}

/**
 * `Time-stamp-line = "Received:" FWS Stamp <CRLF>`, CRLF included, folded so that every line stays under 78 characters
 * unless one name alone is longer. Throws `TypeError` if one of our own values holds a control character.
 */
export function received(options: ReceivedOptions): string {
  const { hostname, protocol, id, recipient, tls, date } = options;
  const by = ["by", hostname, "with", protocol, ...tlsComment(tls), "id"];
  const last = recipient === undefined ? [`${id};`] : [id, "for", `${recipient};`];
  const lines = [
    ...fill("Received:", fromClause(options)),
    ...fill("   ", [...by, ...last]),
    `    ${formatDate(date)}`,
  ];
  return `${lines.map(withoutControls).join("\r\n")}\r\n`;
}

/** `date-time` of RFC 5322 §3.3, in UTC with its numeric zone: `Sat, 21 Nov 2026 21:12:29 +0000`. */
export function formatDate(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}

/**
 * `address-literal` of RFC 5321 §4.1.3 for an address as sockets tell it; `undefined` for what is no IP address.
 * An IPv4 address mapped into IPv6 is written as the IPv4 address that it is, and a zone is left out.
 */
export function addressLiteral(address: string): string | undefined {
  const [bare = ""] = address.split("%");
  const mapped = bare.toLowerCase().startsWith("::ffff:") ? bare.slice("::ffff:".length) : "";
  if (isIP(mapped) === 4) return `[${mapped}]`;
  const version = isIP(bare);
  if (version === 0) return undefined;
  return version === 4 ? `[${bare}]` : `[IPv6:${bare}]`;
}

/** `From-domain = "FROM" FWS Extended-Domain`, then a comment with the EHLO name if that is neither domain nor literal. */
function fromClause({ hello, remoteAddress = "" }: ReceivedOptions): string[] {
  const literal = addressLiteral(remoteAddress);
  if (isDomainName(hello)) return literal === undefined ? ["from", hello] : ["from", hello, `(${literal})`];
  if (isAddressLiteral(hello)) return ["from", hello, `(${literal ?? hello})`];
  const peer = literal === undefined ? ["unknown"] : [literal, `(${literal})`];
  return ["from", ...peer, ...comment(`hello ${hello}`)];
}

function isAddressLiteral(text: string): boolean {
  if (!text.startsWith("[") || !text.endsWith("]")) return false;
  const inner = text.slice(1, -1);
  // A zone ("%eth0") is something that isIP takes and the grammar does not.
  if (inner.includes("%")) return false;
  const tag = inner.slice(0, 5).toLowerCase();
  return tag === "ipv6:" ? isIP(inner.slice(5)) === 6 : isIP(inner) === 4;
}

function tlsComment(tls: TlsInfo | undefined): string[] {
  const facts = [tls?.protocol, tls?.cipher].filter((fact) => fact !== undefined);
  return facts.length === 0 ? [] : comment(facts.join(" "));
}

/** The words of an RFC 5322 `comment` that holds any text at all: quoted, ASCII, and no longer than a domain may be. */
function comment(text: string): string[] {
  let quoted = "";
  for (const character of text.slice(0, 255)) {
    const printable = character >= " " && character <= "~";
    if (character === "(" || character === ")" || character === "\\") quoted += "\\";
    quoted += printable ? character : "?";
  }
  return `(${quoted})`.split(" ").filter((word) => word !== "");
}

/** Lines of words, each line under 78 characters unless one word alone is longer. */
function fill(first: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    const next = `${line} ${word}`;
    if (next.length < 78 || line.trim() === "") {
      line = next;
    } else {
      lines.push(line);
      line = `    ${word}`;
    }
  }
  return [...lines, line];
}

/** The last wall: whatever else went wrong above, no value begins a header line of its own. */
function withoutControls(line: string): string {
  if (everyCode(line, (code) => !isAsciiControl(code))) return line;
  throw new TypeError(`A trace field cannot hold a control character: ${JSON.stringify(line)}`);
}
