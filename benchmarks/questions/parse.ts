// What does it cost to understand a command, or a reply?

import type { Contender, Question } from "../harness/question.ts";
import { nanosecondsOfEach, workingInParts } from "../harness/work.ts";

const script = new URL("../work/parse.ts", import.meta.url);
const commands = ["EHLO", "MAIL", "MAILWithParameters", "RCPT", "DATA", "RSET", "BDAT", "AUTH", "unknown"];
const replies = ["reply", "capabilities"];

function parsing(name: string, kind: string, parts: readonly string[]): Contender {
  const kinds = parts.map((part) => [part, `${kind} ${part}`] as const);
  return workingInParts(name, { script, parts: Object.fromEntries(kinds), figure: nanosecondsOfEach });
}

const question: Question = {
  title: "Parse: a line to a value",
  metrics: [
    { name: "MAIL", unit: "ns a MAIL", better: "less" },
    { name: "MAILWithParameters", unit: "SIZE and BODY", better: "less" },
    { name: "RCPT", unit: "RCPT", better: "less" },
    { name: "EHLO", unit: "EHLO", better: "less" },
    { name: "DATA", unit: "DATA", better: "less" },
    { name: "RSET", unit: "RSET", better: "less" },
    { name: "BDAT", unit: "BDAT", better: "less" },
    { name: "AUTH", unit: "AUTH", better: "less" },
    { name: "unknown", unit: "unknown", better: "less" },
    { name: "reply", unit: "reply of a line", better: "less" },
    { name: "capabilities", unit: "reply to EHLO, 6 lines", better: "less" },
  ],
  contenders: [
    parsing("Carteiro", "carteiro", [...commands, ...replies]),
    parsing("smtp-server", "smtpServer", commands),
    parsing("floor: split at space and colon", "split", commands),
  ],
};
export default question;
