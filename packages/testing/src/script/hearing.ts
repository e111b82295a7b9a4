// Hears what a step waits for, and says what was kept of it; or in what it differs.

import { ReplyReader } from "@carteiro/core";
import { octetsOf } from "../recording/json.ts";
import type { Awaited, Party, Place } from "./dialogue.ts";
import type { Ear, Interruption } from "./ear.ts";
import type { Expectation, Heard, Judgement } from "./expected.ts";
import { writtenDeed, writtenSaid, type DialogueLog } from "./log.ts";
import { literalOf, matchPattern, readableText, type Pattern } from "./pattern.ts";
import { isCodeOf, tolerantMatch } from "./tolerance.ts";

/** What was kept, by name. */
export type Captured = Readonly<Record<string, unknown>>;

/** What came in the place of what was awaited. Thrown, for the conversation to tell. */
export class Unexpected {
  readonly place: Place | undefined;
  readonly problem: string;
  readonly received: string | undefined;
  readonly cause: unknown;

  constructor(
    problem: string,
    place?: Place,
    { received, cause }: { received?: string | undefined; cause?: unknown } = {},
  ) {
    this.place = place;
    this.problem = problem;
    this.received = received;
    this.cause = cause;
  }
}

/** The other side, as a peer hears it. */
export interface HearingOptions {
  readonly other: Party;
  readonly tolerant: boolean;
  readonly log: DialogueLog;
  /** Answers a line that the script does not have; whether it did. */
  readonly tolerated: (line: string) => Promise<boolean>;
}

export class Hearing {
  readonly #ear: Ear;
  readonly #options: HearingOptions;
  /** Octets of content that the last BDAT has announced; `undefined` behind DATA. */
  #chunk: number | undefined;

  /** The line of a command heard last, or "". */
  lastLine = "";

  constructor(ear: Ear, options: HearingOptions) {
    this.#ear = ear;
    this.#options = options;
  }

  /** `next`: what is awaited right behind it, if anything. `isLast`: nothing follows, and any lines may. */
  async hear(awaited: Awaited, next: Awaited | undefined, isLast: boolean): Promise<Captured> {
    if (awaited.kind === "rest") return this.#rest(awaited, next, isLast);
    if (awaited.kind === "pattern" && !awaited.pattern.ended) return this.#exactly(awaited.pattern, awaited.place);
    if (awaited.kind === "value" && awaited.expectation.reads !== "line")
      return this.#value(awaited.expectation, awaited.place);
    if (awaited.kind === "pattern" && this.#options.other === "server" && this.#options.tolerant)
      return this.#code(awaited.pattern, awaited.place);
    const [, captured] = await this.oneOf([awaited], awaited.place);
    return captured;
  }

  /** The first of several that the next line is; and its index. */
  async oneOf(several: readonly Awaited[], place: Place): Promise<readonly [index: number, captured: Captured]> {
    for (;;) {
      const line = await this.#line(place);
      const verdicts = several.map((awaited) => this.#verdict(awaited, line));
      const index = verdicts.findIndex(({ ok }) => ok);
      const verdict = verdicts[index] ?? verdicts[0];
      if (verdict?.ok === true) {
        this.#take(line, "\r\n");
        this.#chunk = chunkOf(line);
        this.lastLine = line;
        return [index, verdict.value];
      }
      if (await this.#tolerated(line)) continue;
      throw this.#different(place, `${line}\r\n`, verdict);
    }
  }

  /** That the other side ends, in one of these ways. */
  async end(ways: readonly Interruption[], place: Place, shown: string): Promise<void> {
    for (;;) {
      if (this.#ear.hasMore) {
        const line = await this.#line(place);
        if (await this.#tolerated(line)) continue;
        throw this.#different(place, `${line}\r\n`);
      }
      const interruption = await this.#ear.more();
      if (interruption === undefined) continue;
      if (!ways.includes(interruption)) throw this.#interrupted(interruption, place);
      this.#options.log.did(this.#options.other, shown);
      return;
    }
  }

  #tolerated(line: string): Promise<boolean> {
    return this.#options.tolerated(line);
  }

  /** Reads it, and writes it down. */
  #take(line: string, end: "\r\n" | ""): void {
    this.#ear.take(line.length + end.length);
    this.#options.log.said(this.#options.other, line + end);
  }

  /** A line that came and that nobody wanted, too, is read. */
  takeLine(line: string): void {
    this.#take(line, "\r\n");
  }

  /** What came behind the script's end. */
  surplus(): Unexpected {
    const [line = ""] = this.#ear.unread.split("\r\n");
    const received = writtenSaid(this.#options.other, `${line}\r\n`);
    return new Unexpected("The script is over, and more was said", undefined, { received });
  }

  async #line(place: Place): Promise<string> {
    const heard = await this.#ear.line();
    if (typeof heard === "object") return heard.line;
    throw this.#interrupted(heard, place);
  }

  #verdict(awaited: Awaited, line: string): Judgement<Captured> {
    if (awaited.kind === "value") return named(awaited.expectation, { ...nothing, line });
    if (awaited.kind === "rest") return { ok: true, value: {} };
    const { other, tolerant } = this.#options;
    const match = other === "client" && tolerant ? tolerantMatch : matchPattern;
    const kept = match(awaited.pattern, line);
    return kept === undefined ? { ok: false, problem: "" } : { ok: true, value: kept };
  }

  /** Octets without an end of their own. */
  async #exactly(pattern: Pattern, place: Place): Promise<Captured> {
    const wanted = literalOf(pattern) ?? "";
    while (this.#ear.unread.length < wanted.length && wanted.startsWith(this.#ear.unread)) {
      const interruption = await this.#ear.more();
      if (interruption !== undefined) throw this.#interrupted(interruption, place);
    }
    if (!this.#ear.unread.startsWith(wanted)) throw this.#different(place, this.#ear.unread.slice(0, wanted.length));
    this.#take(wanted, "");
    return {};
  }

  /** Any number of lines. */
  async #rest(
    { name, place }: Extract<Awaited, { kind: "rest" }>,
    next: Awaited | undefined,
    isLast: boolean,
  ): Promise<Captured> {
    const isClient = this.#options.other === "client";
    const text =
      next !== undefined
        ? unstuffed(await this.#linesUntil((line) => this.#verdict(next, line).ok, place), isClient)
        : isLast
          ? await this.#untilEnd()
          : isClient
            ? await this.#content(place)
            : (await this.#replyLines(place)).join("\r\n");
    return name === undefined ? {} : { [name]: readableText(text) };
  }

  /** Those before the one that is wanted. */
  async #linesUntil(isWanted: (line: string) => boolean, place: Place): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let line = await this.#line(place); !isWanted(line); line = await this.#line(place)) {
      this.#take(line, "\r\n");
      lines.push(line);
    }
    return lines;
  }

  async #untilEnd(): Promise<string> {
    while ((await this.#ear.more()) === undefined);
    const text = this.#ear.unread;
    this.#take(text, "");
    return text;
  }

  async #value(expectation: Expectation<string | undefined>, place: Place): Promise<Captured> {
    const isReply = expectation.reads === "reply";
    const heard = isReply ? await this.#reply(place) : { ...nothing, content: await this.#content(place) };
    const judgement = named(expectation, heard);
    if (judgement.ok) return judgement.value;
    const received = isReply
      ? `S: ${[heard.reply.code, heard.reply.enhanced, heard.reply.lines.join("\\n")].join(" ")}`
      : undefined;
    throw new Unexpected(judgement.problem, place, { cause: judgement.cause, received });
  }

  /** Behind BDAT the octets announced, and else all up to the lone dot. */
  async #content(place: Place): Promise<string> {
    if (this.#chunk === undefined) {
      const lines = await this.#linesUntil((line) => line === ".", place);
      this.#take(".", "\r\n");
      return unstuffed(lines, true) + (lines.length > 0 ? "\r\n" : "");
    }
    const octets = this.#chunk;
    this.#chunk = undefined;
    while (this.#ear.unread.length < octets) {
      const interruption = await this.#ear.more();
      if (interruption !== undefined) throw this.#interrupted(interruption, place);
    }
    const content = this.#ear.unread.slice(0, octets);
    this.#take(content, "");
    return content;
  }

  async #replyLines(place: Place): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let more = true; more;) {
      const line = await this.#line(place);
      this.#take(line, "\r\n");
      lines.push(line);
      more = line[3] === "-";
    }
    return lines;
  }

  async #reply(place: Place): Promise<Heard> {
    const reader = new ReplyReader();
    for (;;) {
      const line = await this.#line(place);
      const outcome = reader.read(octetsOf(line));
      if (outcome === "invalid" || outcome === "overlong")
        throw new Unexpected(reader.problem, place, { received: writtenSaid("server", `${line}\r\n`) });
      this.#take(line, "\r\n");
      if (outcome === "reply") return { ...nothing, reply: reader.reply };
    }
  }

  /** A whole reply, of which the code alone matters. */
  async #code(pattern: Pattern, place: Place): Promise<Captured> {
    const lines = await this.#replyLines(place);
    const last = lines.at(-1) ?? "";
    if (!isCodeOf(pattern, last))
      throw new Unexpected("It was said otherwise", place, { received: writtenSaid("server", `${last}\r\n`) });
    return matchPattern(pattern, last, true) ?? {};
  }

  #different(place: Place, octets: string, verdict?: Judgement<unknown>): Unexpected {
    const received = writtenSaid(this.#options.other, octets);
    const problem = verdict?.ok === false && verdict.problem !== "" ? verdict.problem : "It was said otherwise";
    return new Unexpected(problem, place, { received, cause: verdict?.ok === false ? verdict.cause : undefined });
  }

  #interrupted(interruption: Interruption, place: Place): Unexpected {
    const { other } = this.#options;
    const heard = this.#ear.unread;
    const received = heard === "" ? undefined : writtenSaid(other, heard.slice(0, 1_000));
    switch (interruption) {
      case "silent":
        return new Unexpected(`The ${other} said nothing for ${this.#ear.patience} ms`, place, { received });
      case "ended":
      case "broken": {
        const what = interruption === "ended" ? "ends" : "breaks";
        return new Unexpected(`The connection is over`, place, { received: received ?? writtenDeed(other, what) });
      }
      default:
        return new Unexpected(`What the ${other} said is beyond the limits: ${interruption}`, place, { received });
    }
  }
}

const nothing: Heard = { line: "", reply: new ReplyReader().reply, content: "" };

function named(expectation: Expectation<string | undefined>, heard: Heard): Judgement<Captured> {
  const judgement = expectation.judge(heard);
  if (!judgement.ok) return judgement;
  return { ok: true, value: expectation.name === undefined ? {} : { [expectation.name]: judgement.value } };
}

function unstuffed(lines: readonly string[], isContent: boolean): string {
  return lines.map((line) => (isContent && line.startsWith(".") ? line.slice(1) : line)).join("\r\n");
}

/** Octets that a BDAT announces. */
function chunkOf(line: string): number | undefined {
  const [verb = "", octets = ""] = line.split(" ");
  return verb.toUpperCase() === "BDAT" && Number(octets) >= 0 ? Number(octets) : undefined;
}
