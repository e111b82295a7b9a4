// A page in headless Chromium, with a script that is bundled as its users' tools would do it.

import { existsSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";

/** Where Debian puts it, as a whole and without windows. */
const usual = ["/usr/bin/chromium", "/usr/bin/chromium-headless-shell"];
const executablePath = process.env["CARTEIRO_CHROMIUM"] ?? usual.find((path) => existsSync(path)) ?? "chromium";

/** Why there is no Chromium here; `undefined` where there is. */
export const chromiumAbsent = existsSync(executablePath) ? undefined : `Chromium is not installed as ${executablePath}`;

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: flags });
}

/** Opens an empty page that runs the script. Its origin is the loopback interface: pages elsewhere have no WebCrypto without TLS. */
export async function openPage(entry: string): Promise<OpenPage> {
  const script = await bundled(entry);
  const site = createServer((request, response) => {
    const isScript = request.url === "/script.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? script : '<!doctype html><title>Carteiro</title><script type="module" src="/script.js"></script>',
    );
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    return {
      page,
      async [Symbol.asyncDispose]() {
        await browser.close();
        site.close();
      },
    };
  } catch (error) {
    await browser.close();
    site.close();
    throw error;
  }
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
