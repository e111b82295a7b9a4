// Time that moves only when it is told to.

import { VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("virtual clock", () => {
  test("clock stands at 0 until it is moved, and its date follows", async () => {
    const clock = new VirtualClock(new Date("2030-06-01T12:00:00Z"));
    expect([clock.now(), clock.date().toISOString()]).toEqual([0, "2030-06-01T12:00:00.000Z"]);
    await clock.advance(90_000);
    expect([clock.now(), clock.date().toISOString()]).toEqual([90_000, "2030-06-01T12:01:30.000Z"]);
  });

  test("two clocks made alike say the same date", () => {
    expect(new VirtualClock().date()).toEqual(new VirtualClock().date());
  });

  test("clock runs timers by time, then by insertion, each at its own instant", async () => {
    const delays = fc.array(fc.nat({ max: 20 }), { maxLength: 30 });
    const inOrder = fc.asyncProperty(delays, async (given) => {
      const clock = new VirtualClock();
      const fired: { index: number; delay: number; at: number }[] = [];
      for (const [index, delay] of given.entries())
        clock.after(delay, () => fired.push({ index, delay, at: clock.now() }));
      await clock.advance(10);
      expect(clock.now()).toBe(10);
      expect(fired.every(({ at }) => at <= 10)).toBe(true);
      await clock.run();
      expect(fired.length).toBe(given.length);
      expect(fired.every(({ delay, at }) => delay === at)).toBe(true);
      expect(fired).toEqual(fired.toSorted((some, other) => some.at - other.at || some.index - other.index));
    });
    await fc.assert(inOrder);
  });

  test("clock does not run a timer that was cancelled, not even by one of the same instant", async () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(5, () => cancelSecond());
    const cancelSecond = clock.after(5, () => fired.push("second"));
    const cancelThird = clock.after(6, () => fired.push("third"));
    cancelThird();
    cancelThird();
    await clock.run();
    expect(fired).toEqual([]);
    expect(clock.now()).toBe(5);
  });

  test("clock lets everything that follows from one timer happen before the next", async () => {
    const depths = fc.integer({ min: 1, max: 3000 });
    const settles = fc.asyncProperty(depths, async (depth) => {
      const clock = new VirtualClock();
      const seen: string[] = [];
      const follow = async (): Promise<void> => {
        for (let link = 0; link < depth; link++) await Promise.resolve();
        seen.push(`chain at ${clock.now()}`);
      };
      clock.after(1, () => void follow());
      clock.after(2, () => seen.push(`timer at ${clock.now()}`));
      await clock.advance(2);
      expect(seen).toEqual(["chain at 1", "timer at 2"]);
    });
    await fc.assert(settles, { numRuns: 20 });
  });

  test("clock runs timers on the way that timers and promises have set", async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.now());
      void Promise.resolve().then(() => clock.after(10, tick));
    };
    clock.after(10, tick);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  test("clock passes on what a timer's callback throws, and can be moved again", async () => {
    const clock = new VirtualClock();
    clock.after(1, () => {
      throw new Error("Broken callback");
    });
    await expect(clock.run()).rejects.toThrow("Broken callback");
    await clock.advance(1);
    expect(clock.now()).toBe(2);
  });

  test("clock refuses delays and distances that are no finite time", async () => {
    const clock = new VirtualClock();
    expect(() => clock.after(Number.NaN, () => {})).toThrow(RangeError);
    expect(() => clock.after(Infinity, () => {})).toThrow(RangeError);
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    await expect(clock.advance(Infinity)).rejects.toThrow(RangeError);
  });

  test("clock takes a delay below 0 as none", async () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.after(-5, () => fired.push(clock.now()));
    await clock.advance(0);
    expect(fired).toEqual([0]);
  });

  test("clock refuses to be moved twice at once", async () => {
    const clock = new VirtualClock();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow(/already being moved/);
    await first;
    expect(clock.now()).toBe(10);
  });
});

describe("virtual clock: running to an end", () => {
  test("clock stops at the instant in which the promise settles", async () => {
    const clock = new VirtualClock();
    const wait = (delay: number): Promise<void> => new Promise((resolve) => clock.after(delay, resolve));
    const fired: number[] = [];
    clock.after(3_600_000, () => fired.push(clock.now()));
    await clock.run({ until: wait(300_000).then(() => wait(120_000)) });
    expect([clock.now(), fired]).toEqual([420_000, []]);
    await clock.run();
    expect(fired).toEqual([3_600_000]);
  });

  test("clock gives the value of a promise that needs no time, and moves none", async () => {
    const clock = new VirtualClock();
    clock.after(1, () => {});
    expect(await clock.settle(Promise.resolve("250 OK"))).toBe("250 OK");
    expect(clock.now()).toBe(0);
  });

  test("clock gives the value of a promise however much time that needs", async () => {
    const clock = new VirtualClock();
    const promise = new Promise((resolve) => clock.after(86_400_000, () => resolve("a day later")));
    expect(await clock.settle(promise)).toBe("a day later");
    expect(clock.now()).toBe(86_400_000);
  });

  test("clock rejects as the promise does", async () => {
    const clock = new VirtualClock();
    const promise = new Promise((_, reject) => clock.after(5, () => reject(new Error("421 4.4.2"))));
    await expect(clock.settle(promise)).rejects.toThrow("421 4.4.2");
  });

  test("clock says so when a promise can never settle", async () => {
    const clock = new VirtualClock();
    clock.after(7, () => {});
    await expect(clock.settle(new Promise(() => {}))).rejects.toThrow(/Deadlock at 7 virtual milliseconds/);
  });

  test("clock gives up on a promise that has not settled within the time given", async () => {
    const clock = new VirtualClock();
    const forever = (): void => void clock.after(10, forever);
    forever();
    await expect(clock.settle(new Promise(() => {}), { within: 95 })).rejects.toThrow(/within 95 virtual milliseconds/);
    expect(clock.now()).toBe(95);
    await clock.run({ within: 5 });
    expect(clock.now()).toBe(100);
  });
});
