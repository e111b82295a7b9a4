// Handlers of the commands that extensions bring, by their verb.

import type { Envelope } from "@carteiro/core";
import type { Answer } from "./decisions.ts";
import type { Step } from "./server-options.ts";

/** A command of an extension's, as its handler gets it. */
export interface ExtensionCommandStep extends Step {
  /** In upper case. */
  readonly verb: string;
  /** What the extension's `read` made of the argument. */
  readonly value: unknown;
  /** What follows the verb, as it was sent; empty for nothing. */
  readonly argument: string;
  /** Within a transaction. */
  readonly envelope?: Envelope;
}

/** `accept` alone answers 250; any other 2xx reply may be given as well. */
export type CommandHandler = (step: ExtensionCommandStep) => Answer;

/** Handlers by the verb, in any case. */
export type CommandHandlers = Readonly<Record<string, CommandHandler>>;

/** The handlers by the verb in upper case. Throws `TypeError` for a verb without one, and for one without a verb. */
export function commandHandlers(given: CommandHandlers, verbs: readonly string[]): ReadonlyMap<string, CommandHandler> {
  const handlers = new Map(Object.entries(given).map(([verb, handler]) => [verb.toUpperCase(), handler]));
  for (const verb of handlers.keys()) {
    if (!verbs.includes(verb))
      throw new TypeError(`commands.${verb}: none of the extensions has that verb; add it there`);
  }
  for (const verb of verbs) {
    if (!handlers.has(verb))
      throw new TypeError(`extensions bring the verb ${verb}: add its handler as commands.${verb}`);
  }
  return handlers;
}
