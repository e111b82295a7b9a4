// The rules of a plan as one connection meets them.

import type { Random } from "../world/random.ts";
import type { FaultRule, Scope, What, When } from "./rule.ts";

export interface ArmedRule {
  readonly rule: FaultRule;
  readonly text: string;
  /** How often it was followed. */
  followed: number;
}

export class Occasions {
  readonly random: Random;
  readonly #rules: readonly ArmedRule[];
  readonly #tell: (text: string) => void;

  constructor(rules: readonly ArmedRule[], connection: number, random: Random, tell: (text: string) => void) {
    this.#rules = rules.filter(({ rule: { when } }) => isOn(connection, when.connection));
    this.random = random;
    this.#tell = tell;
  }

  /** What is to be done on this occasion; it counts. */
  meet(by: "server" | "client", isDue: (when: When) => boolean): What[] {
    const due = this.#due(by, isDue);
    for (const armed of due) {
      armed.followed += 1;
      this.#tell(armed.text);
    }
    return due.flatMap(({ rule }) => rule.what);
  }

  /** What would be done; it does not count. */
  foresee(by: "server" | "client", isDue: (when: When) => boolean): What[] {
    return this.#due(by, isDue).flatMap(({ rule }) => rule.what);
  }

  /** The numbers of octets after which something is to happen to that side. */
  marks(by: "server" | "client", at: "content" | "sent" | "received"): number[] {
    return this.#due(by, (when) => when.at === at).flatMap(({ rule: { when } }) =>
      "octets" in when ? [when.octets] : [],
    );
  }

  #due(by: "server" | "client", isDue: (when: When) => boolean): ArmedRule[] {
    return this.#rules.filter(({ rule: { when }, followed }) => {
      const { by: whose = "server", times = Infinity } = when;
      return whose === by && followed < times && isDue(when);
    });
  }
}

function isOn(connection: number, which: Scope["connection"]): boolean {
  if (which === undefined) return true;
  if (typeof which === "number") return connection === which;
  if ("every" in which) return connection % which.every === 0;
  return connection >= which.from && connection <= which.to;
}
