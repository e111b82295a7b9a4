// The page of the suite, opened once a test file, by those who first need it.

import { join } from "node:path";
import { afterAll } from "vitest";
import { openPage, type OpenPage } from "../support/chromium.ts";
import { webSocketBridge, type Bridge } from "../support/web-socket-bridge.ts";
import type { Mode, Ports } from "./matrix.ts";
import type { CaseOutcome } from "./suite.ts";
import type { PageActions } from "./web-page.ts";

let opened: Promise<OpenPage> | undefined;
let bridging: Promise<Bridge> | undefined;
afterAll(async () => {
  await (await opened)?.[Symbol.asyncDispose]();
  await (await bridging)?.[Symbol.asyncDispose]();
});

/** Runs the suite in the page. */
export async function runInPage(tell: (outcome: CaseOutcome) => void): Promise<void> {
  const { page } = await (opened ??= openPage(join(import.meta.dirname, "web-page.ts")));
  await page.exposeFunction("tell", tell);
  await page.evaluate(() => {
    const { carteiro, tell } = globalThis as unknown as {
      carteiro: PageActions;
      tell: (outcome: CaseOutcome) => Promise<void>;
    };
    return carteiro.runSuite(tell);
  });
}

/** Sends the matrix's messages from the page to ports of this host, through a bridge. */
export async function sendFromPage(ports: Ports): Promise<readonly Mode[]> {
  const { page } = await (opened ??= openPage(join(import.meta.dirname, "web-page.ts")));
  const { address } = await (bridging ??= webSocketBridge());
  const report = await page.evaluate(
    ([bridge, at]) => (globalThis as unknown as { carteiro: PageActions }).carteiro.sendAll(bridge, at),
    [address, ports] as const,
  );
  return "sent" in report ? report.sent : [];
}
