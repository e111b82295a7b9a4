// A SASL exchange on the server's side (RFC 4954 §4): base64 in, challenges out, credentials at the end.

import type { Command } from "../grammar/command.ts";
import { reply, type Reply } from "../grammar/reply.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { Credentials, ServerExchange, ServerMechanism } from "../sasl/mechanism.ts";
import { checkReplies } from "./replies.ts";

export type ExchangeOutcome =
  | { readonly type: "challenged"; readonly challenge: Reply }
  | { readonly type: "identified"; readonly credentials: Credentials }
  | { readonly type: "garbled"; readonly given: Reply };

export class SaslExchange {
  #exchange: ServerExchange | undefined;

  /** AUTH: chooses the mechanism and takes the initial response, if there is one. */
  begin(command: Extract<Command, { verb: "AUTH" }>, mechanisms: readonly ServerMechanism[]): ExchangeOutcome {
    const mechanism = mechanisms.find(({ name }) => name === command.mechanism);
    if (mechanism === undefined) return { type: "garbled", given: checkReplies.unknownMechanism };
    this.#exchange = mechanism.start({});
    const { initialResponse } = command;
    if (initialResponse === undefined) return this.#step(undefined);
    // A lone = is an empty response.
    return initialResponse === "=" ? this.#step(new Uint8Array(0)) : this.respond(initialResponse);
  }

  /** The client's answer to a challenge, in base64. */
  respond(base64: string | Uint8Array): ExchangeOutcome {
    const response = decodeBase64(base64);
    return response === undefined ? { type: "garbled", given: checkReplies.badBase64 } : this.#step(response);
  }

  #step(response: Uint8Array | undefined): ExchangeOutcome {
    const outcome = this.#exchange?.step(response) ?? { type: "garbled" };
    switch (outcome.type) {
      case "challenged":
        return { type: "challenged", challenge: reply(334, undefined, encodeBase64(outcome.challenge)) };
      case "identified":
        return outcome;
      // The mechanisms that a session offers compute nothing and ask nothing on the way.
      default:
        return { type: "garbled", given: checkReplies.badResponse };
    }
  }
}
