// Who sends or serves mail loads no XState: sessions run tables that were made from the charts.

import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

async function modulesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    treeShaking: false,
    platform: "node",
    format: "esm",
    write: false,
    metafile: true,
    outdir: "nowhere",
    logLevel: "error",
  });
  return Object.keys(metafile.inputs).filter((file) => file.includes("/xstate/"));
}

test.for(["core", "driver", "memory", "node", "web"])("%s loads nothing of XState", async (name) => {
  expect(await modulesOf(`packages/${name}/src/index.ts`)).toEqual([]);
});

test("the machines are XState's", async () => {
  expect(await modulesOf("packages/core/src/machines.ts")).not.toEqual([]);
});
