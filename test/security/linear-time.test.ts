// Input made to take long: what others read in quadratic time or worse (nodemailer's GHSA-2x7j-588g-ccc2, CVE-2025-14874) is
// read here by looking at each octet a few times, and values of a caller's are checked as fast. Where octets can count how often
// they are looked at, they do; elsewhere so much is given that anything but linear would take minutes.

import {
  clientProfile,
  ClientSession,
  esmtpParameter,
  formatReply,
  formatXtext,
  forwardPath,
  helloName,
  mailbox,
  parseCapabilities,
  parseCommand,
  parseForwardPath,
  parseParameters,
  parseReplyLine,
  parseXtext,
  reply,
  reversePath,
  type ClientEvent,
  type ClientIntent,
} from "@carteiro/core";
import { describe, expect, test } from "vitest";
import { countedOctets } from "../support/counted-octets.ts";
import { RawClient } from "../support/raw-peers.ts";
import { octetsOf, SessionHarness } from "../support/session-harness.ts";

const much = 100_000;
/** Where octets are counted, less shows as well what is not linear. */
const counted = 3_000;
/** How often an octet may be looked at: by the verb, the path, the parameters, a check for text, and a copy or two. */
const looksEach = 24;
/** Linear takes some milliseconds of it. */
const milliseconds = 5_000;

/** What parsers have lost their way in: openings without ends, ends without openings, escapes, separators, near matches. */
const bits = [
  "a@b,",
  "@a,",
  "a.",
  "..",
  "(",
  "<",
  ">",
  '"',
  '\\"',
  "\\",
  "[",
  "[IPv6:",
  "1:",
  "::",
  "1.",
  "-",
  "=",
  " X=1",
  "+2B",
  "+",
  " ",
  "\t",
  ";",
  ":",
  "a",
  "@",
  "\xe9",
  "\xc3\xa9",
];

const beginnings = [
  "",
  "MAIL FROM:<",
  'MAIL FROM:<"',
  "MAIL FROM:<a@[",
  "MAIL FROM:<a@b> ",
  "RCPT TO:<@a",
  "RCPT TO:<a@b> X=",
  "EHLO ",
  "EHLO [",
  "VRFY ",
  "AUTH PLAIN ",
  "HELP ",
];

const endings = ["", ">", '"@b>', "]"];

const printable = (text: string) => text.replaceAll(/[^ -~]/g, "?");

function* hostileTexts(): Generator<string> {
  for (const bit of bits) for (const ending of endings) yield bit.repeat(counted / bit.length) + ending;
}

describe("input made to take long", () => {
  test.each(beginnings)("is looked at a few times as a command: %j", (beginning) => {
    for (const text of hostileTexts()) {
      const { octets, looks } = countedOctets(octetsOf(beginning + text));
      parseCommand(octets, { smtputf8: true, utf8: true });
      expect(looks() / octets.length, text.slice(0, 20)).toBeLessThan(looksEach);
    }
  });

  test.each([
    ["path", "<", (octets: Uint8Array) => parseForwardPath(octets, 0, octets.length)],
    ["list of parameters", " ", (octets: Uint8Array) => parseParameters(octets, 0, octets.length)],
    ["line of a reply", "250-", (octets: Uint8Array) => parseReplyLine(octets)],
  ])("is looked at a few times as a %s", (_, beginning, parse) => {
    for (const text of hostileTexts()) {
      const { octets, looks } = countedOctets(octetsOf(beginning + text));
      parse(octets);
      expect(looks() / octets.length, text.slice(0, 20)).toBeLessThan(looksEach);
    }
  });

  const values: readonly (readonly [string, (text: string) => unknown])[] = [
    ["a recipient", forwardPath],
    ["a sender", reversePath],
    ["a quoted local part", (text) => forwardPath(`"${text.replaceAll(/["\\]/g, "\\$&")}"@example.org`)],
    ["a name for EHLO", helloName],
    ["a parameter", (text) => esmtpParameter("X", text)],
    ["xtext", (text) => parseXtext(formatXtext(text))],
    ["the text of a reply", (text) => formatReply(reply(550, "5.1.1", printable(text)), { enhanced: true })],
    ["a list of capabilities", (text) => parseCapabilities(reply(250, undefined, "a", printable(text)))],
  ];

  test.each(values)("is read at once as %s", (_, read) => {
    for (const bit of bits) {
      const started = performance.now();
      try {
        read(bit.repeat(much / bit.length));
      } catch (error) {
        expect(error, bit).toHaveProperty("name", "InvalidValueError");
      }
      expect(performance.now() - started, bit).toBeLessThan(milliseconds);
    }
  });

  test("is read at once as parameters of as many keywords", () => {
    const octets = octetsOf(Array.from({ length: much / 10 }, (_, index) => ` X${index}=1`).join(""));
    const started = performance.now();
    expect(parseParameters(octets, 0, octets.length)).toMatchObject({ ok: true });
    expect(performance.now() - started).toBeLessThan(milliseconds);
  });

  test("is read at once as capabilities of as many keywords", () => {
    const session = new ClientSession(clientProfile({ hostname: "a", limits: { replyLines: Infinity } }), 0);
    const harness = new SessionHarness<ClientIntent, ClientEvent>(session);
    const lines = Array.from({ length: much / 10 }, (_, index) => `250-X${index}\r\n`).join("");
    const started = performance.now();
    harness.receive(octetsOf(`220 a\r\n250-a\r\n${lines}250 HELP\r\n`));
    expect(session.capabilities.length).toBe(much / 10 + 1);
    expect(performance.now() - started).toBeLessThan(milliseconds);
  });

  test("is sent at once to as many recipients, and each is told what became of it", () => {
    const count = much / 10;
    const harness = new SessionHarness<ClientIntent, ClientEvent>(
      new ClientSession(clientProfile({ hostname: "a" }), 0),
    );
    harness.receive(octetsOf("220 a\r\n250-a\r\n250 PIPELINING\r\n"));
    const recipients = Array.from({ length: count }, (_, index) => ({ recipient: mailbox(`a${index}@b`) }));
    const started = performance.now();
    harness.submit({ type: "send", reversePath: null, recipients });
    harness.receive(octetsOf(`250 a\r\n${"250 a\r\n550 a\r\n".repeat(count / 2)}354 a\r\n`));
    harness.submit({ type: "endContent" });
    harness.receive(octetsOf("250 a\r\n"));
    expect(performance.now() - started).toBeLessThan(milliseconds);
    const ended = harness.events.find((event) => event.type === "transactionEnded");
    expect(ended?.result.recipients.filter(({ accepted }) => accepted).length).toBe(count / 2);
  });

  test("is content of dots, which a handler gets in slices worth the while", async () => {
    let slices = 0;
    let octets = 0;
    const client = await RawClient.connect({
      async onMessage({ content }) {
        for await (const slice of content) {
          slices += 1;
          octets += slice.length;
        }
      },
    });
    await client.say("EHLO a.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    for (let block = 0; block < 20; block++) await client.say("..\r\n".repeat(10_000));
    await client.say(".\r\n");
    expect(client.codes.at(-1)).toBe(250);
    expect(octets).toBe(600_000);
    expect(slices).toBeLessThan(octets / 1_000);
  });
});
