// A SASL exchange on the server's side (RFC 4954 §4): base64 in, challenges out, and the mechanism's steps as outcomes.

import type { Command } from "../grammar/command.ts";
import { reply, type Reply } from "../grammar/reply.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { CryptoOperation } from "../sasl/crypto-operation.ts";
import type {
  Circumstances,
  Credentials,
  Identity,
  ServerAnswer,
  ServerExchange,
  ServerMechanism,
  ServerQuestion,
  ServerStep,
} from "../sasl/mechanism.ts";
import { checkedStep } from "./mechanism-steps.ts";
import { checkReplies, fixedReplies } from "./replies.ts";

/** What a mechanism is given to go on with; a response as it came, in base64. */
export type ExchangeInput =
  | { readonly type: "responded"; readonly line: Uint8Array }
  | { readonly type: "computed"; readonly result: Uint8Array | undefined }
  | { readonly type: "answered"; readonly answer: ServerAnswer };

/** How it goes on; `secret`: the challenge is not for traces. */
export type ExchangeOutcome =
  | { readonly type: "challenged"; readonly challenge: Reply; readonly secret: boolean }
  | { readonly type: "computing"; readonly operation: CryptoOperation }
  | { readonly type: "questioned"; readonly question: ServerQuestion }
  | { readonly type: "identified"; readonly credentials: Credentials }
  | { readonly type: "verified"; readonly identity: Identity }
  /** `error`: the mechanism itself is at fault, which is the application's own. */
  | { readonly type: "failed"; readonly given: Reply; readonly user?: string | undefined; readonly error?: unknown }
  | { readonly type: "garbled"; readonly given: Reply };

/** Octets of a challenge that fit, in base64, in a line of 12,288 octets (RFC 4954 §4). */
const longestChallenge = 9_210;

type Auth = Extract<Command, { verb: "AUTH" }>;

export class SaslExchange {
  readonly #mechanism: ServerMechanism;
  readonly #circumstances: Circumstances;
  #exchange: ServerExchange | undefined;

  constructor(mechanism: ServerMechanism, circumstances: Circumstances) {
    this.#mechanism = mechanism;
    this.#circumstances = circumstances;
  }

  /** AUTH, with the initial response, if there is one. */
  begin({ initialResponse }: Auth): ExchangeOutcome {
    if (initialResponse === undefined) return this.#outcome((exchange) => exchange.step(undefined));
    // A lone = is an empty response.
    return initialResponse === "="
      ? this.#outcome((exchange) => exchange.step(new Uint8Array(0)))
      : this.#respond(initialResponse);
  }

  take(input: ExchangeInput): ExchangeOutcome {
    switch (input.type) {
      case "responded":
        return this.#respond(input.line);
      case "computed":
        return this.#outcome((exchange) => exchange.computed(input.result));
      case "answered":
        return this.#outcome((exchange) => exchange.answered(input.answer));
    }
  }

  #respond(base64: string | Uint8Array): ExchangeOutcome {
    const response = decodeBase64(base64);
    return response === undefined
      ? { type: "garbled", given: checkReplies.badBase64 }
      : this.#outcome((exchange) => exchange.step(response));
  }

  /** A mechanism of the application's own may throw, and say what is no step: that is never a yes. */
  #outcome(go: (exchange: ServerExchange) => ServerStep): ExchangeOutcome {
    try {
      const exchange = (this.#exchange ??= this.#mechanism.start(this.#circumstances));
      return this.#outcomeOf(checkedStep(go(exchange), this.#mechanism.name));
    } catch (error) {
      return { type: "failed", given: fixedReplies.authUndecided, error };
    }
  }

  #outcomeOf(step: ServerStep): ExchangeOutcome {
    switch (step.type) {
      case "challenged":
        if (step.challenge.length > longestChallenge) return { type: "failed", given: fixedReplies.authUndecided };
        return {
          type: "challenged",
          challenge: reply(334, undefined, encodeBase64(step.challenge)),
          // With what a mechanism says that hides the password, passwords can be tried at leisure.
          secret: !this.#mechanism.clear && step.challenge.length > 0,
        };
      case "computing":
      case "identified":
      case "verified":
        return step;
      case "failed":
        return {
          type: "failed",
          given: step.reason === "unavailable" ? fixedReplies.authUndecided : fixedReplies.badCredentials,
          user: step.user,
        };
      case "garbled":
        return {
          type: "garbled",
          given: step.unasked === true ? checkReplies.noInitialResponse : checkReplies.badResponse,
        };
      default:
        return { type: "questioned", question: step };
    }
  }
}
