// The parameters that a message asks for: what a server of ours reads of them is what was meant, and nothing that is not
// offered is left out.

import {
  ClientSession,
  clientProfile,
  esmtpParameter,
  InvalidValueError,
  LocalProtocolError,
  mailbox,
  type ClientEvent,
  type ClientIntent,
  type OutgoingRecipient,
  type TlsInfo,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDeliverBy } from "../../../packages/core/src/extensions/deliver-by.ts";
import {
  parseEnvid,
  parseNotify,
  parseOriginalRecipient,
  parseRet,
} from "../../../packages/core/src/extensions/dsn.ts";
import { parseHoldFor, parseHoldUntil } from "../../../packages/core/src/extensions/future-release.ts";
import { parsePriority } from "../../../packages/core/src/extensions/mt-priority.ts";
import { parseSolicitation } from "../../../packages/core/src/extensions/no-soliciting.ts";
import { parseValidSince } from "../../../packages/core/src/extensions/rrvs.ts";
import { parseCommand, type Command } from "../../../packages/core/src/grammar/command.ts";
import { times } from "../../support/arbitraries.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";
import { linesIn } from "../../support/wire.ts";

type Send = Extract<ClientIntent, { type: "send" }>;

const everything = [
  "PIPELINING",
  "DSN",
  "DELIVERBY",
  "FUTURERELEASE 999999999 9999-12-31T23:59:59Z",
  "MT-PRIORITY",
  "REQUIRETLS",
  "NO-SOLICITING",
  "RRVS",
  "PRDR",
  "SMTPUTF8",
  "8BITMIME",
];
const verified: TlsInfo = { protocol: "TLSv1.3", authorized: true };

function opened(offers: readonly string[], tls: TlsInfo | undefined = verified) {
  const harness = new SessionHarness<ClientIntent, ClientEvent>(
    new ClientSession(clientProfile({ hostname: "client.example" }), 0, tls),
  );
  harness.receive(octetsOf("220 mx\r\n"));
  harness.receive(octetsOf(["250-mx", ...offers.map((offer) => `250-${offer}`), "250 HELP", ""].join("\r\n")));
  return harness;
}

/** The commands written for a message. */
function written(send: Omit<Send, "type" | "reversePath">, offers: readonly string[] = everything, tls?: TlsInfo) {
  const harness = opened(offers, tls ?? verified);
  const before = harness.output.length;
  harness.submit({ type: "send", reversePath: mailbox("a@b"), ...send });
  return linesIn(harness.output.slice(before)).map((line): Command => {
    const parsed = parseCommand(octetsOf(line), { smtputf8: true, utf8: true });
    if (parsed.kind !== "command") throw new Error(`no command: ${line}`);
    return parsed.command;
  });
}

/** Values of the parameters in a command. */
function valuesIn(command: Command | undefined): Record<string, string | undefined> {
  const parameters = command?.verb === "MAIL" || command?.verb === "RCPT" ? command.parameters : [];
  return Object.fromEntries(parameters.map(({ keyword, value }) => [keyword, value]));
}

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((point) => String.fromCharCode(point)),
  minLength: 1,
  maxLength: 30,
});
const seconds = fc.integer({ min: 1, max: 999_999_999 });
const epochs = fc.integer({ min: 0, max: 253_402_300_799 }).map((second) => second * 1_000);
const words = fc.array(fc.constantFrom("org.example:ADV", "net.example:ADLT", "a", "b-c_d"), {
  minLength: 1,
  maxLength: 3,
});

const asked = fc.record(
  {
    ret: fc.constantFrom("FULL", "HDRS"),
    envid: printable,
    deliverBy: fc.record({ seconds, mode: fc.constantFrom("return", "notify"), trace: fc.boolean() }),
    holdFor: seconds,
    priority: fc.integer({ min: -9, max: 9 }),
    requireTls: fc.boolean(),
    solicitation: words,
    prdr: fc.boolean(),
  },
  { requiredKeys: [] },
);
const askedOfRecipient = fc.record(
  {
    notify: fc.subarray(["SUCCESS", "FAILURE", "DELAY"] as const),
    originalRecipient: fc.oneof(
      printable.map((address) => ({ addressType: "rfc822", address })),
      fc
        .constantFrom("pelé@example.com", "用户@例え.jp", "a\\b@c")
        .map((address) => ({ addressType: "utf-8", address })),
    ),
    validSince: fc.record(
      { since: epochs, otherwise: fc.constantFrom("continue", "reject") },
      { requiredKeys: ["since"] },
    ),
  },
  { requiredKeys: [] },
);

/** What a value must be, and what is read of what was written. */
function expectMail(send: Partial<Send>, values: Record<string, string | undefined>): void {
  expect(parseRet(values["RET"])).toEqual(send.ret);
  expect(parseEnvid(values["ENVID"])).toEqual(send.envid);
  expect(parseDeliverBy(values["BY"])).toEqual(send.deliverBy);
  expect(parseHoldFor(values["HOLDFOR"])).toEqual(send.holdFor);
  expect(parseHoldUntil(values["HOLDUNTIL"])).toEqual(send.holdUntil);
  expect(parsePriority(values["MT-PRIORITY"])).toEqual(send.priority);
  expect(parseSolicitation(values["SOLICIT"])).toEqual(send.solicitation);
  expect("REQUIRETLS" in values).toBe(send.requireTls === true);
  expect("PRDR" in values).toBe(send.prdr === true);
}

describe("the parameters of a message", () => {
  test("are read as what was asked for, in MAIL and in each RCPT", () => {
    fc.assert(
      fc.property(
        asked,
        fc.option(epochs, { nil: undefined }),
        fc.array(askedOfRecipient, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (given, holdUntil, recipients, smtputf8) => {
          const send = {
            ...given,
            ...(holdUntil !== undefined && given.holdFor === undefined && { holdUntil }),
            smtputf8,
            recipients: recipients.map((its): OutgoingRecipient => ({ recipient: mailbox("c@d"), ...its })),
          } as Omit<Send, "type" | "reversePath">;
          const [mail, ...rcpts] = written(send);
          expectMail(send, valuesIn(mail));
          for (const [index, { notify, originalRecipient, validSince }] of send.recipients.entries()) {
            const values = valuesIn(rcpts[index]);
            expect(parseNotify(values["NOTIFY"])).toEqual(notify);
            expect(parseOriginalRecipient(values["ORCPT"])).toEqual(originalRecipient);
            expect(parseValidSince(values["RRVS"])).toEqual(validSince);
            // Beyond ASCII only where the transaction has SMTPUTF8.
            if (!smtputf8) expect(values["ORCPT"] ?? "").toMatch(/^[\x21-\x7e]*$/);
          }
        },
      ),
      times(10),
    );
  });

  const keywords: readonly (readonly [string, Partial<Send> | Partial<OutgoingRecipient>])[] = [
    ["DSN", { ret: "FULL" }],
    ["DSN", { envid: "1" }],
    ["DSN", { notify: [] }],
    ["DSN", { originalRecipient: { addressType: "rfc822", address: "a@b" } }],
    ["DELIVERBY", { deliverBy: { seconds: 1, mode: "return", trace: false } }],
    ["FUTURERELEASE", { holdFor: 1 }],
    ["FUTURERELEASE", { holdUntil: 0 }],
    ["MT-PRIORITY", { priority: 0 }],
    ["REQUIRETLS", { requireTls: true }],
    ["NO-SOLICITING", { solicitation: ["a"] }],
    ["RRVS", { validSince: { since: 0 } }],
    ["PRDR", { prdr: true }],
  ];

  test.each(keywords)(
    "that need %s are sent where it is offered, and elsewhere refused by name: %j",
    (keyword, its) => {
      const recipients = [{ recipient: mailbox("c@d"), ...its } as OutgoingRecipient];
      const send = { ...its, recipients } as Omit<Send, "type" | "reversePath">;
      const lines = written(send);
      expect(lines.flatMap((command) => Object.keys(valuesIn(command))).length).toBeGreaterThan(0);
      const others = everything.filter((offer) => !offer.startsWith(keyword));
      expect(() => written(send, others)).toThrow(LocalProtocolError);
      expect(() => written(send, others)).toThrow(new RegExp(`the server does not offer ${keyword}$`));
    },
  );

  test("of REQUIRETLS need TLS with a certificate that was verified", () => {
    const send = { requireTls: true, recipients: [{ recipient: mailbox("c@d") }] };
    expect(valuesIn(written(send, everything, verified)[0])).toHaveProperty("REQUIRETLS");
    for (const tls of [{}, { authorized: false }]) {
      expect(() => written(send, everything, tls)).toThrow(/certificate that was verified/);
    }
  });

  const unsendable: readonly (Partial<Send> | Partial<OutgoingRecipient>)[] = [
    { ret: "NEITHER" as "FULL" },
    { ret: "" as "FULL" },
    { envid: "" },
    { envid: "é" },
    { envid: "a\r\nRSET" },
    { envid: "x".repeat(101) },
    { body: "16BIT" as "7BIT" },
    { deliverBy: { seconds: 0, mode: "return", trace: false } },
    { deliverBy: { seconds: 1e10, mode: "notify", trace: false } },
    { holdFor: 0 },
    { holdFor: 1.5 },
    { holdUntil: Number.NaN },
    { priority: 10 },
    { priority: Number.NaN },
    { solicitation: [] },
    { solicitation: ["a b"] },
    { notify: ["SUCCESS", "SUCCESS"] },
    { notify: ["EVERYTHING" as "SUCCESS"] },
    { originalRecipient: { addressType: "rfc822", address: "pelé@b" } },
    { originalRecipient: { addressType: "a b", address: "c@d" } },
    { validSince: { since: Infinity } },
    { deliverBy: { seconds: 60, mode: "RETURN" as "return", trace: false } },
    { validSince: { since: 0, otherwise: "Reject" as "reject" } },
    { notify: "SUCCESS" as unknown as readonly "SUCCESS"[] },
    { body: "7BIT", eightBit: true },
    { parameters: [esmtpParameter("XFOO", "1"), esmtpParameter("xfoo", "2")] },
    // As if from code without types: the keyword is not in upper case.
    { parameters: [esmtpParameter("XFOO"), { ...esmtpParameter("XFOO"), keyword: "xFoo" }] },
  ];

  test.each(unsendable)("with a value that no server would read are refused before anything is written: %j", (its) => {
    const harness = opened(everything);
    const { output } = harness;
    const recipients = [{ recipient: mailbox("c@d"), ...its } as OutgoingRecipient];
    const send = { type: "send", reversePath: null, ...its, recipients } as Send;
    expect(() => harness.submit(send)).toThrow(InvalidValueError);
    expect(harness.output).toBe(output);
    harness.submit({ type: "send", reversePath: null, recipients: [{ recipient: mailbox("c@d") }] });
    expect(harness.output.slice(output.length)).toMatch(/^MAIL FROM:<>\r\n/);
  });

  test("that are known by name are refused where one of the caller's own has it, in any case", () => {
    const size = { ...esmtpParameter("SIZE", "7"), keyword: "size" };
    const [mail] = written({ size: 9, parameters: [size], recipients: [{ recipient: mailbox("c@d") }] }, ["SIZE"]);
    expect(mail).toMatchObject({ parameters: [{ keyword: "SIZE", value: "7" }] });
  });
});
