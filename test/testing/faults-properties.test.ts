// Faults as properties: rules that nobody meets change nothing, texts and JSON mean the rule that they were made of, and what
// is drawn is the same from the same seed.

import { accept } from "@carteiro/driver";
import { pair, VirtualClock } from "@carteiro/memory";
import {
  command,
  content,
  contentEnd,
  corrupt,
  delay,
  disconnect421,
  dribble,
  drop,
  duplicate,
  FaultError,
  faults,
  formatFault,
  garbage,
  greeting,
  halfClose,
  on,
  parseFault,
  received,
  recipient,
  reply,
  reset,
  sent,
  stall,
  state,
  testServer,
  tls,
  tlsFailure,
  type FaultRule,
  type Scope,
  type What,
  type When,
} from "@carteiro/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RawClient } from "../support/raw-peers.ts";

/** Rules for each occasion, that no dialogue here meets. */
const unmet = [
  "greeting connection 9: drop",
  "command#9999: drop",
  "XYZZY: reply 451",
  "recipient#99: reply 451",
  "recipient <nobody@example.net>: drop",
  "content+99999: drop",
  "content-end connection 9: reply 451",
  "tls connection 9: drop",
  "sent+99999: drop",
  "received+99999: drop",
  "state expectingProxyHeader: drop",
  "client content+99999: drop",
  "client content-end connection 9: drop",
];

const segment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("EHLO a.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "BDAT 3 LAST\r\na.b"),
  },
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      "EHLO a.example\r\n",
      "HELO a.example\r\n",
      "MAIL FROM:<a@b>\r\n",
      "MAIL FROM:<a@b\r\n",
      "RCPT TO:<c@d>\r\n",
      "rcpt to:<bad\r\n",
      "DATA\r\n",
      "a line\r\n",
      "..dot\r\n.\r\n",
      ".\r\n",
      "BDAT 5\r\nhello",
      "BDAT 0 LAST\r\n",
      "RSET\r\n",
      "NOOP\r\n",
      "\r\n",
      "NOOP\nNOOP\r\n",
      "NOOP\rNOOP\r\n",
      "AUTH PLAIN\r\n",
      "AGEAYg==\r\n",
      "AUTH PLAIN AGEAYg==\r\n",
      "*\r\n",
      "VRFY a\r\n",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("BDAT x\r\n", "STARTTLS\r\n", "STARTTLS\r\nNOOP\r\n", "QUIT\r\n") },
  { weight: 1, arbitrary: fc.string() },
);
const says = fc.array(
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
  { maxLength: 8 },
);
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });

/** What comes of a dialogue at a server whose connections are harmed so, or are not. */
async function heardBy(words: readonly string[], chunkSizes: readonly number[], rules?: readonly string[]) {
  const messages: string[] = [];
  const client = await RawClient.connect(
    {
      ...(rules && { wrapTransport: faults(rules).wrapTransport }),
      authentication: { allowInClear: true },
      onAuthenticate: () => accept(),
      onMessage: async ({ content: sentContent }) =>
        void messages.push(Buffer.from(await sentContent.bytes()).toString("latin1")),
    },
    { startTls: true, ...(chunkSizes.length > 0 && { chunkSizes }) },
  );
  const heard = [client.heard];
  for (const word of words) heard.push(await client.say(word));
  const { closed } = client;
  await client.clock.settle(client.server.destroy());
  return { heard, closed, messages };
}

describe("a plan none of whose rules is met", () => {
  test("changes no octet, whatever a client says and however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(says, sizes, async (words, chunkSizes) => {
        expect(await heardBy(words, chunkSizes, unmet)).toEqual(await heardBy(words, chunkSizes));
      }),
      { numRuns: 150 },
    );
  });

  test("lets messages through as they are, on both ends of a connection", async () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(".", "..", "", ".a"));
    const lines = fc.array(
      line.map((text) => text.replaceAll(/[\r\n]/g, "")),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(lines, sizes, fc.boolean(), fc.boolean(), async (texts, chunkSizes, chunking, startTls) => {
        const taken: Buffer[] = [];
        const { wrapTransport } = faults(unmet);
        const { client, clock, server } = await pair(
          {
            hostname: "mx.example.org",
            wrapTransport,
            chunking,
            onMessage: async ({ content: sentContent }) => void taken.push(Buffer.from(await sentContent.bytes())),
          },
          { wrapTransport },
          { startTls, ...(chunkSizes.length > 0 && { chunkSizes }) },
        );
        const whole = Buffer.from(texts.map((text) => `${text}\r\n`).join(""));
        const message = { from: "a@example.org", to: ["b@example.org", "c@example.org"], content: whole };
        await clock.settle(
          client.send({ ...message, ...(whole.some((octet) => octet >= 0x80) && { body: "8BITMIME" }) }),
        );
        await clock.settle(client.send(message));
        await clock.settle(client.quit());
        await clock.settle(server.close());
        expect(taken).toEqual([whole, whole]);
      }),
      { numRuns: 60 },
    );
  });
});

const count = fc.integer({ min: 1, max: 1_000 });
const octets = fc.nat({ max: 10_000 });
const scope: fc.Arbitrary<Scope> = fc.record(
  {
    connection: fc.oneof(
      count,
      fc.record({ every: count }),
      fc.tuple(count, octets).map(([from, more]) => ({ from, to: from + more })),
    ),
    times: count,
    by: fc.constant("client" as const),
  },
  { requiredKeys: [] },
);
const when: fc.Arbitrary<When> = scope.chain((given) =>
  fc.oneof(
    fc.constantFrom(greeting(given), contentEnd(given), tls(given), command(undefined, given)),
    fc.constantFrom("securing", "dialogue.transaction", "ready").map((name) => state(name, given)),
    fc
      .tuple(fc.constantFrom("RCPT", "content", "TLS", "xclient", "once", "Times", "QUIT", "command"), count)
      .map(([verb, nth]) => command(verb, { nth, ...given })),
    count.map((nth) => recipient(nth, given)),
    fc
      .constantFrom("bia@example.net", "a:b@example.net", "a@[IPv6:::1]", "postmaster")
      .map((address) => recipient(address, given)),
    octets.map((after) => content(after, given)),
    octets.map((after) => sent(after, given)),
    octets.map((after) => received(after, given)),
  ),
);
const milliseconds = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs));
const text = fc.oneof(
  fc.constantFrom("Try later", "4.3.0 is no code", "a, b", '"quoted"', " spaces ", ""),
  fc.string({ unit: "grapheme" }).filter((value) => !/\p{Cc}/u.test(value)),
);
const what: fc.Arbitrary<What> = fc.oneof(
  milliseconds.map(delay),
  fc.tuple(count, milliseconds).map(([size, ms]) => dribble(size, ms)),
  fc.tuple(fc.constantFrom(drop, reset, halfClose, stall), octets).map(([make, after]) => make(after)),
  fc
    .tuple(fc.integer({ min: 400, max: 459 }), fc.option(text, { nil: undefined }))
    .map(([code, said]) => reply(code, "4.3.0", said)),
  fc
    .tuple(fc.integer({ min: 500, max: 559 }), fc.option(text, { nil: undefined }))
    .map(([code, said]) => reply(code, undefined, said)),
  fc.tuple(fc.constantFrom(garbage, corrupt), count).map(([make, size]) => make(size)),
  fc.constantFrom(disconnect421(), tlsFailure(), duplicate()),
);
/** Those that make sense. */
const rule = fc
  .tuple(when, fc.array(what, { minLength: 1, maxLength: 4 }))
  .map(([occasion, actions]) => on(occasion, ...actions))
  .filter(isSound);

function isSound(candidate: FaultRule): boolean {
  try {
    faults([candidate]);
    return true;
  } catch (error) {
    if (error instanceof FaultError) return false;
    throw error;
  }
}

describe("a rule", () => {
  test("is the same after it was written as text, and as JSON, and read again", () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), fc.integer(), (rules, seed) => {
        expect(rules.map((each) => parseFault(formatFault(each)))).toEqual(rules);
        const plan = faults(rules, { seed });
        expect(faults(JSON.parse(JSON.stringify(plan)))).toMatchObject({ rules, seed });
      }),
      { numRuns: 500 },
    );
  });

  test("that is no rule is refused by an error that names it, and nothing else is thrown", () => {
    const words = fc.constantFrom(
      "RCPT",
      "#2",
      ":",
      " ",
      "reply",
      "451",
      "drop",
      "content",
      "+",
      "delay",
      ",",
      "once",
      "<",
      ">",
      '"',
      "state",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(words).map((parts) => parts.join("")),
          fc.string(),
        ),
        (given) => {
          try {
            expect(parseFault(formatFault(parseFault(given)))).toEqual(parseFault(given));
          } catch (error) {
            expect(error).toBeInstanceOf(FaultError);
            expect((error as Error).message).toContain(JSON.stringify(given));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

test("what is drawn is the same from the same seed, and on each connection for itself", async () => {
  const draw = async (seed: number, connections: number) => {
    const clock = new VirtualClock();
    const plan = faults(["greeting: garbage 20"], { seed });
    await using inbox = await testServer({ clock, wrapTransport: plan.wrapTransport });
    const drawn: string[] = [];
    for (let index = 0; index < connections; index++) {
      const transport = inbox.transport();
      const heard = Promise.withResolvers<Uint8Array>();
      transport.attach({ received: heard.resolve, ended: () => undefined, broken: heard.reject });
      void transport.read();
      drawn.push(Buffer.from(await clock.settle(heard.promise)).toString("hex"));
      transport.destroy();
    }
    return drawn;
  };
  const first = await draw(7, 3);
  expect(await draw(7, 3)).toEqual(first);
  expect(new Set(first).size).toBe(3);
  expect(await draw(8, 3)).not.toEqual(first);
});
