// Small files that must never be seen half-written, secrets and settings of the server's own making; and their folders.

import { randomBytes } from "node:crypto";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { nodeFileSystem, type FileSystem } from "./file-system.ts";
import { errorCode } from "./system-error.ts";

/**
 * Writes a text file in place of another, or anew, with these permissions. Whenever the machine stops, the file holds
 * either what it held or the new text. Rejects with the file system's error.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}`;
  const file = await open(temporary, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Makes a folder, and those above it that are missing, for their owner alone; each is on disk before the next is made.
 * One that is there already is left as it is. Rejects with the file system's error.
 */
export async function makeFolders(
  path: string,
  fileSystem: Pick<FileSystem, "makeFolder" | "syncFolder"> = nodeFileSystem,
): Promise<void> {
  // Not Node's own recursion: it tells nothing of what lies between, and in /proc it never ends.
  try {
    await fileSystem.makeFolder(path);
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolders(dirname(path), fileSystem);
    await fileSystem.makeFolder(path);
  }
  await fileSystem.syncFolder(dirname(path));
}
