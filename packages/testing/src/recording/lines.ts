// A recording as people read it, line by line: what was said, told and decided, in the notation of transcripts.

import type { Effect, Input, Instant } from "@carteiro/core";
import { canonicalJson } from "./json.ts";
import { joinedOctets } from "./octets.ts";
import { linesIn, writtenFields, writtenLine, writtenReply } from "./notation.ts";
import type { AnyEvent, AnyIntent, Entry, Recording } from "./recording.ts";

export interface Line {
  readonly kind: "client" | "server" | "event" | "intent" | "note";
  readonly text: string;
  /** What two lines that mean the same have in common. */
  readonly key: string;
  /** When it happened: of what a session says, when it was called before. */
  readonly at: Instant;
  /** The chart's state, right after it. */
  readonly state: string;
}

type Party = "client" | "server";

/** Octets that went or came together are one, however they were cut. */
export function linesOf({ role, now, entries }: Pick<Recording, "role" | "now" | "entries">): readonly Line[] {
  const peer = role === "server" ? "client" : "server";
  const lines: Line[] = [];
  let at = now;
  for (const pieces of runsOf(entries)) {
    const [entry] = pieces;
    if (entry === undefined) continue;
    if ("at" in entry) at = entry.at;
    const { state } = pieces.at(-1) ?? entry;
    lines.push(...shown(entry, octetsIn(pieces), { self: role, peer }).map((line) => ({ ...line, at, state })));
  }
  return lines;
}

type Shown = Omit<Line, "at" | "state">;

function shown(
  entry: Entry,
  octets: Uint8Array,
  { self, peer }: { readonly self: Party; readonly peer: Party },
): Shown[] {
  if ("idle" in entry) return [];
  if ("threw" in entry) return [plain("note", `-> ${entry.threw}`)];
  if ("handle" in entry) return entry.handle.type === "received" ? said(peer, octets) : happened(entry.handle, peer);
  if ("submit" in entry) return intended(entry.submit, entry.error);
  if ("event" in entry) return [told(entry.event, octets)];
  return entry.effect.type === "write" ? said(self, octets) : done(entry.effect, self);
}

const mark = { client: "C:", server: "S:" } as const;

function said(by: Party, octets: Uint8Array): Shown[] {
  return linesIn(octets).map((line) => plain(by, `${mark[by]} ${writtenLine(line)}`));
}

function happened(input: Input, peer: Party): Shown[] {
  switch (input.type) {
    case "ended":
      return [plain(peer, `${mark[peer]} (ends)`)];
    case "broken":
      return [plain(peer, `${mark[peer]} (breaks)`)];
    case "secured":
      return [plain("client", "C: (TLS)")];
    case "elapsed":
      return [plain("note", "… time passes")];
    case "paused":
      return [plain("note", "… the application takes no more for now")];
    case "resumed":
      return [plain("note", "… the application takes more")];
    default:
      return [];
  }
}

function done(effect: Exclude<Effect, { type: "write" }>, self: Party): Shown[] {
  if (effect.type === "close") return [plain(self, `${mark[self]} (closes)`)];
  return effect.type === "startTls" ? [plain("note", "… the TLS handshake begins")] : [];
}

function told(event: AnyEvent, octets: Uint8Array): Shown {
  const { decision: _, ...rest } = { decision: undefined, ...event };
  const value = event.type === "contentReceived" ? { ...rest, bytes: octets } : rest;
  return { kind: "event", text: `-> ${event.type}${writtenFields(value)}`, key: canonicalJson(value) };
}

function intended(intent: AnyIntent, error: string | undefined): Shown[] {
  const { decision: _, ...rest } = { decision: undefined, ...intent };
  const text = `<- ${intent.type}${"reply" in intent && intent.reply ? ` ${writtenReply(intent.reply)}` : writtenFields(rest)}`;
  const lines: Shown[] = [{ kind: "intent", text, key: canonicalJson(rest) }];
  return error === undefined ? lines : [...lines, plain("note", `-> ${error}`)];
}

function plain(kind: Line["kind"], text: string): Shown {
  return { kind, text, key: text };
}

/** Entries, those together that differ in octets alone. That a session was idle between them says nothing. */
function runsOf(entries: readonly Entry[]): Entry[][] {
  const runs: Entry[][] = [];
  for (const entry of entries) {
    if ("idle" in entry) continue;
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined && areOne(before, entry)) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function areOne(first: Entry, second: Entry): boolean {
  if ("handle" in first && "handle" in second)
    return first.handle.type === "received" && second.handle.type === "received" && !endsLine(first.handle.bytes);
  if ("event" in first && "event" in second)
    return first.event.type === "contentReceived" && second.event.type === "contentReceived";
  return "effect" in first && "effect" in second && first.effect.type === "write" && second.effect.type === "write";
}

function endsLine(octets: Uint8Array): boolean {
  return octets.at(-1) === 0x0a;
}

function octetsIn(entries: readonly Entry[]): Uint8Array {
  return joinedOctets(entries.map(octetsOfEntry));
}

const none = new Uint8Array(0);

function octetsOfEntry(entry: Entry): Uint8Array {
  if ("handle" in entry) return entry.handle.type === "received" ? entry.handle.bytes : none;
  if ("event" in entry) return entry.event.type === "contentReceived" ? entry.event.bytes : none;
  return "effect" in entry && entry.effect.type === "write" ? entry.effect.bytes : none;
}
