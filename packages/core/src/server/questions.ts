// The check phase: what a well-formed command asks the application, or the reply that refuses it before anybody is asked.

import type { Offer } from "../extensions/extension.ts";
import type { Command } from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { Envelope, ServerDecision } from "./messages.ts";
import { readMailParameters, refuseRecipientParameters } from "./parameters.ts";
import { checkReplies } from "./replies.ts";

type Unnumbered<Decision> = Decision extends unknown ? Omit<Decision, "decision"> : never;

/** A decision without its number, kept until the chart asks it. */
export type Question = Unnumbered<ServerDecision>;

/** What is known of the session when a command comes. */
export interface Circumstances {
  readonly hello: { readonly extended: boolean } | undefined;
  readonly envelope: Envelope | undefined;
  readonly offer: Offer;
  readonly recipientLimit: number;
}

/** Out of order, a command may give neither: the chart will say so. */
export type Checked = { readonly question?: Question; readonly refused?: Reply };

export function check(command: Command, circumstances: Circumstances): Checked {
  switch (command.verb) {
    case "HELO":
    case "EHLO":
      return { question: { type: "helloReceived", name: command.name, extended: command.verb === "EHLO" } };
    case "MAIL":
      return checkMail(command, circumstances);
    case "RCPT":
      return checkRecipient(command, circumstances);
    case "DATA":
      return circumstances.envelope === undefined
        ? {}
        : { question: { type: "dataReceived", envelope: circumstances.envelope } };
    case "VRFY":
      return { question: { type: "verifyReceived", argument: command.argument } };
    case "EXPN":
      return { question: { type: "expandReceived", argument: command.argument } };
    case "HELP":
      return { question: { type: "helpReceived", argument: command.argument } };
    case "RSET":
      return { question: { type: "resetReceived" } };
    case "STARTTLS":
      return { question: { type: "startTlsReceived" } };
    default:
      return {};
  }
}

function checkMail(command: Extract<Command, { verb: "MAIL" }>, { hello, offer }: Circumstances): Checked {
  if (hello === undefined) return {};
  const parameters = readMailParameters(command.parameters, offer, hello.extended);
  if ("refused" in parameters) return parameters;
  return { question: { type: "mailReceived", reversePath: command.reversePath, parameters: parameters.typed } };
}

function checkRecipient(
  command: Extract<Command, { verb: "RCPT" }>,
  { envelope, recipientLimit }: Circumstances,
): Checked {
  if (envelope === undefined) return {};
  const refused = refuseRecipientParameters(command.parameters);
  if (refused !== undefined) return { refused };
  if (envelope.recipients.length >= recipientLimit) return { refused: checkReplies.tooManyRecipients };
  const { forwardPath: recipient, parameters } = command;
  return { question: { type: "recipientReceived", recipient, parameters, envelope } };
}
