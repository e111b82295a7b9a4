// The command line of serve and send, and the configuration file.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { replayFlags, sendFlags, serveFlags, traceFlags } from "../../packages/cli/src/flags.ts";
import { parseCommandLine, parseSend, parseServe, UsageError } from "../../packages/cli/src/options.ts";
import { fileKey } from "../../packages/cli/src/settings.ts";
import { exitCodeTable } from "../../packages/cli/src/sysexits.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-options-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function valid<Value>(value: Value | UsageError): Value {
  if (value instanceof UsageError) throw value;
  return value;
}

function complaint(value: unknown): string {
  return value instanceof UsageError ? value.message : "no complaint";
}

const serve = (...argv: string[]) => valid(parseServe(argv));
const sendComplaint = (...argv: string[]) => complaint(parseSend(argv, {}));
const serveComplaint = (...argv: string[]) => complaint(parseServe(argv));

function helpOf(...argv: string[]): string {
  const line = valid(parseCommandLine(argv));
  return line.command === "help" ? line.text : "";
}

function configFile(settings: unknown): string {
  const path = join(scratch, "carteiro.json");
  writeFileSync(path, typeof settings === "string" ? settings : JSON.stringify(settings));
  return path;
}

describe("serve without flags", () => {
  test("has the documented defaults", () => {
    expect(serve()).toEqual({
      dataFolder: "./carteiro-data",
      host: "127.0.0.1",
      relayPort: 2525,
      submissionPort: 2587,
      submissionsPort: 2465,
      hostname: "example.org",
      domains: ["example.org"],
      users: [],
      usersInPublic: true,
      tls: undefined,
      maxSize: 26_214_400,
      maxRecipients: 100,
      idleTimeoutSeconds: 300,
      bareNewlines: "reject",
      trace: false,
      record: undefined,
      faults: [],
      json: false,
    });
  });
});

describe("serve with flags", () => {
  test("takes every flag of its synopsis", () => {
    const flags =
      "--data /d --host ::1 --relay-port 0 --submission-port 1 --submissions-port 65535 --hostname MX.example.net --domain example.net" +
      " --domain BÜCHER.example --user ana@example.net:a:b@c --user jo@bücher.example --tls-cert c.pem --tls-key k.pem" +
      " --max-size 1M --max-recipients 5 --idle-timeout 7 --bare-newlines normalise --trace --json";
    expect(serve(...flags.split(" "))).toEqual({
      dataFolder: "/d",
      host: "::1",
      relayPort: 0,
      submissionPort: 1,
      submissionsPort: 65_535,
      hostname: "mx.example.net",
      domains: ["example.net", "xn--bcher-kva.example"],
      users: [{ address: "ana@example.net", password: "a:b@c" }, { address: "jo@bücher.example" }],
      usersInPublic: true,
      tls: { certFile: "c.pem", keyFile: "k.pem" },
      maxSize: 1_048_576,
      maxRecipients: 5,
      idleTimeoutSeconds: 7,
      bareNewlines: "normalise",
      trace: true,
      faults: [],
      json: true,
    });
  });

  test("takes any port that exists, and no other", () => {
    fc.assert(
      fc.property(fc.integer({ min: -70_000, max: 70_000 }), (port) => {
        const options = parseServe([`--relay-port=${port}`]);
        if (port >= 0 && port <= 65_535) expect(valid(options).relayPort).toBe(port);
        else expect(complaint(options)).toContain("--relay-port");
      }),
    );
  });

  test.each(["", " ", "1e3", "0x19", "25.0", "+25", "25 ", "٢٥", "NaN"])("does not take %j for a number", (value) => {
    expect(serveComplaint(`--relay-port=${value}`)).toContain("--relay-port must be a whole number");
  });

  test.each([
    ["1000", 1000],
    ["64K", 65_536],
    ["64k", 65_536],
    ["2G", 2_147_483_648],
  ])("reads the size %s as %i octets", (text, octets) => {
    expect(serve("--max-size", text).maxSize).toBe(octets);
  });

  test.each(["0", "K", "10MB", "-1", "99999999999999999999", "9999999999G", "1.5M"])(
    "does not take the size %s",
    (text) => {
      expect(serveComplaint(`--max-size=${text}`)).toContain(
        `--max-size must be a whole number from 1 to 9007199254740991, not "${text}".`,
      );
    },
  );

  test("takes the users' domains for the local ones if none is named", () => {
    expect(serve("--user", "a@one.example:x", "--user", "b@one.example:x", "--user", "c@two.example").domains).toEqual([
      "one.example",
      "two.example",
    ]);
  });

  test.each([
    [["--relayport", "1"], "--relayport"],
    [["-x"], "-x"],
    [["--relay-port"], "--relay-port needs a value: --relay-port PORT"],
    [["--user", "--trace"], "write --user=--trace"],
    [["--trace=yes"], "--trace takes no value"],
    [["message.eml"], '"message.eml" belongs to no option'],
    [["--domain", "exa mple"], "--domain must be a domain name"],
    [["--domain", ""], "--domain must be a text"],
    [["--hostname", "[127.0.0.1]"], "--hostname must be a domain name"],
    [["--user", "ana"], "--user must be ADDRESS:PASSWORD"],
    [["--user", "ana@example.org:"], "a password cannot be empty"],
    [["--user", "ana@example.net:x", "--domain", "example.org"], "--domain adds one"],
    [["--user", "ana@example.org:x", "--user", "Ana@example.org:y"], "ana@example.org is there twice"],
    [["--user", "ana@example.org:scrypt:x"], "carteiro hash-password"],
    [["--tls-cert", "c.pem"], "--tls-key"],
    [["--max-recipients", "0"], "--max-recipients"],
    [["--idle-timeout", "0"], "--idle-timeout"],
  ])("complains of %j and names it", (argv, named) => {
    expect(serveComplaint(...argv)).toContain(named);
    expect(serveComplaint(...argv)).toContain('"carteiro serve --help"');
  });

  test("never throws, whatever the words", () => {
    const word = fc.oneof(fc.constantFrom(...serveFlags.map(({ name }) => `--${name}`), "--", "-", "="), fc.string());
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        fc.pre(!argv.some((argument) => argument.startsWith("--config")));
        parseCommandLine(["serve", ...argv], {});
        parseCommandLine(["send", ...argv], {});
        parseCommandLine(argv, {});
      }),
    );
  });
});

describe("serve with a configuration file", () => {
  test("reads every setting from it, and paths from its own folder", () => {
    const path = configFile({
      data: "mail",
      host: "0.0.0.0",
      relayPort: 25,
      submissionPort: "587",
      submissionsPort: 465,
      hostname: "mx.example.net",
      domains: ["example.net"],
      users: [{ address: "ana@example.net", password: "x" }, { address: "bia@example.net" }, "caio@example.net:y"],
      tlsCert: "tls/cert.pem",
      tlsKey: "/etc/key.pem",
      maxSize: "10M",
      maxRecipients: 50,
      idleTimeout: 60,
      bareNewlines: "normalise",
      trace: true,
      faults: [],
      json: false,
    });
    expect(serve("--config", path)).toEqual({
      dataFolder: join(scratch, "mail"),
      host: "0.0.0.0",
      relayPort: 25,
      submissionPort: 587,
      submissionsPort: 465,
      hostname: "mx.example.net",
      domains: ["example.net"],
      users: [
        { address: "ana@example.net", password: "x" },
        { address: "bia@example.net" },
        { address: "caio@example.net", password: "y" },
      ],
      usersInPublic: false,
      tls: { certFile: join(scratch, "tls/cert.pem"), keyFile: "/etc/key.pem" },
      maxSize: 10_485_760,
      maxRecipients: 50,
      idleTimeoutSeconds: 60,
      bareNewlines: "normalise",
      trace: true,
      faults: [],
      json: false,
    });
  });

  test("lets a flag win over it, lists as a whole", () => {
    const path = configFile({ relayPort: 25, host: "::1", domains: ["example.net", "example.com"] });
    const options = serve("--config", path, "--relay-port", "26", "--domain", "example.org");
    expect(options).toMatchObject({ relayPort: 26, host: "::1", domains: ["example.org"] });
  });

  test.each<[unknown, string]>([
    [{ relay: 25 }, '"relay"'],
    [{ config: "other.json" }, '"config"'],
    [{ relayPort: 70_000 }, "relayPort in"],
    [{ relayPort: 2.5 }, "relayPort in"],
    [{ relayPort: null }, "relayPort in"],
    [{ host: 5 }, "host in"],
    [{ trace: "yes" }, "trace in"],
    [{ domains: "example.org" }, "domains in"],
    [{ domains: [7] }, "domains in"],
    [{ users: [{ adress: "a@example.org" }] }, '"adress"'],
    [{ users: [{ address: "a@example.org", password: 7 }] }, '"password" of users in'],
    [{ users: [null] }, "users in"],
    [[], "must hold one JSON object"],
    ["{", "cannot be read as JSON"],
  ])("complains of %j and names it", (settings, named) => {
    const path = configFile(settings);
    expect(serveComplaint("--config", path)).toContain(named);
    expect(serveComplaint("--config", path)).toContain(path);
  });

  test("complains of a file that is not there, or is a folder", () => {
    mkdirSync(join(scratch, "folder"), { recursive: true });
    expect(serveComplaint("--config", join(scratch, "none.json"))).toContain("none.json cannot be read");
    expect(serveComplaint("--config", join(scratch, "folder"))).toContain("folder cannot be read");
  });
});

describe("send", () => {
  const where = ["--host", "mx.example.org", "--port", "25", "--from", "a@example.net", "--to", "b@example.org"];
  const send = (...argv: string[]) => valid(parseSend([...where, ...argv], {}));

  test("takes the flags of its synopsis and a file", () => {
    const flags =
      "--tls required --ca ca.pem --server-name mx --auth u:p:w --timeout 9 --hello me.example --to c@example.org -";
    expect(send(...flags.split(" "))).toEqual({
      host: "mx.example.org",
      port: 25,
      tls: "required",
      caFile: "ca.pem",
      serverName: "mx",
      auth: { user: "u", password: "p:w" },
      hello: "me.example",
      timeoutSeconds: 9,
      from: "a@example.net",
      to: ["b@example.org", "c@example.org"],
      message: { kind: "file", path: "-" },
      mechanisms: [],
      trace: false,
      record: undefined,
      json: false,
      quiet: false,
    });
  });

  test("composes a message from --subject and --text, or --body", () => {
    expect(send("--subject", "Hi", "--text", "there").message).toEqual({
      kind: "composed",
      subject: "Hi",
      text: "there",
    });
    expect(send("--body", "there").message).toEqual({ kind: "composed", subject: "", text: "there" });
  });

  test("requires TLS where credentials are given, and begins with it on the ports that do", () => {
    expect(send("x.eml").tls).toBe("opportunistic");
    expect(send("x.eml", "--auth", "u:p").tls).toBe("required");
    expect(["465", "2465", "587"].map((port) => send("--port", port, "x.eml").tls)).toEqual([
      "implicit",
      "implicit",
      "opportunistic",
    ]);
    expect(send("x.eml", "--auth", "u:p", "--tls", "never").tls).toBe("never");
  });

  test("takes the password from the environment", () => {
    const options = valid(parseSend([...where, "x.eml", "--auth", "u"], { CARTEIRO_PASSWORD: "secret" }));
    expect(options.auth).toEqual({ user: "u", password: "secret" });
  });

  test("takes a token from the environment alone, and mechanisms in either case", () => {
    const argv = [...where, "x.eml", "--auth", "u", "--token", "--mechanism", "xoauth2", "--mechanism", "OAUTHBEARER"];
    const options = valid(parseSend(argv, { CARTEIRO_TOKEN: "t0ken", CARTEIRO_PASSWORD: "secret" }));
    expect(options.auth).toEqual({ user: "u", token: "t0ken" });
    expect(options.mechanisms).toEqual(["XOAUTH2", "OAUTHBEARER"]);
    expect(options.tls).toBe("required");
  });

  test("takes angle brackets, the null reverse-path and Postmaster", () => {
    const argv = "--host h --port 25 --from <> --to <b@example.org> --to postmaster x.eml".split(" ");
    expect(valid(parseSend(argv, {}))).toMatchObject({ from: "", to: ["b@example.org", "Postmaster"] });
  });

  test.each([
    [["--port", "25", "--from", "a@b", "--to", "c@d", "x.eml"], "--host H"],
    [["--host", "h", "--from", "a@b", "--to", "c@d", "x.eml"], "--port P"],
    [["--host", "h", "--port", "25", "--to", "c@d", "x.eml"], "--from A"],
    [["--host", "h", "--port", "25", "--from", "a@b", "x.eml"], "--to B"],
    [["--host", "h", "--port", "0", "--from", "a@b", "--to", "c@d", "x.eml"], "--port must be a whole number from 1"],
    [[...where], "FILE.eml"],
    [[...where, "x.eml", "y.eml"], '"y.eml"'],
    [[...where, "x.eml", "--subject", "s"], "not both"],
    [[...where, "x.eml", "--tls", "maybe"], "--tls must be one of never, opportunistic, required, implicit"],
    [[...where, "x.eml", "--auth", "u"], "CARTEIRO_PASSWORD"],
    [[...where, "x.eml", "--auth", ":p"], "--auth must be USER:PASSWORD"],
    [[...where, "x.eml", "--token"], "--token needs --auth USER"],
    [[...where, "x.eml", "--auth", "u", "--token"], "CARTEIRO_TOKEN"],
    [[...where, "x.eml", "--from", "<>", "--subject", "x"], "not both"],
    [[...where, "--from", "<>", "--subject", "x"], "needs a sender"],
    [[...where, "x.eml", "--to", "nobody"], "--to must be an address"],
    [[...where, "x.eml", "--to", "a@b\r\nRCPT TO:<c@d>"], "--to must be an address"],
  ])("complains of %j and names it", (argv, named) => {
    expect(sendComplaint(...argv)).toContain(named);
  });
});

describe("the command line as a whole", () => {
  test("finds the command", () => {
    expect(parseCommandLine(["serve", "--json"])).toMatchObject({ command: "serve", options: { json: true } });
    expect(parseCommandLine(["hash-password"])).toEqual({ command: "hash-password" });
    expect(parseCommandLine(["hash-password", "--scram"])).toEqual({ command: "hash-password", scram: true });
    expect(complaint(parseCommandLine(["hash-password", "secret"]))).toContain("secret");
    expect(parseCommandLine(["--version"])).toEqual({ command: "version" });
    expect(complaint(parseCommandLine([]))).toContain("carteiro --help");
    expect(complaint(parseCommandLine(["sevre"]))).toContain("sevre");
    expect(complaint(parseCommandLine(["send"]))).toContain("carteiro send --help");
  });

  test("helps with hash-password by itself", () => {
    for (const argv of [
      ["hash-password", "--help"],
      ["hash-password", "--scram", "-h"],
      ["help", "hash-password"],
    ])
      expect(helpOf(...argv)).toMatch(/^carteiro hash-password: [^]*--scram/);
  });

  test("helps with every flag and every exit code, in lines that fit a terminal", () => {
    for (const { name } of serveFlags) expect(helpOf("serve", "--help")).toContain(`--${name} `);
    for (const { name } of sendFlags) expect(helpOf("send", "--data", "x", "-h")).toContain(`--${name} `);
    for (const [code, name] of exitCodeTable) expect(helpOf("help", "send")).toContain(`${code}  ${name} `);
    expect(helpOf("--help")).toContain("carteiro serve");
    for (const { name } of replayFlags) expect(helpOf("replay", "--help")).toContain(`--${name} `);
    for (const { name } of traceFlags) expect(helpOf("help", "trace")).toContain(`--${name} `);
    for (const command of ["", "serve", "send", "replay", "trace"]) {
      for (const line of helpOf("help", command).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    }
  });
});

describe("replay and trace", () => {
  test("take one recording, and their flags", () => {
    expect(parseCommandLine(["replay", "a.jsonl"])).toEqual({
      command: "replay",
      options: { file: "a.jsonl", shrink: false, line: undefined },
    });
    expect(parseCommandLine(["replay", "--line", "S: 5", "a.jsonl"])).toMatchObject({
      options: { shrink: true, line: "S: 5" },
    });
    expect(parseCommandLine(["trace", "--html", "a.jsonl"])).toMatchObject({
      options: { file: "a.jsonl", html: true },
    });
  });

  test("say what is missing or too much", () => {
    expect(complaint(parseCommandLine(["replay"]))).toContain("A recording is missing");
    expect(complaint(parseCommandLine(["trace", "a", "b"]))).toContain('"b" is a second recording');
    expect(complaint(parseCommandLine(["trace", "--shrink", "a"]))).toContain("There is no option --shrink");
  });
});

describe("docs/configuration.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");

  test("names every flag, every key of the file and every exit code", () => {
    for (const flag of serveFlags) {
      expect(page).toContain(`--${flag.name}`);
      const key = fileKey(flag);
      if (key !== undefined) expect(page).toContain(`"${key}"`);
    }
    for (const { name } of [...sendFlags, ...replayFlags, ...traceFlags]) expect(page).toContain(`--${name}`);
    for (const [code, name] of exitCodeTable) expect(page).toContain(`| ${code} | ${name} |`);
  });

  test("has an example that works", () => {
    const example = page.split("```json\n")[1]?.split("```")[0] ?? "";
    const path = configFile(example);
    expect(serve("--config", path).domains).toEqual(["example.org", "example.net"]);
  });
});
