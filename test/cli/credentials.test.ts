// The default user's password: made once, kept, and nobody else's to read.

import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { defaultCredentials, ownSecret } from "../../packages/cli/src/credentials.ts";
import { Mailboxes } from "../../packages/cli/src/mailboxes.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-credentials-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("the first start makes a password, and the next ones find it", async () => {
  const folder = join(scratch, "new", "deep");
  const first = await defaultCredentials(folder, "example.org");
  expect(first.address).toBe("user@example.org");
  expect(first.password).toMatch(/^[\w-]{20}$/);
  expect(await defaultCredentials(folder, "example.org")).toEqual(first);
  expect(readdirSync(folder)).toEqual(["credentials.json"]);
});

test("another domain gets a user of its own, and each server a password of its own", async () => {
  const folder = join(scratch, "two");
  const first = await defaultCredentials(folder, "example.org");
  const second = await defaultCredentials(folder, "example.net");
  expect(second.address).toBe("user@example.net");
  expect(second.password).not.toBe(first.password);
  expect(await defaultCredentials(folder, "example.org")).toEqual(first);
  expect((await defaultCredentials(join(scratch, "three"), "example.org")).password).not.toBe(first.password);
});

test.skipIf(process.platform === "win32")("the file is readable by its owner alone", async () => {
  await defaultCredentials(join(scratch, "mode"), "example.org");
  expect(statSync(join(scratch, "mode", "credentials.json")).mode & 0o777).toBe(0o600);
});

test("the user can log in with it", async () => {
  const user = await defaultCredentials(join(scratch, "login"), "example.org");
  const mailboxes = new Mailboxes({ domains: ["example.org"], users: [user] });
  expect(await mailboxes.authenticate(user.address, user.password)).toMatchObject({ localPart: "user" });
});

test.each(["", "{", "[]", "null", '{"user@example.org": 5}', '{"user@example.org": ""}'])(
  "a file that holds %j is named, not overwritten",
  async (text) => {
    const path = join(scratch, "credentials.json");
    writeFileSync(path, text);
    await expect(defaultCredentials(scratch, "example.org")).rejects.toThrow(path);
  },
);

test("a server's secret is made once, kept, and readable by its owner alone", async () => {
  const folder = join(scratch, "secret");
  const first = await ownSecret(folder);
  expect(first.length).toBe(32);
  expect(await ownSecret(folder)).toEqual(first);
  expect(await ownSecret(join(scratch, "other-secret"))).not.toEqual(first);
  if (process.platform !== "win32") expect(statSync(join(folder, "secret")).mode & 0o777).toBe(0o600);
  writeFileSync(join(folder, "secret"), "short");
  await expect(ownSecret(folder)).rejects.toThrow(/secret is not as it was written/);
});
