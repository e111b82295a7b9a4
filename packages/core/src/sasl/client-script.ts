// A client's part in a mechanism as a script: a generator that reads from top to bottom like the exchange in its RFC,
// yields what it says or waits for and returns its last word. It becomes an exchange, which lets in only what is awaited.

import { encodeUtf8 } from "../grammar/text.ts";
import type { ClientCredentials } from "./credentials.ts";
import type {
  ClientCircumstances,
  ClientEnd,
  ClientExchange,
  ClientFailureReason,
  ClientMechanism,
  ClientResponse,
  ClientStep,
  ClientWait,
} from "./mechanism.ts";
import { noOctets } from "./octets.ts";

/** A client's part of an exchange. What it is given back is the server's challenge, or the driver's result. */
export type ClientScript = Generator<ClientWait, ClientEnd, Uint8Array>;

interface ClientPart<Kind extends ClientCredentials> extends Omit<ClientMechanism, "takes" | "start"> {
  readonly takes: (credentials: ClientCredentials) => credentials is Kind;
  /** Plays the part. One that is over with its first word may return that alone. */
  readonly play: (credentials: Kind, circumstances: ClientCircumstances) => ClientScript | ClientEnd;
}

/** The mechanism that plays this part. */
export function clientMechanism<Kind extends ClientCredentials>(part: ClientPart<Kind>): ClientMechanism {
  const { takes, play, ...traits } = part;
  return {
    ...traits,
    takes,
    start: (credentials, circumstances) =>
      new PlayedClientExchange(takes(credentials) ? play(credentials, circumstances) : misfit),
  };
}

/** A response after which the server has more to say before it is believed. */
export function response(text: string): ClientResponse {
  return { type: "responded", response: encodeUtf8(text), done: false };
}

/** A response after which a 235 may be believed. */
export function lastResponse(text: string): ClientResponse {
  return { type: "responded", response: encodeUtf8(text), done: true };
}

export const silent: ClientWait = { type: "silent" };

/** The end of it, with nothing said. */
export function failure(reason: ClientFailureReason, detail?: string): ClientEnd {
  return { type: "failed", reason, ...(detail !== undefined && { detail }) };
}

const misfit = failure("credentials", "They are of another kind than the mechanism uses");

class PlayedClientExchange implements ClientExchange {
  readonly #part: ClientScript | ClientEnd;
  #awaited: "beginning" | "challenge" | "result" | "nothing" = "beginning";

  constructor(part: ClientScript | ClientEnd) {
    this.#part = part;
  }

  begin(): ClientStep {
    return this.#awaited === "beginning" ? this.#go(noOctets) : this.#end("challenge");
  }

  respond(given: Uint8Array): ClientStep {
    return this.#awaited === "challenge" ? this.#go(given) : this.#end("challenge");
  }

  computed(result: Uint8Array | undefined): ClientStep {
    return result !== undefined && this.#awaited === "result" ? this.#go(result) : this.#end("unavailable");
  }

  #go(given: Uint8Array): ClientStep {
    const { done, value } = "next" in this.#part ? this.#part.next(given) : { done: true, value: this.#part };
    this.#awaited = done === true ? "nothing" : value.type === "computing" ? "result" : "challenge";
    return value;
  }

  #end(reason: ClientFailureReason): ClientStep {
    this.#awaited = "nothing";
    return failure(reason);
  }
}
