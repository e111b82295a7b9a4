// Which replies, and which answers to a mechanism, an application may give to which question.

import { reply, type Reply } from "../grammar/reply.ts";
import type { ScramHash, ScramKeys, ServerAnswer, ServerQuestion } from "../sasl/mechanism.ts";
import { scramHashLengths } from "../sasl/scram-keys.ts";
import { isAnswerTo } from "../sasl/server-script.ts";
import { LocalProtocolError } from "../session.ts";
import { isName } from "./mechanism-steps.ts";
import type { DecisionSubject, ServerIntent } from "./messages.ts";

/** Throws `LocalProtocolError` where the intent is no answer to a question about this. */
export function checkFits(intent: Extract<ServerIntent, { decision: number }>["type"], about: DecisionSubject): void {
  if (intent === "reject" || (intent === "answer") === (about === "credentials")) return;
  const wanted = about === "credentials" ? "answer" : "accept";
  throw new LocalProtocolError(`${intent} of ${about}: give ${wanted}, or reject`);
}

/** The answer to a mechanism's question. Throws `LocalProtocolError` where it answers another one, or holds keys or a name that are none. */
export function fittingAnswer(question: ServerQuestion, answer: ServerAnswer): ServerAnswer {
  if (!isAnswerTo(question, answer))
    throw new LocalProtocolError(
      `${answer.type} is no answer to ${question.type}: give the one that the question names`,
    );
  const isUnfit = question.type === "keysWanted" && answer.type === "keysFound" && !areKeys(answer.keys, question.hash);
  if (isUnfit) throw new LocalProtocolError(`keysFound with keys that are none of SCRAM-${question.hash}`);
  const isNobody = "user" in answer && answer.user !== undefined && !isName(answer.user);
  if (isNobody) throw new LocalProtocolError(`${answer.type} with a user that is no name: give undefined to refuse`);
  return answer;
}

function areKeys(keys: ScramKeys | undefined, hash: ScramHash): boolean {
  if (keys === undefined) return true;
  const { salt, iterations, storedKey, serverKey } = keys;
  const length = scramHashLengths[hash];
  const areWhole = salt.length > 0 && storedKey.length === length && serverKey.length === length;
  return areWhole && Number.isInteger(iterations) && iterations > 0;
}

const nothing = new Uint8Array(0);

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

/** What BURL refers to, as the application has fetched it. Throws `LocalProtocolError` where it is missing, or out of place. */
export function fittingContent(about: DecisionSubject, content: Uint8Array | undefined): Uint8Array {
  if (about === "reference" && content === undefined)
    throw new LocalProtocolError("accept of reference without content: give the octets that the URL refers to");
  if (about !== "reference" && content !== undefined)
    throw new LocalProtocolError(`content with the answer to ${about}: it is for a reference`);
  return content ?? nothing;
}
