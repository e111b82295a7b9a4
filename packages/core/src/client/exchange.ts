// A SASL exchange on the client's side (RFC 4954 §4): what the mechanism makes of each challenge, as an event of the chart,
// and what is to be written then, the AUTH command at first.

import { initialResponse, saslMechanism } from "../grammar/command-argument.ts";
import { formatCommand, type Command } from "../grammar/command.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { ClientCredentials } from "../sasl/credentials.ts";
import type { CryptoOperation } from "../sasl/crypto-operation.ts";
import type {
  ClientCircumstances,
  ClientExchange,
  ClientFailureReason,
  ClientMechanism,
  ClientResponse,
  ClientStep,
} from "../sasl/mechanism.ts";
import type { OAuthError } from "../sasl/oauth-error.ts";

/**
 * What came of a step, as the chart names it: something to write, after which a 235 is not (`responded`) or is
 * (`concluded`) to be believed; something to compute; or the end: `unusable` where nothing has been said yet, else `garbled`
 * (the challenge makes no sense), `denied`, `distrusted`, or `incomputable` (it cannot be carried on).
 */
export type ExchangeEvent =
  | "responded"
  | "concluded"
  | "computing"
  | "unusable"
  | "garbled"
  | "denied"
  | "distrusted"
  | "incomputable";

/** Octets of an AUTH command without its CRLF: a longer initial response has to wait for an empty challenge (RFC 4954 §4). */
const longestCommand = 510;

/** What a server has to hear to whom the exchange was of no use. */
const ends: Readonly<Record<ClientFailureReason, ExchangeEvent>> = {
  credentials: "incomputable",
  channelBinding: "incomputable",
  challenge: "garbled",
  refused: "denied",
  nonce: "distrusted",
  iterations: "distrusted",
  serverSignature: "distrusted",
  unavailable: "incomputable",
};

const meanings: Readonly<Record<ClientFailureReason, string>> = {
  credentials: "the credentials cannot be used",
  channelBinding: "there is nothing to bind it to",
  challenge: "the challenge makes no sense",
  refused: "the server refuses",
  nonce: "the server's nonce is not made from ours",
  iterations: "the iterations are out of bounds",
  serverSignature: "the server's signature is wrong: it does not know the password",
  unavailable: "what it needs cannot be computed here",
};

export class SaslExchange {
  /** What is to be computed now. */
  operation: CryptoOperation | undefined;
  /** Why it came to nothing, for people. */
  problem: string | undefined;
  /** What the server has said of the token. */
  oauthError: OAuthError | undefined;
  readonly #name: string;
  readonly #exchange: ClientExchange;
  #begun = false;
  #response: Uint8Array | undefined;
  /** The initial response, where it was too long for the command. */
  #withheld: ClientResponse | undefined;

  constructor(mechanism: ClientMechanism, credentials: ClientCredentials, circumstances: ClientCircumstances) {
    this.#name = mechanism.name;
    this.#exchange = mechanism.start(credentials, circumstances);
  }

  begin(): ExchangeEvent {
    return this.#take(this.#exchange.begin());
  }

  /** Takes a challenge, in base64. */
  respond(base64: string): ExchangeEvent {
    const challenge = decodeBase64(base64);
    const withheld = this.#withheld;
    this.#withheld = undefined;
    if (challenge === undefined) return this.#fail("challenge", "the challenge is not base64");
    if (withheld !== undefined && challenge.length === 0) return this.#take(withheld);
    return this.#take(this.#exchange.respond(challenge));
  }

  computed(result: Uint8Array | undefined): ExchangeEvent {
    return this.#take(this.#exchange.computed(result));
  }

  /** What is to be written now: the AUTH command, and after it responses, in base64. */
  get words(): Command | string {
    const response = this.#response;
    if (this.#begun) return response === undefined ? "" : encodeBase64(response);
    this.#begun = true;
    return this.#command(response);
  }

  #command(response: Uint8Array | undefined): Command {
    const mechanism = saslMechanism(this.#name);
    if (response === undefined) return { verb: "AUTH", mechanism };
    return { verb: "AUTH", mechanism, initialResponse: initialResponse(encodeBase64(response)) };
  }

  #take(step: ClientStep): ExchangeEvent {
    switch (step.type) {
      case "silent":
        return "responded";
      case "computing":
        this.operation = step.operation;
        return "computing";
      case "responded":
        return this.#respond(step);
      case "failed":
        return this.#fail(step.reason, step.detail);
    }
  }

  #respond(step: ClientResponse): ExchangeEvent {
    const { response, done, error } = step;
    this.oauthError = error;
    this.#response = response;
    if (this.#begun || formatCommand(this.#command(response)).length <= longestCommand)
      return done ? "concluded" : "responded";
    this.#withheld = step;
    this.#response = undefined;
    return "responded";
  }

  #fail(reason: ClientFailureReason, detail = meanings[reason]): ExchangeEvent {
    this.problem = `${this.#name}: ${detail}`;
    return this.#begun ? ends[reason] : "unusable";
  }
}
