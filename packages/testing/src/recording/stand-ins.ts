// SASL mechanisms for a session that is replayed: they make the steps that the recorded exchanges made, and compute and prove
// nothing, since the recording has none of the secrets. All that is said is zeros, as it stands in the recording.

import {
  strengthOrder,
  type ClientMechanism,
  type ClientStep,
  type Effect,
  type MechanismTraits,
  type ServerMechanism,
  type ServerStep,
} from "@carteiro/core";
import { latin1 } from "./json.ts";
import type { AnyEvent, Entry, Recording } from "./recording.ts";

/** Those that a server offers, in the place of the ones that were recorded. An exchange that has no further step is garbled. */
export function serverStandIns(names: readonly string[], { entries }: Recording): readonly ServerMechanism[] {
  const exchanges = serverExchanges(entries);
  const start = () => {
    const steps = exchanges.shift() ?? [];
    const next = (): ServerStep => steps.shift() ?? { type: "garbled" };
    return { step: next, computed: next, answered: next };
  };
  return names.map((name) => ({ ...traits(name), start }));
}

/** Those that a client may use; each exchange goes on where the last one stopped. */
export function clientStandIns(
  names: readonly string[] | undefined,
  { entries }: Recording,
): readonly ClientMechanism[] {
  const steps = clientSteps(entries);
  const next = (): ClientStep => steps.shift() ?? { type: "failed", reason: "challenge" };
  const exchange = { begin: next, respond: next, computed: next };
  const usual = names ?? strengthOrder.filter((name) => name !== "CRAM-MD5");
  return usual.map((name) => ({ ...traits(name), takes: takes(name), start: () => exchange }));
}

const clear: readonly string[] = ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"];

function traits(name: string): MechanismTraits & { readonly mutual: boolean } {
  const mutual = name.startsWith("SCRAM-");
  return { name, clear: clear.includes(name), channelBound: name.endsWith("-PLUS"), mutual };
}

/** As the mechanisms of that name do. */
function takes(name: string): ClientMechanism["takes"] {
  const kind = { EXTERNAL: "external", ANONYMOUS: "anonymous", OAUTHBEARER: "token", XOAUTH2: "token" }[name];
  return (credentials) => (kind ?? "password") in credentials;
}

// What a server's mechanisms did, by what the session said.

function serverExchanges(entries: readonly Entry[]): ServerStep[][] {
  const exchanges: ServerStep[][] = [];
  let within = false;
  /** One has been under way since octets came last: what is said belongs to it. */
  let recent = false;
  /** The application has decided how it ends, and not the mechanism. */
  let decided = false;
  for (const entry of entries) {
    const steps = serverSteps(entry).filter(({ type }) => !(decided && isEnd(type)));
    const isWithin = entry.state.startsWith("authenticating");
    if ("handle" in entry && entry.handle.type === "received") recent = within;
    const isNew = isWithin || steps.some(({ type }) => type !== "challenged" || !recent);
    if (!within && isNew) exchanges.push([]);
    recent ||= isWithin || isNew;
    exchanges.at(-1)?.push(...steps);
    if (steps.some(({ type }) => type === "identified") || isRefusal(entry)) decided = true;
    else if (!isWithin) decided = false;
    within = isWithin;
  }
  return exchanges.map(endLast);
}

/** What happened is told before what is said: a challenge may stand behind the end that followed it. */
function endLast(steps: readonly ServerStep[]): ServerStep[] {
  const isLast = ({ type }: ServerStep) => isEnd(type) || type === "identified";
  return [...steps.filter((step) => !isLast(step)), ...steps.filter(isLast)];
}

function isEnd(type: ServerStep["type"]): boolean {
  return type === "verified" || type === "failed";
}

/** A question of a mechanism that is not answered. */
function isRefusal(entry: Entry): boolean {
  if ("submit" in entry) return entry.submit.type === "reject";
  return "event" in entry && entry.event.type === "decisionExpired";
}

function serverSteps(entry: Entry): readonly ServerStep[] {
  if ("event" in entry) return stepsOfEvent(entry.event);
  if (!("effect" in entry)) return [];
  const { effect } = entry;
  if (effect.type === "compute") return [{ type: "computing", operation: effect.operation }];
  return wordsBehind("334 ", effect).map((word) => ({ type: "challenged", challenge: zerosOf(word) }));
}

function stepsOfEvent(event: AnyEvent): readonly ServerStep[] {
  switch (event.type) {
    case "keysWanted":
    case "secretWanted":
    case "tokenReceived":
    case "externalReceived":
    case "anonymousReceived": {
      const { decision: _, ...question } = event;
      return [question];
    }
    case "authenticationReceived":
      return [{ type: "identified", credentials: event.credentials }];
    case "authenticated":
      return [{ type: "verified", identity: { mechanism: event.mechanism, user: event.identity } }];
    case "authenticationFailed": {
      const reason = event.reply.code === 454 ? "unavailable" : "credentials";
      return [{ type: "failed", reason, ...(event.user !== undefined && { user: event.user }) }];
    }
    default:
      return [];
  }
}

// What a client's mechanisms did.

function clientSteps(entries: readonly Entry[]): ClientStep[] {
  return entries.flatMap((entry, index) => {
    if (!("effect" in entry)) return [];
    const { effect, state } = entry;
    if (effect.type === "compute") return [{ type: "computing", operation: effect.operation }];
    if (effect.type !== "write") return [];
    if (state === "opening.expectingCancelReply") return [failureIn(entries.slice(index))];
    return clientLines.includes(state) ? [clientStep(latin1(effect.bytes).trimEnd(), state)] : [];
  });
}

const clientLines: readonly string[] = ["opening.expectingChallenge", "opening.expectingAuthReply"];

/** AUTH with an initial response or without one, or the response to a challenge. */
function clientStep(line: string, state: string): ClientStep {
  const done = state === "opening.expectingAuthReply";
  if (!line.startsWith("AUTH ")) return { type: "responded", response: zerosOf(line), done };
  const [, , word] = line.split(" ");
  return word === undefined ? { type: "silent" } : { type: "responded", response: zerosOf(word), done };
}

/** Why the mechanism gave up, by what the session said of it. */
function failureIn(entries: readonly Entry[]): ClientStep {
  const failures = entries.flatMap((entry) =>
    "event" in entry && "failure" in entry.event ? [entry.event.failure] : [],
  );
  switch (failures[0]?.kind) {
    case "authUntrusted":
      return { type: "failed", reason: "serverSignature" };
    case "authUnavailable":
      return { type: "failed", reason: "unavailable" };
    case "authRefused":
      return { type: "failed", reason: "refused" };
    default:
      return { type: "failed", reason: "challenge" };
  }
}

// Both sides.

/** What follows at the beginning of a line of what is written. */
function wordsBehind(beginning: string, effect: Effect): readonly string[] {
  if (effect.type !== "write") return [];
  const lines = latin1(effect.bytes).split("\r\n");
  return lines.filter((line) => line.startsWith(beginning)).map((line) => line.slice(beginning.length));
}

/** As many octets as the base64 stands for. */
function zerosOf(base64: string): Uint8Array {
  const digits = base64.split("=")[0] ?? "";
  return new Uint8Array(Math.floor((digits.length * 3) / 4));
}
