// Folders of the server's own: a name that is not on disk takes all that lies below it along in a crash.

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { makeFolders } from "../../packages/cli/src/durable-file.ts";
import { nodeFileSystem } from "../../packages/cli/src/file-system.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-folders-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What was done, in order: `make PATH` where one was made, `sync PATH`. */
async function stepsOf(path: string): Promise<string[]> {
  const steps: string[] = [];
  await makeFolders(path, {
    async makeFolder(made) {
      await nodeFileSystem.makeFolder(made);
      steps.push(`make ${made}`);
    },
    async syncFolder(synced) {
      await nodeFileSystem.syncFolder(synced);
      steps.push(`sync ${synced}`);
    },
  });
  return steps;
}

test("each folder that is made is on disk before the next one, and belongs to its owner alone", async () => {
  const [above, below] = [join(scratch, "a"), join(scratch, "a", "b")];
  expect(await stepsOf(below)).toEqual([`make ${above}`, `sync ${scratch}`, `make ${below}`, `sync ${above}`]);
  for (const folder of [above, below]) expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("folders that are there are left as they are", async () => {
  expect(await stepsOf(scratch)).toEqual([]);
});

test("a file in the place of a folder is refused", async () => {
  const file = join(scratch, "file");
  writeFileSync(file, "");
  await expect(makeFolders(file)).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolders(join(file, "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
});
