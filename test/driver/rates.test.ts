// Counts in memory: right for every client while they are kept, and never of more clients than they may be.

import { memoryRates, type RateSubject } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const subjects: readonly RateSubject[] = ["connections", "messages", "recipients", "failedAuthentications"];
const within = 1_000;

const steps = fc.array(
  fc.record({
    subject: fc.constantFrom(...subjects),
    client: fc.nat(7).map(String),
    add: fc.constantFrom(0, 1, 5),
    pause: fc.oneof(fc.constant(0), fc.nat(within), fc.constant(within)),
  }),
  { maxLength: 200 },
);

describe("rates in memory", () => {
  test("count for each subject and client what was added since the first, until the time of that is over", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const store = memoryRates({ clients: 8 });
        const expected = new Map<string, { since: number; sum: number }>();
        let now = 0;
        for (const { subject, client, add, pause } of list) {
          now += pause;
          const key = `${subject} ${client}`;
          const known = expected.get(key);
          const count = known !== undefined && now - known.since < within ? known : { since: now, sum: 0 };
          count.sum += add;
          if (count.sum > 0) expected.set(key, count);
          else expected.delete(key);
          expect(store.count({ subject, client, add, within, now })).toBe(count.sum);
        }
      }),
    );
  });

  test("keep so many clients of each subject and no more, and those who came last", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (clients, list) => {
        const store = memoryRates({ clients });
        let now = 0;
        for (const { subject, client, add, pause } of list) {
          now += pause;
          void store.count({ subject, client, add, within, now });
          for (const other of subjects) {
            const sums = Array.from({ length: 8 }, (_, at) =>
              store.count({ subject: other, client: String(at), add: 0, within, now }),
            );
            expect(sums.filter((sum) => Number(sum) > 0).length).toBeLessThanOrEqual(clients);
          }
          expect(store.count({ subject, client, add: 0, within, now })).toBeGreaterThanOrEqual(add);
        }
      }),
    );
  });

  test("forget those first whose time began first, also where servers share them and count for different times", () => {
    const store = memoryRates({ clients: 3 });
    const count = (client: string, add: number, time: number, now: number) =>
      store.count({ subject: "connections", client, add, within: time, now });
    void count("long", 1, 1_000, 0);
    void count("short", 1, 10, 1);
    void count("other", 1, 1_000, 2);
    void count("short", 1, 1_000, 20);
    expect(count("long", 0, 1_000, 20)).toBe(1);
    void count("fourth", 1, 1_000, 21);
    void count("fifth", 1, 1_000, 22);
    expect(["long", "other", "short", "fourth", "fifth"].map((client) => count(client, 0, 1_000, 23))).toEqual([
      0, 0, 1, 1, 1,
    ]);
  });

  test("keep 50,000 clients by default", () => {
    const store = memoryRates();
    const count = (at: number, add: number) =>
      store.count({ subject: "connections", client: String(at), add, within, now: 0 });
    for (let at = 0; at <= 50_000; at++) void count(at, 1);
    expect([0, 1, 50_000].map((at) => count(at, 0))).toEqual([0, 1, 1]);
  });

  test.each([0, -1, Number.NaN])("take no room for %d clients", (clients) => {
    expect(() => memoryRates({ clients })).toThrow(RangeError);
  });
});
