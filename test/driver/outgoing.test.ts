// What a session writes: all of it, in order, in few writes, and nothing large copied.

import type { Clock, Transport } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Outgoing, type Sender } from "../../packages/driver/src/outgoing.ts";
import { VirtualClock } from "@carteiro/memory";
import { FakeTransport } from "../support/fake-transport.ts";
import { joined, same } from "../support/transfers.ts";

/** As a transport that takes several arrays at once, and remembers which. */
class GatheringTransport extends FakeTransport {
  readonly together: (readonly Uint8Array[])[] = [];

  writeAll(pieces: readonly Uint8Array[]): void {
    this.calls.push("writeAll");
    this.together.push(pieces);
    this.written.push(...pieces);
  }
}

const nobody: Sender = { left: () => {}, broken: () => {} };

function outgoing(transport: Transport, clock: Clock = new VirtualClock(), sender = nobody): Outgoing {
  return new Outgoing(transport, clock, sender);
}

/** Octets that tell their place. */
function numbered(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) % 251);
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 16_000, max: 17_000 }),
  fc.integer({ min: 1, max: 60_000 }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: size },
  { weight: 1, arbitrary: fc.constantFrom("flush" as const, "flushSoon" as const) },
);

describe("what is written", () => {
  for (const makes of [FakeTransport, GatheringTransport]) {
    test(`leaves whole and in order, and nothing of 16 KiB is copied, by a ${makes.name}`, async () => {
      const leaves = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [transport, clock] = [new makes(), new VirtualClock()];
        const out = outgoing(transport, clock);
        const said: Uint8Array[] = [];
        for (const next of steps) {
          if (next === "flush") out.flush();
          else if (next === "flushSoon") out.flushSoon();
          else {
            const bytes = numbered(next, said.length);
            said.push(bytes);
            out.write(bytes);
          }
        }
        out.flushSoon();
        await clock.advance(0);
        expect(same(joined(transport.written), joined(said))).toBe(true);
        const large = said.filter(({ length }) => length >= 16_384);
        expect(large.every((bytes) => transport.written.includes(bytes))).toBe(true);
      });
      await fc.assert(leaves, { numRuns: 200 });
    });
  }

  test("behind something large leaves with it, where the transport takes several at once", () => {
    const transport = new GatheringTransport();
    const out = outgoing(transport);
    const [before, content, end, more] = [numbered(6), numbered(20_000), numbered(3), numbered(6, 100)];
    for (const bytes of [before, content, end, more]) out.write(bytes);
    out.flush();
    expect(transport.calls).toEqual(["write", "writeAll", "write"]);
    expect(transport.together).toEqual([[content, end]]);
    expect(transport.together[0]?.[0]).toBe(content);
  });

  test("behind something large leaves in a write of its own, where the transport takes one at a time", () => {
    const transport = new FakeTransport();
    const out = outgoing(transport);
    for (const bytes of [numbered(20_000), numbered(3)]) out.write(bytes);
    out.flush();
    expect(transport.written.map(({ length }) => length)).toEqual([20_000, 3]);
  });

  test("waits for more that is said at once, unless it is large", async () => {
    const [transport, clock] = [new FakeTransport(), new VirtualClock()];
    const out = outgoing(transport, clock);
    out.write(numbered(6));
    out.flushSoon();
    expect(transport.calls).toEqual([]);
    await clock.advance(0);
    expect(transport.calls).toEqual(["write"]);
    out.write(numbered(20_000));
    out.flushSoon();
    expect(transport.calls).toEqual(["write", "write"]);
  });

  test("counts until the transport has taken it, each part of it, and is told then", async () => {
    const transport = new FakeTransport();
    transport.slow = true;
    let left = 0;
    const out = outgoing(transport, new VirtualClock(), { ...nobody, left: () => void (left += 1) });
    for (const bytes of [numbered(20_000), numbered(3)]) out.write(bytes);
    out.flush();
    expect(out.unsent).toBe(20_003);
    const flushed = out.flushed();
    void transport.drain();
    await flushed;
    expect([out.unsent, left]).toEqual([0, 2]);
  });

  test("is forgotten once the connection is gone", async () => {
    const [transport, clock] = [new FakeTransport(), new VirtualClock()];
    const out = outgoing(transport, clock);
    out.write(numbered(6));
    out.flushSoon();
    out.end();
    out.write(numbered(20_000));
    out.flush();
    await clock.advance(0);
    expect(transport.calls).toEqual([]);
  });

  test("breaks the connection where the transport throws or rejects", async () => {
    for (const failing of [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ]) {
      const transport = new FakeTransport();
      transport.write = failing;
      const broken = Promise.withResolvers<unknown>();
      const out = outgoing(transport, new VirtualClock(), { ...nobody, broken: broken.resolve });
      out.write(numbered(3));
      out.flush();
      expect(String(await broken.promise)).toBe("Error: no");
    }
  });
});
