// Extensions made wrongly, where no type keeps that out: better found when a server or a client is made than at each connection.

import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import type { Extension, ExtensionVerb, Phase } from "./extension.ts";

const phases: readonly string[] = ["beforeHello", "betweenTransactions", "inTransaction"] satisfies Phase[];

/** Throws `InvalidValueError` for an extension that lacks what it needs, or has something else in its place. */
export function refuseUnsound(extension: Extension): void {
  const { keyword, mailParameters, recipientParameters, verbs = {} } = extension;
  if (typeof keyword !== "string")
    throw new InvalidValueError("extensions", "One has no keyword", "Pass what defineExtension made");
  mustHave(`Extension ${shown(keyword)}`, extension, "announce");
  for (const [name, reader] of Object.entries({ ...mailParameters, ...recipientParameters }))
    mustHave(`Parameter ${name}`, { "its reader": reader }, "its reader");
  for (const name of ["checkMail", "checkRecipient"] as const)
    if (extension[name] !== undefined) mustHave(`Extension ${shown(keyword)}`, extension, name);
  for (const [name, verb] of Object.entries(verbs)) refuseUnsoundVerb(name, verb);
}

/** Throws `InvalidValueError` for a verb without `read`, and for one without phases or with unknown ones. */
export function refuseUnsoundVerb(name: string, verb: ExtensionVerb): void {
  if (typeof verb !== "object" || verb === null)
    throw new InvalidValueError(`Verb ${shown(name)}`, "It is no object", "Pass one with phases and read");
  mustHave(`Verb ${shown(name)}`, verb, "read");
  const arePhases = Array.isArray(verb.phases) && verb.phases.length > 0;
  if (arePhases && verb.phases.every((phase) => phases.includes(phase))) return;
  throw new InvalidValueError(
    `Verb ${shown(name)}`,
    "Its phases are no list of those that there are",
    `Pass one or more of ${phases.join(", ")}`,
  );
}

function mustHave<Name extends string>(thing: string, owner: { readonly [Each in Name]?: unknown }, name: Name): void {
  if (typeof owner[name] !== "function") throw new InvalidValueError(thing, `${name} is no function`, "Pass one");
}
