// The places of replies: what the client is to be told, one for each command, and one for a message.

import type { ParsedCommand } from "@carteiro/core";
import type { What } from "./rule.ts";

/** What the client is to be told, at its place among the replies. */
export interface Slot {
  /** What it answers: a verb, `GREETING` or `CONTENT`. */
  verb: string;
  what: readonly What[];
  /** Replies of the server that are yet to come. */
  replies: number;
  readonly said: Uint8Array[];
  /** The client has not asked, and is not told. */
  readonly silent: boolean;
  /** The chunk behind the command is still to come. */
  pending: boolean;
}

export function slotOf(
  verb: string,
  what: readonly What[],
  { replies = 0, said = [], silent = false, pending = false }: Partial<Slot>,
): Slot {
  return { verb, what, replies, said: [...said], silent, pending };
}

/** Whether it is said in place of the server. */
export function isAnswer({ do: name }: What): boolean {
  return name === "reply" || name === "disconnect421";
}

/** DATA, or the last BDAT. */
export function opensContent(parsed: ParsedCommand): boolean {
  if (parsed.kind !== "command") return false;
  return parsed.command.verb === "DATA" || (parsed.command.verb === "BDAT" && parsed.command.chunk.last);
}

/** Of RCPT, in lower case. */
export function addressOf(parsed: ParsedCommand): string | undefined {
  if (parsed.kind !== "command" || parsed.command.verb !== "RCPT") return undefined;
  return parsed.command.forwardPath.address.toLowerCase();
}
