// What a trace shows of the commands that come: all of them, but no secret.

import { verbOf, type ParsedCommand } from "../grammar/command.ts";
import { decodeLenient } from "../grammar/text.ts";

export class ShownCommands {
  readonly #verbs: { has(verb: string): boolean };
  /** The last line was AUTH, or may have been meant as a response to it. */
  #afterAuth = false;

  /** @param verbs Those that the grammar does not know, and that are none the less. */
  constructor(verbs: { has(verb: string): boolean }) {
    this.#verbs = verbs;
  }

  /** The next command as it may be shown. */
  next(line: Uint8Array, parsed: ParsedCommand): string {
    const isStranger = parsed.kind === "unrecognised" && !this.#verbs.has(parsed.verb);
    // A client that does not wait for the reply to AUTH sends its responses even where that is a refusal.
    const isStray = this.#afterAuth && isStranger;
    const shown = isStray ? "*" : withoutSecret(line, parsed, isStranger);
    this.#afterAuth = isStray || shown.slice(0, 4).toUpperCase() === "AUTH";
    return shown;
  }
}

/** What AUTH has behind the mechanism's name is nobody else's business, well formed or not. */
function withoutSecret(line: Uint8Array, parsed: ParsedCommand, isStranger: boolean): string {
  if (parsed.kind === "malformed" && parsed.verb === "AUTH") return "AUTH *";
  // A URL may authorise whoever has it (RFC 4467).
  if (verbOf(parsed) === "BURL") return "BURL *";
  if (parsed.kind === "command" && parsed.command.verb === "AUTH" && parsed.command.initialResponse !== undefined)
    return `AUTH ${parsed.command.mechanism} *`;
  const text = decodeLenient(line);
  return isStranger && text.toUpperCase().includes("AUTH") ? "AUTH *" : text;
}
