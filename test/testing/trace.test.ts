// The page of a trace, looked at in a browser. The screenshot in the documents is of this very session: CARTEIRO_SCREENSHOTS=1
// takes it anew.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { accept, reject } from "@carteiro/driver";
import { pair } from "@carteiro/memory";
import { recordings, tracePage, traceSteps } from "@carteiro/testing";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumAbsent, launchChromium } from "../support/chromium.ts";

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
const screenshot = join(import.meta.dirname, "../../docs/trace.png");

/** A session of each side, the same at every run. */
async function recorded(subject: string) {
  const [servers, clients] = [recordings(), recordings()];
  const { client, clock } = await pair(
    {
      hostname: "mx.example.net",
      onConnection: () => accept(),
      onHello: () => accept(),
      onMail: () => accept(),
      onRecipient: ({ recipient }) =>
        recipient.localPart === "nobody" ? reject(550, "5.1.1", "No such user") : accept(),
      onMessage: () => accept("Queued as 4f2a"),
      witness: servers.witness,
    },
    { hostname: "client.example", witness: clients.witness },
    { latency: 20 },
  );
  const content = `Subject: ${subject}\r\n\r\nHello, José!\r\n`;
  await clock.settle(client.send({ from: "ana@example.org", to: ["bia@example.net", "nobody@example.net"], content }));
  await clock.settle(client.quit());
  return { ofServer: servers.sessions[0] ?? "", ofClient: clients.sessions[0] ?? "" };
}

const { ofServer, ofClient } = await recorded("Greetings");

test("the steps of a trace have the time since the beginning, and the state that they led to", () => {
  const steps = traceSteps(ofServer);
  expect(steps[0]).toEqual({ kind: "event", text: "-> connectionReceived", at: 0, state: "decidingConnection" });
  expect(steps.at(-1)).toMatchObject({
    kind: "server",
    state: "closed",
    text: expect.stringMatching(/\nS: \(closes\)$/),
  });
  expect(steps.find(({ text }) => text.startsWith("C: EHLO"))?.at).toBe(40);
});

test("the page has nothing of what peers said that is not text", async () => {
  const hostile = await recorded("</script><script>alert(1)</script>");
  expect(tracePage(hostile.ofServer)).not.toContain("<script>alert");
});

describe.skipIf(!required && chromiumAbsent !== undefined)("the page in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-trace-"));
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1_200, height: 720 }, colorScheme: "light" });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => request.url().startsWith("file:") || complaints.push(request.url()));
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(recording: string, hash = ""): Promise<void> {
    const file = join(folder, `${Math.random()}.html`);
    writeFileSync(file, tracePage(recording));
    await page.goto(`${pathToFileURL(file).href}${hash}`);
  }

  const here = async () => ({
    step: await page.locator("#dialogue [aria-current]").textContent(),
    state: await page.locator("#state").textContent(),
    lit: await page.locator("svg .leaf.now").getAttribute("data-path"),
    passed: await page.locator("svg .leaf.passed").count(),
  });

  test("begins at the first step, and goes on by the arrow keys, the slider and clicks", async () => {
    await open(ofServer);
    expect(await here()).toMatchObject({ state: "decidingConnection", lit: "decidingConnection", passed: 0 });
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await here()).toMatchObject({ step: "0.040C: EHLO client.example", lit: "dialogue.idle.expectingHello" });
    expect(await page.locator("svg .around").count()).toBe(2);
    await page.keyboard.press("End");
    expect(await here()).toMatchObject({ state: "closed", lit: "closed" });
    await page.locator("#slider").fill("1");
    expect(await here()).toMatchObject({ step: "0.000<- accept" });
    await page.getByText("S: 550 5.1.1 No such user").click();
    expect(await here()).toMatchObject({ state: "dialogue.transaction.expectingRecipientOrData" });
    await page.keyboard.press("Home");
    expect((await here()).passed).toBe(0);
  });

  test("plays, and stops", async () => {
    await open(ofClient, "#2");
    await page.keyboard.press(" ");
    await expect.poll(() => page.locator("#place").textContent()).toMatch(/^[4-9] of/);
    await page.keyboard.press(" ");
    expect(await page.locator("#play").textContent()).toBe("Play");
  });

  test.each([
    ["server", ofServer],
    ["client", ofClient],
  ])("lights a state at every step of the %s, and none lies outside of another's box", async (_, recording) => {
    await open(recording);
    for (const [index, { state }] of traceSteps(recording).entries()) {
      expect(await here()).toMatchObject({ state, lit: state });
      if (index === 0) expect(await page.locator("#move[d]").count()).toBe(0);
      await page.keyboard.press("ArrowRight");
    }
    const overlaps = await page.evaluate(() => {
      const leaves = [...document.querySelectorAll("svg .leaf rect")].map((rect) => rect.getBoundingClientRect());
      const view = document.querySelector("svg")?.getBoundingClientRect();
      const texts = [...document.querySelectorAll("svg .leaf")].filter((leaf) => {
        const [rect, text] = [leaf.querySelector("rect"), leaf.querySelector("text")];
        return (text?.getBoundingClientRect().width ?? 0) > (rect?.getBoundingClientRect().width ?? 0);
      });
      const over = leaves.filter((one) =>
        leaves.some(
          (two) =>
            one !== two && one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom,
        ),
      );
      const outside = leaves.filter(
        (one) => view !== undefined && (one.right > view.right || one.bottom > view.bottom),
      );
      return { texts: texts.length, over: over.length, outside: outside.length };
    });
    expect(overlaps).toEqual({ texts: 0, over: 0, outside: 0 });
  });

  test("asks for nothing, and has nothing to complain of", () => {
    expect(complaints).toEqual([]);
  });

  test("looks as in the documents", async () => {
    const steps = traceSteps(ofServer);
    await open(ofServer, `#${steps.findIndex(({ text }) => text.startsWith("<- reject"))}`);
    const path = process.env["CARTEIRO_SCREENSHOTS"] === undefined ? join(folder, "trace.png") : screenshot;
    await page.screenshot({ path, animations: "disabled" });
    const [taken, kept] = [path, screenshot].map((file) => readFileSync(file));
    // Width and height stand behind the signature and the name of the first chunk.
    expect(taken?.subarray(16, 24)).toEqual(kept?.subarray(16, 24));
    expect(statSync(screenshot).size).toBeLessThan(250_000);
  });
});
