// What the page does that the suite is run in: `chromium.ts` bundles it, and calls what it puts into the window.

import type { Ports, Report } from "./matrix.ts";
import { work } from "./matrix.ts";
import { conformance, runCases, type CaseOutcome } from "./suite.ts";
import { bridgedAdapter, webAdapter } from "./web-adapter.ts";

export interface PageActions {
  /** Runs all cases between a client and a server in the page. */
  readonly runSuite: (tell: (outcome: CaseOutcome) => Promise<void>) => Promise<void>;
  /** Sends the matrix's messages through a bridge. */
  readonly sendAll: (bridge: string, ports: Ports) => Promise<Report>;
}

const actions: PageActions = {
  runSuite: (tell) => runCases(conformance(webAdapter), tell),
  sendAll: (bridge, ports) => work(bridgedAdapter(bridge), { ports }),
};
Object.assign(globalThis, { carteiro: actions });
