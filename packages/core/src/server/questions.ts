// The check phase: what a well-formed command asks the application, or the reply that refuses it before anybody is asked.

import type { Offer } from "../extensions/extension.ts";
import type { Mailbox } from "../grammar/address.ts";
import type { Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Refusal } from "./extension-failure.ts";
import type { CredentialsDecision, Envelope, ServerDecision } from "./messages.ts";
import type { ServerProfile } from "./options.ts";
import { checkReplies } from "./replies.ts";

/** Kept until the chart asks it. */
export type Question = ServerDecision | CredentialsDecision;

/** What is known of the session when a command comes. */
export interface Circumstances {
  readonly profile: ServerProfile;
  readonly standing: { readonly hello: { readonly extended: boolean } | undefined; readonly offer: Offer };
}

/** What is known of its mail. */
export interface Transactions {
  readonly envelope: Envelope | undefined;
  /** How many there have been. */
  readonly transactions: number;
  /** Domains of the envelope's recipients, where their number is limited. */
  readonly domains: ReadonlySet<string>;
  /** The number of the next question. */
  readonly nextDecision: number;
}

/** Out of order, a command may ask nothing: the chart will say so. */
export type Checked = Question | Refusal | undefined;

export function check(command: Command, circumstances: Circumstances, known: Transactions): Checked {
  const decision = known.nextDecision;
  switch (command.verb) {
    case "HELO":
      return { type: "helloReceived", decision, name: command.name, extended: false };
    case "EHLO":
    case "LHLO":
      return { type: "helloReceived", decision, name: command.name, extended: true };
    case "MAIL":
      return checkMail(command, circumstances, known);
    case "RCPT":
      return checkRecipient(command, circumstances, known);
    case "DATA":
    case "BDAT":
    case "BURL":
      return known.envelope && { type: "dataReceived", decision, envelope: known.envelope };
    case "VRFY":
      return { type: "verifyReceived", decision, argument: command.argument };
    case "EXPN":
      return { type: "expandReceived", decision, argument: command.argument };
    case "HELP":
      return { type: "helpReceived", decision, argument: command.argument };
    case "RSET":
      return { type: "resetReceived", decision };
    case "STARTTLS":
      return { type: "startTlsReceived", decision };
    default:
      return undefined;
  }
}

function checkMail(
  { reversePath, parameters: raw }: Extract<Command, { verb: "MAIL" }>,
  { profile, standing }: Circumstances,
  { envelope, transactions, nextDecision: decision }: Transactions,
): Checked {
  if (standing.hello === undefined) return undefined;
  const parameters = profile.registry.readMail(raw, standing.offer, standing.hello.extended);
  if ("refused" in parameters) return parameters;
  const isOneMore = envelope === undefined && transactions >= profile.limits.messages;
  if (isOneMore) return { refused: checkReplies.tooManyTransactions };
  return { type: "mailReceived", decision, reversePath, parameters: parameters.typed };
}

function checkRecipient(
  { forwardPath: recipient, parameters: raw }: Extract<Command, { verb: "RCPT" }>,
  { profile, standing }: Circumstances,
  { envelope, domains, nextDecision: decision }: Transactions,
): Checked {
  if (standing.hello === undefined || envelope === undefined) return undefined;
  const parameters = profile.registry.readRecipient(raw, standing.offer, standing.hello.extended);
  if ("refused" in parameters) return parameters;
  const refused = refuseMore(recipient, envelope, profile, domains);
  return refused === undefined
    ? { type: "recipientReceived", decision, recipient, parameters: parameters.typed, envelope }
    : { refused };
}

/** RFC 5321 §4.5.3.1.10, RFC 9422 §4. */
function refuseMore(
  { domain }: Mailbox,
  envelope: Envelope,
  { limits }: ServerProfile,
  domains: ReadonlySet<string>,
): Reply | undefined {
  if (envelope.recipients.length >= limits.recipients) return checkReplies.tooManyRecipients;
  return domains.size >= limits.recipientDomains && !domains.has(domain) ? checkReplies.tooManyDomains : undefined;
}
