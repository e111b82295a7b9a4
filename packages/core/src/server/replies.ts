// The replies a server session gives by itself, by name. An application's own reply takes the place of any of them.

import { CR, SP } from "../grammar/abnf.ts";
import { joinForWriting } from "../grammar/octets.ts";
import { formatLines, formatReply, reply, type Reply } from "../grammar/reply.ts";

/** Names of the replies that are the same in every session. */
export type FixedReplyName =
  | "ok"
  | "senderOk"
  | "recipientOk"
  | "startContent"
  | "messageOk"
  | "readyForTls"
  | "authenticated"
  | "cannotVerify"
  | "cannotExpand"
  | "help"
  | "refused"
  | "noService"
  | "noServiceHere"
  | "undecided"
  | "shuttingDown"
  | "timeout"
  | "unrecognised"
  | "helloFirst"
  | "mailFirst"
  | "nestedMail"
  | "notInTransaction"
  | "outOfOrder"
  | "noValidRecipients"
  | "recipientFirst"
  | "chunkingNotOffered"
  | "burlNotOffered"
  | "chunksBegun"
  | "binaryByChunks"
  | "tlsRequired"
  | "tlsNotOffered"
  | "tlsUnavailable"
  | "authRequired"
  | "authNotOffered"
  | "authNeedsTls"
  | "alreadyAuthenticated"
  | "badCredentials"
  | "authCancelled"
  | "authUndecided";

/** Names by which the chart calls for replies. Those that are not fixed depend on the session or come with the event. */
export type ServerReplyName =
  | FixedReplyName
  | "greeting"
  | "hello"
  | "goodbye"
  | "chunkOk"
  | "contentRefused"
  | "malformed"
  | "violated";

export const fixedReplies: Readonly<Record<FixedReplyName, Reply>> = {
  ok: reply(250, "2.0.0", "OK"),
  senderOk: reply(250, "2.1.0", "Sender OK"),
  recipientOk: reply(250, "2.1.5", "Recipient OK"),
  startContent: reply(354, undefined, "Send the content; end it with <CRLF>.<CRLF>"),
  messageOk: reply(250, "2.6.0", "Message accepted"),
  readyForTls: reply(220, "2.0.0", "Ready to start TLS"),
  authenticated: reply(235, "2.7.0", "Authentication succeeded"),
  cannotVerify: reply(252, "2.1.5", "Cannot verify the user; send mail to find out"),
  cannotExpand: reply(502, "5.5.1", "Lists are not told"),
  help: reply(214, "2.0.0", "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY EXPN HELP", "See RFC 5321"),

  refused: reply(550, "5.7.1", "Refused"),
  noService: reply(554, "5.3.2", "No SMTP service here"),
  noServiceHere: reply(503, "5.5.1", "No SMTP service here; only QUIT is possible"),
  undecided: reply(451, "4.3.0", "No decision in time; try again later"),
  shuttingDown: reply(421, "4.3.2", "Service is shutting down; try again later"),
  timeout: reply(421, "4.4.2", "Timed out; closing the connection"),

  unrecognised: reply(500, "5.5.1", "Command not recognised"),
  helloFirst: reply(503, "5.5.1", "Send EHLO or HELO first"),
  mailFirst: reply(503, "5.5.1", "Send MAIL first"),
  nestedMail: reply(503, "5.5.1", "A transaction is open already; end it with DATA or RSET"),
  notInTransaction: reply(503, "5.5.1", "Not within a transaction; send RSET first"),
  outOfOrder: reply(503, "5.5.1", "The command may not come here"),
  noValidRecipients: reply(554, "5.5.1", "No valid recipients"),
  recipientFirst: reply(503, "5.5.1", "No valid recipients"),
  chunkingNotOffered: reply(502, "5.5.1", "BDAT is not offered"),
  burlNotOffered: reply(502, "5.5.1", "BURL is not offered"),
  chunksBegun: reply(503, "5.5.1", "The content has begun with BDAT; go on with it, or send RSET"),
  binaryByChunks: reply(503, "5.5.1", "BINARYMIME content comes by BDAT"),

  tlsRequired: reply(530, "5.7.0", "Send STARTTLS first"),
  tlsNotOffered: reply(502, "5.5.1", "STARTTLS is not offered"),
  tlsUnavailable: reply(454, "4.7.0", "TLS is not available now; try again later"),

  authRequired: reply(530, "5.7.0", "Authentication required"),
  authNotOffered: reply(502, "5.5.1", "AUTH is not offered"),
  authNeedsTls: reply(538, "5.7.11", "Authentication needs encryption: send STARTTLS first"),
  alreadyAuthenticated: reply(503, "5.5.1", "Already authenticated"),
  badCredentials: reply(535, "5.7.8", "Credentials are not valid"),
  authCancelled: reply(501, "5.7.0", "Authentication cancelled"),
  authUndecided: reply(454, "4.7.0", "Authentication failed for now; try again later"),
};

/** What is said in another way in LMTP (RFC 2033). */
export const lmtpReplies: Readonly<Partial<Record<FixedReplyName, Reply>>> = {
  helloFirst: reply(503, "5.5.1", "Send LHLO first"),
  help: reply(214, "2.0.0", "LHLO MAIL RCPT DATA RSET NOOP QUIT VRFY EXPN HELP", "See RFC 2033"),
};

/** What stands before and behind the replies to each recipient over SMTP (PRDR, as Exim has it). */
export const prdrReplies = {
  eachFollows: reply(353, undefined, "A reply for each recipient follows"),
  someAccepted: reply(250, "2.6.0", "Message accepted for some recipients"),
  noneAcceptedNow: reply(451, "4.7.1", "Message refused for all recipients, for some of them for now"),
  noneAccepted: reply(550, "5.7.1", "Message refused for all recipients"),
} as const;

/** Replies of the check phase, before the chart is asked. */
export const checkReplies = {
  overlong: reply(500, "5.5.2", "Line too long"),
  utf8NotDeclared: reply(553, "5.6.7", "Non-ASCII address without SMTPUTF8"),
  unknownParameter: reply(555, "5.5.4", "Parameter not recognised"),
  tooLarge: reply(552, "5.3.4", "Message is larger than this server takes"),
  tooManyRecipients: reply(452, "4.5.3", "Too many recipients; send the rest in another transaction"),
  tooManyDomains: reply(452, "4.5.3", "Too many domains; send the rest in another session"),
  notTrusted: reply(550, "5.7.0", "Not for this client"),
  badArgument: reply(501, "5.5.4", "The argument has a character that it cannot have"),
  localError: reply(451, "4.3.0", "Local error in processing; try again later"),
  tooManyTransactions: reply(451, "4.7.0", "Too many messages in this session; send the rest in another"),
  unknownMechanism: reply(504, "5.5.4", "Mechanism not offered"),
  badBase64: reply(501, "5.5.2", "Not base64"),
  badResponse: reply(501, "5.5.2", "The response does not fit the mechanism"),
  noInitialResponse: reply(501, "5.7.0", "The mechanism takes no initial response"),
  overlongResponse: reply(500, "5.5.6", "Authentication exchange line is too long"),
  bareNewline: reply(554, "5.6.0", "Bare CR or LF in the content; lines end in CRLF only"),
  commandBareNewline: reply(500, "5.5.2", "Bare CR or LF; commands end in CRLF only; closing the connection"),
  tooManyErrors: reply(421, "4.7.0", "Too many errors; closing the connection"),
  tooManyCommands: reply(421, "4.7.0", "Too many commands without mail; closing the connection"),
  tooManyAuthAttempts: reply(421, "4.7.0", "Too many authentication attempts; closing the connection"),
  tooMuchDiscarded: reply(421, "4.3.4", "Message is far too large; closing the connection"),
  tooManySmallChunks: reply(421, "4.7.0", "Too many small chunks; closing the connection"),
  endlessLine: reply(500, "5.5.2", "Line without an end; closing the connection"),
  bytesBehindStartTls: reply(554, "5.5.1", "Octets behind STARTTLS in the clear; closing the connection"),
  bufferOverrun: reply(421, "4.3.0", "Too much sent ahead; closing the connection"),
  // In the place of the greeting, and so without an enhanced code (RFC 2034 §4).
  spokeTooEarly: reply(554, undefined, "The server speaks first; closing the connection"),
  improperPipelining: reply(
    503,
    "5.5.0",
    "Commands sent ahead where an answer must be awaited; closing the connection",
  ),
  noText: reply(500, "5.5.2", "A command is text; closing the connection"),
  foreignProtocol: reply(554, "5.5.1", "This is an SMTP server; closing the connection"),
} as const;

/** Those that name the server; formatted once and for all, too. */
export interface OwnReplies {
  readonly greeting: Reply;
  readonly goodbye: Reply;
}

/** To be made once for a server. */
export function ownReplies(hostname: string, protocol: "smtp" | "lmtp"): OwnReplies {
  const greeting = reply(220, undefined, `${hostname} ${protocol === "lmtp" ? "LMTP" : "ESMTP"} ready`);
  const goodbye = reply(221, "2.0.0", `${hostname} closing the connection`);
  return { greeting: formatted(greeting), goodbye: formatted(goodbye) };
}

/** Where a reply has what it is on the wire. Nobody sees it, and copies of the reply are without. */
const octets = Symbol("octets");

interface Formatted extends Reply {
  readonly [octets]?: Uint8Array;
}

function formatted(given: Reply): Reply {
  return Object.defineProperty(given, octets, { value: formatReply(given, { enhanced: true }) });
}

for (const named of [fixedReplies, lmtpReplies, prdrReplies, checkReplies])
  Object.values(named).forEach((fixed) => formatted(fixed));

/**
 * A reply as it goes over the wire, with its enhanced code, or without it where it is `plain`; those that are made in this file
 * are formatted once and for all.
 */
export function formattedReply(given: Reply, isPlain = false): Uint8Array {
  if (isPlain && given.enhanced !== undefined) return formatReply(given, { enhanced: false });
  return (given as Formatted)[octets] ?? formatReply(given, { enhanced: true });
}

/** What is announced, formatted: a server announces the same to most clients. */
const formattedAnnouncements = new WeakMap<readonly string[], Uint8Array>();

/**
 * The reply to EHLO as it goes over the wire.
 * @param announced The last of its lines, one at least.
 */
export function formattedGreeting({ code, lines }: Reply, announced: readonly string[]): Uint8Array {
  const others = formattedAnnouncements.get(announced) ?? formatLines(code, announced, true);
  formattedAnnouncements.set(announced, others);
  const own = formatLines(code, lines.slice(0, lines.length - announced.length), false);
  return joinForWriting([own, others]);
}

/** Octets of a reply line with its CRLF (RFC 5321 §4.5.3.1.5). */
const longestLine = 512;

/**
 * A formatted reply with spaces behind its first line, so that it is a multiple of so many octets, as far as that line
 * has room. The first, since in the reply to EHLO the others have a syntax.
 */
export function padded(bytes: Uint8Array, multiple: number): Uint8Array {
  const end = bytes.indexOf(CR);
  const spaces = Math.min((multiple - (bytes.length % multiple)) % multiple, Math.max(0, longestLine - end - 2));
  const whole = new Uint8Array(bytes.length + spaces).fill(SP);
  whole.set(bytes.subarray(0, end));
  whole.set(bytes.subarray(end), end + spaces);
  return whole;
}
