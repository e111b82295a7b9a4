// How the values of events are written in transcripts, and the intents that transcripts write, as values.

import {
  esmtpParameter,
  forwardPath,
  reply,
  reversePath,
  type Capability,
  type CredentialsDecision,
  type ClientCredentials,
  type ClientEvent,
  type ClientIntent,
  type EsmtpParameter,
  type NotifyCondition,
  type OutgoingRecipient,
  type RecipientResult,
  type Reply,
  type ServerAnswer,
  type ServerEvent,
} from "@carteiro/core";
import { parseDeliverBy } from "../../packages/core/src/extensions/deliver-by.ts";
import { houseAnswer } from "./house.ts";
import { lineOctets, readFields, unescaped, type Field } from "./transcript.ts";

export type AnyEvent = ServerEvent | ClientEvent;

/** Lines are traced only where that is asked for; the trace has tests of its own. */
const everyEvent: Readonly<Record<Exclude<AnyEvent["type"], "lineTraced">, true>> = {
  anonymousReceived: true,
  answered: true,
  authenticated: true,
  authenticationFailed: true,
  authenticationReceived: true,
  clientAssumed: true,
  commandReceived: true,
  connectionReceived: true,
  contentAborted: true,
  contentReceived: true,
  contentRefused: true,
  contentStarted: true,
  contentWanted: true,
  credentialsWanted: true,
  dataReceived: true,
  decisionExpired: true,
  mechanismFailed: true,
  expandReceived: true,
  extensionFailed: true,
  externalReceived: true,
  helloReceived: true,
  helpReceived: true,
  keysWanted: true,
  mailReceived: true,
  openingFailed: true,
  proxied: true,
  proxyHeaderRefused: true,
  messageReceived: true,
  opened: true,
  recipientReceived: true,
  referenceReceived: true,
  resetReceived: true,
  secretWanted: true,
  sessionClosed: true,
  startTlsReceived: true,
  tlsStarted: true,
  tokenReceived: true,
  transactionEnded: true,
  verifyReceived: true,
};

/** What a transcript may name. */
export const eventTypes: ReadonlySet<string> = new Set(Object.keys(everyEvent));

/** The event's field of that name, a path such as `envelope.reversePath`, as a transcript writes it. */
export function shownField(event: AnyEvent, name: string): string {
  let value: unknown = "result" in event ? withOutcomes(event.result) : event;
  for (const key of name.split(".")) value = Object(value)[key];
  return shown(value);
}

/** The event as a transcript would write it with these fields, or with all of its own. */
export function shownEvent(event: AnyEvent, names: readonly string[] = ownFields(event)): string {
  const fields = names.map((name) => {
    const value = shownField(event, name);
    return `${name}=${value === "" || /[\s"\p{Cc}]/u.test(value) ? JSON.stringify(value) : value}`;
  });
  return [event.type, ...fields].join(" ");
}

function ownFields(event: AnyEvent): readonly string[] {
  const all = Object.keys("result" in event ? withOutcomes(event.result) : event);
  return all.filter((name) => name !== "type" && name !== "decision");
}

/** A client's result with `accepted` and `refused` in the place of `recipients`. */
function withOutcomes({ recipients, ...rest }: { readonly recipients: readonly RecipientResult[] }): object {
  const accepted = recipients.filter((result) => result.accepted).map(({ recipient }) => recipient);
  const refused = recipients.filter((result) => !result.accepted);
  return { accepted, refused, ...rest };
}

function shown(value: unknown): string {
  if (value === undefined) return "none";
  if (value === null) return "<>";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(shown).join(",");
  return typeof value === "object" ? shownObject({ ...value }) : JSON.stringify(value);
}

/** Told apart by what they have: a mailbox, a reply, a recipient or its result, a capability or parameter, a failure. */
function shownObject(value: Readonly<Record<string, unknown>>): string {
  const { address, code, recipient, accepted, keyword, kind } = value;
  if (address !== undefined) return `<${shown(address)}>`;
  if (code !== undefined) return shownReply(value as unknown as Reply);
  if (accepted === false) return `${shown(recipient)}:${shown(Object(value["reply"]).code)}`;
  if (recipient !== undefined) return shown(recipient);
  if (keyword !== undefined) return shownKeyword(value);
  return kind === undefined ? JSON.stringify(value) : shown(kind);
}

function shownReply({ code, enhanced, lines }: Reply): string {
  const text = lines.join("\n");
  return [code, ...(enhanced === undefined ? [] : [enhanced]), ...(text === "" ? [] : [text])].join(" ");
}

function shownKeyword({ keyword, value, parameters = [] }: Partial<EsmtpParameter & Capability>): string {
  return value === undefined ? [keyword, ...parameters].join(" ") : `${keyword}=${value}`;
}

/** `550 5.1.1 No such user`, lines divided by `\n`; `undefined` for nothing. */
export function readReply(text: string): Reply | undefined {
  if (text === "") return undefined;
  const [, code = "", enhanced, rest = ""] = /^(\d{3})(?: (\d\.\d+\.\d+))?(?: (.*))?$/.exec(text) ?? [];
  const octets = Buffer.from(unescaped(rest), "latin1").toString("utf8");
  return reply(Number(code), enhanced, ...octets.split("\n"));
}

/** One of the replies of `eachRecipient`; `usual` for the session's own. */
export function readVerdict(text: string): Reply | undefined {
  return text === "usual" ? undefined : readReply(text);
}

/** What an application answers to a mechanism's question unless the transcript says something else. */
const house = { passwords: { user: "pencil" }, tokens: { "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==": "user" } };

/** The answer to a mechanism's question: `none`, `user=smith`, `password=pencil`, `denied`, `status=invalid_token scope=mail`, or the usual one. */
export function readAnswer(question: CredentialsDecision, text = ""): ServerAnswer {
  if (text === "denied") return { denied: true, ...readAnswer(question) } as ServerAnswer;
  const fields = Object.fromEntries(readFields(text === "none" ? "" : text));
  const { user, password, status } = fields;
  const isToken = question.type === "tokenReceived";
  if (isToken && status !== undefined) return { type: "tokenChecked", user: undefined, error: { ...fields, status } };
  if (question.type === "externalReceived" || question.type === "anonymousReceived")
    return { type: "identityDecided", user: text === "" ? "guest" : user };
  if (text === "")
    return houseAnswer(question, { ...house, iterations: 4096, salt: Buffer.from("QSXCR+Q6sek8bf92", "base64") });
  if (isToken) return { type: "tokenChecked", user };
  const passwords = password === undefined ? {} : { [question.user]: password };
  return houseAnswer(question, { passwords, iterations: 4096 });
}

/** A client's intent from its name and what follows it on the line. */
export function readClientIntent(intent: string, rest: string): ClientIntent {
  switch (intent) {
    case "send":
      return readSend(readFields(rest));
    case "content":
      return { type: "content", bytes: Buffer.from(lineOctets(rest), "latin1") };
    case "ask":
      return readQuestion(rest);
    case "command":
      return readCommand(rest);
    case "authenticate":
      return { type: "authenticate", credentials: JSON.parse(rest) as ClientCredentials };
    case "endContent":
    case "quit":
    case "abort":
      return { type: intent };
    default:
      throw new Error(`no such intent of a client: ${intent}`);
  }
}

function readCommand(text: string): ClientIntent {
  const [verb = "", ...words] = text.split(" ");
  return { type: "command", verb, argument: unescaped(words.join(" ")) };
}

function readQuestion(text: string): ClientIntent {
  const [verb = "", ...words] = text.split(" ");
  if (verb === "NOOP" || verb === "RSET") return { type: "ask", verb };
  return { type: "ask", verb: verb as "VRFY", argument: words.join(" ") };
}

/**
 * `from=<a@b> to=<c@d> to=<e@f> size=1000 eightBit=true smtputf8=true parameter=AUTH=<>`. Typed parameters are written as they
 * go over the wire; `notify`, `originalRecipient` and `validSince` are those of the recipient before them.
 */
function readSend(fields: readonly Field[]): ClientIntent {
  const one = (wanted: string) => fields.find(([name]) => name === wanted)?.[1];
  const flag = (wanted: string) => one(wanted) === "true" && { [wanted]: true };
  // What is no number is handed over as it is, as callers without types do.
  const number = (wanted: string) => {
    const text = one(wanted);
    return text !== undefined && { [wanted]: /^-?\d+$/.test(text) ? Number(text) : text };
  };
  const word = (wanted: string) => one(wanted) !== undefined && { [wanted]: one(wanted) };
  return {
    type: "send",
    reversePath: reversePath(withoutBrackets(one("from") ?? "") || null),
    recipients: readRecipients(fields),
    ...number("size"),
    ...flag("eightBit"),
    ...word("body"),
    ...flag("smtputf8"),
    ...word("ret"),
    ...word("envid"),
    ...(one("deliverBy") !== undefined && { deliverBy: parseDeliverBy(one("deliverBy")) }),
    ...number("holdFor"),
    ...(one("holdUntil") !== undefined && { holdUntil: Date.parse(one("holdUntil") ?? "") }),
    ...number("priority"),
    ...flag("requireTls"),
    ...(one("solicitation") !== undefined && { solicitation: one("solicitation")?.split(",") }),
    ...flag("prdr"),
    parameters: fields.filter(([name]) => name === "parameter").map(([, parameter]) => readParameter(parameter)),
  } as ClientIntent;
}

function readParameter(parameter: string): EsmtpParameter {
  const [keyword = "", ...value] = parameter.split("=");
  return esmtpParameter(keyword, value.length === 0 ? undefined : value.join("="));
}

function readRecipients(fields: readonly Field[]): OutgoingRecipient[] {
  const recipients: OutgoingRecipient[] = [];
  for (const [name, value] of fields) {
    const last = recipients.at(-1);
    if (name === "to") recipients.push({ recipient: forwardPath(withoutBrackets(value)) });
    else if (name === "recipientParameter" && last !== undefined) {
      recipients[recipients.length - 1] = { ...last, parameters: [...(last.parameters ?? []), readParameter(value)] };
    } else if (last !== undefined) Object.assign(last, recipientField(name, value));
  }
  return recipients;
}

function recipientField(name: string, value: string): Partial<OutgoingRecipient> {
  const [before = "", after] = value.split(";");
  switch (name) {
    case "notify":
      return { notify: value === "NEVER" ? [] : (value.split(",") as NotifyCondition[]) };
    case "originalRecipient":
      return { originalRecipient: { addressType: before, address: after ?? "" } };
    case "validSince":
      return {
        validSince: {
          since: Date.parse(before),
          ...(after !== undefined && { otherwise: after === "C" ? "continue" : "reject" }),
        },
      };
    default:
      return {};
  }
}

function withoutBrackets(path: string): string {
  return path.slice(1, -1);
}
