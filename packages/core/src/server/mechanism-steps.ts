// What a mechanism of the application's own says, held to what a step must be: no type keeps anything out of it.

import type { ServerStep } from "../sasl/mechanism.ts";

type Unknown = Readonly<Record<string, unknown>>;

const kinds: ReadonlySet<unknown> = new Set<ServerStep["type"]>([
  "challenged",
  "computing",
  "keysWanted",
  "secretWanted",
  "tokenReceived",
  "externalReceived",
  "anonymousReceived",
  "identified",
  "verified",
  "failed",
  "garbled",
]);

/** The step. Throws `TypeError`, which names the mechanism, for one that is none, or that proves nobody. */
export function checkedStep(step: ServerStep, mechanism: string): ServerStep {
  const problem = problemOf(step);
  if (problem === undefined) return step;
  throw new TypeError(`The mechanism ${mechanism} came to ${problem}`);
}

function problemOf(step: unknown): string | undefined {
  if (!isObject(step) || !kinds.has(step["type"])) return "what is no step";
  switch (step["type"]) {
    case "challenged":
      return step["challenge"] instanceof Uint8Array ? undefined : "a challenge that is no octets";
    case "computing":
      return isObject(step["operation"]) ? undefined : "a computation without an operation";
    case "identified":
      return areCredentials(step["credentials"]) ? undefined : "credentials without a user or a password";
    case "verified":
      return isIdentity(step["identity"]) ? undefined : "an identity without a name that can be one";
    default:
      return undefined;
  }
}

function isIdentity(identity: unknown): boolean {
  if (!isObject(identity) || !isName(identity["user"])) return false;
  const other = identity["authorizationIdentity"];
  return typeof identity["mechanism"] === "string" && (other === undefined || isName(other));
}

/** The application decides on them, whatever the name is. */
function areCredentials(credentials: unknown): boolean {
  return (
    isObject(credentials) && typeof credentials["user"] === "string" && typeof credentials["password"] === "string"
  );
}

/** Whether it can be somebody's name. */
export function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "" && !Array.from(name).some((one) => one < " " || one === "\x7F");
}

function isObject(value: unknown): value is Unknown {
  return typeof value === "object" && value !== null;
}
