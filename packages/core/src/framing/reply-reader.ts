// Lines of a server to whole replies, within bounds.

import { assembleReply, parseReplyLine, type Reply } from "../grammar/reply.ts";

/**
 * What `ReplyReader.read` came upon: `reply`: one is whole, in `reply`; `partial`: its last line is still to come;
 * `invalid`: this is no reply, or one beyond the limits, for the reason in `problem`.
 */
export type ReplyOutcome = "reply" | "partial" | "invalid";

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

  /** What is wrong, in English, after `invalid`. */
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
    const parsed = parseReplyLine(line);
    if (!parsed.ok) return this.#invalid(parsed.problem);
    this.#octets += line.length + 2;
    if (this.#texts.push(parsed.value.text) > this.#limits.lines) return this.#invalid("The reply has too many lines");
    if (this.#octets > this.#limits.octets) return this.#invalid("The reply is too long");
    if (!parsed.value.last) return "partial";
    this.#reply = assembleReply(parsed.value.code, this.#texts);
    this.#startReply();
    return "reply";
  }

  #invalid(problem: string): "invalid" {
    this.reset();
    this.#problem = problem;
    return "invalid";
  }

  #startReply(): void {
    this.#texts = [];
    this.#octets = 0;
  }
}
