// Delivery into Maildirs: what is promised of it is checked on a disk that fails and on one that forgets.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { deliveryFailureReply, folderName, Maildir, type DeliveryTarget } from "../../packages/cli/src/maildir.ts";
import { CrashFileSystem, systemError } from "./crash-file-system.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-maildir-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (octets: Uint8Array) => new TextDecoder("latin1").decode(octets);

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield bytes("half a mes");
  throw new Error("connection lost");
}

function target(localPart: string, header = `Return-Path: <>\r\nX-For: ${localPart}\r\n`): DeliveryTarget {
  return { mailbox: { localPart, domain: "example.org" }, header: bytes(header) };
}

/** One message: who gets it, and its content as it arrives. */
const delivery = fc.record({
  targets: fc.array(
    fc.constantFrom("ana", "bia", "caio").map((name) => target(name)),
    { minLength: 1, maxLength: 3 },
  ),
  parts: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 4 }),
});

function expectedFiles({ targets, parts }: { targets: DeliveryTarget[]; parts: Uint8Array[] }): string[] {
  const content = parts.map(text).join("");
  return targets.map(({ header }) => text(header) + content).toSorted();
}

/** What readers see: the files in the folders `new`. */
function seen(fileSystem: CrashFileSystem): string[] {
  const entries = [...fileSystem.files()].filter(([path]) => path.includes("/new/"));
  return entries.map(([, content]) => text(content)).toSorted();
}

describe("delivery on a disk that fails", () => {
  test("any single fault leaves either everything delivered and reported, or nothing at all", async () => {
    const codes = fc.constantFrom("ENOSPC", "EIO", "EDQUOT", "EROFS");
    await fc.assert(
      fc.asyncProperty(delivery, codes, async (message, code) => {
        const faultless = new CrashFileSystem();
        await new Maildir("/d/mail", { fileSystem: faultless }).deliver(message.targets, chunks(...message.parts));
        for (let at = 0; at < faultless.calls.length; at++) {
          const fileSystem = new CrashFileSystem({ fault: { at, code } });
          const maildir = new Maildir("/d/mail", { fileSystem });
          const outcome = await maildir.deliver(message.targets, chunks(...message.parts)).then(
            () => "delivered",
            () => "failed",
          );
          expect(outcome, `${faultless.calls[at]} at ${at}`).toBe("failed");
          expect([...fileSystem.files().keys()]).toEqual([]);
        }
      }),
    );
  });

  test("a refused message does not come back with the next crash", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, fc.nat(80), fc.infiniteStream(fc.boolean()), async (message, at, luck) => {
        const fileSystem = new CrashFileSystem({ fault: { at, code: "EIO" } });
        const maildir = new Maildir("/d/mail", { fileSystem });
        const failed = await maildir.deliver(message.targets, chunks(...message.parts)).then(
          () => false,
          () => true,
        );
        fc.pre(failed);
        fileSystem.crash(() => luck.next().value === true);
        expect(seen(fileSystem)).toEqual([]);
      }),
    );
  });

  test("the message after a fault is delivered", async () => {
    const faultless = new CrashFileSystem();
    await new Maildir("/d/mail", { fileSystem: faultless }).deliver([target("ana")], chunks());
    for (let at = 0; at < faultless.calls.length; at++) {
      const fileSystem = new CrashFileSystem({ fault: { at, code: "EIO" } });
      const maildir = new Maildir("/d/mail", { fileSystem });
      await expect(maildir.deliver([target("ana")], chunks())).rejects.toThrow("EIO");
      await maildir.deliver([target("ana")], chunks());
      fileSystem.crash(() => false);
      expect(seen(fileSystem)).toHaveLength(1);
    }
  });

  test("content that breaks off leaves nothing behind, and its own error is what one gets", async () => {
    const fileSystem = new CrashFileSystem();
    const delivered = new Maildir("/d/mail", { fileSystem }).deliver([target("ana"), target("bia")], broken());
    await expect(delivered).rejects.toThrow("connection lost");
    expect([...fileSystem.files().keys()]).toEqual([]);
  });
});

describe("delivery on a disk that forgets what was not synced", () => {
  test("what was reported as delivered survives any crash, complete", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, fc.infiniteStream(fc.boolean()), async (message, luck) => {
        const fileSystem = new CrashFileSystem();
        await new Maildir("/d/mail", { fileSystem }).deliver(message.targets, chunks(...message.parts));
        fileSystem.crash(() => luck.next().value === true);
        expect(seen(fileSystem)).toEqual(expectedFiles(message));
      }),
    );
  });

  test("whenever the machine dies, nothing incomplete is seen in new", async () => {
    await fc.assert(
      fc.asyncProperty(delivery, fc.nat(80), fc.infiniteStream(fc.boolean()), async (message, deathAt, luck) => {
        const fileSystem = new CrashFileSystem({ deathAt });
        const maildir = new Maildir("/d/mail", { fileSystem });
        await maildir.deliver(message.targets, chunks(...message.parts)).catch(() => undefined);
        fileSystem.crash(() => luck.next().value === true);
        const complete = expectedFiles(message);
        for (const file of seen(fileSystem)) expect(complete).toContain(file);
      }),
    );
  });

  test("a folder that another process made and did not sync is made safe", async () => {
    const fileSystem = new CrashFileSystem();
    for (const path of ["/d", "/d/mail", "/d/mail/example.org", "/d/mail/example.org/ana"])
      await fileSystem.makeFolder(path);
    await fileSystem.syncFolder("/");
    await new Maildir("/d/mail", { fileSystem }).deliver([target("ana")], chunks(bytes("x")));
    fileSystem.crash(() => false);
    expect(seen(fileSystem)).toHaveLength(1);
  });
});

describe("what a delivery costs", () => {
  const oneDelivery = ["create", "write", "write", "sync", "close", "rename", "syncFolder", "syncFolder"];

  test("in a mailbox that is known to be there, one sync of the file and of each of two folders", async () => {
    const fileSystem = new CrashFileSystem();
    const maildir = new Maildir("/d/mail", { fileSystem });
    for (const name of ["ana", "bia"]) await maildir.deliver([target(name)], chunks(bytes("x")));
    const before = fileSystem.calls.length;
    await maildir.deliver([target("ana")], chunks(bytes("x")));
    expect(fileSystem.calls.slice(before)).toEqual(oneDelivery);
  });

  test("in a new mailbox beside others, the same and each folder above it made or met, and synced, once", async () => {
    const fileSystem = new CrashFileSystem();
    const maildir = new Maildir("/d/mail", { fileSystem });
    await maildir.deliver([target("ana")], chunks(bytes("x")));
    const before = fileSystem.calls.length;
    await maildir.deliver([target("bia")], chunks(bytes("x")));
    const folders = [...Array<string>(6).fill("makeFolder"), ...Array<string>(4).fill("syncFolder")];
    expect(fileSystem.calls.slice(before)).toEqual([...folders, ...oneDelivery]);
  });

  test("a delivery to nobody is refused, lest it be reported as done", async () => {
    await expect(new Maildir("/d/mail", { fileSystem: new CrashFileSystem() }).deliver([], chunks())).rejects.toThrow(
      RangeError,
    );
  });
});

describe("delivery on this machine's disk", () => {
  const every = Uint8Array.from({ length: 256 }, (_, code) => code);

  test("the file holds the header and then every octet as it came, CRLF and NUL included", async () => {
    const maildir = new Maildir(join(scratch, "octets", "mail"));
    const [path = ""] = await maildir.deliver(
      [target("ana", "X: y\r\n")],
      chunks(every, bytes("a\r\n.\r\nb\nc\r"), every),
    );
    expect(Buffer.from(readFileSync(path))).toEqual(
      Buffer.concat([bytes("X: y\r\n"), every, bytes("a\r\n.\r\nb\nc\r"), every]),
    );
  });

  test("paths come in the targets' order, below DOMAIN/LOCAL/new, and tmp is empty", async () => {
    const root = join(scratch, "order", "mail");
    const maildir = new Maildir(root);
    const paths = await maildir.deliver([target("bia"), target("ana"), target("bia")], chunks(every));
    const folders = ["bia", "ana", "bia"].map((name) => join(root, "example.org", name, "new"));
    expect(paths.map((path) => join(path, ".."))).toEqual(folders);
    expect(new Set(paths).size).toBe(3);
    expect(readdirSync(join(maildir.folder(target("bia").mailbox), "tmp"))).toEqual([]);
    expect(readdirSync(maildir.folder(target("bia").mailbox)).toSorted()).toEqual(["cur", "new", "tmp"]);
  });

  test.skipIf(process.platform === "win32")("mail is readable by its owner alone", async () => {
    const maildir = new Maildir(join(scratch, "private", "mail"));
    const [path = ""] = await maildir.deliver([target("ana")], chunks());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
  });

  test("a mailbox that someone removed meanwhile is made again", async () => {
    const maildir = new Maildir(join(scratch, "removed", "mail"));
    await maildir.deliver([target("ana")], chunks());
    rmSync(maildir.folder(target("ana").mailbox), { recursive: true });
    const [path = ""] = await maildir.deliver([target("ana")], chunks(bytes("second")));
    expect(readFileSync(path, "latin1")).toMatch(/second$/);
  });

  test("deliveries at the same instant get names of their own", async () => {
    const maildir = new Maildir(join(scratch, "unique", "mail"), { now: () => 1_700_000_000_123, hostname: "a/b:c" });
    const paths = await Promise.all(Array.from({ length: 20 }, () => maildir.deliver([target("ana")], chunks())));
    expect(new Set(paths.flat()).size).toBe(20);
    for (const [path = ""] of paths) {
      expect(path.split("/").at(-1)).toMatch(/^1700000000\.M123000P\d+Q\d+R[0-9a-f]{16}\.a\\057b\\072c$/);
    }
  });

  test("a full disk is 452 4.3.1 and leaves nothing behind (needs root and mount)", async ({
    skip,
    onTestFinished,
  }) => {
    const disk = join(scratch, "small-disk");
    const mounted =
      spawnSync("sh", ["-c", `mkdir "${disk}" && mount -t tmpfs -o size=128k none "${disk}"`]).status === 0;
    skip(!mounted, "no small disk can be mounted");
    onTestFinished(() => void spawnSync("umount", [disk]));
    const maildir = new Maildir(join(disk, "mail"));
    const big = Array.from({ length: 64 }, () => new Uint8Array(4096));
    const failure: unknown = await maildir
      .deliver([target("ana"), target("bia")], chunks(...big))
      .catch((error: unknown) => error);
    expect(deliveryFailureReply(failure)).toMatchObject({ code: 452, enhanced: "4.3.1" });
    for (const name of ["ana", "bia"]) {
      for (const folder of ["tmp", "new"])
        expect(readdirSync(join(maildir.folder(target(name).mailbox), folder))).toEqual([]);
    }
    await maildir.deliver([target("ana")], chunks(new Uint8Array(4096)));
  });
});

describe("the reply to a failed delivery", () => {
  test.each(["ENOSPC", "EDQUOT", "EFBIG"])("%s is 452 4.3.1", (code) => {
    expect(deliveryFailureReply(systemError(code))).toMatchObject({ code: 452, enhanced: "4.3.1" });
  });

  test("anything else is 451 4.3.0", () => {
    for (const error of [systemError("EIO"), systemError("EMFILE"), new TypeError("a bug"), "text", undefined]) {
      expect(deliveryFailureReply(error)).toMatchObject({ code: 451, enhanced: "4.3.0" });
    }
  });
});

describe("folder names", () => {
  test("no name leads out of its parent, hides, or stands for two mailboxes", () => {
    const risky = fc.string({
      unit: fc.constantFrom("/", "\\", ".", "%", "2", "F", ":", "\0", "\n", "a", "é", "+"),
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.oneof(risky, fc.string({ unit: "grapheme", minLength: 1 })), (part) => {
        const name = folderName(part);
        expect(name).not.toMatch(/^\.|[/\\:]|\p{Cc}|^$/u);
        expect(decodeURIComponent(name)).toBe(part);
      }),
    );
  });

  test("an ordinary name stays as it is, and an empty one is refused", () => {
    expect(folderName("ana.maria+x")).toBe("ana.maria+x");
    expect(() => folderName("")).toThrow(RangeError);
    expect(folderName("..")).toBe("%2E.");
  });
});
