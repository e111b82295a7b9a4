// How the values of events are written in transcripts, and the intents that transcripts write, as values.

import {
  esmtpParameter,
  forwardPath,
  reply,
  reversePath,
  type ClientEvent,
  type ClientIntent,
  type OutgoingRecipient,
  type RecipientResult,
  type Reply,
  type ServerEvent,
} from "@carteiro/core";
import { lineOctets, readFields, unescaped, type Field } from "./transcript.ts";

export type AnyEvent = ServerEvent | ClientEvent;

/** The event's field of that name, a path such as `envelope.reversePath`, as a transcript writes it. */
export function shownField(event: AnyEvent, name: string): string {
  let value: unknown = "result" in event ? withOutcomes(event.result) : event;
  for (const key of name.split(".")) value = Object(value)[key];
  return shown(value);
}

/** The event as a transcript would write it with these fields, or with all of its own. */
export function shownEvent(event: AnyEvent, names?: readonly string[]): string {
  const fields = names ?? Object.keys("result" in event ? withOutcomes(event.result) : event);
  const written = fields.filter((name) => name !== "type" && name !== "decision").map((name) => {
    const value = shownField(event, name);
    return `${name}=${value === "" || /[\s"\p{Cc}]/u.test(value) ? JSON.stringify(value) : value}`;
  });
  return [event.type, ...written].join(" ");
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
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(shown).join(",");
  return shownObject({ ...value });
}

function shownObject(value: Readonly<Record<string, unknown>>): string {
  const { address, code, recipient, accepted, keyword, kind } = value;
  if (typeof address === "string") return `<${address}>`;
  if (typeof code === "number") return shownReply(value as unknown as Reply);
  if (accepted === false) return `${shown(recipient)}:${shown(Object(value["reply"]).code)}`;
  if (recipient !== undefined) return shown(recipient);
  if (keyword !== undefined) return shownKeyword(value);
  if (kind !== undefined) return String(kind);
  return JSON.stringify(value);
}

function shownReply({ code, enhanced, lines }: Reply): string {
  const text = lines.join("\n");
  return [code, ...(enhanced === undefined ? [] : [enhanced]), ...(text === "" ? [] : [text])].join(" ");
}

/** An EHLO capability or a parameter of MAIL or RCPT. */
function shownKeyword({ keyword, value, parameters = [] }: Readonly<Record<string, unknown>>): string {
  return value === undefined ? [keyword, ...(parameters as readonly string[])].join(" ") : `${String(keyword)}=${String(value)}`;
}

/** `550 5.1.1 No such user`, lines divided by `\n`; `undefined` for nothing. */
export function readReply(text: string): Reply | undefined {
  if (text === "") return undefined;
  const [, code = "", enhanced, rest = ""] = /^(\d{3})(?: (\d\.\d+\.\d+))?(?: (.*))?$/.exec(text) ?? [];
  const octets = Buffer.from(unescaped(rest), "latin1").toString("utf8");
  return reply(Number(code), enhanced, ...octets.split("\n"));
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
    case "endContent":
    case "quit":
    case "abort":
      return { type: intent };
    default:
      throw new Error(`no such intent of a client: ${intent}`);
  }
}

function readQuestion(text: string): ClientIntent {
  const [verb = "", ...words] = text.split(" ");
  if (verb === "NOOP" || verb === "RSET") return { type: "ask", verb };
  return { type: "ask", verb: verb as "VRFY", argument: words.join(" ") };
}

/** `from=<a@b> to=<c@d> to=<e@f> size=1000 eightBit=true smtputf8=true parameter=AUTH=<>`. */
function readSend(fields: readonly Field[]): ClientIntent {
  const all = (wanted: string) => fields.filter(([name]) => name === wanted).map(([, value]) => value);
  const [size] = all("size");
  return {
    type: "send",
    reversePath: reversePath(withoutBrackets(all("from")[0] ?? "")),
    recipients: all("to").map((path): OutgoingRecipient => ({ recipient: forwardPath(withoutBrackets(path)) })),
    ...(size !== undefined && { size: Number(size) }),
    ...(all("eightBit").includes("true") && { eightBit: true }),
    ...(all("smtputf8").includes("true") && { smtputf8: true }),
    parameters: all("parameter").map((parameter) => {
      const [keyword = "", ...value] = parameter.split("=");
      return esmtpParameter(keyword, value.length === 0 ? undefined : value.join("="));
    }),
  };
}

function withoutBrackets(path: string): string {
  return path.slice(1, -1);
}
