// The packages as their users get them: packed, installed by npm into an empty project from the tarballs, type-checked there and
// imported in every runtime. It needs npm's registry; `npm run packed` runs it, and so does CI, which requires it.

import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { connect } from "@carteiro/node";
import { testServer } from "@carteiro/testing/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bun, deno } from "../conformance/runtimes.ts";
import { run, start } from "../support/processes.ts";
import { startWorker } from "../support/workerd.ts";
import { nodes, startConsumer, succeed, type Consumer } from "./consumer.ts";

/** Files to compile, and what to set for the compiler. */
interface Wishes {
  readonly files: readonly string[];
  readonly [option: string]: unknown;
}

const binaries = join(import.meta.dirname, "../../node_modules/.bin");
const everywhere = "core event\ndriver function\nmemory 250\ntesting Hi\nweb 250\n";
const onNode = "node Took 23 octets\ntesting/node Hi TLSv1.3\n";

describe.skipIf(process.env["CARTEIRO_REQUIRE_PEERS"] === undefined)("packed and installed", () => {
  let consumer: Consumer;
  let at: (file: string) => string;
  beforeAll(async () => {
    consumer = await startConsumer();
    at = (file) => join(consumer.folder, file);
    // JavaScript besides, as a user's compiler makes it.
    await check("emitted", { files: ["everywhere.ts", "node.ts", "deno.ts"], types: ["node", "deno"] });
  }, 300_000);
  afterAll(async () => consumer[Symbol.asyncDispose]());

  /** Compiles with the workspace's TypeScript. `name` is the folder for JavaScript. */
  async function check(name: string, { files, ...options }: Wishes) {
    const usual = { strict: true, module: "nodenext", target: "es2024", skipLibCheck: true };
    const lib = ["es2024", "esnext.disposable", "dom", "dom.asynciterable"];
    const compilerOptions = { ...usual, lib, outDir: name, ...options };
    writeFileSync(at(`${name}.json`), JSON.stringify({ compilerOptions, files }));
    await succeed(join(binaries, "tsc"), ["--project", `${name}.json`], consumer.folder);
  }

  describe("types", () => {
    test.each([
      ["without any platform", { files: ["everywhere.ts"], types: [] }],
      ["of Node", { files: ["everywhere.ts", "node.ts"], types: ["node"] }],
      ["of Node alone", { files: ["everywhere.ts", "node.ts"], types: ["node"], lib: ["es2024", "esnext.disposable"] }],
      ["of Deno", { files: ["deno.ts"], types: ["deno"] }],
      [
        "of Workers",
        { files: ["worker.ts"], types: ["@cloudflare/workers-types"], lib: ["es2024", "esnext.disposable"] },
      ],
    ])("%s are right, those of libraries checked too", async (_, options) => {
      await check("checked", { ...options, skipLibCheck: false });
    });

    test.each([
      ["for bundlers", { module: "esnext", moduleResolution: "bundler" }],
      ["in Bun, whose own do not hold without `skipLibCheck`", { files: ["bun.ts"], types: ["bun"] }],
      // XState's own declarations do not hold them: only without `skipLibCheck` that would show.
      ["by stricter rules", { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
    ])("are right %s", async (_, options) => {
      await check("checked", { files: ["everywhere.ts", "node.ts"], types: ["node"], ...options });
    });

    test("are right in Deno's own eyes", async () => {
      await succeed(deno.command, ["check", "everywhere.ts", "node.ts", "deno.ts"], consumer.folder);
    });
  });

  const files = ["everywhere.ts", "node.ts", "emitted/everywhere.js", "emitted/node.js"];
  const printed = (file: string) => (file.includes("everywhere") ? everywhere : onNode);

  describe.each(nodes)("Node %s", (version) => {
    const program = () => consumer.nodes.get(version) ?? "";

    test.each(files)("runs %s", async (file) => {
      const { stdout, stderr } = await succeed(program(), [file], consumer.folder);
      // Node 22 warns where it takes the types away.
      expect([stdout, stderr.replaceAll(/^\(.*\n/gm, "")]).toEqual([printed(file), ""]);
    });

    test("takes all entries by `require`", async () => {
      const { stdout, stderr } = await succeed(program(), ["required.cjs"], consumer.folder);
      expect([stdout, stderr]).toEqual(["required 250\n", ""]);
    });
  });

  describe("Deno", () => {
    const runs = (...words: string[]) => succeed(deno.command, ["run", ...words], consumer.folder);

    test.each(files)("runs %s", async (file) => {
      expect((await runs("--no-check", "--allow-all", file)).stdout).toBe(printed(file));
    });

    test.each(["everywhere.ts", "deno.ts", "emitted/deno.js"])("runs %s by --allow-net alone", async (file) => {
      const expected = file.includes("deno") ? "deno Queued as 4f2a\n" : everywhere;
      expect((await runs("--no-check", "--no-prompt", "--allow-net", file)).stdout).toBe(expected);
    });

    test("takes all entries by `require`", async () => {
      expect((await runs("--allow-all", "required.cjs")).stdout).toBe("required 250\n");
    });
  });

  describe("Bun", () => {
    test.each(files)("runs %s", async (file) => {
      expect((await succeed(bun.command, [file], consumer.folder)).stdout).toBe(printed(file));
    });

    test("runs bun.ts", async () => {
      expect((await succeed(bun.command, ["bun.ts"], consumer.folder)).stdout).toBe("bun Queued as 4f2a\n");
    });

    test("takes all entries by `require`", async () => {
      expect((await succeed(bun.command, ["required.cjs"], consumer.folder)).stdout).toBe("required 250\n");
    });
  });

  test("workerd runs a worker that sends and receives", async () => {
    await using inbox = await testServer();
    await using worker = await startWorker({
      entry: at("worker.ts"),
      sockets: { http: { protocol: "http" }, smtp: { protocol: "tcp" } },
      environment: { PORT: String(inbox.port) },
    });
    const response = await fetch(`http://127.0.0.1:${worker.ports["http"]}/`);
    expect(await response.text()).toBe("250");
    expect(inbox.messages).toHaveLength(1);
    await using client = await connect({ host: "127.0.0.1", port: worker.ports["smtp"] ?? 0 });
    const { reply } = await client.send({ from: "a@example.org", to: "b@example.org", content: "Hello!\r\n" });
    expect(reply?.lines).toEqual(["Queued as 4f2a"]);
  });

  describe("the command", () => {
    const [tooOld, ...served] = nodes;
    /** With this Node first on the path, as a user has his. */
    const withNode = (version: string) => {
      const folder = dirname(consumer.nodes.get(version) ?? "");
      return { folder: consumer.folder, environment: { PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` } };
    };
    const npx = (version: string, ...words: string[]) => run("npx", ["--no-install", ...words], withNode(version));

    test.each(served)("serves, and sends to itself, in Node %s", async (version) => {
      expect((await npx(version, "carteiro", "--help")).stdout).toContain("carteiro serve [OPTION]");
      const data = at(`data-${version}`);
      mkdirSync(data);
      const ports = ["relay", "submission", "submissions"].flatMap((role) => [`--${role}-port`, "0"]);
      const words = ["serve", "--json", "--data", data, ...ports, "--user", "ana@example.org:secret"];
      await using server = start(at("node_modules/.bin/carteiro"), words, withNode(version));
      const relay = await server.until((lines) => lines.find((line) => line.includes('"relay"')));
      const { port } = JSON.parse(relay) as { readonly port: number };
      const way = [
        "--host",
        "127.0.0.1",
        "--port",
        String(port),
        "--from",
        "bia@example.net",
        "--to",
        "ana@example.org",
      ];
      const sent = await npx(version, "carteiro", "send", ...way, "--subject", "Hi", "--text", "Hello!");
      expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining("accepted <ana@example.org>") });
    });

    test(`says in Node ${tooOld} that it needs a later one`, async () => {
      const { code, stderr } = await npx(tooOld, "carteiro", "--help");
      expect(code).not.toBe(0);
      expect(stderr).toContain("Node 24 or later is needed");
    });
  });
});
