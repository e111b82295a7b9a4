// Recipients divided by what a server takes (RFC 9422): everybody once, nobody beyond a limit, in no more transactions than it takes.

import {
  clientProfile,
  ClientSession,
  LocalProtocolError,
  mailbox,
  type ClientEvent,
  type ClientIntent,
} from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../../support/arbitraries.ts";
import { octetsOf, SessionHarness } from "../../support/session-harness.ts";

interface Limits {
  readonly MAILMAX?: number;
  readonly RCPTMAX?: number;
  readonly RCPTDOMAINMAX?: number;
}

function opened(limits: Limits) {
  const session = new ClientSession(clientProfile({ hostname: "client.example", pipelining: false }), 0);
  const harness = new SessionHarness<ClientIntent, ClientEvent>(session);
  const words = Object.entries(limits).map(([name, value]) => `${name}=${value}`);
  harness.receive(octetsOf(`220 mx\r\n`));
  harness.receive(octetsOf(words.length === 0 ? "250 mx\r\n" : `250-mx\r\n250 LIMITS ${words.join(" ")}\r\n`));
  return { session, harness };
}

const limits: fc.Arbitrary<Limits> = fc.record(
  {
    MAILMAX: fc.integer({ min: 1, max: 6 }),
    RCPTMAX: fc.integer({ min: 1, max: 6 }),
    RCPTDOMAINMAX: fc.integer({ min: 1, max: 4 }),
  },
  { requiredKeys: [] },
);
const messages = fc.array(
  fc.array(fc.constantFrom("a@one.example", "b@ONE.example", "a@two.example", "a@three.example", "a@four.example"), {
    minLength: 1,
    maxLength: 20,
    size: "max",
  }),
  { minLength: 1, maxLength: 4 },
);

describe("a client session", () => {
  test("divides recipients so that it may send to all of them, in as few transactions as the server takes them in", () => {
    let divided = 0;
    fc.assert(
      fc.property(limits, messages, (given, list) => {
        const { session, harness } = opened(given);
        const { MAILMAX = Infinity, RCPTMAX = Infinity, RCPTDOMAINMAX = Infinity } = given;
        const domains = new Set<string>();
        let sent = 0;
        for (const addresses of list) {
          const recipients = addresses.map((address) => ({ recipient: mailbox(address) }));
          const all = recipients.map((_, place) => place);
          const { transactions, beyond } = session.divide(recipients) ?? {
            transactions: session.spent ? [] : [all],
            beyond: [],
          };
          if (session.spent) {
            expect(() => harness.submit({ type: "send", reversePath: null, recipients })).toThrow(LocalProtocolError);
            break;
          }
          if (transactions.length > 1) divided += 1;
          expect([...transactions.flat(), ...beyond].toSorted((one, other) => one - other)).toEqual(all);
          for (const places of transactions) {
            const some = places.flatMap((place) => recipients[place] ?? []);
            harness.submit({ type: "send", reversePath: null, recipients: some });
            harness.receive(octetsOf("550 No\r\n"));
            sent += 1;
            for (const { recipient } of some) domains.add(recipient.domain);
            expect(some.length).toBeLessThanOrEqual(RCPTMAX);
          }
          expect(sent).toBeLessThanOrEqual(MAILMAX);
          expect(domains.size).toBeLessThanOrEqual(RCPTDOMAINMAX);
          expect(transactions.length).toBe(Math.ceil((all.length - beyond.length) / Math.min(RCPTMAX, all.length)));
          // Nobody waits who need not.
          for (const place of beyond) {
            const isDomainBeyond =
              !domains.has(recipients[place]?.recipient.domain ?? "") && domains.size === RCPTDOMAINMAX;
            expect(isDomainBeyond || sent === MAILMAX).toBe(true);
          }
        }
        expect(session.spent).toBe(sent === MAILMAX);
      }),
      times(5),
    );
    expect(divided).toBeGreaterThan(20);
  });
});
