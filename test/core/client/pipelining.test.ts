// Groups of commands (RFC 2920): whatever is refused in the middle, each reply is taken for the command that it answers, and
// the outcome is that of the same commands sent one by one.

import { clientProfile, ClientSession, mailbox, type ClientEvent, type ClientIntent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../../support/arbitraries.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";
import { linesIn, verbOf } from "../../support/wire.ts";

interface Replies {
  readonly mail: number;
  readonly recipients: readonly number[];
  readonly data: number;
  readonly content: number;
}

const codes = fc.constantFrom(250, 251, 450, 550, 554);
const replies: fc.Arbitrary<Replies> = fc.record({
  mail: fc.oneof({ weight: 5, arbitrary: fc.constant(250) }, { weight: 2, arbitrary: codes }),
  recipients: fc.array(codes, { minLength: 1, maxLength: 6 }),
  data: fc.oneof({ weight: 5, arbitrary: fc.constant(354) }, { weight: 1, arbitrary: fc.constantFrom(451, 503, 554) }),
  content: codes,
});

/**
 * A server that answers each command by its place, refuses what has no place, and takes DATA although nobody was accepted where
 * it is told to. What was accepted, and by which verbs the client asked.
 */
function exchange(given: Replies, options: { readonly pipelining: boolean; readonly chunking: boolean }) {
  const profile = clientProfile({ hostname: "client.example", ...options });
  const harness = new SessionHarness<ClientIntent, ClientEvent>(new ClientSession(profile, 0));
  const say = (text: string) => harness.receive(octetsOf(text));
  say("220 mx\r\n");
  say("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
  let taken = harness.output.length;
  const verbs: string[] = [];
  const left = [...given.recipients];
  const isOpen = given.mail < 300;
  const answer = (line: string): string => {
    const verb = verbOf(line);
    verbs.push(verb);
    if (verb === "MAIL") return `${given.mail} mail`;
    if (verb === "RCPT") return `${isOpen ? left.shift() : 503} rcpt`;
    if (verb === "DATA") return `${isOpen ? given.data : 503} data`;
    if (verb === ".") return `${given.content} content`;
    return verb === "BDAT" ? `${given.content} content` : "250 OK";
  };
  harness.submit({
    type: "send",
    reversePath: null,
    recipients: given.recipients.map((_, index) => ({ recipient: mailbox(`to${index}@example.net`) })),
  });
  for (let asked = 0; ; asked += 1) {
    expect(asked).toBeLessThan(50);
    const lines = linesIn(harness.output.slice(taken));
    taken = harness.output.length;
    const said = lines.map((line) => `${answer(line)}\r\n`).join("");
    if (said !== "") say(said);
    const isWanted = harness.events.at(-1)?.type === "contentWanted";
    if (isWanted) harness.submit({ type: "endContent" });
    else if (said === "") break;
  }
  const ended = harness.events.find((event) => event.type === "transactionEnded");
  harness.submit({ type: "ask", verb: "NOOP" });
  return { result: ended?.result, verbs };
}

describe("a client session", () => {
  test("learns of each recipient the same from a group as from commands one by one, by DATA and by BDAT", () => {
    const seen = { refusedAmong: 0, loneDots: 0, accepted: 0 };
    fc.assert(
      fc.property(replies, (given) => {
        const single = exchange(given, { pipelining: false, chunking: false });
        const grouped = exchange(given, { pipelining: true, chunking: false });
        expect(grouped.result).toEqual(single.result);
        const isEmpty = given.mail < 300 && given.recipients.every((code) => code >= 400);
        // DATA was written before anybody knew: an empty message ends it.
        if (isEmpty && given.data === 354) expect(grouped.verbs.at(-1)).toBe(".");
        if (given.data === 354) {
          const chunked = exchange(given, { pipelining: true, chunking: true });
          expect(chunked.result).toEqual(single.result);
          expect(chunked.verbs).not.toContain("DATA");
        }
        if (isEmpty && given.data === 354) seen.loneDots += 1;
        if (given.recipients.some((code, index) => code >= 400 && (given.recipients[index + 1] ?? 999) < 300))
          seen.refusedAmong += 1;
        if (single.result?.recipients.some(({ accepted }) => accepted)) seen.accepted += 1;
      }),
      times(5),
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });
});
