// fetchmail as the client of ETRN: it asks for what waits for its hosts. It does not start on a machine whose own name
// cannot be looked up, as in some containers.

import { lookup } from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { etrn, type QueueRequest } from "@carteiro/core";
import { accept, reject, reply } from "@carteiro/node";
import { expect, test } from "vitest";

import { run } from "../support/processes.ts";
import { startOwnServer } from "./own-server.ts";
import { describeWith, program } from "./peers.ts";

const hasName = hostname().includes(".") || (await lookup(hostname()).catch(() => undefined)) !== undefined;

describeWith(program("fetchmail"), (fetchmail) => {
  test.skipIf(!hasName)("asks for the mail of its hosts, and is told for which there is none to come", async () => {
    const asked: unknown[] = [];
    await using server = await startOwnServer({
      extensions: [etrn],
      commands: {
        ETRN({ value }) {
          asked.push(value);
          return (value as QueueRequest).name === "example.org"
            ? accept(reply(253, "2.0.0", "OK, 3 pending messages for node example.org started"))
            : reject(459, "4.7.1", "Node not allowed");
        },
      },
    });
    const folder = mkdtempSync(join(tmpdir(), "carteiro-fetchmail-"));
    const settings = join(folder, "fetchmailrc");
    const hosts = "fetchdomains example.org example.com smtphost 127.0.0.1 sslproto ''";
    writeFileSync(settings, `poll 127.0.0.1 protocol ETRN service ${server.port} ${hosts}\n`, { mode: 0o600 });
    const words = ["-f", settings, "-v", "--nosyslog", "--pidfile", join(folder, "pid")];
    const { stdout, stderr } = await run(fetchmail, words, { environment: { HOME: folder } });
    rmSync(folder, { recursive: true, force: true });
    expect(asked).toEqual([
      { scope: "host", name: "example.org" },
      { scope: "host", name: "example.com" },
    ]);
    expect(stdout + stderr).toContain("Pending messages for example.org started");
    expect(stdout + stderr).toContain("Node example.com not allowed");
    expect(server.errors).toEqual([]);
  });
});
