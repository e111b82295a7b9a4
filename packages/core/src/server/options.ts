// What a server session can be told, with its defaults: every limit and every deadline has a name here.

import type { Extension } from "../extensions/extension.ts";
import { limitOf } from "../extensions/limits.ts";
import { standardExtensions } from "../extensions/standard.ts";
import { oneOf, trueOrFalse } from "../grammar/option-values.ts";
import { positiveNumbers } from "../positive-numbers.ts";
import { InvalidValueError } from "../grammar/invalid-value-error.ts";
import { helloName, type HelloName } from "../grammar/address.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";
import type { MechanismName } from "../sasl/mechanisms.ts";
import { chosenMechanisms } from "./mechanisms.ts";
import type { DecisionSubject, ServerTimeout } from "./messages.ts";
import { Registry } from "./registry.ts";
import { ownReplies, type OwnReplies } from "./replies.ts";

/** All in octets or counts. The defaults are at or above what RFC 5321 §4.5.3.1 demands. */
export interface ServerLimits {
  /** A command line with its CRLF. RFC 5321 demands 512 and more for each extension's parameters. Beyond: 500 5.5.2. */
  readonly commandLine: number;
  /** A line of a SASL exchange with its CRLF (RFC 4954 §4: 12,288). Beyond: 500 5.5.6. */
  readonly responseLine: number;
  /** A line that never ends closes the session at this length. */
  readonly endlessLine: number;
  /** Recipients in a transaction; RFC 5321 demands 100. Beyond: 452 4.5.3. */
  readonly recipients: number;
  /** Different domains among the recipients of a session. Beyond: 452 4.5.3. Default: no limit. */
  readonly recipientDomains: number;
  /** Transactions in a session. Beyond: 451 4.7.0. Default: no limit. LIMITS announces these three up to 999,999. */
  readonly messages: number;
  /** Content, announced by SIZE; RFC 5321 demands 64 KiB. Beyond: 552 5.3.4. `Infinity`: no fixed limit. */
  readonly messageSize: number;
  /** Chunks of BDAT under 1,000 octets in one message. Beyond: 421. */
  readonly smallChunks: number;
  /**
   * Octets a second that content must come to on the whole once the first `content` timeout is over; slower, it times out.
   * 0: as slowly as it likes.
   */
  readonly contentRate: number;
  /** Content read and thrown away after it was refused, before the session is closed instead. */
  readonly discarded: number;
  /** Commands that were wrong in themselves or out of order. Beyond: 421. */
  readonly errors: number;
  /** Of these, so many before each further one is answered only after `timeouts.errorDelay`. 0: from the first on. */
  readonly softErrors: number;
  /** Commands since the last accepted message, accepted recipients not counted. Beyond: 421. */
  readonly commandsWithoutMail: number;
  /** Failed authentications. Beyond: 421. */
  readonly authenticationAttempts: number;
  /** Input held while the application decides, for drivers that read on. Beyond: 421. */
  readonly bufferedInput: number;
  /** Replies held back to leave in one write. */
  readonly bufferedReplies: number;
}

export const defaultServerLimits: ServerLimits = {
  commandLine: 4_096,
  responseLine: 12_288,
  endlessLine: 65_536,
  recipients: 1_000,
  recipientDomains: Infinity,
  messages: Infinity,
  messageSize: 52_428_800,
  smallChunks: 1_000,
  contentRate: 100,
  discarded: 104_857_600,
  errors: 20,
  softErrors: 10,
  commandsWithoutMail: 500,
  authenticationAttempts: 5,
  bufferedInput: 1_048_576,
  bufferedReplies: 16_384,
};

/** Milliseconds for each deadline that a state names in its `meta.timeout`; RFC 5321 §4.5.3.2.7 demands 5 minutes. */
export type ServerTimeouts = Readonly<Record<Exclude<ServerTimeout, "greetPause">, number>> & {
  /** The whole session, whatever happens in it. */
  readonly session: number;
  /** How long each error beyond `limits.softErrors` waits for its answer, and nothing is read meanwhile. 0: not at all. */
  readonly errorDelay: number;
  /** How long the first failed AUTH waits for its answer; each further one twice as long, up to 30 s. 0: not at all. */
  readonly authenticationDelay: number;
};

export const defaultServerTimeouts: ServerTimeouts = {
  /** For a whole command line, or a whole line of a SASL exchange. */
  command: 300_000,
  /** For each 1,000 octets of content. */
  content: 300_000,
  /** For the application to decide; clients wait 5 minutes. */
  decision: 240_000,
  /** For the application to decide on the message; clients wait 10 minutes, and send it again when they waited in vain. */
  message: 540_000,
  tls: 60_000,
  /** For the PROXY header. */
  proxy: 5_000,
  session: 86_400_000,
  errorDelay: 1_000,
  authenticationDelay: 1_000,
};

/** Octets to which replies may be padded: half of what a line holds (RFC 5321 §4.5.3.1.5). */
const mostPadding = 256;

/** So many octets of content must come within the `content` timeout: one a minute is no progress. */
export const contentBlock = 1_000;

export interface ServerSessionOptions {
  /** The server's own name: a domain, or an address literal. */
  readonly hostname: string;
  /**
   * `lmtp` (RFC 2033): LHLO in place of EHLO, and a reply for each recipient after the content. For delivery within a
   * site, never on port 25. Default: `smtp`.
   */
  readonly protocol?: "smtp" | "lmtp";
  /** Whether CHUNKING and BINARYMIME are offered (RFC 3030). Default: yes. */
  readonly chunking?: boolean;
  /** Whether the application has TLS to offer by STARTTLS. Default: no. */
  readonly startTls?: boolean;
  /** Whether MAIL and AUTH are refused in the clear (530). Default: no. */
  readonly requireTls?: boolean;
  /** Default: AUTH is not offered. */
  readonly authentication?: {
    /**
     * By name, or the application's own, in the order in which EHLO announces them: clients choose the strongest anyway.
     * Default: PLAIN and LOGIN. Of these, only those are open to a client that its connection is fit for: -PLUS where
     * channel bindings are known, and EXTERNAL by its name where the client's certificate was verified. Without TLS none is,
     * unless `allowInClear`.
     */
    readonly mechanisms?: readonly (MechanismName | ServerMechanism)[];
    /**
     * 32 octets or more that nobody else knows, from which SCRAM answers for users who do not exist: kept over restarts,
     * it answers the same. SCRAM needs it.
     */
    readonly secret?: Uint8Array;
    /** Iterations that users who do not exist seem to have with SCRAM: as many as the others. Default: 10,000. */
    readonly iterations?: number;
    /** Whether MAIL is refused to strangers (530). Default: no. */
    readonly required?: boolean;
    /**
     * Whether AUTH is open without TLS, by passwords in the clear, too. Default: no; it is neither announced nor taken
     * then, by any mechanism: SCRAM hides the password, but lets those who listen guess at it.
     */
    readonly allowInClear?: boolean;
  };
  /**
   * Bare CR or LF in content: `reject` answers 554 5.6.0 at its end, `normalise` hands on CRLF in their place, which counts
   * towards the size. Neither way do they end a line as far as dots are concerned, or the content: what is smuggled behind
   * them stays content. BINARYMIME content is handed on as it is. In commands they always end the session. Default: `reject`.
   */
  readonly bareNewlines?: "reject" | "normalise";
  /**
   * What is offered besides the standard extensions, announced behind them in this order. List an extension only where
   * the application honours it.
   */
  readonly extensions?: readonly Extension[];
  /**
   * Milliseconds between the connection and the greeting. Programs that send spam do not wait for it: who says anything
   * before is answered 554 and closed upon. 0: none, the default. Some senders give up after 10 s.
   */
  readonly greetPause?: number;
  /**
   * Whether the session ends (503) where more is there already behind a command that a client must await the answer to:
   * EHLO, HELO, LHLO, DATA, AUTH, VRFY, EXPN, NOOP and HELP, and before EHLO every one (RFC 2920 §3.1). Default: no.
   */
  readonly strictPipelining?: boolean;
  /**
   * Under TLS each reply is filled up with spaces to a multiple of so many octets, so that lengths tell less to those who
   * watch. At most 256. 0: not at all, the default.
   */
  readonly replyPadding?: number;
  /** Whether `lineTraced` events are wanted. */
  readonly trace?: boolean;
  /** Steps at which the application has nothing to say: what is possible there is accepted at once, and no event asks. Default: none. */
  readonly unasked?: readonly UnaskedSubject[];
  /** Those left out, or `undefined`, have their defaults. */
  readonly limits?: { readonly [Name in keyof ServerLimits]?: number | undefined };
  readonly timeouts?: { readonly [Name in keyof ServerTimeouts]?: number | undefined };
}

/** Steps that sessions can take without asking. */
export type UnaskedSubject = "connection" | "hello" | "mail" | "recipient" | "data";
const unaskedSubjects: readonly UnaskedSubject[] = ["connection", "hello", "mail", "recipient", "data"];

/** Options made ready once, for any number of sessions. */
export interface ServerProfile {
  readonly hostname: HelloName;
  readonly protocol: "smtp" | "lmtp";
  readonly chunking: boolean;
  readonly burl: boolean;
  readonly startTls: boolean;
  readonly requireTls: boolean;
  readonly mechanisms: readonly ServerMechanism[];
  /** EXTERNAL was chosen by its name: it is for verified client certificates. */
  readonly externalByCertificate: boolean;
  readonly requireAuthentication: boolean;
  readonly allowAuthInClear: boolean;
  readonly bareNewlines: "reject" | "normalise";
  /** What the extensions come to. */
  readonly registry: Registry;
  /** Replies that are the same in all sessions of this server. */
  readonly own: OwnReplies;
  readonly greetPause: number;
  readonly strictPipelining: boolean;
  readonly replyPadding: number;
  readonly trace: boolean;
  readonly unasked: ReadonlySet<DecisionSubject>;
  readonly limits: ServerLimits;
  readonly timeouts: ServerTimeouts;
}

/**
 * Checks options and fills in the defaults. Throws `InvalidValueError` for a bad host name, and for a word or a switch that is
 * none; `RangeError` for a mechanism, a limit or a timeout that is bad or unknown.
 */
export function serverProfile(options: ServerSessionOptions): ServerProfile {
  const { authentication } = options;
  const limits = positiveNumbers(defaultServerLimits, options.limits, {
    where: "limits",
    whole: true,
    orZero: ["softErrors", "contentRate"],
    orFraction: ["contentRate", "messageSize"],
  });
  const { required, allowInClear } = authentication ?? {};
  const hostname = helloName(options.hostname);
  const protocol = oneOf("protocol", options.protocol, ["smtp", "lmtp"], "smtp");
  return {
    hostname,
    protocol,
    own: ownReplies(hostname, protocol),
    chunking: trueOrFalse("chunking", options.chunking, true),
    burl: offersBurl(options),
    startTls: trueOrFalse("startTls", options.startTls, false),
    requireTls: trueOrFalse("requireTls", options.requireTls, false),
    mechanisms: authentication === undefined ? [] : chosenMechanisms(hostname, authentication),
    externalByCertificate: authentication?.mechanisms?.includes("EXTERNAL") ?? false,
    requireAuthentication: trueOrFalse("authentication.required", required, false),
    allowAuthInClear: trueOrFalse("authentication.allowInClear", allowInClear, false),
    bareNewlines: oneOf("bareNewlines", options.bareNewlines, ["reject", "normalise"], "reject"),
    ...severity(options),
    trace: trueOrFalse("trace", options.trace, false),
    unasked: new Set(options.unasked?.map((subject) => oneOf("unasked", subject, unaskedSubjects, subject))),
    registry: registryOf(options, limits),
    limits,
    timeouts: positiveNumbers(defaultServerTimeouts, options.timeouts, {
      where: "timeouts",
      orZero: ["errorDelay", "authenticationDelay"],
    }),
  };
}

function severity(options: ServerSessionOptions) {
  const { greetPause, replyPadding } = positiveNumbers(
    { greetPause: 0, replyPadding: 0 },
    { greetPause: options.greetPause, replyPadding: options.replyPadding },
    { where: "options", orZero: ["greetPause", "replyPadding"] },
  );
  if (greetPause === Infinity) throw new RangeError("options.greetPause is Infinity: nobody would ever be greeted");
  if (!Number.isInteger(replyPadding) || replyPadding > mostPadding)
    throw new RangeError(`options.replyPadding is ${replyPadding}: give a whole number up to ${mostPadding}`);
  return {
    greetPause,
    strictPipelining: trueOrFalse("strictPipelining", options.strictPipelining, false),
    replyPadding,
  };
}

/** Extensions that are nothing without BDAT (RFC 4468 §3.2, RFC 3030 §3). */
const onTopOfChunking: readonly string[] = ["BURL", "BINARYMIME"];

function offersBurl({ extensions = [], chunking }: ServerSessionOptions): boolean {
  const needy = extensions.find(({ keyword }) => onTopOfChunking.includes(keyword));
  if (needy !== undefined && chunking === false)
    throw new InvalidValueError(needy.keyword, "It needs CHUNKING", "Leave chunking on");
  return extensions.some(({ keyword }) => keyword === "BURL");
}

function registryOf({ extensions = [], chunking = true }: ServerSessionOptions, limits: ServerLimits): Registry {
  const announced = {
    mailMax: limitOf(limits.messages),
    rcptMax: limitOf(limits.recipients),
    rcptDomainMax: limitOf(limits.recipientDomains),
  };
  return new Registry(standardExtensions({ limits: announced, chunking }), extensions);
}
