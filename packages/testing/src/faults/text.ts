// Rules in their text form, for command lines and logs: `RCPT#2 once: delay 100, reply 451 4.3.0 Try later`.
//
//     rule  = [ "client" SP ] when *( SP scope ) ":" what *( "," what )
//     when  = "greeting" / "content-end" / "tls" / ( VERB / "command" [ SP verb ] ) [ "#" n ]
//           / "recipient#" n / "recipient <" address ">"
//           / "content" [ "+" octets ] / ( "sent" / "received" ) "+" octets / "state" SP name
//     scope = "connection" SP ( n / n "-" n / "every" SP n ) / "once" / "times" SP n
//     what  = "delay" SP ms / "dribble" SP octets SP ms / ( "drop" / "reset" / "half-close" / "stall" ) [ SP octets ]
//           / "reply" SP code [ SP enhanced ] [ SP text ] / ( "garbage" / "corrupt" ) [ SP octets ]
//           / "disconnect421" / "tls-failure" / "duplicate"
//
// VERB is one that a standard has, or begins with X. A text with a comma stands in quotes, as JSON has them.

import { checkedRule, FaultError } from "./check.ts";
import type { FaultRule, Scope, What, When } from "./rule.ts";
import * as rules from "./rule.ts";

/** The rule that a text means. Throws `FaultError`. */
export function parseFault(text: string): FaultRule {
  const cursor = new Cursor(text);
  const by = cursor.take(/client\s+/y) === undefined ? {} : { by: "client" as const };
  const occasion = parseWhen(cursor);
  const when: When = { ...occasion, ...by, ...parseScope(cursor) };
  cursor.take(/\s*/y);
  cursor.need(/:\s*/y, 'a colon and what is to be done, as in "RCPT#2: drop"');
  const what = [parseWhat(cursor)];
  while (cursor.take(/\s*,\s*/y) !== undefined) what.push(parseWhat(cursor));
  cursor.take(/\s*/y);
  cursor.need(/$/y, "a comma and another action, or the end");
  return checkedRule({ when, what }, JSON.stringify(text));
}

export function formatFault({ when, what }: FaultRule): string {
  const by = when.by === "client" ? "client " : "";
  return `${by}${formatWhen(when)}${formatScope(when)}: ${what.map(formatWhat).join(", ")}`;
}

class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What a sticky expression finds here, its groups first, then goes behind it. */
  take(expression: RegExp): readonly string[] | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found.slice(1).map((group) => group ?? "");
  }

  need(expression: RegExp, wanted: string): readonly string[] {
    const found = this.take(expression);
    if (found !== undefined) return found;
    const rest = this.#text.slice(this.#at);
    const where = rest === "" ? "at its end" : `at ${JSON.stringify(rest)}`;
    throw this.error(`${where} it should have ${wanted}`);
  }

  error(problem: string): FaultError {
    return new FaultError(`${JSON.stringify(this.#text)}: ${problem}`);
  }
}

function parseWhen(cursor: Cursor): When {
  const [word = ""] = cursor.need(/\s*([A-Za-z][A-Za-z-]*)/y, "an occasion: RCPT#2, content-end, greeting …");
  switch (word) {
    case "greeting":
      return rules.greeting();
    case "content-end":
      return rules.contentEnd();
    case "tls":
      return rules.tls();
    case "recipient": {
      const [nth = "", address = ""] = cursor.need(/#(\d+)|\s+<([^<>]*)>/y, "which recipient: #2 or <bia@example.net>");
      return rules.recipient(nth === "" ? address : Number(nth));
    }
    case "content":
      return rules.content(octetsBehind(cursor));
    case "sent":
      return rules.sent(octetsBehind(cursor));
    case "received":
      return rules.received(octetsBehind(cursor));
    case "state":
      return rules.state(cursor.need(/\s+([A-Za-z0-9.]+)/y, "the name of a state")[0] ?? "");
    case "command":
      // What stands behind any command, and is no verb of somebody's own.
      return commandBehind(cursor, cursor.take(/\s+(?!(?:connection|once|times)\b)([A-Za-z]+)/y)?.[0]);
    default:
      if (!isKnownVerb(word)) throw cursor.error(unknownOccasion(word));
      return commandBehind(cursor, word);
  }
}

function commandBehind(cursor: Cursor, verb: string | undefined): When {
  const nth = cursor.take(/#(\d+)/y)?.[0];
  return rules.command(verb, nth === undefined ? {} : { nth: Number(nth) });
}

/** A slip in any other would be a rule that never fires. X begins those that are agreed upon in private (RFC 5321 §4.1.5). */
function isKnownVerb(word: string): boolean {
  const verb = word.toUpperCase();
  return verb.startsWith("X") || verbs.includes(verb);
}

function unknownOccasion(word: string): string {
  const ways = `there are ${occasions.join(", ")}, and the verbs ${verbs.join(", ")}`;
  return `there is no occasion ${word}; ${ways}; write "command ${word.toUpperCase()}" for a verb of your own`;
}

const occasions = ["greeting", "command", "recipient", "content", "content-end", "tls", "sent", "received", "state"];
const verbs = "EHLO HELO LHLO STARTTLS AUTH MAIL RCPT DATA BDAT BURL RSET NOOP QUIT VRFY EXPN HELP ETRN".split(" ");

function octetsBehind(cursor: Cursor): number {
  return Number(cursor.take(/\+(\d+)/y)?.[0] ?? 0);
}

function parseScope(cursor: Cursor): Pick<Scope, "connection" | "times"> {
  let scope: Pick<Scope, "connection" | "times"> = {};
  for (;;) {
    const word = cursor.take(/\s+(connection|once|times)/y)?.[0];
    if (word === undefined) return scope;
    if (word === "once") scope = { ...scope, times: 1 };
    else if (word === "times") scope = { ...scope, times: Number(cursor.need(/\s+(\d+)/y, "how many times")[0]) };
    else scope = { ...scope, connection: parseConnection(cursor) };
  }
}

function parseConnection(cursor: Cursor): NonNullable<Scope["connection"]> {
  const wanted = "which connection: 1, 1-3 or every 2";
  const [every = "", from = "", to = ""] = cursor.need(/\s+(?:every\s+(\d+)|(\d+)(?:-(\d+))?)/y, wanted);
  if (every !== "") return { every: Number(every) };
  return to === "" ? Number(from) : { from: Number(from), to: Number(to) };
}

const number = /\s+(\d+(?:\.\d+)?(?:e[+-]?\d+)?)/y;

function parseWhat(cursor: Cursor): What {
  const [word = ""] = cursor.need(/([a-z][a-z0-9-]*)/y, "an action: drop, reply 451, delay 100 …");
  const needed = (of: string) => Number(cursor.need(number, of)[0]);
  const given = (usual: number) => Number(cursor.take(number)?.[0] ?? usual);
  switch (word) {
    case "delay":
      return rules.delay(needed("milliseconds"));
    case "dribble":
      return rules.dribble(needed("octets at a time"), needed("milliseconds between"));
    case "drop":
      return rules.drop(given(0));
    case "reset":
      return rules.reset(given(0));
    case "half-close":
      return rules.halfClose(given(0));
    case "stall":
      return rules.stall(given(0));
    case "garbage":
      return rules.garbage(given(64));
    case "corrupt":
      return rules.corrupt(given(1));
    case "duplicate":
      return rules.duplicate();
    case "disconnect421":
      return rules.disconnect421();
    case "tls-failure":
      return rules.tlsFailure();
    case "reply":
      return parseReply(cursor);
    default:
      throw cursor.error(`there is no action ${word}; there are ${actions.join(", ")}`);
  }
}

const actions = [
  "delay",
  "dribble",
  "drop",
  "reset",
  "half-close",
  "stall",
  "reply",
  "disconnect421",
  "garbage",
  "corrupt",
  "duplicate",
  "tls-failure",
];

function parseReply(cursor: Cursor): What {
  const code = Number(cursor.need(/\s+(\d{3})(?![^\s,])/y, "a reply code, as in reply 451")[0]);
  const enhanced = cursor.take(/\s+(\d\.\d{1,3}\.\d{1,3})(?![^\s,])/y)?.[0];
  const quoted = cursor.take(/\s+("(?:[^"\\]|\\.)*")/y)?.[0];
  if (quoted !== undefined) return rules.reply(code, enhanced, unquoted(quoted, cursor));
  const text = cursor.take(/\s+([^\s,"][^,]*)/y)?.[0]?.trimEnd();
  return rules.reply(code, enhanced, text);
}

function unquoted(text: string, cursor: Cursor): string {
  try {
    return String(JSON.parse(text));
  } catch {
    throw cursor.error(`the text ${text} is not quoted as JSON has it`);
  }
}

function formatWhen(when: When): string {
  switch (when.at) {
    case "greeting":
    case "tls":
      return when.at;
    case "contentEnd":
      return "content-end";
    case "command":
      return `${formatVerb(when.verb)}${when.nth === undefined ? "" : `#${when.nth}`}`;
    case "recipient":
      return when.nth === undefined ? `recipient <${when.address ?? ""}>` : `recipient#${when.nth}`;
    case "content":
    case "sent":
    case "received":
      return `${when.at}+${when.octets}`;
    case "state":
      return `state ${when.name}`;
  }
}

function formatVerb(verb: string | undefined): string {
  if (verb === undefined) return "command";
  return isKnownVerb(verb) ? verb : `command ${verb}`;
}

function formatScope({ connection, times }: Scope): string {
  return `${connection === undefined ? "" : ` connection ${formatConnection(connection)}`}${formatTimes(times)}`;
}

function formatTimes(times: number | undefined): string {
  if (times === undefined) return "";
  return times === 1 ? " once" : ` times ${times}`;
}

function formatConnection(connection: NonNullable<Scope["connection"]>): string {
  if (typeof connection === "number") return String(connection);
  return "every" in connection ? `every ${connection.every}` : `${connection.from}-${connection.to}`;
}

function formatWhat(action: What): string {
  switch (action.do) {
    case "delay":
      return `delay ${action.ms}`;
    case "dribble":
      return `dribble ${action.octets} ${action.ms}`;
    case "drop":
    case "reset":
    case "halfClose":
    case "stall":
      return `${action.do === "halfClose" ? "half-close" : action.do}${action.octets === 0 ? "" : ` ${action.octets}`}`;
    case "garbage":
    case "corrupt":
      return `${action.do} ${action.octets}`;
    case "duplicate":
    case "disconnect421":
      return action.do;
    case "tlsFailure":
      return "tls-failure";
    case "reply":
      return formatReplyAction(action);
  }
}

function formatReplyAction({ code, enhanced, text }: Extract<What, { do: "reply" }>): string {
  const said = text === undefined ? "" : ` ${isPlain(text) ? text : JSON.stringify(text)}`;
  return `reply ${code}${enhanced === undefined ? "" : ` ${enhanced}`}${said}`;
}

/** Whether it is taken as it is, and not for an enhanced code. */
function isPlain(text: string): boolean {
  return /^[^\s,"\d][^,]*$/.test(text) && text === text.trim();
}
