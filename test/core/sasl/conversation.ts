// Lets a client's exchange and a server's talk to each other: Node computes what they need, a small house of users
// answers what the server asks, and somebody in between may change any message.

import type { ClientCredentials } from "../../../packages/core/src/sasl/credentials.ts";
import type {
  Circumstances,
  ClientCircumstances,
  ClientExchange,
  ClientMechanism,
  ClientStep,
  ServerEnd,
  ServerExchange,
  ServerMechanism,
  ServerStep,
} from "../../../packages/core/src/sasl/mechanism.ts";
import { serverMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { decodeUtf8, encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { executor, octets, octetsOfNonce, type Execute } from "../../support/crypto.ts";

import { entry, houseAnswer, iterations, keysOf, secret, type House } from "../../support/house.ts";

export { executor, iterations, keysOf, octets, octetsOfNonce, secret, type Execute, type House };

export const servers = serverMechanisms({ hostname: "mx.example.org", secret, iterations });
export const fewIterations = { minimum: 1, maximum: 10_000 };

/** The nonce that a message of SCRAM names. */
export function nonceIn(message: string): string {
  return message.split("r=").at(-1)?.split(",").at(0) ?? "";
}

/** What a session does with the end of an exchange: whether it would say 235. */
export function isWelcome(end: ServerStep, house: House = {}): boolean {
  if (end.type === "verified") return true;
  return end.type === "identified" && entry(house.passwords, end.credentials.user) === end.credentials.password;
}

export interface Conversation {
  readonly server: ServerMechanism;
  readonly client: ClientMechanism;
  readonly credentials: ClientCredentials;
  readonly house: House;
  readonly connection?: { readonly client?: ClientCircumstances; readonly server?: Circumstances };
  readonly seed?: string;
  /** Changes the message with this number; the client's first one is 0. */
  readonly tamper?: (message: Uint8Array, number: number) => Uint8Array;
}

export interface Outcome {
  readonly server: ServerStep;
  readonly client: ClientStep;
  /** Messages as they left their sender. */
  readonly messages: readonly string[];
  /** What the server did, one line for each step. */
  readonly trace: readonly string[];
}

/** Has them talk until one of them is through. */
export function converse(conversation: Conversation): Outcome {
  const { house, credentials, seed = "", tamper = (message) => message } = conversation;
  const { client: clientSide = {}, server: serverSide = {} } = conversation.connection ?? {};
  const messages: string[] = [];
  const trace: string[] = [];
  const carry = (message: Uint8Array) => tamper(message, messages.push(decodeUtf8(message) ?? "?") - 1);
  const server = conversation.server.start(serverSide);
  const client = conversation.client.start(credentials, { iterations: fewIterations, ...clientSide });
  const compute = { server: executor(`${seed} server`), client: executor(`${seed} client`) };
  let said = settleClient(client, client.begin(), compute.client);
  if (said.type === "failed") return { server: { type: "garbled" }, client: said, messages, trace };
  const initial = said.type === "responded" ? carry(said.response) : undefined;
  let step = settleServer(server, server.step(initial), { house, execute: compute.server, trace });
  while (step.type === "challenged") {
    said = settleClient(client, client.respond(carry(step.challenge)), compute.client);
    if (said.type !== "responded") break;
    step = settleServer(server, server.step(carry(said.response)), { house, execute: compute.server, trace });
  }
  return { server: step, client: said, messages, trace };
}

/** Goes on with a client until it has something to say. */
export function settleClient(exchange: ClientExchange, first: ClientStep, execute: Execute): ClientStep {
  let step = first;
  while (step.type === "computing") step = exchange.computed(execute(step.operation));
  return step;
}

interface ServerSurroundings {
  readonly house: House;
  readonly execute: Execute;
  readonly trace?: string[];
}

/** Goes on with a server until it has something to say or is through. */
export function settleServer(
  exchange: ServerExchange,
  first: ServerStep,
  { house, execute, trace = [] }: ServerSurroundings,
): ServerEnd | (ServerStep & { type: "challenged" }) {
  let step = first;
  for (;;) {
    trace.push(traceLine(step));
    switch (step.type) {
      case "computing":
        step = exchange.computed(execute(step.operation));
        break;
      case "keysWanted":
      case "secretWanted":
      case "tokenReceived":
      case "externalReceived":
      case "anonymousReceived":
        step = exchange.answered(houseAnswer(step, house));
        break;
      default:
        return step;
    }
  }
}

/** A step by all that takes time or shows outside: its kind, and how much there is to compute or to send. */
function traceLine(step: ServerStep): string {
  if (step.type === "challenged") return `challenged ${step.challenge.length}`;
  if (step.type !== "computing") return step.type;
  const { type, ...rest } = step.operation;
  const sizes = Object.values(rest).map((value) => (value instanceof Uint8Array ? value.length : value));
  return `computing ${type} ${sizes.join(" ")}`;
}

/** The text of a client's or a server's message; anything else fails the test. */
export function textOf(step: ClientStep | ServerStep): string {
  if (step.type === "responded") return decodeUtf8(step.response) ?? "";
  if (step.type === "challenged") return decodeUtf8(step.challenge) ?? "";
  throw new Error(`nothing was said: ${step.type}`);
}

/** An exchange of a server, driven by texts. */
export function serverDialogue(
  mechanism: ServerMechanism,
  house: House,
  execute = executor(),
  connection: Circumstances = {},
) {
  const exchange = mechanism.start(connection);
  return (text: string | Uint8Array | undefined) => {
    const response = typeof text === "string" ? encodeUtf8(text) : text;
    return settleServer(exchange, exchange.step(response), { house, execute });
  };
}

/** An exchange of a client, driven by texts; `undefined` begins it. */
export function clientDialogue(
  mechanism: ClientMechanism,
  credentials: ClientCredentials,
  execute = executor(),
  connection: ClientCircumstances = {},
) {
  const exchange = mechanism.start(credentials, connection);
  return (text: string | Uint8Array | undefined) => {
    if (text === undefined) return settleClient(exchange, exchange.begin(), execute);
    const challenge = typeof text === "string" ? encodeUtf8(text) : text;
    return settleClient(exchange, exchange.respond(challenge), execute);
  };
}
