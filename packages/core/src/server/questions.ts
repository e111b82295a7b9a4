// The check phase: what a well-formed command asks the application, or the reply that refuses it before anybody is asked.

import type { Offer } from "../extensions/extension.ts";
import type { Mailbox } from "../grammar/address.ts";
import type { Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { ExtensionFailure } from "./extension-failure.ts";
import type { CredentialsDecision, Envelope, ServerDecision } from "./messages.ts";
import type { ServerProfile } from "./options.ts";
import { checkReplies } from "./replies.ts";

/** Kept until the chart asks it. */
export type Question = ServerDecision | CredentialsDecision;

/** What is known of the session when a command comes. */
export interface Circumstances {
  readonly profile: ServerProfile;
  readonly hello: { readonly extended: boolean } | undefined;
  readonly envelope: Envelope | undefined;
  readonly offer: Offer;
  /** How many transactions there have been. */
  readonly transactions: number;
  /** Domains of the envelope's recipients, where their number is limited. */
  readonly domains: ReadonlySet<string>;
  /** The number of the next question. */
  readonly decision: number;
}

/** Out of order, a command may give neither: the chart will say so. */
export type Checked = {
  readonly question?: Question;
  /** The lines of EHLO's reply, the greeting's aside. */
  readonly announced?: readonly string[];
  readonly refused?: Reply;
  readonly failure?: ExtensionFailure;
};

export function check(command: Command, circumstances: Circumstances): Checked {
  const { envelope, decision } = circumstances;
  switch (command.verb) {
    case "HELO":
      return { question: { type: "helloReceived", decision, name: command.name, extended: false } };
    case "EHLO":
    case "LHLO":
      return {
        question: { type: "helloReceived", decision, name: command.name, extended: true },
        ...circumstances.profile.registry.announcements(circumstances.offer),
      };
    case "MAIL":
      return checkMail(command, circumstances);
    case "RCPT":
      return checkRecipient(command, circumstances);
    case "DATA":
    case "BDAT":
    case "BURL":
      return envelope === undefined ? {} : { question: { type: "dataReceived", decision, envelope } };
    case "VRFY":
      return { question: { type: "verifyReceived", decision, argument: command.argument } };
    case "EXPN":
      return { question: { type: "expandReceived", decision, argument: command.argument } };
    case "HELP":
      return { question: { type: "helpReceived", decision, argument: command.argument } };
    case "RSET":
      return { question: { type: "resetReceived", decision } };
    case "STARTTLS":
      return { question: { type: "startTlsReceived", decision } };
    default:
      return {};
  }
}

function checkMail(command: Extract<Command, { verb: "MAIL" }>, circumstances: Circumstances): Checked {
  const { profile, hello, envelope, offer, transactions, decision } = circumstances;
  if (hello === undefined) return {};
  const parameters = profile.registry.readMail(command.parameters, offer, hello.extended);
  if ("refused" in parameters) return parameters;
  const isOneMore = envelope === undefined && transactions >= profile.limits.messages;
  if (isOneMore) return { refused: checkReplies.tooManyTransactions };
  return {
    question: { type: "mailReceived", decision, reversePath: command.reversePath, parameters: parameters.typed },
  };
}

function checkRecipient(command: Extract<Command, { verb: "RCPT" }>, circumstances: Circumstances): Checked {
  const { profile, hello, envelope, offer, decision } = circumstances;
  if (hello === undefined || envelope === undefined) return {};
  const parameters = profile.registry.readRecipient(command.parameters, offer, hello.extended);
  if ("refused" in parameters) return parameters;
  const { forwardPath: recipient } = command;
  const refused = refuseMore(recipient, envelope, circumstances);
  return refused === undefined
    ? { question: { type: "recipientReceived", decision, recipient, parameters: parameters.typed, envelope } }
    : { refused };
}

/** RFC 5321 §4.5.3.1.10, RFC 9422 §4. */
function refuseMore({ domain }: Mailbox, envelope: Envelope, { profile, domains }: Circumstances): Reply | undefined {
  const { limits } = profile;
  if (envelope.recipients.length >= limits.recipients) return checkReplies.tooManyRecipients;
  return domains.size >= limits.recipientDomains && !domains.has(domain) ? checkReplies.tooManyDomains : undefined;
}
