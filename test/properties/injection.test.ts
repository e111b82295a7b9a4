// Standing property 7: whatever a caller hands over, the client emits the commands that were meant and no others: no CR, LF,
// NUL or unquoted delimiter of a caller's value ever reaches the wire.

import {
  clientProfile,
  ClientSession,
  esmtpParameter,
  etrn,
  forwardPath,
  InvalidValueError,
  LocalProtocolError,
  reversePath,
  type ClientEvent,
  type ClientIntent,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { contents as hostileContents } from "../support/arbitraries.ts";
import { ScriptedServer, type ServerScript } from "../support/scripted-server.ts";
import { latin1, octetsOf, SessionHarness } from "../support/session-harness.ts";
import { linesIn, unstuffed } from "../support/wire.ts";

/** What has broken clients: line ends, in ASCII and as what careless code cuts down to them; delimiters; quotes. */
const fragments = [
  "\r\n",
  "\r",
  "\n",
  "\0",
  "\t",
  " ",
  ">",
  "<",
  '"',
  "\\",
  "@",
  ":",
  ",",
  "=",
  "> SIZE=1",
  ">\r\nRCPT TO:<other@example.org",
  '"a> ORCPT=x"@d',
  '"a\\"> b"@d',
  "\r\nRSET\r\n",
  "\r\n.\r\n",
  " NOTIFY=NEVER",
  " SMTPUTF8",
  "\u0085",
  "\u2028",
  "\u010a",
  "\u560d\u560a",
  "\ud800",
  "\udfff",
  "\u{1f600}",
  "é",
  "=?utf-8?q?x?=",
  "\x7f",
  "\x1b",
];
const plain = ["a", "user", "example.org", "b@c", "x.y", "1", "-", "[192.0.2.1]", "", "user@example.org"];

const hostile: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.constantFrom(...fragments, ...plain, ...plain, ...plain), { maxLength: 5 })
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.string() },
);
const addresses = fc.oneof(
  { weight: 3, arbitrary: hostile },
  {
    weight: 3,
    arbitrary: fc.tuple(hostile, fc.constantFrom("example.org", "[192.0.2.1]", "d")).map((parts) => parts.join("@")),
  },
  { weight: 3, arbitrary: hostile.map((text) => `"${text.replaceAll(/(["\\])/g, "\\$1")}"@example.org`) },
  { weight: 2, arbitrary: hostile.map((text) => `user@${text}`) },
);

type Harness = SessionHarness<ClientIntent, ClientEvent>;

const everything = ["SMTPUTF8", "8BITMIME", "SIZE 100000000", "AUTH PLAIN LOGIN"];

/** A client session and a server that agrees to everything; `offers` are the server's. */
function opened(options: Partial<Parameters<typeof clientProfile>[0]>, offers: readonly string[]) {
  const script: ServerScript = { greeting: "usual", offers: [offers, offers], reactions: ["usual"] };
  const profile = clientProfile({ hostname: "client.example", tls: "never", allowAuthInClear: true, ...options });
  const harness: Harness = new SessionHarness(new ClientSession(profile, 0));
  const server = new ScriptedServer(script);
  let taken = 0;
  const exchange = (): void => {
    for (; server.said !== "" || taken < harness.output.length;) {
      const { said } = server;
      server.said = "";
      if (said !== "") harness.receive(octetsOf(said));
      const { output } = harness;
      server.take(output.slice(taken));
      taken = output.length;
    }
  };
  exchange();
  return { harness, server, exchange };
}

/** The outcome, or `undefined` where a value was refused as it should be; any other error is a fault. */
function unlessRefused<Outcome>(act: () => Outcome): Outcome | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof InvalidValueError || error instanceof LocalProtocolError) return undefined;
    throw error;
  }
}

/** A path at the start of a text, by RFC 5321's quoting alone, and what comes after it. */
function splitPath(text: string): { path: string; rest: string } {
  expect(text[0]).toBe("<");
  let quoted = false;
  for (let at = 1; at < text.length; at++) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === "\\" && quoted) at += 1;
    else if (text[at] === ">" && !quoted) return { path: text.slice(1, at), rest: text.slice(at + 1) };
  }
  throw new Error(`No path: ${text}`);
}

/** What an address means: its local part without quoting, and its domain in lower case. */
function meaning(address: string): { local: string; domain: string } {
  const at = address.lastIndexOf("@");
  const local = at < 0 ? address : address.slice(0, at);
  const domain = at < 0 ? "" : address.slice(at + 1);
  const isQuoted = local.startsWith('"') && local.endsWith('"') && local.length > 1;
  return { local: isQuoted ? local.slice(1, -1).replaceAll(/\\(.)/gsu, "$1") : local, domain: domain.toLowerCase() };
}

const utf8 = (octets: string): string => Buffer.from(octets, "latin1").toString("utf8");

describe("a client session", () => {
  test("sends the addresses and parameters that were meant, or refuses them", () => {
    let sent = 0;
    const parameters = fc.array(
      fc.tuple(fc.oneof(hostile, fc.constantFrom("X-A", "X-B")), fc.option(hostile, { nil: undefined })),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(
        addresses,
        fc.array(addresses, { minLength: 1, maxLength: 2 }),
        parameters,
        fc.boolean(),
        (from, to, given, smtputf8) => {
          const { harness, exchange } = opened({}, smtputf8 ? everything : ["8BITMIME"]);
          const before = harness.output.length;
          const values = unlessRefused(() => {
            const reverse = reversePath(from);
            const its = given.map(([keyword, value]) => esmtpParameter(keyword, value, { utf8: true }));
            const recipients = to.map((address) => ({ recipient: forwardPath(address), parameters: its }));
            harness.submit({ type: "send", reversePath: reverse, recipients, parameters: its });
            return reverse;
          });
          exchange();
          const lines = linesIn(harness.output.slice(before));
          if (values === undefined) {
            expect(lines).toEqual([]);
            return;
          }
          sent += 1;
          const [mail = "", ...rest] = lines;
          const expected = given
            .map(([keyword, value]) => ` ${keyword.toUpperCase()}${value === undefined ? "" : `=${value}`}`)
            .join("");
          const isUtf8 = [from, ...to, expected].some((text) => /[^\0-\x7f]/.test(text));
          expect(isUtf8 && !smtputf8, "UTF-8 to a server that does not take it").toBe(false);
          expect(mail.startsWith("MAIL FROM:")).toBe(true);
          const sender = splitPath(utf8(mail).slice("MAIL FROM:".length));
          expect(meaning(sender.path)).toEqual(meaning(from === "<>" ? "" : from));
          expect(sender.rest).toBe(`${isUtf8 ? " BODY=8BITMIME SMTPUTF8" : ""}${expected}`);
          expect(rest.length).toBe(to.length + 1);
          expect(rest.at(-1)).toBe("DATA");
          for (const [index, address] of to.entries()) {
            const line = utf8(rest[index] ?? "");
            expect(line.startsWith("RCPT TO:")).toBe(true);
            const recipient = splitPath(line.slice("RCPT TO:".length));
            expect(meaning(recipient.path)).toEqual(meaning(address));
            expect(recipient.rest).toBe(expected);
          }
        },
      ),
      times(20),
    );
    expect(sent).toBeGreaterThan(20);
  });

  test("introduces itself by the name that was meant, or refuses it", () => {
    fc.assert(
      fc.property(hostile, (hostname) => {
        const session = unlessRefused(() => opened({ hostname }, everything));
        if (session !== undefined) expect(linesIn(session.harness.output)).toEqual([`EHLO ${hostname}`]);
      }),
      times(10),
    );
  });

  test("sends the question that was meant, or refuses it and remains as it was", () => {
    const verbs = fc.constantFrom("VRFY" as const, "EXPN" as const, "HELP" as const);
    fc.assert(
      fc.property(verbs, fc.oneof(hostile, addresses), fc.boolean(), (verb, argument, smtputf8) => {
        const { harness, exchange } = opened({}, smtputf8 ? ["SMTPUTF8"] : []);
        const before = harness.output.length;
        const accepted = unlessRefused(() => {
          harness.submit({ type: "ask", verb, argument });
          return true;
        });
        exchange();
        const lines = linesIn(harness.output.slice(before)).map(utf8);
        const isUtf8 = /[^\0-\x7f]/.test(argument);
        if (accepted) {
          expect(isUtf8 && (!smtputf8 || verb === "HELP"), "UTF-8 to a server that does not take it").toBe(false);
          const question = argument === "" ? verb : `${verb} ${argument}`;
          expect(lines).toEqual([isUtf8 ? `${question} SMTPUTF8` : question]);
        } else {
          expect(lines).toEqual([]);
        }
        // Whatever became of it, the session can be used.
        harness.submit({ type: "ask", verb: "NOOP" });
        expect(harness.output.endsWith("NOOP\r\n")).toBe(true);
      }),
      times(10),
    );
  });

  test("sends the command of an extension that was meant, or refuses it and remains as it was", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom("ETRN", "etrn"), hostile),
        fc.oneof(hostile, addresses),
        fc.boolean(),
        (verb, argument, isOffered) => {
          const { harness } = opened({ extensions: [etrn] }, isOffered ? ["ETRN"] : []);
          const before = harness.output.length;
          const accepted = unlessRefused(() => {
            harness.submit({ type: "command", verb, argument });
            return true;
          });
          const lines = linesIn(harness.output.slice(before)).map(utf8);
          expect(lines).toEqual(accepted ? [argument === "" ? "ETRN" : `ETRN ${argument}`] : []);
          if (accepted) expect([isOffered, verb.toUpperCase()]).toEqual([true, "ETRN"]);
          else harness.submit({ type: "ask", verb: "NOOP" });
        },
      ),
      times(10),
    );
  });

  test("authenticates with the credentials that were meant, or refuses them", () => {
    let sent = 0;
    fc.assert(
      fc.property(
        hostile,
        hostile,
        fc.option(hostile, { nil: undefined }),
        fc.constantFrom("PLAIN", "LOGIN"),
        (user, password, other, mechanism) => {
          const credentials = { user, password, ...(other !== undefined && { authorizationIdentity: other }) };
          const session = unlessRefused(() => opened({ credentials }, [`AUTH ${mechanism}`]));
          if (session === undefined) return;
          const [, auth = "", ...rest] = linesIn(session.harness.output);
          // The server may have refused what was meant.
          const responses = rest.filter((line) => line !== "QUIT");
          const decoded = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
          sent += 1;
          if (mechanism === "PLAIN") {
            expect(responses).toEqual([]);
            expect(auth).toMatch(/^AUTH PLAIN [A-Za-z\d+/]+=*$/);
            expect(decoded(auth.slice("AUTH PLAIN ".length)).split("\0")).toEqual([other ?? "", user, password]);
          } else if (other !== undefined) {
            // LOGIN cannot say it: to act for oneself instead would be another thing.
            expect(auth).toBe("QUIT");
          } else {
            expect(auth).toBe("AUTH LOGIN");
            for (const response of responses) expect(response).toMatch(/^([A-Za-z\d+/]+=*|)$/);
            expect(responses.length).toBeGreaterThan(0);
            expect(responses.map(decoded)).toEqual([user, password].slice(0, responses.length));
          }
        },
      ),
      times(10),
    );
    expect(sent).toBeGreaterThan(100);
  });

  test("sends the size that was meant, or refuses it", () => {
    const sizes = fc.oneof(
      fc.double(),
      fc.integer({ min: -5, max: 200_000_000 }),
      fc.constantFrom(0, -0, 2 ** 53, 2 ** 64, NaN, Infinity, 1e21),
    );
    fc.assert(
      fc.property(sizes, fc.constantFrom("SIZE", "SIZE 1000", "SIZE 0"), (size, offer) => {
        const { harness } = opened({}, [offer]);
        const before = harness.output.length;
        const recipients = [{ recipient: forwardPath("a@b") }];
        const accepted = unlessRefused(() => {
          harness.submit({ type: "send", reversePath: null, recipients, size });
          return true;
        });
        const lines = linesIn(harness.output.slice(before));
        if (accepted) expect(lines).toEqual([expect.stringMatching(/^MAIL FROM:<> SIZE=\d{1,20}$/)]);
        else expect(lines).toEqual([]);
      }),
      times(5),
    );
  });
});

describe("a client session that sends content", () => {
  const pieces = fc.array(hostileContents, { maxLength: 4 });

  /** What stands on the wire between 354 and the reply; `undefined` where the session gave up. */
  function onTheWire(
    content: readonly Uint8Array[],
    bareNewlines: "normalise" | "reject",
    offers: readonly string[] = [],
    send: Partial<Extract<ClientIntent, { type: "send" }>> = {},
  ): string | undefined {
    const { harness, exchange } = opened({ bareNewlines, limits: { chunk: 30 } }, offers);
    harness.submit({ type: "send", reversePath: null, recipients: [{ recipient: forwardPath("a@b") }], ...send });
    exchange();
    const before = harness.output.length;
    for (const bytes of content) if (!harness.closed) harness.submit({ type: "content", bytes });
    if (!harness.closed) harness.submit({ type: "endContent" });
    return harness.closed ? undefined : harness.output.slice(before);
  }

  const normalised = (text: string) => text.replaceAll(/\r\n|\r|\n/g, "\r\n");
  const isCanonical = (text: string) => normalised(text) === text;
  const ended = (text: string) => (text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`);

  test("sends no CR and no LF but CRLF, no lone dot but the last, and for the rest what was meant", () => {
    fc.assert(
      fc.property(pieces, (content) => {
        const wire = onTheWire(content, "normalise") ?? "";
        expect(wire).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
        const lines = wire.split("\r\n");
        expect(lines.slice(-2)).toEqual([".", ""]);
        for (const line of lines.slice(0, -2)) expect(line).not.toBe(".");
        expect(unstuffed(wire.slice(0, -3))).toBe(ended(normalised(latin1(...content))));
      }),
      times(10),
    );
  });

  test("told to reject bare newlines, sends either all of it as it is or no end", () => {
    fc.assert(
      fc.property(pieces, (content) => {
        const text = latin1(...content);
        const wire = onTheWire(content, "reject");
        expect(wire !== undefined).toBe(isCanonical(text));
        if (wire !== undefined) expect(unstuffed(wire.slice(0, -3))).toBe(ended(text));
      }),
      times(10),
    );
  });

  const chunking = ["PIPELINING", "CHUNKING", "BINARYMIME"];

  /** What the chunks hold, which must be BDATs with their octets and nothing else, the last of them LAST. */
  function inChunks(wire: string): string {
    const [line = "", octets = "", last] = /^BDAT (\d+)( LAST)?\r\n/.exec(wire) ?? [];
    expect(line).not.toBe("");
    const content = wire.slice(line.length, line.length + Number(octets));
    const rest = wire.slice(line.length + Number(octets));
    expect(content.length).toBe(Number(octets));
    expect(rest === "").toBe(last !== undefined);
    return content + (rest === "" ? "" : inChunks(rest));
  }

  test("by BDAT sends no CR and no LF but CRLF, and for the rest what was meant, dots as they are", () => {
    fc.assert(
      fc.property(pieces, (content) => {
        const text = inChunks(onTheWire(content, "normalise", chunking) ?? "");
        expect(text).toBe(ended(normalised(latin1(...content))));
      }),
      times(10),
    );
  });

  test("by BDAT and told to reject bare newlines, sends either all of it as it is or no last chunk", () => {
    fc.assert(
      fc.property(pieces, (content) => {
        const text = latin1(...content);
        const wire = onTheWire(content, "reject", chunking);
        expect(wire !== undefined).toBe(isCanonical(text));
        if (wire !== undefined) expect(inChunks(wire)).toBe(ended(text));
      }),
      times(10),
    );
  });

  test("of BINARYMIME sends every octet as it is, and no other", () => {
    fc.assert(
      fc.property(pieces, (content) => {
        const wire = onTheWire(content, "reject", chunking, { body: "BINARYMIME" });
        expect(inChunks(wire ?? "")).toBe(latin1(...content));
      }),
      times(10),
    );
  });
});
