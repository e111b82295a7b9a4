// A server's side of SASL for servers that follow a script: the real mechanisms, and a house of one user.

import { encodeUtf8 } from "../../packages/core/src/grammar/text.ts";
import { decodeBase64, encodeBase64 } from "../../packages/core/src/sasl/base64.ts";
import type { ServerExchange, ServerMechanism, ServerStep } from "../../packages/core/src/sasl/mechanism.ts";
import { serverMechanisms } from "../../packages/core/src/sasl/mechanisms.ts";
import { executor } from "./crypto.ts";
import { entry, houseAnswer, secret, type House } from "./house.ts";

export const channelBindings = { "tls-exporter": encodeUtf8("exported by this very connection") };

/** As few iterations as clients take. */
export const house: House = {
  passwords: { user: "secret", other: "secret" },
  tokens: { t0ken: "user" },
  identity: "user",
  iterations: 4_096,
};

const mechanisms: Readonly<Record<string, ServerMechanism>> = serverMechanisms({ hostname: "mx.example.org", secret });

export class ScriptedExchange {
  readonly #exchange: ServerExchange | undefined;
  readonly #execute = executor("server");
  /** What is said to AUTH. */
  readonly reply: string;

  /** @param command The AUTH command. */
  constructor(command: string) {
    const [, mechanism = "", initial] = command.trimEnd().split(" ");
    this.#exchange = mechanisms[mechanism.toUpperCase()]?.start({ channelBindings });
    const response = initial === undefined ? undefined : decodeBase64(initial === "=" ? "" : initial);
    const step = this.#exchange?.step(response);
    this.reply = step === undefined ? "504 5.5.4 Unknown" : this.#say(step);
  }

  /** What is said to a response. */
  respond(line: string): string {
    const response = decodeBase64(line.trimEnd());
    if (line.trimEnd() === "*" || response === undefined || this.#exchange === undefined) return "501 Cancelled";
    return this.#say(this.#exchange.step(response));
  }

  #say(step: ServerStep): string {
    switch (step.type) {
      case "challenged":
        return `334 ${encodeBase64(step.challenge)}`;
      case "computing":
        return this.#say(this.#exchange?.computed(this.#execute(step.operation)) ?? step);
      case "identified":
        return entry(house.passwords, step.credentials.user) === step.credentials.password ? "235 2.7.0 Welcome" : no;
      case "verified":
        return "235 2.7.0 Welcome";
      case "failed":
        return no;
      case "garbled":
        return "501 5.5.2 What?";
      default:
        return this.#say(this.#exchange?.answered(houseAnswer(step, house)) ?? step);
    }
  }
}

const no = "535 5.7.8 No";
