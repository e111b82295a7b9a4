// Writes what a session went through as a transcript: a dialogue in the notation of Carteiro's own tests, which play it.

import type { ClientIntent, OutgoingRecipient, Reply } from "@carteiro/core";
import { toJson } from "./json.ts";
import { linesIn, writtenFields, writtenLine, writtenReply, writtenValue } from "./notation.ts";
import { decisionOf } from "./replay.ts";
import type { AnyEvent, AnyIntent, Entry, Recording } from "./recording.ts";

/** The lines, each with its end; the first says whose session it is. */
export function transcriptOf(recording: Recording, alsoNamed: readonly string[] = []): string {
  const { role, now } = recording;
  const peer = role === "server" ? "C:" : "S:";
  const self = role === "server" ? "S:" : "C:";
  const named = new Set([...usuallyNamed[role], ...alsoNamed, ...answeredTypes(recording.entries)]);
  const lines: string[] = [front(recording)];
  let [at, before] = [now, undefined as Entry | undefined];
  for (const entry of recording.entries) {
    if ("idle" in entry) continue;
    if ("handle" in entry && entry.handle.type === "elapsed") lines.push(`… ${duration(entry.at - at)} pass`);
    if ("at" in entry) ({ at } = entry);
    // Otherwise the two would come in one chunk.
    if (isSaid(entry) && before !== undefined && isSaid(before)) lines.push("…");
    const shown = shownEntry(entry, { peer, self, named });
    if (shown.length > 0) before = entry;
    lines.push(...shown);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** How a session ended is worth knowing. */
const usuallyNamed = {
  server: ["sessionClosed"],
  client: ["sessionClosed", "openingFailed", "transactionEnded"],
};

/** A block that begins so is that of a session of this kind. */
function front({ role, origin, options }: Recording): string {
  const server = { trusted: false, proxied: false, implicitTls: false, ...origin };
  const circumstances = [
    server.trusted && "of trusted clients",
    server.proxied && "behind a proxy",
    server.proxied && server.implicitTls && "with TLS first",
    origin.tls !== undefined && "over TLS",
    origin.tls?.channelBindings !== undefined && "with channel bindings",
    origin.tls?.authorized === true && "with a certificate",
  ];
  const given = Object.keys(options).length === 0 ? [] : [toJson(options)];
  return [role, ...circumstances.filter((circumstance) => circumstance !== false), ...given].join(" ");
}

/** Questions that were not answered by a plain yes: an intent has to stand below its own. */
function answeredTypes(entries: readonly Entry[]): readonly string[] {
  const types = new Map<number, string>();
  return entries.flatMap((entry) => {
    const decision = "event" in entry ? decisionOf(entry.event) : undefined;
    if ("event" in entry && decision !== undefined) types.set(decision, entry.event.type);
    if (!("submit" in entry) || !("decision" in entry.submit) || writtenIntent(entry.submit) === undefined) return [];
    return types.get(entry.submit.decision) ?? [];
  });
}

interface Marks {
  readonly peer: string;
  readonly self: string;
  readonly named: ReadonlySet<string>;
}

function shownEntry(entry: Entry, { peer, self, named }: Marks): readonly string[] {
  if ("threw" in entry) return [`# It threw: ${entry.threw}`];
  if ("event" in entry) return named.has(entry.event.type) ? [`-> ${shownEvent(entry.event)}`] : [];
  if ("submit" in entry)
    return [writtenIntent(entry.submit)].flatMap((intent) => (intent === undefined ? [] : `<- ${intent}`));
  if ("effect" in entry) {
    if (entry.effect.type === "close") return [`${self} (closes)`];
    return entry.effect.type === "write" ? said(self, entry.effect.bytes) : [];
  }
  if (!("handle" in entry)) return [];
  switch (entry.handle.type) {
    case "received":
      return said(peer, entry.handle.bytes);
    case "ended":
      return [`${peer} (ends)`];
    case "broken":
      return [`${peer} (breaks)`];
    case "secured":
      return ["C: (TLS)"];
    default:
      return [];
  }
}

function isSaid(entry: Entry): boolean {
  return "handle" in entry && entry.handle.type === "received";
}

function said(mark: string, octets: Uint8Array): readonly string[] {
  return linesIn(octets).map((line) => `${mark} ${writtenLine(line)}`);
}

/** Few fields: what is not written may be anything. */
function shownEvent(event: AnyEvent): string {
  switch (event.type) {
    case "mailReceived":
      return `mailReceived reversePath=${writtenValue(event.reversePath)}`;
    case "recipientReceived":
      return `recipientReceived recipient=${writtenValue(event.recipient)}`;
    case "sessionClosed":
      return "reason" in event
        ? `sessionClosed reason=${event.reason}`
        : `sessionClosed failure=${writtenValue(event.failure)}`;
    default:
      return event.type;
  }
}

/** `undefined` for a plain yes, and for what transcripts have no word for. */
function writtenIntent(intent: AnyIntent): string | undefined {
  switch (intent.type) {
    case "accept":
      if (intent.recipients !== undefined) return `eachRecipient ${intent.recipients.map(verdict).join(" | ")}`;
      if (intent.content !== undefined) return `fetched ${writtenLine(intent.content).slice(0, -1)}`;
      return intent.reply === undefined ? undefined : `accept ${writtenReply(intent.reply)}`;
    case "reject":
    case "dismiss":
      return `${intent.type} ${writtenReply(intent.reply)}`;
    case "shutDown":
      return intent.reply === undefined ? "shutDown" : `shutDown ${writtenReply(intent.reply)}`;
    case "answer":
      return undefined;
    case "send":
      return `send${sendFields(intent)}`;
    case "content":
      return `content ${writtenLine(intent.bytes)}`;
    case "ask":
      return `ask ${intent.verb}${"argument" in intent ? ` ${intent.argument}` : ""}`;
    case "command":
      return `command ${[intent.verb, intent.argument].filter((word) => word !== undefined).join(" ")}`;
    case "authenticate":
      return `authenticate ${toJson(intent.credentials)}`;
    default:
      return intent.type;
  }
}

function verdict(reply: Reply | undefined): string {
  return reply === undefined ? "usual" : writtenReply(reply);
}

type Send = Extract<ClientIntent, { type: "send" }>;

function sendFields({ type: _, reversePath, recipients, parameters = [], ...rest }: Send): string {
  const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value !== "object"));
  const raw = parameters.map((parameter) => ` parameter=${writtenValue(parameter)}`);
  return [writtenFields({ from: reversePath }), ...recipients.map(recipientFields), writtenFields(plain), ...raw].join(
    "",
  );
}

function recipientFields({ recipient, notify, parameters = [] }: OutgoingRecipient): string {
  const raw = parameters.map((parameter) => ` recipientParameter=${writtenValue(parameter)}`);
  const reports = notify === undefined ? "" : ` notify=${notify.length === 0 ? "NEVER" : notify.join(",")}`;
  return [writtenFields({ to: recipient }), reports, ...raw].join("");
}

function duration(milliseconds: number): string {
  const whole = Math.max(1, Math.ceil(milliseconds));
  return whole % 1_000 === 0 ? `${whole / 1_000} s` : `${whole} ms`;
}
