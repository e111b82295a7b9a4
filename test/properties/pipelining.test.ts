// PIPELINING (RFC 2920): a group is answered as its commands would be one by one, whatever is refused in the middle of it, and
// however full the windows are between the two sides.

import { serverProfile, ServerSession, type ServerEvent, type ServerIntent } from "@carteiro/core";
import { accept, openClient, reject, SmtpServer, type ServerOptions, type Transport } from "@carteiro/driver";
import { pair, pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Promised } from "../support/promised.ts";
import { times } from "../support/arbitraries.ts";
import { application, contents, verdicts, type Verdict } from "../support/dialogues.ts";
import { byVerb, obliging } from "../support/line-server.ts";
import { codesOf } from "../support/raw-peers.ts";
import { coalesced, latin1, octetsOf, SessionHarness } from "../support/session-harness.ts";
import { repliesIn } from "../support/wire.ts";

/** Commands that may stand anywhere in a group, and one that ends it (§3.1). Of what comes after 354, a content. */
interface Group {
  readonly commands: readonly string[];
  readonly content: string;
}

const marks = fc.nat(99);
const within = fc.oneof(
  { weight: 4, arbitrary: marks.map((mark) => `MAIL FROM:<from${mark}@example.org>`) },
  { weight: 8, arbitrary: marks.map((mark) => `RCPT TO:<to${mark}@example.net>`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "RSET",
      "MAIL FROM:nobody",
      "MAIL FROM:<a@b> X-UNKNOWN=1",
      "RCPT TO:<>",
      "RCPT TO:<a@b> NOTIFY=NEVER",
      "FOO",
      "",
    ),
  },
  // A chunk's octets go with it, whatever became of what stands before it (RFC 3030 §4.2).
  { weight: 2, arbitrary: fc.constantFrom("BDAT 6\r\nQUIT", "BDAT 0", "BDAT 27\r\nRSET\r\nDATA\r\n.\r\nNOOP\r\nRSET") },
);
const last = fc.oneof(
  { weight: 4, arbitrary: fc.constant("DATA") },
  { weight: 2, arbitrary: fc.constantFrom("BDAT 6 LAST\r\nQUIT", "BDAT 2 LAST\r\n") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("EHLO again.example", "NOOP", "VRFY x", "EXPN x", "HELP", "DATA now", "QUIT"),
  },
);
const groups: fc.Arbitrary<readonly Group[]> = fc.array(
  fc.record({
    commands: fc.tuple(fc.array(within, { maxLength: 8, size: "max" }), last).map(([before, end]) => [...before, end]),
    content: contents.map((content) => `${content.replaceAll(/^\./gm, "..")}\r\n.\r\n`),
  }),
  { minLength: 1, maxLength: 4 },
);
const options = fc.record({
  limits: fc.record({
    recipients: fc.constantFrom(2, 1_000),
    errors: fc.constantFrom(2, 100),
    messageSize: fc.constantFrom(20, 1_000_000),
  }),
});

/** A client that sends so many commands at once, waits for all their replies, and sends content only behind 354. */
function converse(
  given: Omit<ServerOptions, "hostname">,
  list: readonly Group[],
  script: readonly Verdict[],
  manner: "grouped" | "one by one",
) {
  const profile = serverProfile({ ...given, hostname: "mx.example.org" });
  const harness = new SessionHarness<ServerIntent, ServerEvent>(new ServerSession(profile, 0), {
    answer: application(script),
  });
  const say = (text: string) => {
    harness.receive(octetsOf(text));
    while (harness.idle.wants === "intent" && harness.advance());
  };
  let sent = 0;
  say("EHLO client.example\r\n");
  for (const { commands, content } of list) {
    if (harness.closed) break;
    const lines = commands.map((command) => `${command}\r\n`);
    for (const text of manner === "grouped" ? [lines.join("")] : lines) if (!harness.closed) say(text);
    sent += commands.length;
    if (repliesIn(harness.output).at(-1)?.code !== 354) continue;
    say(content);
    sent += 1;
  }
  return { harness, sent, replies: repliesIn(harness.output) };
}

describe("a server session", () => {
  test("answers a group as it would its commands one by one, whatever is refused in the middle", () => {
    let refusedAmong = 0;
    fc.assert(
      fc.property(options, groups, verdicts, (given, list, script) => {
        const grouped = converse(given, list, script, "grouped");
        const single = converse(given, list, script, "one by one");
        expect(grouped.replies).toEqual(single.replies);
        expect(coalesced(grouped.harness.events)).toEqual(coalesced(single.harness.events));
        if (!grouped.harness.closed) expect(grouped.replies.length).toBe(2 + grouped.sent);
        const codes = grouped.replies.map(({ code }) => code);
        if (codes.slice(1).some((code, index) => code < 400 && (codes[index] ?? 0) >= 500)) refusedAmong += 1;
      }),
      times(5),
    );
    expect(refusedAmong).toBeGreaterThan(100);
  });

  const fates = fc.array(fc.constantFrom("accept" as const, "never" as const), { minLength: 1, maxLength: 5 });

  test("answers DATA 354 where a recipient was taken, else 554, and a lone dot that was sent for nothing", () => {
    fc.assert(
      fc.property(fates, fc.boolean(), (recipients, isAsked) => {
        // Decisions: connection, hello, mail, then the recipients.
        const script: readonly Verdict[] = ["accept", "accept", "accept", ...recipients, "accept", "accept"];
        const harness = new SessionHarness<ServerIntent, ServerEvent>(
          new ServerSession(serverProfile({ hostname: "mx.example.org" }), 0),
          { answer: application([...script, ...Array.from({ length: 50 }, () => "accept" as const)]) },
        );
        const group = `MAIL FROM:<a@b>\r\n${recipients.map((_, index) => `RCPT TO:<to${index}@c>\r\n`).join("")}DATA\r\n`;
        // Some wait for what DATA is answered, some take 354 for granted.
        const pieces = isAsked ? [group, ".\r\n"] : [`${group}.\r\n`];
        for (const piece of ["EHLO a\r\n", ...pieces]) harness.receive(octetsOf(piece));
        const taken = recipients.filter((fate) => fate === "accept").length;
        const codes = repliesIn(harness.output).map(({ code }) => code);
        expect(codes.slice(3, 3 + recipients.length)).toEqual(
          recipients.map((fate) => (fate === "accept" ? 250 : 550)),
        );
        expect(codes.slice(3 + recipients.length)).toEqual(taken > 0 ? [354, 250] : [554, 500]);
        const messages = harness.events.filter((event) => event.type === "messageReceived");
        expect(messages.map(({ envelope }) => envelope.recipients.length)).toEqual(taken > 0 ? [taken] : []);
        // The transaction of the refused recipients is still open, and takes another one; or a new one begins.
        const next = taken > 0 ? "MAIL FROM:<d@e>\r\n" : "";
        harness.receive(octetsOf(`${next}RCPT TO:<f@g>\r\nDATA\r\n.\r\n`));
        expect(
          repliesIn(harness.output)
            .slice(-3)
            .map(({ code }) => code),
        ).toEqual([250, 354, 250]);
      }),
    );
  });
});

/** A server that writes each reply, and waits until it has left, before it reads on. */
async function serveInLockstep(end: Transport): Promise<void> {
  const transport = new Promised(end);
  const answer = byVerb(obliging);
  const say = async (text: string | undefined) => {
    if (text !== undefined) await transport.write(octetsOf(text));
  };
  await say(answer(undefined));
  let rest = "";
  for (let bytes = await transport.read(); bytes !== undefined; bytes = await transport.read()) {
    rest += latin1(bytes);
    for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
      await say(answer(rest.slice(0, end)));
      rest = rest.slice(end + 2);
    }
  }
}

describe("two sides with full windows", () => {
  const capacities = fc.constantFrom(1, 2, 17, 512);

  /** Writes all of it before it reads anything, as the RFC warns of (§3.1), and gives what it then reads. */
  async function writeThenRead(given: Omit<ServerOptions, "hostname">, capacity: number, text: string) {
    const clock = new VirtualClock();
    const server = new SmtpServer({ hostname: "mx.example.org", ...given }, { clock, startTls: false });
    const [clientEnd, end] = pipe({ clock, capacity });
    const client = new Promised(clientEnd);
    const served = server.accept(end);
    let heard = "";
    let isWritten = false;
    const dialogue = (async () => {
      for (let at = 0; at < text.length; at += 1_000) await client.write(octetsOf(text.slice(at, at + 1_000)));
      isWritten = true;
      for (let bytes = await client.read(); bytes !== undefined; bytes = await client.read()) heard += latin1(bytes);
    })().catch(() => undefined);
    await clock.settle(Promise.all([dialogue, served]));
    return { heard, isWritten, took: clock.now() };
  }

  test("do not wait for each other, though the client reads nothing until it has written all", async () => {
    await fc.assert(
      fc.asyncProperty(
        capacities,
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 3 }),
        async (capacity, recipients, messages) => {
          const commands = `MAIL FROM:<a@b>\r\n${"RCPT TO:<c@d>\r\nRCPT TO:<no@d>\r\n".repeat(recipients)}DATA\r\nx\r\n.\r\n`;
          const { heard, isWritten, took } = await writeThenRead(
            {
              onRecipient: ({ recipient }) => (recipient.localPart === "no" ? reject(550) : accept()),
              limits: { commandsWithoutMail: Infinity },
            },
            capacity,
            `EHLO a.example\r\n${commands.repeat(messages)}QUIT\r\n`,
          );
          expect(isWritten).toBe(true);
          expect(took).toBeLessThan(60_000);
          const group = [250, ...Array.from({ length: recipients }, () => [250, 550]).flat(), 354, 250];
          expect(codesOf(heard)).toEqual([220, 250, ...Array.from({ length: messages }, () => group).flat(), 221]);
        },
      ),
      times(0.2),
    );
  });

  test("come to an end at the deadline where the client goes on without reading: so much is kept for it, and no more", async () => {
    const commands = 200_000;
    const { heard, took } = await writeThenRead(
      { limits: { commandsWithoutMail: Infinity }, timeouts: { command: 1_000_000 } },
      512,
      `EHLO a.example\r\n${"NOOP\r\n".repeat(commands)}`,
    );
    const codes = codesOf(heard);
    expect(codes.at(-1)).toBe(421);
    expect(codes.length).toBeGreaterThan(2 ** 16);
    expect(codes.length).toBeLessThan(commands / 2);
    expect(took).toBeGreaterThanOrEqual(1_000_000);
    expect(took).toBeLessThan(1_100_000);
  });

  test("do not wait for each other where our client sends a group of any size", async () => {
    await fc.assert(
      fc.asyncProperty(capacities, fc.integer({ min: 1, max: 1_000 }), async (capacity, count) => {
        const { client, clock } = await pair(
          {
            hostname: "mx.example.org",
            onRecipient: ({ recipient }) => (recipient.localPart.endsWith("3") ? reject(550) : accept()),
            limits: { commandsWithoutMail: Infinity },
          },
          { hostname: "client.example" },
          { capacity, startTls: false },
        );
        const to = Array.from({ length: count }, (_, index) => `a${index}@b`);
        const result = await clock.settle(client.send({ from: "a@b", to, content: "x\r\n".repeat(1_000) }));
        const refused = result.recipients.filter(({ accepted }) => !accepted).map(({ recipient }) => recipient.address);
        expect(refused).toEqual(to.filter((address) => address.includes("3@")));
        await clock.settle(client.quit());
        expect(clock.now()).toBeLessThan(60_000);
      }),
      times(0.2),
    );
  });

  test("do not wait for each other where the server writes each reply before it reads on", async () => {
    await fc.assert(
      fc.asyncProperty(capacities, fc.integer({ min: 1, max: 300 }), async (capacity, count) => {
        const clock = new VirtualClock();
        const [clientEnd, serverEnd] = pipe({ clock, capacity });
        void serveInLockstep(serverEnd).catch(() => undefined);
        const client = await clock.settle(openClient(clientEnd, { hostname: "client.example" }, clock));
        const to = Array.from({ length: count }, (_, index) => `a${index}@b`);
        const result = await clock.settle(client.send({ from: "a@b", to, content: "x\r\n".repeat(1_000) }));
        expect(result.recipients.every(({ accepted }) => accepted)).toBe(true);
        expect(clock.now()).toBeLessThan(60_000);
        client.destroy();
      }),
      times(0.2),
    );
  });
});
