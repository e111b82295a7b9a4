// Users, tokens and identities that servers under test know, and what they answer the questions of SASL mechanisms.

import { createHash } from "node:crypto";
import type { CredentialsDecision, ScramHash, ScramKeys, ServerAnswer, ServerQuestion } from "@carteiro/core";
import { deriveScramKeys, type ScramKeysRequest } from "../../packages/core/src/sasl/scram-keys.ts";
import { executor } from "./crypto.ts";

/** What nobody but the server knows, for its answers to unknown users. */
export const secret = Uint8Array.from(createHash("sha256").update("the server's secret").digest());
/** Few, so that a hundred exchanges take no time. */
export const iterations = 4;

/** A password stands for the keys too. */
export interface House {
  readonly passwords?: Readonly<Record<string, string>>;
  /** Whom each token authenticates. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Whom the certificate names; whom anybody is when anonymous. */
  readonly identity?: string;
  readonly salt?: Uint8Array;
  readonly iterations?: number;
}

const questions = ["keysWanted", "secretWanted", "tokenReceived", "externalReceived", "anonymousReceived"];

/** Whether an event is a mechanism's question. */
export function isCredentialsDecision<Event extends { readonly type: string }>(
  event: Event,
): event is Extract<Event, CredentialsDecision> {
  return questions.includes(event.type);
}

export function houseAnswer(question: ServerQuestion, house: House): ServerAnswer {
  switch (question.type) {
    case "keysWanted":
      return { type: "keysFound", keys: keysFor(house, question.hash, question.user) };
    case "secretWanted":
      return { type: "secretFound", secret: entry(house.passwords, question.user) };
    case "tokenReceived":
      return { type: "tokenChecked", user: entry(house.tokens, question.token) };
    case "externalReceived":
    case "anonymousReceived":
      return { type: "identityDecided", user: house.identity };
  }
}

/** A password's keys, or a failure of the test where it cannot have any. */
export function keysOf(request: ScramKeysRequest, execute = executor()): ScramKeys {
  const derivation = deriveScramKeys(request);
  let step = derivation.next();
  while (step.done !== true) step = derivation.next(execute(step.value.operation));
  if (step.value === undefined) throw new Error("no keys");
  return step.value;
}

function keysFor(house: House, hash: ScramHash, user: string): ScramKeys | undefined {
  const password = entry(house.passwords, user);
  const { salt = secret.subarray(0, 16) } = house;
  return password === undefined
    ? undefined
    : keysOf({ hash, password, salt, iterations: house.iterations ?? iterations });
}

export function entry(record: Readonly<Record<string, string>> = {}, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
