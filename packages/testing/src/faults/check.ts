// Whether a rule makes sense: JSON comes from anywhere, and a rule that never fires wastes somebody's afternoon.

import { reply } from "@carteiro/core";
import { clientMachine, serverMachine } from "@carteiro/core/machines";
import type { FaultRule, What, When } from "./rule.ts";

/** A rule that makes no sense. The message names the rule, what is wrong with it and the way out. */
export class FaultError extends Error {
  override readonly name = "FaultError";
}

/** The rule, without what is no part of one. `shown` is what errors call it. Throws `FaultError`. */
export function checkedRule(rule: FaultRule, shown: string): FaultRule {
  const refuse = (problem: string): never => {
    throw new FaultError(`${shown}: ${problem}`);
  };
  const { when, what } = rule as Partial<FaultRule>;
  if (typeof when !== "object" || when === null) return refuse("it has no `when`; write on(command(…), reply(…))");
  if (!Array.isArray(what) || what.length === 0) return refuse("it does nothing; add an action, for example drop()");
  checkWhen(when, refuse);
  for (const action of what) checkWhat(action, refuse);
  checkTogether(when, what, refuse);
  return { when, what };
}

/** Throws `FaultError`. */
export function checkedSeed(seed: number): number {
  if (Number.isSafeInteger(seed)) return seed;
  throw new FaultError(`The seed ${seed} is none; give a whole number`);
}

type Refuse = (problem: string) => never;

function checkWhen(when: When, refuse: Refuse): void {
  checkScope(when, refuse);
  switch (when.at) {
    case "greeting":
    case "contentEnd":
    case "tls":
      return;
    case "command":
      if (when.verb !== undefined && !isVerb(when.verb))
        refuse(`${JSON.stringify(when.verb)} is no verb; write RCPT, for example`);
      return checkCount(when.nth, "nth", refuse);
    case "recipient":
      if ((when.nth === undefined) === (when.address === undefined))
        refuse("it needs which recipient: recipient(2) or recipient('bia@example.net')");
      if (when.address !== undefined && !isAddress(when.address))
        refuse(`${JSON.stringify(when.address)} is no address; write it without angle brackets`);
      return checkCount(when.nth, "nth", refuse);
    case "content":
    case "sent":
    case "received":
      return checkNumber(when.octets, "octets", { whole: true, least: 0 }, refuse);
    case "state":
      if (!isState(when.name))
        refuse(`no chart has a state ${JSON.stringify(when.name)}; docs/state-machines.md lists them`);
      return;
    default:
      refuse(
        `there is no occasion ${JSON.stringify((when as { at?: unknown }).at)}; see on() for those that there are`,
      );
  }
}

function checkScope({ connection, times, by }: When, refuse: Refuse): void {
  checkCount(times, "times", refuse);
  if (by !== undefined && by !== "server" && by !== "client") refuse("`by` is server or client");
  if (typeof connection !== "object") return checkCount(connection, "connection", refuse);
  if ("every" in connection) return checkCount(connection.every, "connection.every", refuse);
  checkCount(connection.from, "connection.from", refuse);
  checkCount(connection.to, "connection.to", refuse);
  if (!(connection.from <= connection.to)) refuse("connection.from must not be beyond connection.to");
}

function checkWhat(action: What, refuse: Refuse): void {
  switch (action.do) {
    case "delay":
      return checkNumber(action.ms, "ms", { least: 0 }, refuse);
    case "dribble":
      checkNumber(action.ms, "ms", { least: 0 }, refuse);
      return checkNumber(action.octets, "octets", { whole: true, least: 1 }, refuse);
    case "garbage":
    case "corrupt":
      return checkNumber(action.octets, "octets", { whole: true, least: 1 }, refuse);
    case "drop":
    case "reset":
    case "halfClose":
    case "stall":
      return checkNumber(action.octets, "octets", { whole: true, least: 0 }, refuse);
    case "reply":
      return checkReply(action, refuse);
    case "disconnect421":
    case "tlsFailure":
    case "duplicate":
      return;
    default:
      refuse(`there is no action ${JSON.stringify((action as { do?: unknown }).do)}; write drop(), for example`);
  }
}

function checkReply({ code, enhanced, text = "" }: Extract<What, { do: "reply" }>, refuse: Refuse): void {
  if (!(code >= 400 && code <= 599))
    refuse(`reply ${code} would promise what the server does not know of; give 400 to 559`);
  try {
    reply(code, enhanced, text);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

/** What goes with which occasion. */
function checkTogether(when: When, what: readonly What[], refuse: Refuse): void {
  const { at, by = "server" } = when;
  for (const { do: name } of what) {
    const answers = name === "reply" || name === "disconnect421";
    if (answers && by === "client") refuse(`a client does not answer: ${name} goes with by: "server"`);
    if (answers && !repliedAt.has(at))
      refuse(`nothing is to be answered at ${at}: ${name} goes with greeting, command, recipient, content, contentEnd`);
    if (name === "tlsFailure" && at !== "tls") refuse("tlsFailure goes with tls() alone");
    if (at === "tls" && !doneAtTls.has(name)) refuse(`${name} cannot be done in a TLS handshake; tlsFailure can`);
    if (at === "content" && by === "server" && !doneInContent.has(name))
      refuse(`a server says nothing within the content for ${name} to harm; use by: "client", or contentEnd()`);
  }
}

const repliedAt: ReadonlySet<When["at"]> = new Set(["greeting", "command", "recipient", "content", "contentEnd"]);
const doneAtTls: ReadonlySet<What["do"]> = new Set(["delay", "drop", "reset", "stall", "garbage", "tlsFailure"]);
const doneInContent: ReadonlySet<What["do"]> = new Set([
  "delay",
  "drop",
  "reset",
  "halfClose",
  "stall",
  "reply",
  "disconnect421",
  "garbage",
]);

function checkCount(value: number | undefined, name: string, refuse: Refuse): void {
  if (value !== undefined) checkNumber(value, name, { whole: true, least: 1 }, refuse);
}

function checkNumber(
  value: unknown,
  name: string,
  { whole = false, least }: { readonly whole?: boolean; readonly least: number },
  refuse: Refuse,
): void {
  const isNumber = typeof value === "number" && Number.isFinite(value) && value >= least;
  if (isNumber && (!whole || Number.isSafeInteger(value))) return;
  refuse(`\`${name}\` is to be a ${whole ? "whole " : ""}number from ${least} up, not ${String(value)}`);
}

function isVerb(verb: unknown): boolean {
  return typeof verb === "string" && /^[A-Za-z]{1,32}$/.test(verb);
}

function isAddress(address: unknown): boolean {
  return typeof address === "string" && /^[^\s<>]+$/.test(address);
}

/** Whether a state of that path is of that name: its own, or some of it between two dots. */
export function isNamed(path: string, name: string): boolean {
  return `.${path}.`.includes(`.${name}.`);
}

function isState(name: unknown): boolean {
  if (typeof name !== "string" || name === "") return false;
  return [serverMachine, clientMachine].some(({ root }) => paths(root).some((path) => isNamed(path, name)));
}

interface StateNode {
  readonly path: readonly string[];
  readonly states: Readonly<Record<string, StateNode>>;
}

function paths({ path, states }: StateNode): string[] {
  return [path.join("."), ...Object.values(states).flatMap(paths)];
}
