// `carteiro serve` from its start to its end: what it says of itself, what it keeps, how it stops, and what it does
// when it cannot begin.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { connect } from "@carteiro/node";
import { afterAll, describe, expect, test } from "vitest";

import { carteiro, serve, startCarteiro, user, usualFlags, type Served } from "../support/carteiro.ts";
import { run } from "../support/processes.ts";
import { RawClient } from "../support/raw-client.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-life-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const content = "Subject: Greetings\r\n\r\nHello!\r\n";

const anyPorts = ["--relay-port", "0", "--submission-port", "0", "--submissions-port", "0"];

/** What `carteiro serve` prints until it has said all that it says at start. */
async function shownAtStart(...flags: string[]): Promise<{ lines: readonly string[]; text: string }> {
  await using program = startCarteiro("serve", ...flags);
  const lines = await program.until((told) => (told.some((line) => line.includes("Ctrl-C")) ? told : undefined));
  return { lines, text: lines.join("\n") };
}

/** Opens a transaction up to its 354. */
async function openTransaction(server: Served): Promise<RawClient> {
  const client = await RawClient.connect(server.ports.relay);
  await client.reply();
  for (const line of ["EHLO client.example", "MAIL FROM:<a@example.net>", `RCPT TO:<${user.address}>`]) {
    expect(await client.ask(line)).toMatch(/^250/);
  }
  expect(await client.ask("DATA")).toMatch(/^354 /);
  return client;
}

describe.concurrent("starting", () => {
  test("tells machines where it listens, and what they need to send", async () => {
    await using server = await serve("--hostname", "mx.example.org");
    const listening = (await server.told("listening")).map(({ role, host, port }) => [role, host, port]);
    const { relay, submission, submissions } = server.ports;
    expect(listening).toEqual([
      ["relay", "127.0.0.1", relay],
      ["submission", "127.0.0.1", submission],
      ["submissions", "127.0.0.1", submissions],
    ]);
    expect(await server.when("ready")).toMatchObject({
      hostname: "mx.example.org",
      domains: ["example.org", "xn--bcher-kva.example"],
      mailFolder: join(server.folder, "mail"),
      caFile: join(server.folder, "tls", "ca.pem"),
    });
  });

  test("tells people the ports and the commands, with the default user's password", async () => {
    const folder = join(scratch, "people");
    const { lines, text } = await shownAtStart("--data", folder, ...anyPorts);
    const credentials = JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8")) as Record<string, string>;
    const ports = lines.flatMap((line) => / listening on 127\.0\.0\.1 port (\d+) for /.exec(line)?.[1] ?? []);
    expect(ports).toHaveLength(3);
    for (const port of ports) expect(text).toMatch(new RegExp(`curl .*smtps?://127\\.0\\.0\\.1:${port} `));
    expect(text).toContain(` --user user@example.org:${credentials["user@example.org"]} `);
  });

  test("shows a configured password only where it stands on the command line", async () => {
    const config = join(scratch, "secret.json");
    writeFileSync(config, JSON.stringify({ users: [{ address: "bia@example.org", password: "hidden" }] }));
    const data = ["--data", join(scratch, "configured"), ...anyPorts];
    const { text } = await shownAtStart("--config", config, ...data);
    expect(text).toContain(" --user bia@example.org ");
    expect(text).not.toContain("hidden");
    expect((await shownAtStart("--user", "bia@example.org:s3cret", ...data)).text).toContain(
      " --user bia@example.org:s3cret ",
    );
    const two = await carteiro(["hash-password", "--scram"], { input: "s3cret\nmore\n" });
    expect([two.stdout, two.stderr]).toEqual(["", expect.stringContaining("more than one line")]);
    const hash = (await carteiro(["hash-password"], { input: "s3cret\n" })).stdout.trim();
    expect((await shownAtStart("--user", `bia@example.org:${hash}`, ...data)).text).toContain(
      " --user bia@example.org ",
    );
  });

  test("reads a configuration file", async () => {
    const config = join(scratch, "carteiro.json");
    const ports = { relayPort: 0, submissionPort: 0, submissionsPort: 0 };
    writeFileSync(config, JSON.stringify({ ...ports, data: "configured-data", domains: ["example.net"], json: true }));
    await using program = startCarteiro("serve", "--config", config);
    const ready = await program.until((lines) => lines.find((line) => line.includes('"ready"')));
    expect(JSON.parse(ready)).toMatchObject({
      domains: ["example.net"],
      mailFolder: join(scratch, "configured-data", "mail"),
      credentialsFile: join(scratch, "configured-data", "credentials.json"),
    });
  });

  test("is refused where another program has the port, and names the flag for another", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const flags = [...usualFlags(join(scratch, "taken")), "--submission-port", String(port)];
    const { code, stderr } = await carteiro(["serve", ...flags]);
    expect(stderr).toBe(
      `carteiro: Another program listens on port ${port} on 127.0.0.1. --submission-port takes another port, and 0 takes a free one.\n`,
    );
    expect(code).toBe(69);
    other.close();
  });

  test.each([
    [["serve", "--data", join(scratch, "a-file", "data")], 73, "The data folder cannot be used: ENOTDIR"],
    [["serve", "--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"], 78, "--tls-cert /nowhere/cert.pem"],
    [["serve", "--data", "/proc/carteiro/data"], 73, "The data folder cannot be used: ENOENT"],
    [["serve", "--config", "/nowhere/carteiro.json"], 78, "open '/nowhere/carteiro.json'. \"carteiro serve"],
    [["serve", "--relay-prot", "25"], 64, '"carteiro serve --help" lists the options.'],
    [["sreve"], 64, 'There is no command sreve: "carteiro --help" lists them.'],
  ])("is refused by %j with exit code %i", async (words, expected, complaint) => {
    writeFileSync(join(scratch, "a-file"), "");
    const flags = words[0] === "serve" ? [...usualFlags(join(scratch, "unused")), ...words.slice(1)] : words.slice(1);
    const { code, stdout, stderr } = await carteiro([...words.slice(0, 1), ...flags]);
    expect(stderr).toMatch(/^carteiro: .*\n$/);
    expect(stderr).toContain(complaint);
    expect([code, stdout]).toEqual([expected, ""]);
  });

  test("is ended at once by a signal, whatever it waits for", async () => {
    const pipe = join(scratch, "pipe.pem");
    await run("mkfifo", [pipe]);
    const given = ["--tls-cert", pipe, "--tls-key", pipe];
    const program = startCarteiro("serve", ...usualFlags(join(scratch, "waiting")), ...given);
    // Opens only when the server does so at its end, to read.
    const end = await open(pipe, "w");
    program.process.kill("SIGTERM");
    expect(await program.ended).toEqual({ code: "SIGTERM", stdout: "", stderr: "" });
    await end.close();
  });

  test("is asked about by --version and --help", async () => {
    expect(await carteiro(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^carteiro \d+\.\d+\.\d+\n$/),
    });
    expect(await carteiro(["serve", "--version"])).toEqual(await carteiro(["--version"]));
    expect(await carteiro(["serve", "--help"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--relay-port PORT"),
    });
  });
});

describe("the certificate", () => {
  test("that is given is shown to clients", async () => {
    await using first = await serve();
    const own = join(first.folder, "tls");
    await using second = await serve("--tls-cert", join(own, "cert.pem"), "--tls-key", join(own, "key.pem"));
    expect((await second.when("ready"))["caFile"]).toBeUndefined();
    const opened = connect({
      host: "127.0.0.1",
      port: second.ports.submissions,
      implicitTls: true,
      tls: { ca: readFileSync(first.caFile) },
    });
    await using client = await opened;
    expect(client.tls?.authorized).toBe(true);
  });
});

describe.concurrent("what is shown", () => {
  test("is each session and each message, and with --trace the dialogue with the state and without passwords", async () => {
    await using server = await serve("--trace");
    const auth = { user: user.address, password: user.password };
    const tls = { ca: readFileSync(server.caFile) };
    const client = await connect({ host: "127.0.0.1", port: server.ports.submission, auth, tls });
    await client.send({ from: user.address, to: [user.address, "nobody@example.org"], content });
    await client.quit();
    const closed = await server.when("sessionClosed");
    expect(closed).toMatchObject({
      role: "submission",
      session: "1",
      hello: "localhost",
      protocol: "ESMTPSA",
      user: user.address,
      messages: 1,
      reason: "quit",
    });
    const [delivered] = await server.told("messageDelivered");
    expect(delivered).toMatchObject({ session: "1", from: user.address, to: [user.address], size: content.length });
    expect(await server.told("recipientRefused")).toMatchObject([
      { to: "nobody@example.org", code: 550, enhanced: "5.1.1" },
    ]);
    const dialogue = (await server.told("trace")).map(
      ({ direction, line, state }) => `${String(direction)}: ${String(line)} [${String(state)}]`,
    );
    expect(dialogue).toContain("C: AUTH SCRAM-SHA-256-PLUS * [dialogue.idle.expectingMail]");
    expect(dialogue).toContain("S: 250 2.1.5 Recipient OK [dialogue.transaction.expectingRecipientOrData]");
    const { stdout } = await stopped(server);
    for (const form of ["utf8", "base64"] as const)
      expect(stdout).not.toContain(Buffer.from(user.password).toString(form));
  });

  test("keeps a terminal out of a peer's reach", async () => {
    await using server = await serve();
    await using client = await RawClient.connect(server.ports.relay);
    await client.reply();
    await client.ask("EHLO \u001b[2Jclient");
    await client.ask("EHLO client.example");
    await client.ask(`MAIL FROM:<"\\\u001b"@example.net>`);
    await client.ask("QUIT");
    await server.when("sessionClosed");
    expect((await stopped(server)).stdout).not.toContain("\u001b");
  });

  test("does not fell the server when nobody reads it any more", async () => {
    await using server = await serve("--trace");
    server.program.process.stdout.destroy();
    for (let round = 0; round < 3; round++) {
      const client = await openTransaction(server);
      expect(await client.ask(`${content}.`)).toMatch(/^250 /);
      await client.ask("QUIT");
    }
    expect(server.take()).toHaveLength(3);
  });
});

async function stopped(server: Served) {
  server.program.process.kill("SIGTERM");
  return server.program.ended;
}

describe.concurrent("stopping", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "by %s finishes the message on its way, and takes no other",
    async (signal) => {
      await using server = await serve();
      await using idle = await RawClient.connect(server.ports.relay);
      await idle.reply();
      await using client = await openTransaction(server);
      server.program.process.kill(signal);
      expect(await server.when("stopping")).toMatchObject({ signal, sessions: 2 });
      expect(await idle.reply()).toMatch(/^421 4\.3\.2 /);
      await expect(RawClient.connect(server.ports.relay)).rejects.toThrow("ECONNREFUSED");
      expect(await client.ask(`${content}.`)).toMatch(/^250 /);
      expect(await client.reply()).toMatch(/^421 4\.3\.2 /);
      expect((await server.program.ended).code).toBe(0);
      expect(server.take().map((message) => message.content.toString())).toEqual([content]);
    },
  );

  test("by a second signal is at once, and what was not acknowledged is not kept", async () => {
    await using server = await serve();
    await using client = await openTransaction(server);
    client.send("Subject: half a mess");
    server.program.process.kill("SIGINT");
    await server.when("stopping");
    server.program.process.kill("SIGINT");
    expect((await server.program.ended).code).toBe(0);
    expect(server.take()).toEqual([]);
  });

  test("leaves the password, the certificate and the mail for the next start", async () => {
    const folder = join(scratch, "kept");
    const words = ["serve", "--json", "--data", folder, ...anyPorts];
    const files = ["credentials.json", "tls/key.pem", "tls/cert.pem", "tls/ca.pem"].map((name) => join(folder, name));
    const contents = [];
    for (let round = 0; round < 2; round++) {
      await using program = startCarteiro(...words);
      await program.until((lines) => lines.find((line) => line.includes('"ready"')));
      contents.push(files.map((file) => readFileSync(file, "utf8")));
    }
    expect(contents[1]).toEqual(contents[0]);
    const modes = files.map((file) => statSync(file).mode & 0o777);
    expect(modes.slice(0, 2)).toEqual([0o600, 0o600]);
  });
});

describe("a client that is silent", () => {
  test("is dismissed after --idle-timeout, before a command and within content", async () => {
    await using server = await serve("--idle-timeout", "1");
    await using silent = await RawClient.connect(server.ports.relay);
    await silent.reply();
    await using slow = await openTransaction(server);
    slow.send("Subject: half a mess");
    expect(await silent.reply()).toMatch(/^421 4\.4\.2 /);
    expect(await slow.reply()).toMatch(/^421 4\.4\.2 /);
    await server.when("sessionClosed", ({ reason }) => reason === "timeout");
    expect(server.take()).toEqual([]);
    expect(await server.told("error")).toEqual([]);
  });
});

describe("a message that cannot be stored", () => {
  test("is answered 451 4.3.0, and the operator is told why", async () => {
    await using server = await serve();
    writeFileSync(join(server.folder, "mail"), "in the way");
    await using client = await openTransaction(server);
    expect(await client.ask(`${content}.`)).toMatch(/^451 4\.3\.0 /);
    const { message, session } = await server.when("error");
    expect(message).toContain("a message could not be delivered: ENOTDIR");
    expect(await server.when("messageRefused")).toMatchObject({ session, code: 451, from: "a@example.net" });
    rmSync(join(server.folder, "mail"));
    await client.ask("MAIL FROM:<a@example.net>");
    await client.ask(`RCPT TO:<${user.address}>`);
    await client.ask("DATA");
    expect(await client.ask(`${content}.`)).toMatch(/^250 /);
  });
});

test("--bare-newlines normalise makes them CRLF in the content, where they do not end the message", async () => {
  await using server = await serve("--bare-newlines", "normalise");
  await using client = await openTransaction(server);
  const smuggled = "Subject: x\n\nbare\r and\n.\nMAIL FROM:<>\n.\r\n.\nend\r\n";
  expect(await client.ask(`${smuggled.replace("\r\n.\n", "\r\n..\n")}.`)).toMatch(/^250 /);
  expect(server.take().map((message) => message.content.toString("latin1"))).toEqual([
    smuggled.replaceAll(/\r\n|\r|\n/g, "\r\n"),
  ]);
});
