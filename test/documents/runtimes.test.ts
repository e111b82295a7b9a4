// The READMEs' programs as they stand, each in the runtime that it is for, against peers elsewhere.

import { writeFileSync } from "node:fs";
import { connect } from "@carteiro/node";
import { testServer } from "@carteiro/testing/node";
import { describe, expect, test } from "vitest";
import * as runtimes from "../conformance/runtimes.ts";
import { chromiumAbsent, openPage } from "../support/chromium.ts";
import { webSocketBridge } from "../support/web-socket-bridge.ts";
import { startWorker, workerdAbsent } from "../support/workerd.ts";
import { examplesOf, node, type Command, type Examples } from "./example-files.ts";

const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
/** The permission that the documents name, and no other. */
const deno: Command = [runtimes.deno.command, "run", "--no-check", "--no-remote", "--no-prompt", "--allow-net"];
const bun: Command = [runtimes.bun.command];

/** Skipped where the runtime is not there, unless it has to be. */
function where(absent: string | undefined) {
  return describe.skipIf(absent !== undefined && !required);
}

const twoAnswers = "recipient@example.org: accepted, Queued as 4f2a\nrecipient@example.net: refused, Relaying denied\n";

/** What the page's script has put into the page. */
interface PageActions {
  send(bridge: string, text: string): Promise<string | undefined>;
}

/** A server and a client that know each other's mind. */
async function expectMail(examples: Examples, [serving, sending]: readonly [Command, Command]): Promise<void> {
  await using server = await examples.serve("server.ts", serving);
  expect(await examples.run("client.ts", [server.port], sending)).toBe(twoAnswers);
  await server.until((lines) => lines.find((line) => /^from sender@example\.org: \d+ characters$/.test(line)));
}

const engine = "250-mx.example.org greets client.example";
const inMemory = /^Subject: Hi\r\n\r\nHello!\r\n\n250 after \d+ virtual milliseconds\n$/;

describe("README.md", () => {
  const examples = examplesOf("README.md");
  const { at, run, serve } = examples;

  test("shows a server and a client for Node that work together", async () => {
    await expectMail(examples, [node, node]);
  });

  test("shows client and server in memory", async () => {
    expect(await run("both.ts")).toMatch(inMemory);
  });

  test("shows the engine by itself", async () => {
    expect(await run("engine.ts")).toContain(engine);
  });

  where(runtimes.bun.absent)("in Bun", () => {
    test.each([
      ["client", "Node's server", node, bun],
      ["server", "Node's client", bun, node],
    ])("has Node's %s work with %s", async (_, __, serving, sending) => {
      await expectMail(examples, [serving, sending]);
    });
  });

  where(runtimes.deno.absent)("in Deno, by --allow-net alone", () => {
    test("has a client that Node's server answers", async () => {
      await using server = await serve("server.ts");
      expect(await run("deno-client.ts", [server.port], deno)).toBe("Queued as 4f2a\n");
    });

    test("has a server that Node's client sends to, and Deno's", async () => {
      await using server = await serve("deno-server.ts", deno);
      expect(await run("client.ts", [server.port])).toContain("recipient@example.org: accepted, Took 30 octets\n");
      expect(await run("deno-client.ts", [server.port], deno)).toBe("Took 23 octets\n");
    });
  });

  where(workerdAbsent)("in workerd", () => {
    test("has a worker that sends to a server, and one that a client sends to", async () => {
      await using inbox = await testServer();
      await using worker = await startWorker({
        entry: at("worker.ts"),
        sockets: { http: { protocol: "http" }, smtp: { protocol: "tcp" } },
        environment: { SMTP_HOST: inbox.host, SMTP_PORT: String(inbox.port) },
      });
      const { http, smtp = 0 } = worker.ports;
      await fetch(`http://127.0.0.1:${http}/`, { method: "POST", body: "Bom dia" });
      expect((await inbox.message({ to: "recipient@example.org" })).text).toContain("Bom dia");
      await using client = await connect({ host: "127.0.0.1", port: smtp });
      const { reply } = await client.send({ from: "a@example.net", to: "b@example.org", content: "Hello!\r\n" });
      expect(reply?.lines).toEqual(["Queued as 4f2a"]);
    });
  });

  where(chromiumAbsent)("in Chromium", () => {
    test("has a page that sends to a server by a bridge", async () => {
      // A user's page has a button or the like in place of this.
      writeFileSync(at("page-entry.ts"), 'import { send } from "./page.ts";\nObject.assign(globalThis, { send });\n');
      await using inbox = await testServer();
      await using bridge = await webSocketBridge();
      await using opened = await openPage(at("page-entry.ts"));
      const reply = await opened.page.evaluate(
        (address) => (globalThis as unknown as PageActions).send(address, "Bom dia"),
        `${bridge.address}/${inbox.port}`,
      );
      expect(reply).toBeDefined();
      expect((await inbox.message({ to: "recipient@example.org" })).text).toContain("Bom dia");
    });
  });
});

describe("packages/node/README.md", () => {
  const examples = examplesOf("packages/node/README.md");

  test("shows a server and a client that work together", async () => {
    await expectMail(examples, [node, node]);
  });
});

describe("packages/core/README.md", () => {
  const { run } = examplesOf("packages/core/README.md");

  test("shows the engine by itself", async () => {
    const output = await run("engine.ts");
    expect(output).toContain(engine);
    expect(output).toMatch(/dialogue\.idle\.expectingMail\n$/);
  });
});

describe("packages/memory/README.md", () => {
  const { run } = examplesOf("packages/memory/README.md");

  test("shows client and server in memory", async () => {
    expect(await run("both.ts")).toMatch(inMemory);
  });
});

describe("packages/web/README.md", () => {
  const { run } = examplesOf("packages/web/README.md");

  test("shows a server and a client that work together", async () => {
    expect(await run("client.ts")).toBe("from sender@example.org: 23 characters\n250\n");
  });
});

where(runtimes.deno.absent)("packages/deno/README.md", () => {
  const examples = examplesOf("packages/deno/README.md");

  test("shows a server and a client that work together, and need the network alone", async () => {
    await expectMail(examples, [deno, deno]);
  });
});

where(runtimes.bun.absent)("packages/bun/README.md", () => {
  const examples = examplesOf("packages/bun/README.md");

  test("shows a server and a client that work together", async () => {
    await expectMail(examples, [bun, bun]);
  });
});
