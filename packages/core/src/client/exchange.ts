// A SASL exchange on the client's side (RFC 4954 §4): the AUTH command, and an answer to each challenge, in base64.

import { initialResponse, saslMechanism } from "../grammar/command-argument.ts";
import { formatCommand, type Command } from "../grammar/command.ts";
import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";
import type { ClientCredentials } from "../sasl/credentials.ts";
import type { ClientExchange, ClientMechanism, ClientStep } from "../sasl/mechanism.ts";

/** Octets of an AUTH command without its CRLF: a longer initial response has to wait for an empty challenge (RFC 4954 §4). */
const longestCommand = 510;

export class SaslExchange {
  readonly #name: string;
  readonly #exchange: ClientExchange;
  /** The initial response, where it was too long for the command. */
  #withheld: Uint8Array | undefined;

  constructor(mechanism: ClientMechanism, credentials: ClientCredentials) {
    this.#name = mechanism.name;
    this.#exchange = mechanism.start(credentials, {});
  }

  get command(): Command {
    const mechanism = saslMechanism(this.#name);
    const initial = responseOf(this.#exchange.begin());
    if (initial === undefined) return { verb: "AUTH", mechanism };
    const command: Command = { verb: "AUTH", mechanism, initialResponse: initialResponse(encodeBase64(initial)) };
    if (formatCommand(command).length <= longestCommand) return command;
    this.#withheld = initial;
    return { verb: "AUTH", mechanism };
  }

  /** The answer to a challenge, in base64; `undefined`: the challenge makes no sense, so cancel. */
  respond(base64: string): string | undefined {
    const challenge = decodeBase64(base64);
    if (challenge === undefined) return undefined;
    const withheld = this.#withheld;
    this.#withheld = undefined;
    const answer =
      withheld !== undefined && challenge.length === 0 ? withheld : responseOf(this.#exchange.respond(challenge));
    return answer === undefined ? undefined : encodeBase64(answer);
  }
}

function responseOf(step: ClientStep): Uint8Array | undefined {
  return step.type === "responded" ? step.response : undefined;
}
