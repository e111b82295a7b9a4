// What is answered to a command whose verb is known, and whose rest is wrong.

import { notBase64 } from "../grammar/command-argument.ts";
import type { ParsedCommand } from "../grammar/command.ts";
import { reply, type Reply } from "../grammar/reply.ts";
import { checkReplies } from "./replies.ts";

const withAddress: ReadonlySet<string> = new Set(["MAIL", "RCPT", "VRFY", "EXPN"]);

export function malformedReply({ verb, utf8, problem }: Extract<ParsedCommand, { kind: "malformed" }>): Reply {
  if (utf8 && withAddress.has(verb)) return checkReplies.utf8NotDeclared;
  return problem === notBase64 ? checkReplies.badBase64 : reply(501, "5.5.4", problem);
}
