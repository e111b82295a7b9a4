// A file system in memory that loses, when it crashes, what was not synced; and that fails or dies at a chosen call.

import type { DeliveryFile, FileSystem } from "../../packages/cli/src/file-system.ts";

interface Folder {
  readonly kind: "folder";
  names: Map<string, Entry>;
  durableNames: Map<string, Entry>;
}
interface File {
  readonly kind: "file";
  content: Uint8Array;
  durableLength: number;
}
type Entry = Folder | File;

export interface CrashFileSystemOptions {
  /** The call, counted from 0, that fails with this code; the calls after it work. */
  readonly fault?: { readonly at: number; readonly code: string };
  /** The call at which the process dies: this one and all after it reject and do nothing. */
  readonly deathAt?: number;
}

export class CrashFileSystem implements FileSystem {
  readonly #root: Folder = folder();
  readonly #options: CrashFileSystemOptions;
  /** Calls made so far, in order, for example `rename`. */
  readonly calls: string[] = [];

  constructor(options: CrashFileSystemOptions = {}) {
    this.#options = options;
  }

  async create(path: string): Promise<DeliveryFile> {
    this.#call("create");
    const { parent, name } = this.#locate(path);
    if (parent.names.has(name)) throw systemError("EEXIST");
    const file: File = { kind: "file", content: new Uint8Array(), durableLength: 0 };
    parent.names.set(name, file);
    return {
      write: async (bytes) => {
        const failing = this.#isFault();
        append(file, failing ? bytes.subarray(0, bytes.length >> 1) : bytes);
        this.#call("write");
      },
      sync: async () => {
        this.#call("sync");
        file.durableLength = file.content.length;
      },
      close: async () => this.#call("close"),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call("rename");
    const source = this.#locate(from);
    const target = this.#locate(to);
    const entry = source.parent.names.get(source.name);
    if (entry === undefined) throw systemError("ENOENT");
    source.parent.names.delete(source.name);
    target.parent.names.set(target.name, entry);
  }

  async remove(path: string): Promise<void> {
    this.#call("remove");
    const { parent, name } = this.#locate(path);
    parent.names.delete(name);
  }

  async makeFolder(path: string): Promise<void> {
    this.#call("makeFolder");
    const { parent, name } = this.#locate(path);
    if (parent.names.has(name)) throw systemError("EEXIST");
    parent.names.set(name, folder());
  }

  async syncFolder(path: string): Promise<void> {
    this.#call("syncFolder");
    const found = this.#find(path.split("/"));
    if (found?.kind !== "folder") throw systemError("ENOENT");
    found.durableNames = new Map(found.names);
  }

  /** Crashes. `survives` is asked for each change that was not synced whether it reached the disk all the same. */
  crash(survives: () => boolean): void {
    crashFolder(this.#root, survives);
  }

  /** The content of each file, by its path. */
  files(): Map<string, Uint8Array> {
    return new Map(filesBelow(this.#root, ""));
  }

  #call(name: string): void {
    const failing = this.#isFault();
    const at = this.calls.length;
    this.calls.push(name);
    if (failing) throw systemError(this.#options.fault?.code ?? "");
    if (at >= (this.#options.deathAt ?? Number.POSITIVE_INFINITY)) throw systemError("EDEAD");
  }

  #isFault(): boolean {
    return this.calls.length === this.#options.fault?.at;
  }

  #locate(path: string): { parent: Folder; name: string } {
    const names = path.split("/");
    const name = names.pop() ?? "";
    const parent = this.#find(names);
    if (parent?.kind !== "folder") throw systemError("ENOENT");
    return { parent, name };
  }

  #find(names: readonly string[]): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const name of names.filter((part) => part !== "" && part !== ".")) {
      entry = entry?.kind === "folder" ? entry.names.get(name) : undefined;
    }
    return entry;
  }
}

export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function folder(): Folder {
  return { kind: "folder", names: new Map(), durableNames: new Map() };
}

function append(file: File, bytes: Uint8Array): void {
  file.content = Uint8Array.of(...file.content, ...bytes);
}

function crashFolder(crashed: Folder, survives: () => boolean): void {
  const names = new Map(crashed.durableNames);
  for (const name of new Set([...crashed.names.keys(), ...crashed.durableNames.keys()])) {
    const now = crashed.names.get(name);
    if (now === crashed.durableNames.get(name) || !survives()) continue;
    if (now === undefined) names.delete(name);
    else names.set(name, now);
  }
  crashed.names = names;
  for (const entry of names.values()) {
    if (entry.kind === "folder") crashFolder(entry, survives);
    else if (!survives()) entry.content = entry.content.subarray(0, entry.durableLength);
  }
}

function* filesBelow(parent: Folder, path: string): Generator<[string, Uint8Array]> {
  for (const [name, entry] of parent.names) {
    if (entry.kind === "file") yield [`${path}/${name}`, entry.content];
    else yield* filesBelow(entry, `${path}/${name}`);
  }
}
