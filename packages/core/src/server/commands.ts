// Checking: syntax, parameters and limits of a line, before the chart is asked about the order. What becomes of a line is an
// event of the chart, and the reply that goes with it where it is refused.

import type { Phase } from "../extensions/extension.ts";
import type { LineReader } from "../framing/line-reader.ts";
import {
  parseCommand,
  parseCommandIn,
  verbOf,
  type Command,
  type ParsedCommand,
  type Verb,
} from "../grammar/command.ts";
import type { Reply } from "../grammar/reply.ts";
import type { ServerActions } from "./actions.ts";
import type { ActionsContext } from "./actions-context.ts";
import { checkExtensionCommand, type ExtensionCommand } from "./extension-commands.ts";
import { problemOf, type Refusal } from "./extension-failure.ts";
import { refuseForeign } from "./foreign-protocols.ts";
import { endsGroup } from "./groups.ts";
import { malformedReply } from "./malformed.ts";
import type { Occurrence } from "./occurrence.ts";
import { check } from "./questions.ts";
import { checkReplies } from "./replies.ts";
import { ShownCommands } from "./shown-commands.ts";

const offeringSmtputf8 = { smtputf8: true };
const underSmtputf8 = { smtputf8: true, utf8: true };

export class Commands {
  readonly #context: ActionsContext;
  /** Told what the command is, and what it asks the application, should the chart call for it. */
  readonly #actions: ServerActions;
  /** Only for traces. */
  #shown: ShownCommands | undefined;

  constructor(context: ActionsContext, actions: ServerActions) {
    this.#context = context;
    this.#actions = actions;
  }

  /**
   * @param lines Has just read the command's line.
   * @param phase Where the dialogue is, for commands of extensions.
   */
  received(lines: LineReader, phase: Phase | undefined): Occurrence {
    const { profile } = this.#context;
    const actions = this.#actions;
    const enough = actions.budget.command();
    const options = actions.envelope?.parameters.smtputf8 === true ? underSmtputf8 : offeringSmtputf8;
    const parsed = parseCommandIn(lines.source, lines.start, lines.end, options);
    if (profile.trace) this.#trace(lines.line, parsed);
    if (enough !== undefined) return violated(enough);
    switch (parsed.kind) {
      case "unrecognised":
        return this.#unrecognised(parsed.verb, lines.line, phase);
      case "malformed":
        // Nobody knows how many octets of content follow: read as commands they would let content command.
        return parsed.verb === "BDAT" ? violated(malformedReply(parsed)) : malformed(malformedReply(parsed));
      case "command":
        return this.#check(parsed.command);
    }
  }

  /** @param beginning Of a line over the limit, the rest of which has been thrown away. */
  overlong(beginning: Uint8Array): Occurrence {
    const parsed = parseCommand(beginning);
    if (verbOf(parsed) === "BDAT") return violated(checkReplies.overlong);
    const foreign = parsed.kind === "unrecognised" ? refuseForeign(parsed.verb, beginning) : undefined;
    return foreign === undefined ? malformed(checkReplies.overlong) : violated(foreign);
  }

  #unrecognised(verb: string, line: Uint8Array, phase: Phase | undefined): Occurrence {
    const definition = this.#context.profile.registry.verbs.get(verb);
    if (definition !== undefined) return this.#extension({ verb, definition, line }, phase);
    const foreign = refuseForeign(verb, line);
    return foreign === undefined ? { type: "unrecognised" } : violated(foreign);
  }

  #extension(command: ExtensionCommand, phase: Phase | undefined): Occurrence {
    const { standing } = this.#context;
    const actions = this.#actions;
    const checked = checkExtensionCommand(command, standing.offer, actions.envelope, actions.nextDecision);
    if ("refused" in checked) return this.#refused(checked);
    standing.facts.verbAllowed = phase !== undefined && command.definition.phases.includes(phase);
    if (checked.event === "extension") actions.question = checked.question;
    else actions.attributes = checked;
    return { type: checked.event };
  }

  #check(command: Command): Occurrence {
    const { profile } = this.#context;
    const actions = this.#actions;
    const { verb } = command;
    if (profile.strictPipelining && this.#isAhead(verb)) return violated(checkReplies.improperPipelining);
    actions.command = command;
    const checked = check(command, this.#context, actions);
    if (checked !== undefined && "refused" in checked) return this.#refused(checked);
    if (checked !== undefined) actions.question = checked;
    if (verb === "EHLO" || verb === "LHLO") return this.#announced(verb);
    return { type: verb };
  }

  #announced(verb: "EHLO" | "LHLO"): Occurrence {
    const { standing, profile } = this.#context;
    const outcome = profile.registry.announcements(standing.offer);
    if ("refused" in outcome) return this.#refused(outcome);
    standing.announced = outcome.announced;
    return { type: verb };
  }

  /** A refusal before the chart is asked. 421 ends the session, whoever says it (RFC 5321 §3.8). */
  #refused({ refused, failure }: Refusal): Occurrence {
    if (failure !== undefined) {
      const { part, error } = failure;
      this.#context.outbox.tell({ type: "extensionFailed", part, problem: problemOf(error), error });
    }
    return refused.code === 421 ? { type: "dismiss", given: refused } : malformed(refused);
  }

  /** Whether the client has gone on without the answer that it must wait for. Without EHLO nobody has said that it need not. */
  #isAhead(verb: Verb): boolean {
    const { inbox, standing } = this.#context;
    return inbox.unread > 0 && (endsGroup(verb) || standing.hello?.extended !== true);
  }

  #trace(line: Uint8Array, parsed: ParsedCommand): void {
    this.#shown ??= new ShownCommands(this.#context.profile.registry.verbs);
    this.#actions.traceLine("client", this.#shown.next(line, parsed));
  }
}

function malformed(given: Reply): Occurrence {
  return { type: "malformed", given };
}

function violated(given: Reply): Occurrence {
  return { type: "violated", given };
}
