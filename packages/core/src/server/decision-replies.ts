// Which replies an application may give as its answer to which question.

import type { Reply } from "../grammar/reply.ts";
import { LocalProtocolError } from "../session.ts";
import type { DecisionSubject } from "./messages.ts";

/** Throws `LocalProtocolError` where a reply would say something else than the intent. */
export function mustFit(intent: "accept" | "reject", about: DecisionSubject, { code }: Reply): void {
  const fits = intent === "reject" ? code >= 400 : isPositive(about, code);
  if (fits) return;
  const wanted = intent === "reject" ? "4xx or 5xx" : about === "data" ? "354" : "the usual 2xx code";
  throw new LocalProtocolError(`${intent} of ${about} with a ${code} reply: give ${wanted}, or none`);
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
