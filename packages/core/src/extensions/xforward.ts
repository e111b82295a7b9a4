// XFORWARD (Postfix's XFORWARD_README): a content filter passes on whom a message came from, for logs and trace fields.

import { canonicalIpAddress } from "../grammar/ip-address.ts";
import type { Parsed } from "../grammar/parsed.ts";
import { reply } from "../grammar/reply.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import {
  type AttributeKind,
  type AttributeKinds,
  formatAttributes,
  ipAddress,
  orUnavailable,
  parseAttributes,
  plainText,
  portNumber,
  textOf,
  type Unavailable,
  wordOf,
} from "./attributes.ts";
import type { Extension, ExtensionVerb } from "./extension.ts";

/** A field is there where its attribute was sent. All of them are forgotten when the next transaction ends. */
export interface ForwardedAttributes {
  /** The host name of the client up-stream. */
  readonly name?: string | Unavailable;
  /**
   * Its address: an IP address in its one spelling, or something else. Unavailable: the message was submitted
   * locally.
   */
  readonly address?: string | Unavailable;
  readonly port?: number | Unavailable;
  /** The protocol by which the message came, up to 64 characters, for example `ESMTP`. */
  readonly protocol?: string | Unavailable;
  /** The name by which the client up-stream introduced itself. */
  readonly hello?: string | Unavailable;
  /** What the message is called up-stream, for example by its queue. */
  readonly identifier?: string | Unavailable;
  /** Whether the message came from within the host up-stream. */
  readonly source?: "LOCAL" | "REMOTE" | Unavailable;
}

const longestProtocol = 64;

/** Whatever has a tag for IPv6 must be an IPv6 address; anything else is taken as it is. */
const anyAddress: AttributeKind<string> = {
  parse: (text) => (isTagged(text) ? ipAddress.parse(text) : (canonicalIpAddress(text) ?? plainText.parse(text))),
  format: (text) => ipAddress.format(text) ?? (isTagged(text) ? undefined : plainText.format(text)),
};

function isTagged(text: string): boolean {
  return text.toUpperCase().startsWith("IPV6:");
}

const protocolName = textOf((text) => text.length <= longestProtocol && plainText.parse(text) !== undefined);

const kinds: AttributeKinds<ForwardedAttributes> = {
  name: { keyword: "NAME", kind: orUnavailable(plainText) },
  address: { keyword: "ADDR", kind: orUnavailable(anyAddress) },
  port: { keyword: "PORT", kind: orUnavailable(portNumber) },
  protocol: { keyword: "PROTO", kind: orUnavailable(protocolName) },
  hello: { keyword: "HELO", kind: orUnavailable(plainText) },
  identifier: { keyword: "IDENT", kind: orUnavailable(plainText) },
  source: { keyword: "SOURCE", kind: orUnavailable(wordOf("LOCAL", "REMOTE")) },
};

const announcement = ["XFORWARD", ...Object.values(kinds).map(({ keyword }) => keyword)].join(" ");

/** The session itself knows what to do with it. */
export const xforwardVerb: ExtensionVerb<ForwardedAttributes> = {
  phases: ["betweenTransactions"],
  trustedOnly: true,
  read(argument) {
    const octets = encodeUtf8(argument);
    const parsed = parseForwardedAttributes(octets, 0, octets.length);
    return parsed.ok ? { value: parsed.value } : { refused: reply(501, "5.5.4", parsed.problem) };
  },
};

/** For trusted clients alone, and announced to no others: it changes what is written down about a message. */
export const xforward: Extension = {
  keyword: "XFORWARD",
  announce: ({ trusted }) => (trusted ? announcement : undefined),
  verbs: { XFORWARD: xforwardVerb },
};

/**
 * The argument of XFORWARD from `at` up to `end`.
 *
 *     xforward-argument = attribute *( 1*SP attribute )
 */
export function parseForwardedAttributes(octets: Uint8Array, at: number, end: number): Parsed<ForwardedAttributes> {
  return parseAttributes<ForwardedAttributes>(octets, at, end, kinds);
}

/**
 * XFORWARD's argument. Postfix takes commands up to 512 octets: send long values apart. Throws `InvalidValueError` for
 * no attribute at all, and for a value that cannot be sent.
 */
export function formatForwardedAttributes(attributes: ForwardedAttributes): string {
  return formatAttributes<ForwardedAttributes>(attributes, kinds);
}
