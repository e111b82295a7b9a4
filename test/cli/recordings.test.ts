// Recordings by `serve` and `send`, and what `replay` and `trace` make of them, as processes.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { carteiro, serve, user } from "../support/carteiro.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-recordings-"));
const folder = join(scratch, "sessions");
const ofClient = join(scratch, "client.jsonl");
let ofServer = "";

beforeAll(async () => {
  await using served = await serve("--record", folder);
  const { caFile, ports } = served;
  const where = ["--host", "localhost", "--port", String(ports.submission), "--ca", caFile, "--auth", user.address];
  const envelope = ["--from", user.address, "--to", "bia@example.org", "--to", "nobody@example.org"];
  const message = ["--subject", "Greetings", "--text", "Hello!"];
  const { code, stderr } = await carteiro(["send", ...where, ...envelope, ...message, "--record", ofClient], {
    environment: { CARTEIRO_PASSWORD: user.password },
  });
  expect(stderr).toContain("refused <nobody@example.org>");
  expect(code).toBe(0);
  await served.when("sessionClosed");
  const [name = ""] = readdirSync(folder);
  ofServer = join(folder, name);
}, 60_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The recording of the server, in which one reply has been another. */
function altered(): string {
  const file = join(scratch, "altered.jsonl");
  const text = readFileSync(ofServer, "utf8");
  expect(text).toContain("250 2.1.0 Sender OK");
  writeFileSync(file, text.replaceAll("250 2.1.0 Sender OK", "250 2.1.0 Sender is fine"));
  return file;
}

describe("a recording", () => {
  test("is written of either side, and has no password in it", () => {
    for (const file of [ofServer, ofClient]) {
      const text = readFileSync(file, "utf8");
      expect(text).toContain("Greetings");
      expect(text).toContain("AUTH");
      expect(text).not.toContain(user.password);
      expect(text).not.toContain(Buffer.from(`\0${user.address}\0${user.password}`).toString("base64"));
    }
  });

  test("that cannot be written is complained of before anything is sent", async () => {
    const file = join(scratch, "nowhere", "x.jsonl");
    const words = ["send", "--host", "localhost", "--port", "1", "--from", "a@example.org", "--to", "b@example.org"];
    const { code, stderr } = await carteiro([...words, "--text", "Hi", "--record", file]);
    expect(stderr).toContain("--record cannot be written");
    expect(code).toBe(66);
  });
});

describe("replay", () => {
  test("says that the sessions go as they went", async () => {
    for (const file of [ofServer, ofClient]) {
      const { code, stdout, stderr } = await carteiro(["replay", file]);
      expect(stdout + stderr).toMatch(/: the session goes as it went, \d+ lines\n$/);
      expect(code).toBe(0);
    }
  });

  test("shows what differs, and ends with 1", async () => {
    const { code, stdout } = await carteiro(["replay", altered()]);
    expect(stdout).toContain("- S: 250 2.1.0 Sender is fine\n");
    expect(stdout).toContain("+ S: 250 2.1.0 Sender OK\n");
    expect(code).toBe(1);
  });

  test("shrinks to a line that is still said", async () => {
    const { code, stdout } = await carteiro(["replay", "--line", "S: 250 2.1.0", altered()]);
    expect(stdout).toMatch(/^### .*\n\n```smtp\nserver /);
    expect(stdout).not.toContain("C: RCPT");
    expect(code).toBe(0);
  });

  test("complains of what is no recording, and of what is not there", async () => {
    const file = join(scratch, "none.jsonl");
    writeFileSync(file, "Subject: Hi\n");
    const no = await carteiro(["replay", file]);
    expect(no.stderr).toContain("Line 1 of the recording is no JSON");
    expect(no.code).toBe(65);
    const absent = await carteiro(["replay", join(scratch, "absent.jsonl")]);
    expect(absent.stderr).toContain("The recording cannot be read");
    expect(absent.code).toBe(66);
    const never = await carteiro(["replay", "--line", "S: 999", ofServer]);
    expect(never.stderr).toContain("does not come to it: S: 999");
    expect(never.code).toBe(65);
  });
});

describe("trace", () => {
  test("shows the dialogue with times and states", async () => {
    const { code, stdout } = await carteiro(["trace", ofServer]);
    expect(stdout).toMatch(/^ +0\.\d{3} {2}-> connectionReceived {2}\[decidingConnection\]$/m);
    expect(stdout).toMatch(/ {2}S: 550 5\.1\.1 No such mailbox here/);
    expect(code).toBe(0);
  });

  test("makes a page that needs nothing else", async () => {
    const { code, stdout } = await carteiro(["trace", "--html", ofClient]);
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).not.toMatch(/(src|href)=|https?:/);
    expect(code).toBe(0);
  });
});
