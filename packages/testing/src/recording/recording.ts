// A session as it was: what it began with, and then each call of it and all that it said, in order. As a file it is JSON
// lines: the beginning is the first line, and each entry is one more.

import type {
  ClientEvent,
  ClientIntent,
  Effect,
  Input,
  Instant,
  ServerEvent,
  ServerIntent,
  ServerOrigin,
  TlsInfo,
  Wants,
} from "@carteiro/core";
import { fromJson, toJson } from "./json.ts";

/** The options of the core's session, as JSON has them: of extensions and mechanisms their names alone, and no secrets. */
export type RecordedOptions = Readonly<Record<string, unknown>>;

export type RecordedBeginning = {
  /** The format: 1. */
  readonly recording: 1;
  readonly now: Instant;
  readonly state: string;
  readonly options: RecordedOptions;
} & (
  | { readonly role: "server"; readonly origin: ServerOrigin }
  | { readonly role: "client"; readonly origin: { readonly tls?: TlsInfo } }
);

export type AnyIntent = ServerIntent | ClientIntent;
export type AnyEvent = ServerEvent | ClientEvent;

/** A call of the session, at an instant. */
export type Call =
  | { readonly at: Instant; readonly handle: Input; readonly state: string }
  | { readonly at: Instant; readonly submit: AnyIntent; readonly error?: string; readonly state: string };

/** What it gave. `state` is the chart's, right after it. */
export type Said =
  | { readonly effect: Effect; readonly state: string }
  | { readonly event: AnyEvent; readonly state: string }
  /** The session threw what it must not: of replays alone. */
  | { readonly threw: string; readonly state: string }
  | { readonly idle: Wants; readonly deadline?: Instant; readonly state: string };

export type Entry = Call | Said;

export type Recording = RecordedBeginning & { readonly entries: readonly Entry[] };

/** The text is no recording, or one of a later format. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}

export function isCall(entry: Entry): entry is Call {
  return "handle" in entry || "submit" in entry;
}

/** Reads JSON lines; a last line that was cut off in the midst is left out. Throws `RecordingError`. */
export function parseRecording(text: string): Recording {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const [beginning, ...entries] = lines.map((line, index) => lineOf(line, index, lines.length));
  if (!isObject(beginning) || beginning["recording"] === undefined)
    throw new RecordingError("This is no recording: its first line does not say what a session began with");
  const { recording, role } = beginning;
  if (recording !== 1 || (role !== "server" && role !== "client"))
    throw new RecordingError(`This recording is of another format (${toJson(recording)}) than 1`);
  return { ...(beginning as unknown as RecordedBeginning), entries: entries.filter(isEntry) };
}

/** The same as JSON lines, each with its end. */
export function formatRecording({ entries, ...beginning }: Recording): string {
  return [beginning, ...entries].map((line) => `${toJson(line)}\n`).join("");
}

function lineOf(line: string, index: number, count: number): unknown {
  try {
    return fromJson(line);
  } catch {
    // Whoever wrote it may have been stopped.
    if (index > 0 && index === count - 1) return undefined;
    throw new RecordingError(`Line ${index + 1} of the recording is no JSON`);
  }
}

function isEntry(line: unknown): line is Entry {
  if (line === undefined) return false;
  if (isObject(line) && ["handle", "submit", "effect", "event", "idle"].some((name) => name in line)) return true;
  throw new RecordingError(`A line of the recording says nothing that is known: ${toJson(line)}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
