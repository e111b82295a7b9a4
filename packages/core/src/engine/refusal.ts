// The error for a chart that cannot be compiled.

import type { AnyStateNode } from "xstate";
import { statePath } from "./chart.ts";

/** A chart uses what `compile` cannot carry over faithfully. A mistake of the chart's author, thrown at load time. */
export class ChartNotCompilableError extends Error {
  override readonly name = "ChartNotCompilableError";
  /** The chart's `id`. */
  readonly machine: string;
  /** The state's dotted path; empty for the root. */
  readonly state: string;
  /** What is used there. */
  readonly feature: string;

  constructor(state: AnyStateNode, feature: string, instead: string) {
    const path = statePath(state);
    const where = path === "" ? "the root state" : `state "${path}"`;
    super(`Chart "${state.machine.id}" cannot be compiled: ${where} uses ${feature}. ${instead}`);
    this.machine = state.machine.id;
    this.state = path;
    this.feature = feature;
  }
}
