// What delivery asks of a file system, each call done only when it is done, and Node's answer to it.
// It is this small so that a test can put another in its place: one that fails, or loses what was not synced.

import { mkdir, open, rename, rm } from "node:fs/promises";

export interface DeliveryFile {
  /** Writes all of the bytes at the end. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the content is on disk. */
  sync(): Promise<void>;
  /** May be called again, to no effect. */
  close(): Promise<void>;
}

export interface FileSystem {
  /** Makes and opens a file that is not there yet (else EEXIST), readable by its owner alone. */
  create(path: string): Promise<DeliveryFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Makes one folder in one that is there (else ENOENT); rejects with EEXIST if there is something by that name. */
  makeFolder(path: string): Promise<void>;
  /** Resolves when the names in a folder are on disk. */
  syncFolder(path: string): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  async create(path) {
    const handle = await open(path, "wx", 0o600);
    return {
      write: (bytes) => handle.writeFile(bytes),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  makeFolder: (path) => mkdir(path, 0o700),
  async syncFolder(path) {
    // Windows opens no folders; its file systems keep names in their journal.
    if (process.platform === "win32") return;
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
