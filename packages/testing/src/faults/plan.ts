// A plan of faults: rules that count how often they were followed, on whichever connections.

import type { Transport, WrapTransport, Wrapping } from "@carteiro/driver";
import { checkedRule, checkedSeed } from "./check.ts";
import { Occasions, type ArmedRule } from "./occasions.ts";
import { Random } from "../world/random.ts";
import type { FaultRule } from "./rule.ts";
import { formatFault, parseFault } from "./text.ts";
import { FaultyTransport } from "./transport.ts";

/** A fault as it happened. */
export interface Fault {
  /** Which connection, counted from 1. */
  readonly connection: number;
  /** In its text form. */
  readonly rule: string;
}

export interface FaultOptions {
  /** What `garbage` and `corrupt` are drawn from. Default: 1. */
  readonly seed?: number;
  /** Called when a rule is followed. */
  readonly onFault?: (fault: Fault) => void;
}

/** A plan as JSON has it. */
export interface FaultPlanJson {
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}

/** Rules, each by `on(…)` or in its text form; or a plan, or what `JSON.parse` gives of one. */
export type FaultRules = string | readonly (string | FaultRule)[] | FaultPlanJson | FaultPlan;

/**
 * A plan of rules: each by `on(…)` or in its text form, `"RCPT#2: reply 451 4.3.0"`. What `JSON.parse` gives of a plan's own JSON
 * is taken, too, and a plan stays what it is. Throws `FaultError`, which names the rule, for one that makes no sense.
 */
export function faults(rules: FaultRules, options: FaultOptions = {}): FaultPlan {
  if (rules instanceof FaultPlan) return rules;
  if (typeof rules === "string") return new FaultPlan([parseFault(rules)], options);
  if (isList(rules)) return new FaultPlan(rules.map(ruleOf), options);
  return new FaultPlan(rules.rules.map(ruleOf), { seed: rules.seed, ...options });
}

function isList<Rule>(rules: readonly Rule[] | FaultPlanJson): rules is readonly Rule[] {
  return Array.isArray(rules);
}

function ruleOf(rule: string | FaultRule, index: number): FaultRule {
  return typeof rule === "string" ? parseFault(rule) : checkedRule(rule, `Rule ${index + 1} (${JSON.stringify(rule)})`);
}

/** Faults remembered in `fired`. */
const mostFired = 1_000;

export class FaultPlan {
  readonly rules: readonly FaultRule[];
  readonly seed: number;
  /** For the option of that name of a server, a client or a pool: harms its connections by the rules. */
  readonly wrapTransport: WrapTransport;
  readonly #armed: readonly ArmedRule[];
  readonly #onFault: ((fault: Fault) => void) | undefined;
  readonly #fired: Fault[] = [];
  readonly #transports = new Set<FaultyTransport>();
  #connections = 0;

  /** For `faults`, which checks the rules. */
  constructor(rules: readonly FaultRule[], { seed = 1, onFault }: FaultOptions) {
    this.rules = rules;
    this.seed = checkedSeed(seed);
    this.#armed = rules.map((rule) => ({ rule, text: formatFault(rule), followed: 0 }));
    this.#onFault = onFault;
    this.wrapTransport = (transport, wrapping) => this.#wrap(transport, wrapping);
  }

  /** The faults that have happened, in order: the last thousand. */
  get fired(): readonly Fault[] {
    return [...this.#fired];
  }

  /** Frees the connections that are still kept open for a client that a fault lets wait though their sessions are over. */
  close(): void {
    for (const transport of this.#transports) transport.release();
  }

  toJSON(): FaultPlanJson {
    return { seed: this.seed, rules: this.rules };
  }

  /** The rules in their text form, a line each. */
  toString(): string {
    return this.#armed.map(({ text }) => text).join("\n");
  }

  #wrap(transport: Transport, wrapping: Wrapping): Transport {
    this.#connections += 1;
    const connection = this.#connections;
    // Of each connection's own: how far another has come makes no difference.
    const random = new Random(Math.imul(this.seed, 0x9e3779b1) ^ connection);
    const occasions = new Occasions(this.#armed, connection, random, (text) =>
      this.#followed({ connection, rule: text }),
    );
    const faulty = new FaultyTransport(transport, wrapping, occasions, () => this.#transports.delete(faulty));
    this.#transports.add(faulty);
    return faulty;
  }

  #followed(fault: Fault): void {
    this.#fired.push(fault);
    if (this.#fired.length > mostFired) this.#fired.shift();
    this.#onFault?.(fault);
  }
}
