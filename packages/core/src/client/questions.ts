// What an application asks besides sending mail, as a command; made before anything is written.

import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import { commandArgument } from "../grammar/command-argument.ts";
import type { Command } from "../grammar/command.ts";
import { shown } from "../grammar/invalid-value-error.ts";
import { esmtpParameter } from "../grammar/parameters.ts";
import { isAsciiText } from "../grammar/text.ts";
import { LocalProtocolError } from "../session.ts";
import type { ClientIntent } from "./messages.ts";

type Question = Extract<ClientIntent, { type: "ask" }>;

/**
 * Throws `InvalidValueError` for an argument that cannot stand in one line, `LocalProtocolError` for one beyond ASCII where
 * SMTPUTF8 cannot be had (RFC 6531 §3.7.4.2) and for a verb that asks nothing.
 */
export function questionCommand(question: Question, capabilities: Capabilities): Command {
  switch (question.verb) {
    case "NOOP":
    case "RSET":
      return { verb: question.verb };
    case "HELP": {
      if (question.argument === "") return { verb: "HELP" };
      if (!isAsciiText(question.argument)) throw new LocalProtocolError("HELP beyond ASCII: no extension allows it");
      return { verb: "HELP", argument: commandArgument(question.argument) };
    }
    case "VRFY":
    case "EXPN": {
      const utf8 = !isAsciiText(question.argument);
      if (utf8 && findCapability(capabilities, "SMTPUTF8") === undefined) {
        throw new LocalProtocolError(`${question.verb} beyond ASCII: the server does not offer SMTPUTF8`);
      }
      const parameters = utf8 ? [esmtpParameter("SMTPUTF8")] : [];
      return { verb: question.verb, argument: commandArgument(question.argument), parameters };
    }
    default:
      return notAQuestion(question);
  }
}

/** Intents may come from code without types: no other verb may reach the wire by them. */
function notAQuestion(question: never): never {
  const { verb } = question as { readonly verb: unknown };
  throw new LocalProtocolError(`ask ${shown(String(verb))}: ask NOOP, RSET, VRFY, EXPN or HELP`);
}
