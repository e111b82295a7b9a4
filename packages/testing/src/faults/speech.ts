// What one side says, harmed where a rule says so: at its place in the dialogue, or after so many octets.

import { Counter } from "./counter.ts";
import type { Occasions } from "./occasions.ts";
import type { Outlet } from "./outlet.ts";
import type { What } from "./rule.ts";
import { nothing, speaks, stepsOf } from "./steps.ts";

export class Speech {
  readonly #by: "server" | "client";
  readonly #outlet: Outlet;
  readonly #occasions: Occasions;
  readonly #sent = new Counter();
  /** Harm to whatever is said next. */
  #next: What[] = [];

  constructor(by: "server" | "client", outlet: Outlet, occasions: Occasions) {
    this.#by = by;
    this.#outlet = outlet;
    this.#occasions = occasions;
  }

  /** Octets, and what befalls them. */
  say(octets: Uint8Array, given: readonly What[]): void {
    if (octets.length === 0 && given.length === 0) return;
    let what = [...this.#next.splice(0), ...given];
    for (let rest = octets; ;) {
      const { head, mark } = this.#sent.cut(rest, this.#occasions.marks(this.#by, "sent"), false);
      const marked = mark === undefined ? [] : this.#after(mark);
      if (mark !== undefined && head.length === 0) {
        what = [...what, ...marked];
        continue;
      }
      this.#outlet.push(stepsOf(head, what, this.#occasions.random));
      if (mark === undefined) return;
      what = marked;
      rest = rest.subarray(head.length);
    }
  }

  /** Something befalls the side while it is not about to speak. */
  happen(what: readonly What[]): void {
    if (what.some(speaks))
      this.#outlet.push(stepsOf(nothing, [...this.#next.splice(0), ...what], this.#occasions.random));
    else this.#next.push(...what);
  }

  #after(mark: number): What[] {
    return this.#occasions.meet(this.#by, (when) => when.at === "sent" && when.octets === mark);
  }
}
