// What a client session can be told, with its defaults: every limit and every deadline has a name here.

import type { Extension } from "../extensions/extension.ts";
import { oneOf, trueOrFalse } from "../grammar/option-values.ts";
import { positiveNumbers } from "../positive-numbers.ts";
import { helloName, type HelloName } from "../grammar/address.ts";
import type { ClientCredentials } from "../sasl/credentials.ts";
import type { ClientMechanism, IterationBounds } from "../sasl/mechanism.ts";
import type { MechanismName } from "../sasl/mechanisms.ts";
import { defaultIterationBounds } from "../sasl/scram-client.ts";
import { allowedMechanisms, mustBeSendable } from "./credentials.ts";
import type { ClientTimeout } from "./messages.ts";
import { ClientRegistry } from "./registry.ts";

/** All in octets or counts. */
export interface ClientLimits {
  /** A line of a reply with its CRLF. RFC 5321 §4.5.3.1.5 allows servers 512; longer ones are met in the field. */
  readonly replyLine: number;
  /** Lines of a reply. */
  readonly replyLines: number;
  /** Commands and content held back to leave in one write. */
  readonly bufferedOutput: number;
  /** Content collected into one BDAT. */
  readonly chunk: number;
}

export const defaultClientLimits: ClientLimits = {
  replyLine: 4_096,
  replyLines: 256,
  bufferedOutput: 65_536,
  chunk: 262_144,
};

/** Milliseconds for each deadline that a state names in its `meta.timeout`. The defaults are those of RFC 5321 §4.5.3.2. */
export type ClientTimeouts = Readonly<Record<ClientTimeout, number>>;

export const defaultClientTimeouts: ClientTimeouts = {
  greeting: 300_000,
  /** EHLO, HELO, STARTTLS and AUTH. */
  hello: 300_000,
  /** MAIL, RCPT, RSET and the questions. */
  command: 300_000,
  data: 120_000,
  /** For the application to bring more content, and the server to take it. */
  block: 180_000,
  /** For the server's answer to a whole message: too short a wait duplicates mail (RFC 1047). */
  contentEnd: 600_000,
  quit: 5_000,
  tls: 60_000,
  /** A session without use says QUIT. */
  idle: 300_000,
};

/** `required`: no TLS, no mail. `opportunistic`: TLS where it is offered. `never`: not even then. */
export type TlsPolicy = "required" | "opportunistic" | "never";

const tlsPolicies: readonly TlsPolicy[] = ["required", "opportunistic", "never"];

export interface ClientSessionOptions {
  /** The client's own name for EHLO: a domain, or an address literal. */
  readonly hostname: string;
  /** `lmtp`: LHLO, and a reply to the content for each recipient (RFC 2033). Default: `smtp`. */
  readonly protocol?: "smtp" | "lmtp";
  /** Default: `required` where credentials are given, else `opportunistic`. Without meaning where the connection began with TLS. */
  readonly tls?: TlsPolicy;
  /**
   * What to authenticate with. `onDemand`: the session asks for it, by the event `credentialsWanted`, when it is needed, and
   * once more where the server refused what it was given.
   */
  readonly credentials?: ClientCredentials | "onDemand";
  /**
   * Mechanisms that may be used, by name or of the application's own making, in any order: of those that the server offers
   * and that take the credentials, the strongest is used. Default: all but CRAM-MD5.
   */
  readonly mechanisms?: readonly (MechanismName | ClientMechanism)[];
  /** Whether a password or a token may be sent without TLS. Default: no; the session ends instead. */
  readonly allowAuthInClear?: boolean;
  /**
   * How many iterations a server may demand with SCRAM: from fewer, whoever pretends to be the server could guess the password,
   * and more would keep the client busy. Default: 4,096, as RFC 5802 §5.1 demands, to 1,000,000.
   */
  readonly iterations?: { readonly [Name in keyof IterationBounds]?: number | undefined };
  /** `false`: commands are sent one by one although the server offers PIPELINING. */
  readonly pipelining?: boolean;
  /** `false`: content is sent by DATA although the server offers CHUNKING. BDAT is used where PIPELINING is offered too, and not turned off. */
  readonly chunking?: boolean;
  /** What becomes of a bare CR or LF in content: made a CRLF, or the transaction is aborted. Never sent as it is. Default: `normalise`. */
  readonly bareNewlines?: "normalise" | "reject";
  /**
   * Extensions whose parameters and verbs are sent to servers that offer them, and to no others: the application's own (see
   * `defineExtension`), or such as ETRN. Typed parameters need not be listed.
   */
  readonly extensions?: readonly Extension[];
  /** Whether `lineTraced` events are wanted. */
  readonly trace?: boolean;
  /** Those left out, or `undefined`, have their defaults. */
  readonly limits?: { readonly [Name in keyof ClientLimits]?: number | undefined };
  readonly timeouts?: { readonly [Name in ClientTimeout]?: number | undefined };
}

/** Options made ready once, for any number of sessions. */
export interface ClientProfile {
  readonly hostname: HelloName;
  readonly protocol: "smtp" | "lmtp";
  readonly tls: TlsPolicy;
  readonly credentials: ClientCredentials | "onDemand" | undefined;
  readonly mechanisms: readonly ClientMechanism[];
  readonly iterations: IterationBounds;
  readonly allowAuthInClear: boolean;
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly bareNewlines: "normalise" | "reject";
  readonly registry: ClientRegistry;
  readonly trace: boolean;
  readonly limits: ClientLimits;
  readonly timeouts: ClientTimeouts;
}

/**
 * Checks options and fills in the defaults. Throws `InvalidValueError` for a host name or credentials that cannot be sent,
 * for mechanisms that are unknown or take no such credentials, and for a word or a switch that is none; `RangeError` for a
 * limit or a timeout that is bad or unknown.
 */
export function clientProfile(options: ClientSessionOptions): ClientProfile {
  const { credentials } = options;
  if (credentials !== undefined && credentials !== "onDemand") mustBeSendable(credentials);
  return {
    hostname: helloName(options.hostname),
    protocol: oneOf("protocol", options.protocol, ["smtp", "lmtp"], "smtp"),
    tls: oneOf("tls", options.tls, tlsPolicies, credentials === undefined ? "opportunistic" : "required"),
    credentials,
    mechanisms: allowedMechanisms(options.mechanisms, credentials),
    iterations: iterationBounds(options.iterations),
    allowAuthInClear: trueOrFalse("allowAuthInClear", options.allowAuthInClear, false),
    pipelining: trueOrFalse("pipelining", options.pipelining, true),
    chunking: trueOrFalse("chunking", options.chunking, true),
    bareNewlines: oneOf("bareNewlines", options.bareNewlines, ["normalise", "reject"], "normalise"),
    registry: new ClientRegistry(options.extensions ?? []),
    trace: trueOrFalse("trace", options.trace, false),
    limits: positiveNumbers(defaultClientLimits, options.limits, { where: "limits", whole: true }),
    timeouts: positiveNumbers(defaultClientTimeouts, options.timeouts, { where: "timeouts" }),
  };
}

function iterationBounds(given: ClientSessionOptions["iterations"]): IterationBounds {
  const bounds = positiveNumbers(defaultIterationBounds, given, { where: "iterations", whole: true });
  if (bounds.minimum <= bounds.maximum) return bounds;
  throw new RangeError(
    `iterations.minimum is ${bounds.minimum}: give no more than iterations.maximum, ${bounds.maximum}`,
  );
}
