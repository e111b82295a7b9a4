// XCLIENT (Postfix's XCLIENT_README): a trusted client says whom the session is to be taken to be with.

import { isPrintable } from "../grammar/printable.ts";
import type { Parsed } from "../grammar/parsed.ts";
import { reply } from "../grammar/reply.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import {
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

/** A field is there where its attribute was sent. What is not there stays as it was. */
export interface ClientAttributes {
  /** The client's host name; temporarily unavailable where its look-up may succeed later. */
  readonly name?: string | Unavailable;
  /** The client's IP address in its one spelling, without brackets. */
  readonly address?: string | Unavailable;
  readonly port?: number | Unavailable;
  readonly protocol?: "SMTP" | "ESMTP";
  /** The name in HELO or EHLO. */
  readonly hello?: string | Unavailable;
  /** The name that the client authenticated as. */
  readonly login?: string | Unavailable;
  /** The server's IP address that the client connected to. */
  readonly destinationAddress?: string | Unavailable;
  readonly destinationPort?: number | Unavailable;
}

const kinds: AttributeKinds<ClientAttributes> = {
  name: { keyword: "NAME", kind: orUnavailable(plainText, { temporarily: true }) },
  address: { keyword: "ADDR", kind: orUnavailable(ipAddress) },
  port: { keyword: "PORT", kind: orUnavailable(portNumber) },
  protocol: { keyword: "PROTO", kind: wordOf("SMTP", "ESMTP") },
  hello: { keyword: "HELO", kind: orUnavailable(plainText) },
  login: { keyword: "LOGIN", kind: orUnavailable(textOf(isPrintable)) },
  destinationAddress: { keyword: "DESTADDR", kind: orUnavailable(ipAddress) },
  destinationPort: { keyword: "DESTPORT", kind: orUnavailable(portNumber) },
};

const announcement = ["XCLIENT", ...Object.values(kinds).map(({ keyword }) => keyword)].join(" ");

/** The session itself knows what to do with it. */
export const xclientVerb: ExtensionVerb<ClientAttributes> = {
  phases: ["beforeHello", "betweenTransactions"],
  trustedOnly: true,
  read(argument) {
    const octets = encodeUtf8(argument);
    const parsed = parseClientAttributes(octets, 0, octets.length);
    return parsed.ok ? { value: parsed.value } : { refused: reply(501, "5.5.4", parsed.problem) };
  },
};

/** For trusted clients alone, and announced to no others: it changes who the client is. */
export const xclient: Extension = {
  keyword: "XCLIENT",
  announce: ({ trusted }) => (trusted ? announcement : undefined),
  verbs: { XCLIENT: xclientVerb },
};

/**
 * The argument of XCLIENT from `at` up to `end`. Once it is taken, the session begins again at the greeting.
 *
 *     xclient-argument = attribute *( 1*SP attribute )
 */
export function parseClientAttributes(octets: Uint8Array, at: number, end: number): Parsed<ClientAttributes> {
  return parseAttributes<ClientAttributes>(octets, at, end, kinds);
}

/**
 * XCLIENT's argument. Postfix takes commands up to 512 octets: send NAME and HELO apart where both are long. Throws
 * `InvalidValueError` for no attribute at all, and for a value that cannot be sent.
 */
export function formatClientAttributes(attributes: ClientAttributes): string {
  return formatAttributes<ClientAttributes>(attributes, kinds);
}
