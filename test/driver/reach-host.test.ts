// A host is reached by whichever of its addresses answers first (RFC 8305).

import { reachHost, type FoundAddress } from "@carteiro/driver";
import { describe, expect, test } from "vitest";

/** What an attempt at an address does: after so many milliseconds it connects, or fails. */
interface Attempt {
  readonly after: number;
  readonly fails?: string;
}

/** A host with these addresses, and what comes of trying them. */
function network(attempts: Readonly<Record<string, Attempt>>) {
  const tried: string[] = [];
  const discarded: string[] = [];
  const found = Object.keys(attempts).map((address): FoundAddress => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  const reach = (attemptDelay: number, signal = new AbortController().signal) =>
    reachHost(Promise.resolve(found), {
      async attempt({ address }) {
        tried.push(address);
        const { after, fails } = attempts[address] ?? { after: 0, fails: "Unknown" };
        await later(after);
        if (fails !== undefined) throw Object.assign(new Error(address), { code: fails });
        return address;
      },
      discard: (address) => discarded.push(address),
      attemptDelay,
      signal,
    });
  return { tried, discarded, reach };
}

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("RFC 8305", () => {
  test("the next address is tried when one fails or is slow, and the first that answers is kept", async () => {
    const { tried, discarded, reach } = network({
      refusing: { after: 0, fails: "ECONNREFUSED" },
      slow: { after: 200 },
      quick: { after: 5 },
      unneeded: { after: 0 },
    });
    expect(await reach(50)).toBe("quick");
    expect([tried, discarded]).toEqual([["refusing", "slow", "quick"], []]);
    await later(250);
    expect(discarded).toEqual(["slow"]);
  });

  test("the families are tried in turn, beginning with that of the first address", async () => {
    const fails = "ECONNREFUSED";
    const all = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"];
    const { tried, reach } = network(Object.fromEntries(all.map((address) => [address, { after: 0, fails }])));
    await expect(reach(50)).rejects.toThrow(AggregateError);
    expect(tried).toEqual(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2"]);
  });

  test("where no address answers, all of them are told of, with the code of the first", async () => {
    const fails = "ECONNREFUSED";
    const { reach } = network({ "192.0.2.1": { after: 0, fails }, "192.0.2.2": { after: 0, fails: "EHOSTUNREACH" } });
    await expect(reach(50)).rejects.toMatchObject({ code: fails, message: "192.0.2.1; 192.0.2.2" });
  });

  test("a host without an address is said to be none", async () => {
    await expect(network({}).reach(50)).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  test("who gives up is told by the reason, and what connects later is closed", async () => {
    const { discarded, reach } = network({ slow: { after: 50 } });
    const leaving = new AbortController();
    const reaching = reach(1_000, leaving.signal);
    const reason = new Error("No longer wanted");
    await later(10);
    leaving.abort(reason);
    await expect(reaching).rejects.toBe(reason);
    await later(80);
    expect(discarded).toEqual(["slow"]);
  });
});
