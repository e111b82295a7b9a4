// A minimal POP3 server session (RFC 1939) on the compiled chart: the session contract met by another protocol than SMTP.

import { LocalProtocolError } from "@carteiro/core";
import type { Effect, Input, Instant, Output, Session, Wants } from "@carteiro/core";
import { compile } from "../../packages/core/src/engine/compile.ts";
import type { ActionCall, Runner } from "../../packages/core/src/engine/runner.ts";
import { namedMessage, pop3Chart, pop3Verbs } from "./pop3-chart.ts";
import type { Pop3Command, Pop3Facts, Pop3Happening } from "./pop3-chart.ts";

/** The answer to the decision that was asked last. */
export type Pop3Intent = { readonly type: "accept" } | { readonly type: "reject"; readonly text: string };

/** Decisions: the session waits until the application submits its intent. */
export type Pop3Event =
  | { readonly type: "loginRequested"; readonly mailbox: string; readonly password: string }
  | { readonly type: "removalRequested"; readonly messages: readonly number[] };

/** Milliseconds by the name that the chart gives the timeout. RFC 1939 §3: at least ten minutes. */
const timeouts = { autologout: 600_000 };
/** Octets of a command line, its end included (RFC 2449 §4). */
const longestLine = 255;
const carriageReturn = 13;
const lineFeed = 10;
const dot = 46;

const program = compile(pop3Chart);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Pop3Session implements Session<Pop3Intent, Pop3Event> {
  readonly #maildrop: readonly Uint8Array[];
  readonly #runner: Runner<Pop3Facts, Pop3Happening>;
  readonly #deleted = new Set<number>();
  readonly #facts: Pop3Facts;
  readonly #outputs: Output<Pop3Event>[] = [];
  #unread: Uint8Array = new Uint8Array();
  #heard: Instant;
  #mailbox = "";

  /** A connection was made at `now`; `maildrop` holds the messages as they are to be sent, lines ended by CRLF. */
  constructor(maildrop: readonly Uint8Array[], now: Instant) {
    this.#maildrop = maildrop;
    this.#heard = now;
    this.#facts = { sizes: maildrop.map((message) => message.length), deleted: this.#deleted };
    const { runner, actions } = program.start(this.#facts);
    this.#runner = runner;
    for (const call of actions) this.#perform(call, { type: "UNKNOWN" });
  }

  /** The chart's state, for tests and traces. */
  get state(): string {
    return this.#runner.state;
  }

  handle(input: Input, now: Instant): void {
    if (input.type === "received") {
      this.#unread = joined(this.#unread, input.bytes);
      this.#readLines(now);
    } else if (input.type === "ended") {
      this.#take({ type: "ENDED" });
    } else if (input.type === "elapsed" && now >= (this.#deadline ?? Infinity)) {
      this.#take({ type: "ELAPSED" });
    }
  }

  submit(intent: Pop3Intent, now: Instant): void {
    if (this.#wants !== "intent") throw new LocalProtocolError(`No decision is asked in ${this.state}`);
    this.#heard = now;
    this.#take(intent.type === "accept" ? { type: "ACCEPTED" } : { type: "REJECTED", text: intent.text });
    this.#readLines(now);
  }

  poll(): Output<Pop3Event> {
    return this.#outputs.shift() ?? { kind: "idle", wants: this.#wants, deadline: this.#deadline };
  }

  get #wants(): Wants {
    if (this.#runner.done) return "nothing";
    return this.#runner.meta["wants"] === "intent" ? "intent" : "input";
  }

  get #deadline(): Instant | undefined {
    return this.#runner.done ? undefined : this.#heard + timeouts.autologout;
  }

  #readLines(now: Instant): void {
    while (this.#wants === "input") {
      const end = endOfLine(this.#unread);
      if (end === undefined && this.#unread.length < longestLine) return;
      this.#heard = now;
      if (end === undefined || end > longestLine) return this.#take({ type: "OVERLONG" });
      const line = decoder.decode(this.#unread.subarray(0, end - 2));
      this.#unread = this.#unread.subarray(end);
      this.#take(parseCommand(line));
    }
  }

  #take(event: Pop3Happening): void {
    for (const call of this.#runner.send(event, this.#facts)) this.#perform(call, event);
  }

  #perform({ type, params }: ActionCall, event: Pop3Happening): void {
    const argument = "argument" in event ? event.argument : "";
    const number = namedMessage(argument, this.#facts) ?? 0;
    switch (type) {
      case "replyOk":
        return this.#write(`+OK ${String(params?.["text"])}`);
      case "replyError":
        return this.#write(`-ERR ${String(params?.["text"])}`);
      case "replyRejection":
        return this.#write(`-ERR ${"text" in event ? event.text : ""}`);
      case "replyStatus":
        return this.#write(`+OK ${this.#left().length} ${this.#octetsLeft()}`);
      case "replySize":
        return this.#write(`+OK ${this.#listed(number)}`);
      case "replyListing":
        return this.#writeLines([
          `+OK ${this.#left().length} messages`,
          ...this.#left().map((n) => this.#listed(n)),
          ".",
        ]);
      case "replyMessage":
        return this.#writeMessage(this.#maildrop[number - 1] ?? new Uint8Array());
      case "rememberMailbox":
        this.#mailbox = argument;
        return;
      case "forgetMailbox":
        this.#mailbox = "";
        return;
      case "markDeleted":
        this.#deleted.add(number);
        return;
      case "unmarkDeleted":
        return this.#deleted.clear();
      case "requestLogin":
        return this.#tell({ type: "loginRequested", mailbox: this.#mailbox, password: argument });
      case "requestRemoval":
        return this.#tell({ type: "removalRequested", messages: [...this.#deleted].toSorted((a, b) => a - b) });
      case "close":
        return this.#effect({ type: "close" });
      default:
        throw new Error(`The chart calls for "${type}", which this session does not know`);
    }
  }

  /** Numbers of the messages that are not marked as deleted. */
  #left(): number[] {
    return this.#maildrop.map((_, index) => index + 1).filter((number) => !this.#deleted.has(number));
  }

  #octetsLeft(): number {
    return this.#left().reduce((sum, number) => sum + (this.#facts.sizes[number - 1] ?? 0), 0);
  }

  #listed(number: number): string {
    return `${number} ${this.#facts.sizes[number - 1]}`;
  }

  #writeMessage(message: Uint8Array): void {
    this.#write(`+OK ${message.length} octets`);
    this.#effect({ type: "write", bytes: stuffed(message) });
  }

  #write(line: string): void {
    this.#writeLines([line]);
  }

  #writeLines(lines: readonly string[]): void {
    this.#effect({ type: "write", bytes: encoder.encode(lines.map((line) => `${line}\r\n`).join("")) });
  }

  #effect(effect: Effect): void {
    this.#outputs.push({ kind: "effect", effect });
  }

  #tell(event: Pop3Event): void {
    this.#outputs.push({ kind: "event", event });
  }
}

function parseCommand(line: string): Pop3Happening {
  const space = line.indexOf(" ");
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase();
  return isVerb(verb) ? { type: verb, argument: space === -1 ? "" : line.slice(space + 1) } : { type: "UNKNOWN" };
}

function isVerb(verb: string): verb is Pop3Command["type"] {
  return (pop3Verbs as readonly string[]).includes(verb);
}

/** Where the first line ends, its CRLF included. */
function endOfLine(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] === carriageReturn) return at + 1;
  }
  return undefined;
}

/** The message as a multi-line response carries it: dots at the start of a line doubled, ended by `CRLF.CRLF` (RFC 1939 §3). */
function stuffed(message: Uint8Array): Uint8Array {
  const octets: number[] = [];
  for (const octet of message) {
    if (octet === dot && atLineStart(octets)) octets.push(dot);
    octets.push(octet);
  }
  if (!atLineStart(octets)) octets.push(carriageReturn, lineFeed);
  octets.push(dot, carriageReturn, lineFeed);
  return Uint8Array.from(octets);
}

function atLineStart(octets: readonly number[]): boolean {
  return octets.length === 0 || (octets.at(-1) === lineFeed && octets.at(-2) === carriageReturn);
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}
