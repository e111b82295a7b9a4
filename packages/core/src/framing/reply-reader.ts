// Lines of a server to whole replies, within bounds.

import { KnownReplies } from "./known-replies.ts";
import { assembleReply, parseReplyLine, type Reply } from "../grammar/reply.ts";

/**
 * What `ReplyReader.read` came upon: `reply`: one is whole, in `reply`; `partial`: its last line is still to come;
 * `invalid`: this is no reply; `overlong`: it is one beyond the limits. For both the reason is in `problem`.
 */
export type ReplyOutcome = "reply" | "partial" | "invalid" | "overlong";

export interface ReplyLimits {
  /** Lines in one reply. */
  readonly lines: number;
  /** Octets in all its lines, CRLF included. */
  readonly octets: number;
}

/** No server known to us comes near: EHLO of a large one has about twenty lines. */
export const replyLimits: ReplyLimits = { lines: 256, octets: 65_536 };

const none = assembleReply(0, []);

/**
 * Gathers a reply's lines. All should have the same code (RFC 5321 §4.2.1); where they do not, the last one's
 * counts, as with Postfix: the earlier lines are then remarks that some filter put in.
 */
export class ReplyReader {
  readonly #limits: ReplyLimits;
  readonly #known = new KnownReplies();
  #texts: string[] = [];
  #octets = 0;
  #reply: Reply = none;
  #problem = "";

  constructor(limits: Partial<ReplyLimits> = {}) {
    this.#limits = { ...replyLimits, ...limits };
  }

  /** The reply, after `reply`; it stays until the next one is whole. Of code 0 before the first. */
  get reply(): Reply {
    return this.#reply;
  }

  /** What is wrong, in English, after `invalid` and `overlong`. */
  get problem(): string {
    return this.#problem;
  }

  /** Forgets the lines of a reply that is not whole, and the last one. */
  reset(): void {
    this.#startReply();
    this.#reply = none;
    this.#problem = "";
  }

  /** Takes a line without its CRLF. */
  read(line: Uint8Array): ReplyOutcome {
    return this.readIn(line, 0, line.length);
  }

  /** The same for a line that is part of something longer, from one index up to another. */
  readIn(octets: Uint8Array, start: number, end: number): ReplyOutcome {
    const known = this.#texts.length === 0 ? this.#known.find(octets, start, end) : undefined;
    if (known === undefined) return this.#readLine(octets, start, end);
    this.#reply = known;
    return "reply";
  }

  #readLine(octets: Uint8Array, start: number, end: number): ReplyOutcome {
    const parsed = parseReplyLine(octets, start, end);
    if (!parsed.ok) return this.#fail("invalid", parsed.problem);
    this.#octets += end - start + 2;
    if (this.#texts.push(parsed.value.text) > this.#limits.lines)
      return this.#fail("overlong", `The reply has more than ${this.#limits.lines} lines`);
    if (this.#octets > this.#limits.octets)
      return this.#fail("overlong", `The reply has more than ${this.#limits.octets} octets`);
    if (!parsed.value.last) return "partial";
    this.#reply = assembleReply(parsed.value.code, this.#texts);
    if (this.#texts.length === 1) this.#known.keep(octets, start, end, this.#reply);
    this.#startReply();
    return "reply";
  }

  #fail(outcome: "invalid" | "overlong", problem: string): "invalid" | "overlong" {
    this.reset();
    this.#problem = problem;
    return outcome;
  }

  #startReply(): void {
    this.#texts = [];
    this.#octets = 0;
  }
}
