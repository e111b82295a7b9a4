// Durable delivery into Maildirs (https://cr.yp.to/proto/maildir.html): what was reported as delivered survives a crash,
// and nothing incomplete is ever seen in `new`. Octets are kept as they came, CRLF included.

import { randomBytes } from "node:crypto";
import { hostname as systemHostname } from "node:os";
import { dirname, join } from "node:path";

import { isAsciiControl } from "./character-codes.ts";
import { nodeFileSystem, type DeliveryFile, type FileSystem } from "./file-system.ts";
import { errorCode } from "./system-error.ts";

/** One copy of a message: whose it is, and the header fields to put in front of it, CRLF included. */
export interface DeliveryTarget {
  readonly mailbox: { readonly localPart: string; readonly domain: string };
  readonly header: Uint8Array;
}

export interface MaildirOptions {
  /** The name that tells this machine's deliveries from others' on a shared disk. Default: the system's. */
  readonly hostname?: string;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** Default: Node's. Tests put one here that fails. */
  readonly fileSystem?: FileSystem;
}

/** The mailboxes below one folder, each at `ROOT/DOMAIN/LOCAL/{tmp,new,cur}`, made when first delivered to. */
export class Maildir {
  readonly #root: string;
  readonly #fileSystem: FileSystem;
  readonly #now: () => number;
  readonly #host: string;
  /** Folders that this process knows to be on disk; as many as there are mailboxes. */
  readonly #ready = new Set<string>();
  /** Folders that hold names which may not be on disk yet. */
  readonly #unsynced = new Set<string>();
  #making: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(root: string, options: MaildirOptions = {}) {
    this.#root = root;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#now = options.now ?? Date.now;
    this.#host = uniqueNameHost(options.hostname ?? systemHostname());
  }

  /**
   * Delivers one message to all targets, or to none. Resolves to the files' paths in `new`, in the targets' order, once
   * every file and folder is on disk: now the 250 may be sent. Rejects with the file system's error
   * (see `deliveryFailureReply`), with what `content` threw, or with the signal's reason where it was aborted before
   * all of the content had come; nothing is left behind then.
   */
  async deliver(
    targets: readonly DeliveryTarget[],
    content: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<readonly string[]> {
    const delivery = await this.begin(targets);
    try {
      for await (const bytes of content) await delivery.write(bytes);
      signal?.throwIfAborted();
    } catch (error) {
      await delivery.abort();
      throw error;
    }
    return delivery.commit();
  }

  /**
   * The same in steps: opens one file in `tmp` for each target and writes its header. Go on with `write`, then `commit`
   * or `abort`. A mailbox named twice gets two copies. Rejects with the file system's error, leaving nothing behind, and
   * with `RangeError` if there are no targets.
   */
  async begin(targets: readonly DeliveryTarget[]): Promise<Delivery> {
    // Nobody would have the message, and the sender would be told that it was delivered.
    if (targets.length === 0) throw new RangeError("a delivery needs a mailbox");
    const delivery = new Delivery(this.#fileSystem);
    try {
      for (const { mailbox, header } of targets) await delivery.add(await this.#open(mailbox), header);
    } catch (error) {
      await delivery.abort();
      throw error;
    }
    return delivery;
  }

  /** The mailbox's own folder, there or not; its messages are seen in `new` below it. */
  folder(mailbox: DeliveryTarget["mailbox"]): string {
    return join(this.#root, folderName(mailbox.domain), folderName(mailbox.localPart));
  }

  async #open(mailbox: DeliveryTarget["mailbox"]): Promise<Copy> {
    const folder = this.folder(mailbox);
    const name = this.#uniqueName();
    await this.#makeReady(folder);
    const paths = { temporary: join(folder, "tmp", name), final: join(folder, "new", name) };
    try {
      return { ...paths, file: await this.#fileSystem.create(paths.temporary) };
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      // Someone removed the folder while we ran: make it once more.
      this.#ready.delete(folder);
      await this.#makeReady(folder);
      return { ...paths, file: await this.#fileSystem.create(paths.temporary) };
    }
  }

  /** One at a time: of two at once, one would rely on names that the other has not synced yet. */
  #makeReady(folder: string): Promise<void> {
    if (this.#ready.has(folder)) return Promise.resolve();
    const made = this.#making.then(() => this.#makeMailbox(folder));
    this.#making = made.catch(() => undefined);
    return made;
  }

  async #makeMailbox(folder: string): Promise<void> {
    const inside = ["tmp", "new", "cur"].map((name) => join(folder, name));
    for (const path of [this.#root, dirname(folder), folder, ...inside]) await this.#makeFolder(path);
    for (const path of this.#unsynced) {
      await this.#fileSystem.syncFolder(path);
      this.#unsynced.delete(path);
    }
    this.#ready.add(folder);
  }

  async #makeFolder(path: string): Promise<void> {
    // Even if it is there: whoever made it may have died before its name was on disk.
    this.#unsynced.add(dirname(path));
    try {
      await this.#fileSystem.makeFolder(path);
    } catch (error) {
      if (errorCode(error) === "EEXIST") return;
      if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
      await this.#makeFolder(dirname(path));
      await this.#fileSystem.makeFolder(path);
    }
  }

  /** `time.unique.host`: no other delivery anywhere has this name. */
  #uniqueName(): string {
    const now = this.#now();
    const microseconds = Math.floor((now % 1000) * 1000);
    const unique = `M${microseconds}P${process.pid}Q${++this.#count}R${randomBytes(8).toString("hex")}`;
    return `${Math.floor(now / 1000)}.${unique}.${this.#host}`;
  }
}

interface Copy {
  readonly temporary: string;
  readonly final: string;
  readonly file: DeliveryFile;
}

/** A message on its way into one mailbox or several. Use one call at a time; after `commit` or `abort`, none. */
export class Delivery {
  readonly #fileSystem: FileSystem;
  readonly #copies: Copy[] = [];
  #published = false;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /** Takes over an open file and writes its header. */
  async add(copy: Copy, header: Uint8Array): Promise<void> {
    this.#copies.push(copy);
    await copy.file.write(header);
  }

  /** Adds content to every copy. Resolves when the system has taken it. After a rejection call `abort`. */
  async write(bytes: Uint8Array): Promise<void> {
    await settled(this.#copies.map(({ file }) => file.write(bytes)));
  }

  /** Makes every copy durable and seen in `new`, and resolves to their paths; or rejects, and no copy is there. */
  async commit(): Promise<readonly string[]> {
    try {
      await settled(this.#copies.map(({ file }) => file.sync()));
      await settled(this.#copies.map(({ file }) => file.close()));
      this.#published = true;
      await settled(this.#copies.map(({ temporary, final }) => this.#fileSystem.rename(temporary, final)));
      await settled(this.#folders().map((folder) => this.#fileSystem.syncFolder(folder)));
    } catch (error) {
      await this.abort();
      throw error;
    }
    return this.#copies.map(({ final }) => final);
  }

  /** Removes every copy, as far as the disk allows. Never rejects: the error that matters is the one that led here. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#copies.map(({ file }) => file.close()));
    await Promise.allSettled(this.#copies.map(({ final }) => this.#fileSystem.remove(final)));
    await Promise.allSettled(this.#copies.map(({ temporary }) => this.#fileSystem.remove(temporary)));
    // A copy that was seen in `new` must not come back with the next crash: the sender has been told to try again.
    if (this.#published) await Promise.allSettled(this.#folders().map((folder) => this.#fileSystem.syncFolder(folder)));
  }

  #folders(): string[] {
    const folders = this.#copies.flatMap(({ temporary, final }) => [dirname(final), dirname(temporary)]);
    return [...new Set(folders)];
  }
}

/** What to answer when a delivery failed: 452 4.3.1 where room is lacking, else 451 4.3.0. Either way the client tries later. */
export function deliveryFailureReply(error: unknown): {
  readonly code: 451 | 452;
  readonly enhanced: "4.3.0" | "4.3.1";
  readonly text: string;
} {
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return { code: 452, enhanced: "4.3.1", text: "Insufficient system storage, try again later" };
  }
  return { code: 451, enhanced: "4.3.0", text: "Message could not be stored, try again later" };
}

/**
 * A domain or local part as the name of one folder: itself, but for what would lead out of its parent or hide it
 * (`/`, `\`, `:`, control characters, a leading dot), which is percent-encoded; so is `%`, and no two names become one.
 * Throws `RangeError` if it is empty.
 */
export function folderName(part: string): string {
  if (part === "") throw new RangeError("a mailbox folder needs a name");
  let name = "";
  for (const character of part) {
    const code = character.charCodeAt(0);
    const leadingDot = character === "." && name === "";
    const safe = !isAsciiControl(code) && !"/\\:%".includes(character) && !leadingDot;
    name += safe ? character : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return name;
}

/** The host's name as the end of a file's name: `/` and `:` have a meaning there, and are written in octal. */
function uniqueNameHost(hostname: string): string {
  return hostname.replaceAll("/", "\\057").replaceAll(":", "\\072");
}

/** Waits until all are done, whatever happened to some, so that a clean-up meets nothing still in flight. */
async function settled(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
