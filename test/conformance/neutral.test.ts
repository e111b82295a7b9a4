// The suite must run where there is neither Node nor a test runner.

import { build } from "esbuild";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the suite can be bundled for a browser, without any module of a runtime", async () => {
  const files = ["suite.ts", "matrix.ts", "memory-adapter.ts", "web-page.ts", "transport-peer.ts"];
  const { metafile } = await build({
    entryPoints: files.map((file) => join(import.meta.dirname, file)),
    bundle: true,
    write: false,
    metafile: true,
    outdir: "unwritten",
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  expect(imports.filter(({ external }) => external === true)).toEqual([]);
});
