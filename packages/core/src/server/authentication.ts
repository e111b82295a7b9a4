// A session's authentication: the exchange under way, if there is one, and what its mechanism has come to.

import type { Command } from "../grammar/command.ts";
import type { CryptoOperation } from "../sasl/crypto-operation.ts";
import type { ServerAnswer } from "../sasl/mechanism.ts";
import { SaslExchange, type ExchangeInput, type ExchangeOutcome } from "./exchange.ts";
import { checkReplies } from "./replies.ts";
import type { Standing } from "./standing.ts";

export class Authentication {
  /** What the mechanism is given to go on with; none begins it. */
  input: ExchangeInput | undefined;
  /** How it goes on. */
  outcome: ExchangeOutcome | undefined;
  /** The number of the computation that is awaited. */
  awaited: number | undefined;
  /** The mechanism of the last exchange, and whom the client said to be. */
  mechanism = "";
  claimed: string | undefined;
  /** Whether the application was asked in this exchange: to break it off was an attempt, then. */
  tried = false;
  /** Whether the application has refused, though the mechanism goes on, and the client is yet to be told by a reply. */
  refused = false;
  /** Whether the failure has been told and counted. */
  counted = false;
  #exchange: SaslExchange | undefined;
  #computations = 0;

  /** Begins the exchange that the command asks for, or goes on with the one under way. */
  step(command: Command | undefined, standing: Standing): ExchangeOutcome {
    const { input } = this;
    this.input = this.awaited = undefined;
    if (input === undefined) this.tried = this.refused = this.counted = false;
    this.outcome =
      this.#exchange !== undefined && input !== undefined ? this.#exchange.take(input) : this.#begin(command, standing);
    this.claimed = userOf(this.outcome) ?? this.claimed;
    this.tried ||= this.outcome.type === "questioned";
    this.refused ||= input?.type === "answered" && isRefusal(input.answer);
    return this.outcome;
  }

  /** The computation that the mechanism waits for, with a number of its own. */
  compute(): { readonly computation: number; readonly operation: CryptoOperation } | undefined {
    if (this.outcome?.type !== "computing") return undefined;
    this.#computations += 1;
    this.awaited = this.#computations;
    return { computation: this.#computations, operation: this.outcome.operation };
  }

  forget(): void {
    this.#exchange = this.input = this.outcome = this.awaited = undefined;
  }

  #begin(command: Command | undefined, standing: Standing): ExchangeOutcome {
    if (command?.verb !== "AUTH") return { type: "garbled", given: checkReplies.badResponse };
    const mechanism = standing.mechanisms.find(({ name }) => name === command.mechanism);
    if (mechanism === undefined) return { type: "garbled", given: standing.mechanismRefusal(command.mechanism) };
    this.mechanism = mechanism.name;
    this.claimed = undefined;
    this.#exchange = new SaslExchange(mechanism, standing.circumstances);
    return this.#exchange.begin(command);
  }
}

/** Keys that there are not are no refusal yet: the mechanism goes on as with any other user. */
function isRefusal(answer: ServerAnswer): boolean {
  return (answer.type === "tokenChecked" || answer.type === "identityDecided") && answer.user === undefined;
}

function userOf(outcome: ExchangeOutcome): string | undefined {
  switch (outcome.type) {
    case "questioned":
      return "user" in outcome.question ? outcome.question.user : undefined;
    case "identified":
      return outcome.credentials.user;
    case "failed":
      return outcome.user;
    default:
      return undefined;
  }
}
