// The connection in memory: what every transport owes, and what makes it fit for tests.

import { VirtualClock, pipe, type PipeOptions } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { promised, Promised } from "../support/promised.ts";
import { transportContract } from "../support/transport-contract.ts";

contract("memory", {});
contract("memory with latency", { latency: [30, 20] });
contract("memory in pieces of 1 to 3 octets", { latency: 1, chunkSizes: [1, 3, 2] }, 100_000);

function contract(name: string, options: Omit<PipeOptions, "clock">, large = 10 * 2 ** 20): void {
  const clock = new VirtualClock();
  const join = (more: Partial<PipeOptions>) => {
    const [client, server] = pipe({ clock, ...options, ...more });
    return Promise.resolve({ client, server });
  };
  const tlsFailure = { client: new Error("The certificate is not trusted") };
  transportContract(name, {
    connect: ({ untrusted = false } = {}) => join(untrusted ? { tlsFailure } : {}),
    connectSecure: () => join({ secure: true }),
    run: (body) => clock.settle(body()),
    turn: () => new Promise((resolve) => clock.after(1, resolve)),
    mostBuffered: 65_536 + 3 * 16_000,
    large,
  });
}

describe("memory: time", () => {
  test("octets arrive when the latency of their direction has gone by, and not before", async () => {
    const { clock, client, server } = joined({ latency: [30, 5] });
    const arrivals: [string, number][] = [];
    void server.read().then((octets) => arrivals.push([String(octets), clock.now()]));
    void client.read().then((octets) => arrivals.push([String(octets), clock.now()]));
    await client.write(Uint8Array.of(1));
    await server.write(Uint8Array.of(2));
    await clock.advance(29);
    expect(arrivals).toEqual([["2", 5]]);
    await clock.advance(1);
    expect(arrivals).toEqual([
      ["2", 5],
      ["1", 30],
    ]);
  });

  test("octets keep their distance in time", async () => {
    const { clock, client, server } = joined({ latency: 100 });
    await client.write(Uint8Array.of(1));
    await clock.advance(40);
    await client.write(Uint8Array.of(2));
    expect([await clock.settle(server.read()), clock.now()]).toEqual([Uint8Array.of(1), 100]);
    expect([await clock.settle(server.read()), clock.now()]).toEqual([Uint8Array.of(2), 140]);
  });

  test("a read that nothing will ever answer shows as a deadlock", async () => {
    const { clock, client, server } = joined({ latency: 10 });
    await client.write(Uint8Array.of(1));
    await clock.settle(server.read());
    await expect(clock.settle(server.read())).rejects.toThrow(/Deadlock/);
  });
});

describe("memory: pieces", () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 });

  test("reads give the sizes asked for, over again, and every octet once and in order", async () => {
    const cuts = fc.asyncProperty(chunks, sizes, async (written, asked) => {
      const { client, server } = joined({ chunkSizes: asked });
      for (const chunk of written) await client.write(chunk);
      await client.end();
      const read = await readAll(server);
      expect(read.flatMap((chunk) => [...chunk])).toEqual(written.flatMap((chunk) => [...chunk]));
      expect(read.slice(0, -1).map(({ length }) => length)).toEqual(
        read.slice(0, -1).map((_, index) => asked[index % asked.length]),
      );
    });
    await fc.assert(cuts);
  });

  test("the same writes give the same reads at the same times on every run", async () => {
    const latency = fc.tuple(fc.nat({ max: 50 }), fc.nat({ max: 50 }));
    const repeats = fc.asyncProperty(chunks, sizes, latency, async (written, chunkSizes, delays) => {
      const once = await recorded(written, { chunkSizes, latency: delays });
      expect(await recorded(written, { chunkSizes, latency: delays })).toEqual(once);
    });
    await fc.assert(repeats);
  });

  test("each direction has sizes of its own", async () => {
    const { client, server } = joined({
      *chunkSizes(direction) {
        yield direction === "toServer" ? 1 : 2;
      },
    });
    await client.write(new Uint8Array(3));
    await server.write(new Uint8Array(3));
    expect([(await server.read())?.length, (await client.read())?.length]).toEqual([1, 2]);
  });

  test("a size below 1 counts as 1, and no sizes at all give what has arrived", async () => {
    const tiny = joined({ chunkSizes: [0, Number.NaN, -3] });
    await tiny.client.write(new Uint8Array(4));
    expect((await tiny.server.read())?.length).toBe(1);
    const whole = joined({ chunkSizes: [] });
    await whole.client.write(new Uint8Array(3));
    await whole.client.write(new Uint8Array(4));
    expect((await whole.server.read())?.length).toBe(7);
  });

  test("a read gives what one write gave where no sizes are asked for", async () => {
    const { client, server } = joined({});
    await client.write(Uint8Array.of(1, 2));
    await client.write(Uint8Array.of(3));
    expect([await server.read(), await server.read()]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  });

  test("octets are those at the time of writing, whatever becomes of the array", async () => {
    const { client, server } = joined({});
    const array = Uint8Array.of(1, 2, 3);
    await client.write(array);
    array.fill(9);
    expect(await server.read()).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("memory: back-pressure", () => {
  test("write asks to wait above the capacity to the octet, and until the octets have been read", async () => {
    const { client, server } = joined({ capacity: 10 });
    expect(client.write(new Uint8Array(10))).toBe(undefined);
    const waiting = client.write(new Uint8Array(1));
    let settled = false;
    void waiting?.then(() => (settled = true));
    await Promise.resolve();
    expect(settled).toBe(false);
    await server.read();
    await waiting;
    expect(settled).toBe(true);
  });

  test("end waits like a write", async () => {
    const { clock, client, server } = joined({ capacity: 0 });
    void client.write(new Uint8Array(1));
    const ended = client.end();
    await expect(clock.settle(ended)).rejects.toThrow(/Deadlock/);
    await server.read();
    await ended;
  });

  test("octets in flight count", () => {
    const { client } = joined({ capacity: 10, latency: 100 });
    expect(client.write(new Uint8Array(10))).toBe(undefined);
    expect(client.write(new Uint8Array(1))).toBeInstanceOf(Promise);
  });
});

describe("memory: destroy", () => {
  test("what was written before still arrives, then the end, where nothing was left unread", async () => {
    const { clock, client, server } = joined({ latency: 10 });
    await server.write(Uint8Array.of(1));
    server.destroy();
    expect(await clock.settle(client.read())).toEqual(Uint8Array.of(1));
    expect(await clock.settle(client.read())).toBe(undefined);
  });

  test("the peer is reset behind what was written before, where something had arrived and was not read", async () => {
    const { clock, client, server } = joined({ latency: 10 });
    await client.write(Uint8Array.of(7));
    await clock.advance(10);
    await server.write(Uint8Array.of(1));
    server.destroy();
    expect(await clock.settle(client.read())).toEqual(Uint8Array.of(1));
    await expect(clock.settle(client.read())).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(client.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(client.end()).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("the peer is reset behind what was written before, where that was asked for", async () => {
    const clock = new VirtualClock();
    const [near, far] = pipe({ clock, latency: 10 });
    const client = new Promised(far);
    await near.write(Uint8Array.of(1));
    near.reset();
    expect(await clock.settle(client.read())).toEqual(Uint8Array.of(1));
    await expect(clock.settle(client.read())).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("the peer is reset when octets of its own come too late", async () => {
    const { clock, client, server } = joined({ latency: 10 });
    server.destroy();
    expect(await clock.settle(client.read())).toBe(undefined);
    await client.write(Uint8Array.of(1));
    await clock.advance(20);
    await expect(client.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("both ends can be destroyed with octets in flight, and no timer goes on for ever", async () => {
    const { clock, client, server } = joined({ latency: 10 });
    await client.write(Uint8Array.of(1));
    await server.write(Uint8Array.of(1));
    client.destroy();
    server.destroy();
    await clock.run();
    expect(clock.now()).toBeLessThanOrEqual(20);
  });
});

describe("memory: the stand-in for TLS", () => {
  test("octets under TLS are not what was written", async () => {
    const { client, server } = joined({});
    const started = client.startTls();
    const hello = await server.read();
    expect(hello?.[0]).toBe(0x16);
    await server.write(Uint8Array.of(0x16, 0, 0));
    await started;
    await client.write(Uint8Array.of(1, 2, 3));
    expect(await server.read()).toEqual(Uint8Array.of(0x17, 0, 3, 1 ^ 0x55, 2 ^ 0x55, 3 ^ 0x55));
  });

  test("any octets in the clear that meet a handshake break it, but for a true hello", async () => {
    const first = fc.integer({ min: 0, max: 255 }).filter((octet) => octet !== 0x16);
    const breaks = fc.asyncProperty(first, fc.uint8Array(), async (octet, rest) => {
      const { clock, client, server } = joined({});
      await client.write(Uint8Array.of(octet, ...rest));
      await client.end();
      await expect(clock.settle(server.startTls())).rejects.toThrow();
      await expect(server.read()).rejects.toThrow();
    });
    await fc.assert(breaks);
  });

  test("octets in the clear that come after the handshake break the connection, at the reader and for its peer", async () => {
    const { client, server } = joined({});
    // This client does TLS by hand, and then forgets to.
    await client.write(Uint8Array.of(0x16, 0, 0));
    await server.startTls();
    expect((await client.read())?.[0]).toBe(0x16);
    await client.write(Uint8Array.of(0x17, 0, 1, 0x41 ^ 0x55));
    expect(await server.read()).toEqual(Uint8Array.of(0x41));
    await client.write(new TextEncoder().encode("MAIL FROM:<mallory@example.net>\r\n"));
    await expect(server.read()).rejects.toThrow(/Not a TLS record: it begins with 0x4d/);
    await expect(server.read()).rejects.toThrow(/Not a TLS record/);
    await expect(server.write(Uint8Array.of(1))).rejects.toThrow(/Not a TLS record/);
    expect((await client.read())?.[0]).toBe(0x15);
    expect(await client.read()).toBe(undefined);
  });

  test("a record that is cut off by the end is no end", async () => {
    const { client, server } = joined({});
    await client.write(Uint8Array.of(0x16, 0, 0));
    await server.startTls();
    await client.write(Uint8Array.of(0x17, 0, 9, 0x41));
    await client.end();
    expect((await server.read())?.length).toBe(1);
    await expect(server.read()).rejects.toThrow(/within a TLS record/);
  });

  test("a chosen failure of the client's reaches the server as an alert", async () => {
    const { client, server } = joined({ tlsFailure: { client: new Error("Not trusted") } });
    const atServer = server.startTls().then(() => server.read());
    await expect(client.startTls()).rejects.toThrow("Not trusted");
    await expect(atServer).rejects.toThrow(/alert/);
  });

  test("a chosen failure of the server's reaches the client as an alert", async () => {
    const { client, server } = joined({ tlsFailure: { server: new Error("No certificate") } });
    const atClient = expect(client.startTls()).rejects.toThrow(/alert/);
    await expect(server.startTls()).rejects.toThrow("No certificate");
    await atClient;
  });

  test("a chosen failure of both is what both are told", async () => {
    const { client, server } = joined({ tlsFailure: new Error("No common cipher") });
    const atClient = expect(client.startTls()).rejects.toThrow("No common cipher");
    await expect(server.startTls()).rejects.toThrow("No common cipher");
    await atClient;
  });
});

describe("memory: what can be seen", () => {
  test("tap sees what either end writes, when, and whether under TLS, in the clear all the same", async () => {
    const seen: unknown[] = [];
    const tap: PipeOptions["tap"] = (direction, octets, at, secured) => {
      seen.push([direction, new TextDecoder().decode(octets), at, secured]);
    };
    const { clock, client, server } = joined({ tap, latency: 10 });
    await client.write(new TextEncoder().encode("STARTTLS\r\n"));
    await clock.settle(server.read());
    await server.write(new TextEncoder().encode("220\r\n"));
    await clock.settle(client.read());
    await clock.settle(Promise.all([client.startTls(), server.startTls()]));
    await client.write(new TextEncoder().encode("QUIT\r\n"));
    expect(seen).toEqual([
      ["toServer", "STARTTLS\r\n", 0, false],
      ["toClient", "220\r\n", 10, false],
      ["toServer", "QUIT\r\n", 40, true],
    ]);
  });

  test("ends know each other's address", () => {
    const { client, server } = joined({ addresses: { client: { address: "2001:db8::1" } } });
    expect(client.local).toEqual({ address: "2001:db8::1" });
    expect(server.remote).toEqual({ address: "2001:db8::1" });
    expect(client.remote).toEqual(server.local);
  });
});

function joined(options: Omit<PipeOptions, "clock">): { clock: VirtualClock; client: Promised; server: Promised } {
  const clock = new VirtualClock();
  const [client, server] = promised(pipe({ clock, ...options }));
  return { clock, client, server };
}

async function readAll(transport: Promised): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) chunks.push(chunk);
  return chunks;
}

/** An echo's whole course: what either end read, and when. */
async function recorded(written: readonly Uint8Array[], options: Omit<PipeOptions, "clock">): Promise<unknown[]> {
  const { clock, client, server } = joined(options);
  const record: unknown[] = [];
  const echo = async (): Promise<void> => {
    for (let chunk = await server.read(); chunk !== undefined; chunk = await server.read()) {
      record.push(["server", clock.now(), [...chunk]]);
      await server.write(chunk);
    }
    await server.end();
  };
  const send = async (): Promise<void> => {
    for (const chunk of written) await client.write(chunk);
    await client.end();
  };
  const receive = async (): Promise<void> => {
    for (let chunk = await client.read(); chunk !== undefined; chunk = await client.read()) {
      record.push(["client", clock.now(), [...chunk]]);
    }
  };
  await clock.settle(Promise.all([echo(), send(), receive()]));
  return record;
}
