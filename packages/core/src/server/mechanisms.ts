// The SASL mechanisms that a server is told to offer: those of the core by name, and the application's own.

import { saslMechanism } from "../grammar/command-argument.ts";
import type { HelloName } from "../grammar/address.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";
import { serverMechanisms, type MechanismName } from "../sasl/mechanisms.ts";

export interface MechanismChoice {
  readonly mechanisms?: readonly (MechanismName | ServerMechanism)[];
  readonly secret?: Uint8Array;
  readonly iterations?: number;
}

const passwordMechanisms: readonly MechanismName[] = ["PLAIN", "LOGIN"];
/** Stands in where no mechanism uses it. */
const noSecret = new Uint8Array(32);

/**
 * The mechanisms, in the order given. Throws `RangeError` for a name that is not known or stands there twice, and for
 * SCRAM without a secret; `InvalidValueError` for a mechanism whose name is none.
 */
export function chosenMechanisms(hostname: HelloName, choice: MechanismChoice): readonly ServerMechanism[] {
  const { mechanisms = passwordMechanisms, secret = noSecret, iterations } = choice;
  const usesSecret = mechanisms.some((choiceOf) => typeof choiceOf === "string" && choiceOf.startsWith("SCRAM-"));
  if (usesSecret && choice.secret === undefined)
    throw new RangeError("authentication.secret: SCRAM needs one; give 32 random octets, the same for all sessions");
  const known = serverMechanisms({ hostname, secret, ...(iterations !== undefined && { iterations }) });
  const chosen = mechanisms.map((mechanism) =>
    typeof mechanism === "string" ? named(mechanism, known) : wellNamed(mechanism),
  );
  const names = chosen.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`authentication.mechanisms: ${twice} stands there twice; name it once`);
  return chosen;
}

function named(name: MechanismName, known: Readonly<Record<string, ServerMechanism>>): ServerMechanism {
  const mechanism = Object.hasOwn(known, name) ? known[name] : undefined;
  if (mechanism !== undefined) return mechanism;
  throw new RangeError(`authentication.mechanisms: ${name} is not known; choose of ${Object.keys(known).join(", ")}`);
}

function wellNamed(mechanism: ServerMechanism): ServerMechanism {
  const { name } = mechanism;
  if (saslMechanism(name) !== name) throw new RangeError(`authentication.mechanisms: ${name}: name it in upper case`);
  if (typeof mechanism.start !== "function") throw new RangeError(`authentication.mechanisms: ${name} has no start()`);
  return mechanism;
}
