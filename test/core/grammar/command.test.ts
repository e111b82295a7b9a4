// Commands: RFC 5321 §4.1.1, RFC 3207, RFC 4954, RFC 6531 §3.4.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { helloName, mailbox } from "../../../packages/core/src/grammar/address.ts";
import {
  commandArgument,
  type CommandOptions,
  formatCommand,
  initialResponse,
  parseCommand,
  saslMechanism,
} from "../../../packages/core/src/grammar/command.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { commands, hasControl, times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";

function parse(line: string, options: CommandOptions = {}) {
  return parseCommand(encodeUtf8(line), options);
}

const underSmtputf8 = { smtputf8: true, utf8: true };

describe("any command", () => {
  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(commands(), (command) => {
        const line = encodeUtf8(formatCommand(command));
        expect(parseCommand(line, { lenientSpace: false })).toEqual({ kind: "command", command });
      }),
      times(5),
    );
  });

  test("is the same after it was formatted and parsed under SMTPUTF8", () => {
    fc.assert(
      fc.property(commands(true), (command) => {
        expect(parse(formatCommand(command), underSmtputf8)).toEqual({ kind: "command", command });
      }),
      times(5),
    );
  });

  test("is one line of visible characters", () => {
    fc.assert(fc.property(commands(true), (command) => !hasControl(formatCommand(command))));
  });

  test("is known by its verb in either case, and white space at its end is nothing", () => {
    const verb = fc.constantFrom("DATA", "RSET", "QUIT", "STARTTLS", "NOOP", "HELP");
    fc.assert(
      fc.property(fc.mixedCase(verb), fc.stringMatching(/^[ \t]{0,3}$/), (text, space) => {
        expect(parse(text + space)).toEqual({ kind: "command", command: { verb: text.toUpperCase() } });
      }),
    );
  });

  test("never throws for any octets, and tells none of them in its problem", () => {
    const start = fc.constantFrom("", "MAIL FROM:", "RCPT TO:<", "EHLO ", "AUTH PLAIN ", "VRFY ", "mail from:<a@b> ");
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 20 }), (text, octets) => {
        const parsed = parseCommand(Uint8Array.from([...encodeUtf8(text), ...octets]), underSmtputf8);
        if (parsed.kind === "malformed") expect(parsed.problem).toMatch(/^[A-Z][A-Za-z0-9 ,:<>]+$/);
        if (parsed.kind === "unrecognised") expect(parsed.verb).toMatch(/^[!-`{-~]{0,32}$/);
      }),
      times(10),
    );
  });

  test.each([
    "EHLO a\0b",
    "EHLO a\tb",
    "EHLO a\x7f",
    "NOOP a\rb",
    "NOOP a\nb",
    "HELP \x1b[2J",
    "DATA\0",
    "MAIL\tFROM:<a@b>",
    "MAIL FROM:<a@b>\0",
    "VRFY a\x01",
    "AUTH PLAIN \0",
  ])("with a control character is malformed: %j", (line) => {
    expect(parse(line)).toMatchObject({ kind: "malformed", problem: "The command has a control character" });
  });
});

describe("verbs, RFC 5321 §4.1.1", () => {
  test.each([
    ["", ""],
    [" ", ""],
    [" NOOP", ""],
    ["foo bar", "FOO"],
    ["DATAX", "DATAX"],
    ["DATA.", "DATA."],
    ["MAIL:<a@b>", "MAIL:<A@B>"],
    ["GET / HTTP/1.1", "GET"],
    ["BDATA 10 LAST", "BDATA"],
    ["é", "??"],
    ["\x16\x03\x01", "???"],
    ["a".repeat(40), "A".repeat(32)],
    ["constructor", "CONSTRUCTOR"],
    ["straße", "STRA??E"],
  ])("%j is not recognised, and shown as %j", (line, verb) => {
    expect(parse(line)).toEqual({ kind: "unrecognised", verb });
  });

  test.each(["DATA x", "RSET x", "QUIT x", "STARTTLS x", "STARTTLS TLSv1"])("%s has an argument too many", (line) => {
    const [verb] = line.split(" ");
    expect(parse(line)).toEqual({ kind: "malformed", verb, problem: `${verb} takes no argument`, utf8: false });
  });

  test("NOOP and HELP take any text of one line", () => {
    expect(parse("NOOP")).toEqual({ kind: "command", command: { verb: "NOOP" } });
    expect(parse("NOOP hello  there")).toEqual({
      kind: "command",
      command: { verb: "NOOP", argument: "hello  there" },
    });
    expect(parse("help mail")).toEqual({ kind: "command", command: { verb: "HELP", argument: "mail" } });
    expect(parse("NOOP é")).toMatchObject({ kind: "malformed" });
  });
});

describe("HELO and EHLO, RFC 5321 §4.1.1.1", () => {
  test.each(["mail.example.org", "localhost", "MAIL", "[127.0.0.1]", "[IPv6:::1]", "DESKTOP_X", "_a_.b_", "192.0.2.1"])(
    "take %s as it was sent",
    (name) => {
      expect(parse(`EHLO ${name}`)).toEqual({ kind: "command", command: { verb: "EHLO", name } });
      expect(parse(`helo ${name}`)).toEqual({ kind: "command", command: { verb: "HELO", name } });
      expect(helloName(name)).toBe(name);
    },
  );

  test.each([
    "",
    "a b",
    "a.",
    ".a",
    "-a",
    "a@b",
    "[::1]",
    "[127.0.0.1",
    "bücher.example",
    "a;b",
    "<a>",
    "a".repeat(64),
  ])("refuse %j", (name) => {
    expect(parse(`EHLO ${name}`)).toMatchObject({ kind: "malformed", verb: "EHLO", utf8: false });
    expect(() => helloName(name)).toThrow(InvalidValueError);
  });

  test("refuse a name of more than 255 octets", () => {
    const name = "a.".repeat(127);
    expect(parse(`EHLO ${name}b`)).toMatchObject({ kind: "command" });
    expect(parse(`EHLO ${name}bc`)).toMatchObject({ kind: "malformed" });
  });
});

describe("MAIL and RCPT, RFC 5321 §4.1.1.2 and §4.1.1.3", () => {
  test("take a path and parameters", () => {
    expect(parse("mail from:<a@B> size=10 BODY=8BITMIME")).toEqual({
      kind: "command",
      command: {
        verb: "MAIL",
        reversePath: { address: "a@b", localPart: "a", domain: "b" },
        parameters: [
          { keyword: "SIZE", value: "10" },
          { keyword: "BODY", value: "8BITMIME" },
        ],
      },
    });
    expect(parse("RCPT TO:<@x:a@b> NOTIFY=NEVER")).toMatchObject({
      command: { forwardPath: mailbox("a@b"), parameters: [{ keyword: "NOTIFY", value: "NEVER" }] },
    });
  });

  test.each(["MAIL FROM: <a@b>", "MAIL  FROM:<a@b>", "MAIL FROM:   <a@b>", "RCPT TO: <a@b>"])(
    "take spaces that the grammar has not, unless told otherwise: %j",
    (line) => {
      expect(parse(line)).toMatchObject({ kind: "command" });
      expect(parse(line, { lenientSpace: false })).toMatchObject({ kind: "malformed" });
    },
  );

  test.each([
    "MAIL",
    "MAIL FROM",
    "MAIL FROM:",
    "MAIL TO:<a@b>",
    "MAIL FROM :<a@b>",
    "MAIL FROM<a@b>",
    "MAIL FROM:a@b",
    "MAIL FROM:<a@b",
    "MAIL FROM:<a@b>x",
    "MAIL FROM:<a@b>SIZE=1",
    "MAIL FROM:<a@b> ,",
    "MAIL FROM:<a@b> <c@d>",
    "MAIL FROM:<a@b> SIZE=",
    "MAIL FROM:<a@b> =1",
    "MAIL FROM:<a@b> -A",
    "MAIL FROM:<a@b> SIZE=1=2",
    "MAIL FROM:<a@b> SIZE=1 size=2",
    "MAIL FROM:<postmaster>",
    "RCPT TO:<>",
    "RCPT FROM:<a@b>",
    "RCPT TO:<a@b>,<c@d>",
    'RCPT TO:<"a> ORCPT=x@d>',
  ])("are malformed otherwise: %j", (line) => {
    expect(parse(line)).toMatchObject({ kind: "malformed", verb: line.slice(0, 4), utf8: false });
  });

  test("take longer paths where they are told to", () => {
    const line = `RCPT TO:<${"a".repeat(300)}@b>`;
    expect(parse(line)).toMatchObject({ kind: "malformed", utf8: false });
    expect(parse(line, { localPartLimit: 400, pathLimit: 400 })).toMatchObject({ kind: "command" });
  });
});

describe("SMTPUTF8, RFC 6531 §3.4 and §3.7.4.2", () => {
  test("MAIL takes an address beyond ASCII only with its parameter, where that is offered", () => {
    expect(parse("MAIL FROM:<é@b> SMTPUTF8", { smtputf8: true })).toMatchObject({ kind: "command" });
    expect(parse("MAIL FROM:<é@b>", { smtputf8: true })).toMatchObject({ kind: "malformed", utf8: true });
    expect(parse("MAIL FROM:<é@b> SMTPUTF8")).toMatchObject({ kind: "malformed", utf8: true });
    expect(parse("MAIL FROM:<a@b> X=é", { smtputf8: true })).toMatchObject({ kind: "malformed", utf8: true });
    expect(parse("MAIL FROM:<a@b> X=é SMTPUTF8", { smtputf8: true })).toMatchObject({ kind: "command" });
  });

  test("RCPT takes an address beyond ASCII only within such a transaction", () => {
    expect(parse("RCPT TO:<é@b>", { utf8: true })).toMatchObject({ kind: "command" });
    expect(parse("RCPT TO:<é@b>", { smtputf8: true })).toMatchObject({ kind: "malformed", utf8: true });
  });

  test("VRFY and EXPN take a name beyond ASCII only with its parameter", () => {
    expect(parse("VRFY é SMTPUTF8", { smtputf8: true })).toMatchObject({
      command: { argument: "é", parameters: [{ keyword: "SMTPUTF8" }] },
    });
    expect(parse("EXPN é", { smtputf8: true })).toMatchObject({ kind: "malformed", utf8: true });
    expect(parse("VRFY é SMTPUTF8")).toMatchObject({ kind: "malformed", utf8: true });
  });

  test("a name alone is not taken for the parameter", () => {
    expect(parse("VRFY SMTPUTF8")).toMatchObject({ command: { argument: "SMTPUTF8", parameters: [] } });
    expect(parse("VRFY xSMTPUTF8")).toMatchObject({ command: { argument: "xSMTPUTF8", parameters: [] } });
    expect(parse("VRFY x smtputf8")).toMatchObject({
      command: { argument: "x", parameters: [{ keyword: "SMTPUTF8" }] },
    });
    expect(parse("VRFY")).toMatchObject({ kind: "malformed" });
  });
});

describe("AUTH, RFC 4954 §4", () => {
  test("takes a mechanism and at most one initial response, untouched", () => {
    expect(parse("AUTH login")).toEqual({ kind: "command", command: { verb: "AUTH", mechanism: "LOGIN" } });
    expect(parse("auth plain AGEAYg==")).toMatchObject({
      command: { mechanism: "PLAIN", initialResponse: "AGEAYg==" },
    });
    expect(parse("AUTH EXTERNAL =")).toMatchObject({ command: { initialResponse: "=" } });
  });

  test.each([
    "AUTH",
    "AUTH P*",
    `AUTH ${"A".repeat(21)}`,
    "AUTH PLAIN  AGEAYg==",
    "AUTH PLAIN a b",
    "AUTH PLAIN a-b",
    "AUTH PLÄIN",
  ])("refuses %j", (line) => {
    expect(parse(line)).toMatchObject({ kind: "malformed", verb: "AUTH" });
  });
});

describe("values of the caller's", () => {
  test("an argument that would end its line or turn into a parameter is refused", () => {
    for (const text of ["", " a", "a ", "a\r\nQUIT", "a\0", "a\ud800", "a SMTPUTF8", "a smtputf8"]) {
      expect(() => commandArgument(text), JSON.stringify(text)).toThrow(InvalidValueError);
    }
    expect(commandArgument("a b é")).toBe("a b é");
  });

  test("a mechanism is put in upper case, or refused", () => {
    expect(saslMechanism("scram-sha-1")).toBe("SCRAM-SHA-1");
    for (const text of ["", "A B", "A\r\n", "ü"]) expect(() => saslMechanism(text)).toThrow(InvalidValueError);
  });

  test("an initial response of no octets is =, and one that is refused is not told", () => {
    expect(initialResponse("")).toBe("=");
    expect(initialResponse("AGEAYg==")).toBe("AGEAYg==");
    expect(() => initialResponse("secret\r\n")).toThrow(InvalidValueError);
    expect(() => initialResponse("secret\r\n")).not.toThrow("secret");
  });
});

describe("hostile lines", () => {
  test.each(["a", "A ", "MAIL FROM:<a@b> ", "VRFY ", "NOOP x", "AUTH PLAIN ", "AUTH ", "EHLO a."])(
    "a line of %j and more is read a few times at most",
    (start) => {
      for (const piece of ["a", " ", "a.", " A=b", "=", "\t", "é"]) {
        const source = encodeUtf8(start + piece.repeat(10_000));
        const { octets, looks } = countedOctets(source);
        parseCommand(octets, { ...underSmtputf8, localPartLimit: 1e9, domainLimit: 1e9, pathLimit: 1e9 });
        expect(looks()).toBeLessThan(source.length * 12);
      }
    },
  );
});

describe("LHLO, BDAT and BURL", () => {
  test.each([
    ["lhlo client.example.org", { verb: "LHLO", name: "client.example.org" }],
    ["BDAT 10", { verb: "BDAT", chunk: { octets: 10, last: false } }],
    ["bdat 0 last \t", { verb: "BDAT", chunk: { octets: 0, last: true } }],
    ["BURL imap://h/a;uid=1 LAST", { verb: "BURL", reference: { url: "imap://h/a;uid=1", last: true } }],
  ])("%s is read", (line, command) => {
    expect(parse(line)).toEqual({ kind: "command", command });
  });

  test.each([
    "LHLO",
    "BDAT",
    "BDAT x",
    "BDAT 10 LAS",
    "BDAT -1",
    "BDAT 9007199254740992",
    "BDAT 1\x002",
    "BURL",
    "BURL x",
  ])("%s is malformed, of a verb that is known", (line) => {
    expect(parse(line)).toMatchObject({ kind: "malformed", verb: line.slice(0, 4) });
  });
});
