// Which replies an application may give as its answer to which question.

import { reply, type Reply } from "../grammar/reply.ts";
import { LocalProtocolError } from "../session.ts";
import type { DecisionSubject } from "./messages.ts";

/**
 * The reply, made anew: where no type keeps anything out, as from somebody's JSON, it may hold whatever there is. Throws
 * `LocalProtocolError` where it would say something else than the intent, `InvalidValueError` where it cannot be said.
 */
export function fittingReply(intent: "accept" | "reject", about: DecisionSubject, given: Reply): Reply {
  const { code, enhanced, lines } = given;
  if (!(intent === "reject" ? code >= 400 : isPositive(about, code))) {
    const wanted = intent === "reject" ? "4xx or 5xx" : about === "data" ? "354" : "the usual 2xx code";
    throw new LocalProtocolError(`${intent} of ${about} with a ${code} reply: give ${wanted}, or none`);
  }
  return reply(code, enhanced, ...lines);
}

function isPositive(about: DecisionSubject, code: number): boolean {
  switch (about) {
    case "data":
      return code === 354;
    case "connection":
    case "startTls":
      return code === 220;
    case "authentication":
      return code === 235;
    default:
      return code >= 200 && code < 300;
  }
}
