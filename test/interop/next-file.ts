// Files that a server delivers into a folder, one at a time.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Longest that a server may take from its reply to the file. */
const patience = 30_000;

/** Takes a file out of the folder, waiting for one where there is none, nor the folder yet. */
export async function nextFile(folder: string): Promise<Buffer> {
  for (let waited = 0; waited < patience; waited += 20) {
    const [name] = namesIn(folder);
    if (name !== undefined) {
      const octets = readFileSync(join(folder, name));
      rmSync(join(folder, name));
      return octets;
    }
    await setTimeout(20);
  }
  throw new Error(`Nothing was delivered into ${folder}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
