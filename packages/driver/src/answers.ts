// From a handler's answer to the session's intent, with the reply that goes with it.

import { reply, type Reply, type ServerDecision, type ServerIntent } from "@carteiro/core";
import type { Found } from "./credentials.ts";
import { reject, type Accept, type Decision, type EachRecipient, type Fetched, type Reject } from "./decisions.ts";

/** Code and enhanced code that an answer given as text alone is said with: those of the usual answer. */
const usualCodes: Readonly<Record<ServerDecision["type"], readonly [number, string?]>> = {
  connectionReceived: [220],
  helloReceived: [250],
  startTlsReceived: [220, "2.0.0"],
  authenticationReceived: [235, "2.7.0"],
  mailReceived: [250, "2.1.0"],
  recipientReceived: [250, "2.1.5"],
  dataReceived: [354],
  referenceReceived: [250, "2.0.0"],
  messageReceived: [250, "2.6.0"],
  verifyReceived: [250, "2.1.5"],
  expandReceived: [250, "2.1.5"],
  helpReceived: [214, "2.0.0"],
  resetReceived: [250, "2.0.0"],
  commandReceived: [250, "2.0.0"],
};

const badCredentials = reject(535, "5.7.8", "Credentials are not valid");
const notFetched = reject(554, "5.6.6", "The content referred to is not available");

/** No answer means yes. Throws `InvalidValueError` for a text that cannot stand in a reply, `TypeError` for a refusal that is none. */
export function intentOf(
  event: ServerDecision,
  answer: Decision | EachRecipient | Fetched | undefined,
  hostname: string,
): ServerIntent {
  const { decision } = event;
  if (answer === undefined) return { type: "accept", decision };
  if (answer.type === "eachRecipient") return eachIntent(event, answer, hostname);
  if (answer.type === "fetched") return fetchedIntent(event, answer);
  if (answer.type === "accept" && event.type === "referenceReceived")
    throw new TypeError("onReference answered accept(): give fetched(…) or reject(…)");
  if (answer.type !== "accept" && !isRefusal(answer.reply))
    throw new TypeError(
      `A handler answered ${describe(answer)}: give accept(), reject(…) or disconnect(…), or nothing`,
    );
  if (answer.type === "disconnect") return { type: "dismiss", reply: answer.reply };
  if (answer.type === "reject") return { type: "reject", decision, reply: answer.reply };
  const given = acceptReply(event, answer, hostname);
  return given === undefined ? { type: "accept", decision } : { type: "accept", decision, reply: given };
}

/** What nothing said means, where it does not mean yes. */
export function silent(question: ServerDecision["type"]): Reject | undefined {
  if (question === "authenticationReceived") return badCredentials;
  return question === "referenceReceived" ? notFetched : undefined;
}

/** What a mechanism asked for, or a refusal. Throws `TypeError` for a refusal that is none. */
export function foundIntent(decision: number, found: Found): ServerIntent {
  if (found.type !== "reject" && found.type !== "disconnect") return { type: "answer", decision, answer: found };
  if (!isRefusal(found.reply))
    throw new TypeError(`A handler answered ${describe(found)}: give reject(…) or disconnect(…)`);
  const { reply: given } = found;
  return found.type === "disconnect" ? { type: "dismiss", reply: given } : { type: "reject", decision, reply: given };
}

function fetchedIntent({ type, decision }: ServerDecision, { octets }: Fetched): ServerIntent {
  if (type !== "referenceReceived") throw new TypeError("fetched(…) answers onReference alone");
  return { type: "accept", decision, content: octets };
}

function eachIntent(event: ServerDecision, { decisions }: EachRecipient, hostname: string): ServerIntent {
  if (event.type !== "messageReceived") throw new TypeError("eachRecipient(…) answers onMessage alone");
  const recipients = decisions.map((each) => (each === undefined ? undefined : eachReply(event, each, hostname)));
  return { type: "accept", decision: event.decision, recipients };
}

function eachReply(event: ServerDecision, answer: Accept | Reject, hostname: string): Reply | undefined {
  if (answer.type === "accept") return acceptReply(event, answer, hostname);
  if (answer.type === "reject" && isRefusal(answer.reply)) return answer.reply;
  throw new TypeError(`eachRecipient(…) has ${describe(answer)}: give accept() or reject(…) for each, or nothing`);
}

export function isRefusal(given: Reply | undefined): boolean {
  return given !== undefined && given.code >= 400;
}

function describe(answer: Decision): string {
  return answer.reply === undefined ? typeof answer : `${answer.type} with ${answer.reply.code}`;
}

function acceptReply(event: ServerDecision, { reply: given, text }: Accept, hostname: string): Reply | undefined {
  if (given !== undefined || text === undefined) return given;
  // The usual reply to EHLO lists the extensions, which only the session knows.
  if (event.type === "helloReceived" && event.extended) return undefined;
  const [code, enhanced] = usualCodes[event.type];
  return reply(code, enhanced, ...(namesServer(event) ? named(text, hostname) : text));
}

/** Greeting and reply to HELO begin with the server's name (RFC 5321 §4.3.1). */
function namesServer({ type }: ServerDecision): boolean {
  return type === "connectionReceived" || type === "helloReceived";
}

function named([first = "", ...more]: readonly string[], hostname: string): readonly string[] {
  return [first.split(" ")[0] === hostname ? first : `${hostname} ${first}`, ...more];
}

/** Whether it is a promise, of any library. */
export function isPromise<Given>(answer: Given | Promise<Given>): answer is Promise<Given> {
  return typeof (answer as { readonly then?: unknown } | undefined)?.then === "function";
}
