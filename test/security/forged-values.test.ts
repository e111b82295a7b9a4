// Values that no type has checked, as they come out of somebody's JSON (nodemailer's GHSA-c7w3-x93f-qmm8 and GHSA-vvjj-xcjg-gr5g):
// wherever in an intent or the options hostile text stands in the place of what belongs there, it is refused before anything
// is written, or goes out as one value of one command.

import {
  ClientSession,
  clientProfile,
  type ClientEvent,
  type ClientIntent,
  type ClientSessionOptions,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { storage } from "../examples/storage-extension.ts";
import { times } from "../support/arbitraries.ts";
import { octetsOf, SessionHarness } from "../support/session-harness.ts";
import { linesIn } from "../support/wire.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const offered = [
  "PIPELINING",
  "SIZE 1000000",
  "8BITMIME",
  "SMTPUTF8",
  "DSN",
  "DELIVERBY",
  "FUTURERELEASE 999999 2099-01-01T00:00:00Z",
  "MT-PRIORITY",
  "REQUIRETLS",
  "NO-SOLICITING",
  "RRVS",
  "PRDR",
  "XSTORAGE",
];

/** A message with all that can be said of it. */
const message: Json = {
  type: "send",
  reversePath: { address: "sender@example.org", localPart: "sender", domain: "example.org" },
  size: 100,
  eightBit: true,
  body: "8BITMIME",
  ret: "HDRS",
  envid: "an id",
  deliverBy: { seconds: 100, mode: "return", trace: true },
  holdFor: 10,
  priority: 3,
  requireTls: true,
  solicitation: ["org.example:ad"],
  prdr: true,
  parameters: [{ keyword: "X-ONE", value: "1" }, { keyword: "X-TWO" }],
  recipients: [
    {
      recipient: { address: "one@example.com", localPart: "one", domain: "example.com" },
      parameters: [{ keyword: "X-THREE", value: "3" }],
      notify: ["SUCCESS", "FAILURE"],
      originalRecipient: { addressType: "rfc822", address: "one@example.net" },
      validSince: { since: 1_700_000_000_000, otherwise: "reject" },
    },
    { recipient: { address: "two@example.com", localPart: "two", domain: "example.com" } },
  ],
};

const questions: readonly Json[] = [
  { type: "ask", verb: "VRFY", argument: "jones" },
  { type: "ask", verb: "HELP", argument: "" },
  { type: "ask", verb: "NOOP" },
  { type: "command", verb: "XQUOTA", argument: "jones" },
];

/** What turns into another command, another parameter or another address where it is written as it is. */
const hostile: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "x\r\nRCPT TO:<victim@example.org>",
      "100\r\nRSET",
      "1 INJECTED=1",
      "a> INJECTED=1",
      "a@b> INJECTED",
      "a@b>\r\nDATA",
      "x\nQUIT",
      "x\rQUIT",
      "\0",
      "=INJECTED",
      " INJECTED",
      "\u010a\u010d",
      "é",
      "\ud800",
      "__proto__",
      "toString",
      "",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json[]>(
      null,
      true,
      -1,
      1.5,
      1e21,
      [],
      ["a\r\nQUIT"],
      ["x", "y INJECTED=1"],
      {},
      { length: 5 },
      { address: "a> INJECTED" },
      { toString: "x" },
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);

/** Every place in a value at which another can be put. */
function placesIn(value: Json, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, part]) => placesIn(part, [...at, name]))];
}

function put(value: Json, [name, ...rest]: readonly string[], other: Json): Json {
  if (name === undefined) return other;
  const changed = structuredClone(value) as Record<string, Json>;
  changed[name] = put(changed[name] ?? null, rest, other);
  return changed;
}

/** The value with hostile ones at one or two of its places. */
function forged(value: Json): fc.Arbitrary<Json> {
  const places = placesIn(value).slice(1);
  return fc
    .array(fc.tuple(fc.constantFrom(...places), hostile), { minLength: 1, maxLength: 2 })
    .map((changes) =>
      changes.reduce((changed, [place, other]) => unlessGone(() => put(changed, place, other), changed), value),
    );
}

/** A second place may lie in what the first has replaced. */
function unlessGone(change: () => Json, otherwise: Json): Json {
  try {
    return change();
  } catch {
    return otherwise;
  }
}

type Harness = SessionHarness<ClientIntent, ClientEvent>;

function ready(): Harness {
  const harness: Harness = new SessionHarness(
    new ClientSession(clientProfile({ hostname: "client.example", extensions: [storage] }), 0, { authorized: true }),
  );
  harness.receive(octetsOf(`220 a\r\n250-a\r\n${offered.map((line) => `250-${line}\r\n`).join("")}250 HELP\r\n`));
  return harness;
}

/** What the session wrote upon the intent; nothing where it refused it. Refused or not, the session can be used. */
function written(intent: Json): readonly string[] {
  const harness = ready();
  const before = harness.output.length;
  try {
    harness.submit(intent as unknown as ClientIntent);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(harness.output.length).toBe(before);
    harness.submit({ type: "ask", verb: "NOOP" });
    expect(harness.output.slice(before)).toBe("NOOP\r\n");
    return [];
  }
  return linesIn(harness.output.slice(before));
}

const path = String.raw`<(?:[^<>"\\ \r\n]*|"(?:[^"\\\r\n]|\\[^\r\n])*"@[^<>" \r\n]+)>`;
const parameters = String.raw`(?: [A-Za-z0-9][A-Za-z0-9-]*(?:=[^= \0-\x1f\x7f]+)?)*`;
const commands: Readonly<Record<string, RegExp>> = {
  MAIL: new RegExp(`^MAIL FROM:${path}(${parameters})$`),
  RCPT: new RegExp(`^RCPT TO:${path}(${parameters})$`),
  DATA: /^DATA$/,
  VRFY: /^VRFY [^\0-\x1f\x7f]+$/,
  EXPN: /^EXPN [^\0-\x1f\x7f]+$/,
  HELP: /^HELP(?: [^\0-\x1f\x7f]+)?$/,
  NOOP: /^NOOP$/,
  RSET: /^RSET$/,
  QUIT: /^QUIT$/,
  XQUO: /^XQUOTA(?: [^\0-\x1f\x7f]+)?$/,
};

/** The verbs of lines that are commands and nothing else; no parameter stands there but by its own name. */
function verbsOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const verb = line.slice(0, 4);
    const found = commands[verb]?.exec(line);
    expect(found, `no command: ${JSON.stringify(line)}`).toBeTruthy();
    const keywords = (found?.[1] ?? "").split(" ").map((parameter) => parameter.split("=")[0]);
    expect(keywords, line).not.toContain("INJECTED");
    expect(keywords.length, `twice in ${line}`).toBe(new Set(keywords).size);
    return verb;
  });
}

describe("command or parameter injection by a value that no type has checked", () => {
  test("client sends MAIL, a RCPT for each recipient and DATA, or nothing", () => {
    const [mail, first, ...rest] = written(message);
    for (const keyword of [
      "SIZE",
      "BODY",
      "RET",
      "ENVID",
      "BY",
      "HOLDFOR",
      "MT-PRIORITY",
      "REQUIRETLS",
      "SOLICIT",
      "X-ONE",
    ])
      expect(mail).toContain(` ${keyword}`);
    for (const keyword of ["NOTIFY", "ORCPT", "RRVS", "X-THREE"]) expect(first).toContain(` ${keyword}=`);
    expect(rest).toEqual(["RCPT TO:<two@example.com>", "DATA"]);
    let [refused, sent] = [0, 0];
    fc.assert(
      fc.property(forged(message), (intent) => {
        const lines = written(intent);
        const verbs = verbsOf(lines);
        if (lines.length === 0) refused += 1;
        const isMessage = verbs[0] === "MAIL";
        if (isMessage) {
          sent += 1;
          const recipients = (intent as { readonly recipients: readonly Json[] }).recipients.length;
          expect(verbs).toEqual(["MAIL", ...Array.from({ length: recipients }, () => "RCPT"), "DATA"]);
        } else {
          expect(verbs.length).toBeLessThanOrEqual(1);
        }
      }),
      times(20),
    );
    expect(refused).toBeGreaterThan(200);
    expect(sent).toBeGreaterThan(200);
  });

  test("client asks one question, or none", () => {
    fc.assert(
      fc.property(fc.constantFrom(...questions).chain(forged), (intent) => {
        expect(verbsOf(written(intent)).length).toBeLessThanOrEqual(1);
      }),
      times(5),
    );
  });

  test("client introduces itself by one line, or cannot be made", () => {
    const options: Json = {
      hostname: "client.example",
      credentials: { user: "user", password: "secret" },
      allowAuthInClear: true,
    };
    fc.assert(
      fc.property(forged(options), (given) => {
        let harness: Harness;
        try {
          harness = new SessionHarness(new ClientSession(clientProfile(given as unknown as ClientSessionOptions), 0));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        harness.receive(octetsOf("220 a\r\n"));
        expect(harness.output).toMatch(/^EHLO [A-Za-z0-9.:[\]_-]+\r\n$/);
        harness.receive(octetsOf("250-a\r\n250 AUTH PLAIN\r\n"));
        const [, next = ""] = linesIn(harness.output);
        if (next !== "") expect(next).toMatch(/^(?:AUTH PLAIN [A-Za-z0-9+/]+=*|QUIT)$/);
      }),
      times(5),
    );
  });
});
