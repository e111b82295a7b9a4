// Haraka as one process, set up by files in a folder of its own: it accepts mail for one domain and throws it away.

import { createRequire } from "node:module";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "../../test/interop/free-port.ts";
import { serveParent } from "../harness/child.ts";
import { whenOpen } from "./listening.ts";

const folder = mkdtempSync(join(tmpdir(), "carteiro-haraka-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const { resolve } = createRequire(import.meta.url);
const program = resolve("Haraka/haraka.js");

serveParent({
  listen: async () => {
    const port = await freePort();
    setUp(port);
    // What `haraka -c FOLDER` sets before it starts the same file.
    process.env["HARAKA"] = folder;
    // For queue/discard, without which it wants a mark on each message.
    process.env["YES_REALLY_DO_DISCARD"] = "1";
    await import(program);
    await whenOpen(port);
    return { port };
  },
});

/** As `haraka -i FOLDER` does, and then as an administrator does. */
function setUp(port: number): void {
  cpSync(join(dirname(program), "config"), join(folder, "config"), { recursive: true });
  mkdirSync(join(folder, "plugins"));
  for (const [name, text] of Object.entries(files(port))) writeFileSync(join(folder, name), text);
}

/** What differs from what it is installed with. */
function files(port: number): Readonly<Record<string, string>> {
  return {
    // nodes=0: no cluster, and so no second process.
    "config/smtp.ini": `listen=0.0.0.0:${port}\nnodes=0\npublic_ip=127.0.0.1\n`,
    "config/me": "mx.example.org\n",
    "config/host_list": "example.org\n",
    "config/log.ini": "[main]\nlevel=emerg\n",
    "config/plugins": "no_dns\nrcpt_to.in_host_list\nqueue/discard\n",
    "plugins/no_dns.js": `exports.hook_lookup_rdns = (next) => next(OK, "client.example.net");\n`,
  };
}
