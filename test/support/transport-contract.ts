// What every transport owes to the driver, as one suite that each adapter's tests run over pairs of their own.

import type { Transport } from "@carteiro/driver";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Promised } from "./promised.ts";
import {
  ascii,
  joined,
  octets,
  pieces,
  randomPieces,
  readAll,
  readExactly,
  same,
  text,
  writeAll,
  writeAndEnd,
} from "./transfers.ts";

export interface TransportPair {
  readonly client: Transport;
  readonly server: Transport;
}

export interface TransportHarness {
  /** Two ends of a new connection in the clear, ready for `startTls`. `untrusted`: the client will not accept the server's certificate. */
  readonly connect: (options?: { readonly untrusted?: boolean }) => Promise<TransportPair>;
  /** Two ends of a new connection that began with TLS; left out where the runtime has no such thing. */
  readonly connectSecure?: () => Promise<TransportPair>;
  /** Runs a test, and moves time meanwhile where time is virtual. */
  readonly run: (body: () => Promise<void>) => Promise<void>;
  /** Lets the world go on for a moment; nobody sleeps. */
  readonly turn: () => Promise<void>;
  /** Upper bound of the octets that can lie between a writer and a reader who does not read: all buffers, the network's too. */
  readonly mostBuffered: number;
  /** Octets of the large transfer. */
  readonly large: number;
  /** Whether a peer at rest learns of a `destroy` as of a breakage; where a channel has a word for it, as an end. */
  readonly destroyBreaks?: boolean;
}

/** The same, with ends whose reads are promises. */
interface Harness extends Omit<TransportHarness, "connect" | "connectSecure"> {
  readonly connect: (options?: { readonly untrusted?: boolean }) => Promise<Ends>;
  readonly connectSecure?: () => Promise<Ends>;
}

interface Ends {
  readonly client: Promised;
  readonly server: Promised;
}

/** Declares the suite. `name` is what stands before each group of tests. */
export function transportContract(name: string, { connect, connectSecure, ...rest }: TransportHarness): void {
  const harness: Harness = {
    ...rest,
    connect: async (options) => ends(await connect(options)),
    ...(connectSecure && { connectSecure: async () => ends(await connectSecure()) }),
  };
  describe(`${name}: octets`, () => octetTests(harness));
  describe(`${name}: end of one side`, () => endTests(harness));
  describe(`${name}: back-pressure`, () => pressureTests(harness));
  describe(`${name}: destroy and reset`, () => destroyTests(harness));
  describe(`${name}: STARTTLS`, () => tlsTests(harness));
  describe(`${name}: STARTTLS that fails`, () => tlsFailureTests(harness));
  if (harness.connectSecure !== undefined) describe(`${name}: implicit TLS`, () => secureTests(harness));
}

function ends({ client, server }: TransportPair): Ends {
  return { client: new Promised(client), server: new Promised(server) };
}

function octetTests({ connect, run, large }: Harness): void {
  test("transport delivers what either side writes, in order and at the same time", async () => {
    const writes = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 });
    const delivers = fc.asyncProperty(writes, writes, (fromClient, fromServer) =>
      run(async () => {
        const { client, server } = await connect();
        const [atServer, atClient] = await Promise.all([
          readAll(server),
          readAll(client),
          writeAndEnd(client, fromClient),
          writeAndEnd(server, fromServer),
        ]);
        expect(same(atServer, joined(fromClient))).toBe(true);
        expect(same(atClient, joined(fromServer))).toBe(true);
        destroy(client, server);
      }),
    );
    await fc.assert(delivers);
  });

  test("transport delivers a large transfer octet for octet", () =>
    run(async () => {
      const { client, server } = await connect();
      await expectTransfer(client, server, octets(1, large));
      destroy(client, server);
    }));

  test("transport keeps the order of writes that did not wait for each other", () =>
    run(async () => {
      const { client, server } = await connect();
      const content = octets(2, 400_000);
      const written = pieces(content, 7_001).map((piece) => client.write(piece));
      const [received] = await Promise.all([readExactly(server, content.length), ...written]);
      expect(same(received, content)).toBe(true);
      destroy(client, server);
    }));

  test("transport that takes several arrays at once delivers them in order, between other writes", async () => {
    const several = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), { minLength: 1, maxLength: 4 });
    const delivers = fc.asyncProperty(fc.array(several, { minLength: 1, maxLength: 6 }), (writes) =>
      run(async () => {
        const { client, server } = await connect();
        const all = joined(writes.flat());
        const received = readExactly(server, all.length);
        for (const pieces of writes) await client.writeAll(pieces);
        expect(same(await received, all)).toBe(true);
        destroy(client, server);
      }),
    );
    await fc.assert(delivers, { numRuns: 20 });
  });

  test("transport refuses a second read while one is pending", () =>
    run(async () => {
      const { client, server } = await connect();
      const first = server.read();
      await expect(server.read()).rejects.toThrow(/pending/);
      await client.write(ascii("NOOP\r\n"));
      expect((await first)?.length).toBeGreaterThan(0);
      destroy(client, server);
    }));

  test("transport in the clear has no TLS facts", () =>
    run(async () => {
      const { client, server } = await connect();
      expect([client.tls, server.tls]).toEqual([undefined, undefined]);
      destroy(client, server);
    }));
}

function endTests({ connect, run }: Harness): void {
  test("transport that has ended its side goes on receiving", () =>
    run(async () => {
      const { client, server } = await connect();
      await client.write(ascii("QUIT\r\n"));
      await client.end();
      expect(text(await readAll(server))).toBe("QUIT\r\n");
      await writeAndEnd(server, [ascii("221 2.0.0 "), ascii("Bye\r\n")]);
      expect(text(await readAll(client))).toBe("221 2.0.0 Bye\r\n");
      destroy(client, server);
    }));

  test("transport says as often as asked that the peer has ended", () =>
    run(async () => {
      const { client, server } = await connect();
      await client.end();
      expect(await server.read()).toBe(undefined);
      expect(await server.read()).toBe(undefined);
      destroy(client, server);
    }));

  test("transport tells a pending read that the peer has ended", () =>
    run(async () => {
      const { client, server } = await connect();
      const pending = server.read();
      await client.end();
      expect(await pending).toBe(undefined);
      destroy(client, server);
    }));

  test("transport refuses to write after its end, and takes a second end", () =>
    run(async () => {
      const { client, server } = await connect();
      await client.end();
      await client.end();
      await expect(client.write(ascii("NOOP\r\n"))).rejects.toThrow(/ended/);
      await server.write(ascii("221\r\n"));
      expect(text(await readExactly(client, 5))).toBe("221\r\n");
      destroy(client, server);
    }));
}

function pressureTests(harness: Harness): void {
  const { connect, run, mostBuffered } = harness;

  test("transport holds a bounded number of octets back for a slow reader, and loses none", () =>
    run(async () => {
      const { client, server } = await connect();
      const content = octets(3, 3 * mostBuffered);
      const meter = { written: 0 };
      const writing = writeMetered(client, content, meter);
      let read = 0;
      const received: Uint8Array[] = [];
      for (let step = 0; step < 8; step++) {
        await quiet(harness, () => meter.written);
        expect(meter.written - read).toBeLessThanOrEqual(mostBuffered);
        const chunk = await server.read();
        received.push(chunk ?? new Uint8Array());
        read += chunk?.length ?? 0;
      }
      expect(meter.written).toBeLessThan(content.length);
      received.push(await readExactly(server, content.length - read));
      await writing;
      expect(same(joined(received), content)).toBe(true);
      destroy(client, server);
    }));

  test("transport asks a writer to wait whose peer does not read", () =>
    run(async () => {
      const { client, server } = await connect();
      let waiting: Promise<void> | undefined;
      let written = 0;
      for (; waiting === undefined && written <= mostBuffered; written += 10_000) {
        waiting = client.write(new Uint8Array(10_000)) ?? undefined;
      }
      expect(waiting).toBeInstanceOf(Promise);
      await Promise.all([waiting, readExactly(server, written)]);
      destroy(client, server);
    }));
}

function destroyTests(harness: Harness): void {
  const { connect, run, mostBuffered, destroyBreaks = false } = harness;

  test("transport rejects a pending read when it is destroyed", () =>
    run(async () => {
      const { client, server } = await connect();
      const pending = expect(client.read()).rejects.toThrow(/destroyed/);
      client.destroy();
      await pending;
      destroy(client, server);
    }));

  test("transport settles a write that waits when it is destroyed", () =>
    run(async () => {
      const { client, server } = await connect();
      const writing = expect(flood(client, mostBuffered)).rejects.toThrow(/destroyed/);
      await quiet(harness);
      client.destroy();
      await writing;
      destroy(client, server);
    }));

  test("transport that was destroyed rejects whatever it is asked, and may be destroyed again", () =>
    run(async () => {
      const { client, server } = await connect();
      await server.write(ascii("220 mx.example.org\r\n"));
      await quiet(harness);
      client.destroy();
      client.destroy();
      await expect(client.read()).rejects.toThrow(/destroyed/);
      await expect(client.write(ascii("NOOP\r\n"))).rejects.toThrow(/destroyed/);
      await expect(client.end()).rejects.toThrow(/destroyed/);
      await expect(client.startTls()).rejects.toThrow(/destroyed/);
      destroy(client, server);
    }));

  test("transport tells a reader whose peer was destroyed that nothing more will come", () =>
    run(async () => {
      const { client, server } = await connect();
      const pending = destroyBreaks ? over(server.read()) : server.read();
      client.destroy();
      expect(await pending).toBe(destroyBreaks ? true : undefined);
      destroy(client, server);
    }));

  test("transport rejects reads and writes when the peer resets the connection", () =>
    run(async () => {
      const { client, server } = await connect();
      const writing = expect(flood(client, mostBuffered)).rejects.toThrow();
      const reading = expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
      await quiet(harness);
      server.destroy();
      await Promise.all([writing, reading]);
      await expect(client.write(ascii("NOOP\r\n"))).rejects.toThrow();
      destroy(client, server);
    }));
}

function tlsTests(harness: Harness): void {
  const { connect, run, large } = harness;

  test("transport goes on under TLS after octets in the clear", () =>
    run(async () => {
      const { client, server } = await connect();
      await dialogueUpToTls(client, server);
      const [atClient, atServer] = await Promise.all([client.startTls(), server.startTls()]);
      expect(atClient).toMatchObject({ protocol: atServer.protocol, cipher: atServer.cipher, authorized: true });
      expect(typeof atServer.protocol).toBe("string");
      await client.write(ascii("EHLO client.example.org\r\n"));
      expect(text(await readExactly(server, 25))).toBe("EHLO client.example.org\r\n");
      await server.write(ascii("250 mx.example.org\r\n"));
      expect(text(await readExactly(client, 20))).toBe("250 mx.example.org\r\n");
      destroy(client, server);
    }));

  test("transport delivers large transfers both ways under TLS octet for octet", () =>
    run(async () => {
      const { client, server } = await securedPair(harness);
      await Promise.all([
        expectTransfer(client, server, octets(4, large)),
        expectTransfer(server, client, octets(5, large >> 1)),
      ]);
      destroy(client, server);
    }));

  test("transport reads nothing of what follows until the server has started TLS", () =>
    run(async () => {
      const { client, server } = await connect();
      await dialogueUpToTls(client, server);
      // The hello has long arrived, and lies in some buffer of the server's.
      const started = client.startTls();
      await quiet(harness);
      await Promise.all([started, server.startTls()]);
      await client.write(ascii("QUIT\r\n"));
      expect(text(await readExactly(server, 6))).toBe("QUIT\r\n");
      destroy(client, server);
    }));

  test("transport delivers what the client writes at once when its handshake is over", () =>
    run(async () => {
      const { client, server } = await connect();
      await dialogueUpToTls(client, server);
      const piped = octets(6, 50_000);
      const writing = client.startTls().then(() => client.write(piped));
      await server.startTls();
      const [received] = await Promise.all([readExactly(server, piped.length), writing]);
      expect(same(received, piped)).toBe(true);
      destroy(client, server);
    }));

  test("transport under TLS that has ended its side goes on receiving", () =>
    run(async () => {
      const { client, server } = await securedPair(harness);
      await writeAndEnd(client, [ascii("QUIT\r\n")]);
      expect(text(await readAll(server))).toBe("QUIT\r\n");
      await writeAndEnd(server, [ascii("221 Bye\r\n")]);
      expect(text(await readAll(client))).toBe("221 Bye\r\n");
      destroy(client, server);
    }));

  test("transport under TLS rejects a pending read when it is destroyed, and tells the peer", () =>
    run(async () => {
      const { client, server } = await securedPair(harness);
      const pending = expect(client.read()).rejects.toThrow(/destroyed/);
      const atPeer = over(server.read());
      client.destroy();
      await pending;
      expect(await atPeer).toBe(true);
      destroy(client, server);
    }));

  test("transport holds a bounded number of octets back under TLS", () =>
    run(async () => {
      const { client, server } = await securedPair(harness);
      const content = octets(7, 3 * harness.mostBuffered);
      const meter = { written: 0 };
      const writing = writeMetered(client, content, meter);
      await quiet(harness, () => meter.written);
      expect(meter.written).toBeLessThanOrEqual(harness.mostBuffered);
      expect(same(await readExactly(server, content.length), content)).toBe(true);
      await writing;
      destroy(client, server);
    }));

  test("transport refuses TLS while a read is pending, and under TLS", () =>
    run(async () => {
      const reading = await connect();
      reading.server.read().catch(() => undefined);
      await expect(reading.server.startTls()).rejects.toThrow(/pending/);
      const secured = await securedPair(harness);
      await expect(secured.client.startTls()).rejects.toThrow(/already/);
      destroy(reading.client, reading.server, secured.client, secured.server);
    }));
}

function tlsFailureTests(harness: Harness): void {
  const { connect, run } = harness;

  test("transport never reads octets that the client sent in the clear behind STARTTLS", () =>
    run(async () => {
      const { client, server } = await connect();
      await dialogueUpToTls(client, server);
      await client.write(ascii("MAIL FROM:<mallory@example.net>\r\n"));
      await quiet(harness);
      await expect(server.startTls()).rejects.toThrow();
      await expect(server.read()).rejects.toThrow();
      destroy(client, server);
    }));

  test("transport never reads octets that the server sent in the clear behind its 220", () =>
    run(async () => {
      const { client, server } = await connect();
      await dialogueUpToTls(client, server);
      await server.write(ascii("250-mallory.example.net\r\n250 AUTH PLAIN\r\n"));
      await quiet(harness);
      await expect(client.startTls()).rejects.toThrow();
      await expect(client.read()).rejects.toThrow();
      destroy(client, server);
    }));

  test("transport breaks the handshake off when octets in the clear come instead of a hello", () =>
    run(async () => {
      const { client, server } = await connect();
      const started = expect(server.startTls()).rejects.toThrow();
      await client.write(ascii("EHLO client.example.org\r\n"));
      await started;
      destroy(client, server);
    }));

  test("client refuses a certificate that it does not trust, and the server learns of it", () =>
    run(async () => {
      const { client, server } = await connect({ untrusted: true });
      await dialogueUpToTls(client, server);
      const atServer = over(server.startTls().then(() => server.read()));
      await expect(client.startTls()).rejects.toThrow();
      expect(await atServer).toBe(true);
      await expect(client.read()).rejects.toThrow();
      await expect(client.write(ascii("AUTH PLAIN\r\n"))).rejects.toThrow();
      destroy(client, server);
    }));

  test("transport that is destroyed during the handshake rejects it", () =>
    run(async () => {
      const { client, server } = await connect();
      const started = expect(client.startTls()).rejects.toThrow(/destroyed|ended|disconnected/);
      await quiet(harness);
      client.destroy();
      await started;
      destroy(client, server);
    }));

  test("transport rejects the handshake when the peer ends instead, and what comes after for the same reason", () =>
    run(async () => {
      const { client, server } = await connect();
      const outcome = server.startTls().catch((error: unknown) => error);
      await client.end();
      const failure = await outcome;
      expect(failure).toBeInstanceOf(Error);
      await expect(server.read()).rejects.toBe(failure);
      await expect(server.write(ascii("421\r\n"))).rejects.toBe(failure);
      destroy(client, server);
    }));
}

function secureTests({ connectSecure, run }: Harness): void {
  test("transport that began with TLS has TLS facts from the start", () =>
    run(async () => {
      const pair = await connectSecure?.();
      expect(pair).toMatchObject({ client: { tls: { authorized: true } }, server: { tls: {} } });
      if (pair === undefined) return;
      await expectTransfer(pair.client, pair.server, octets(8, 100_000));
      await expect(pair.client.startTls()).rejects.toThrow(/already/);
      destroy(pair.client, pair.server);
    }));
}

async function dialogueUpToTls(client: Promised, server: Promised): Promise<void> {
  await client.write(ascii("STARTTLS\r\n"));
  expect(text(await readExactly(server, 10))).toBe("STARTTLS\r\n");
  await server.write(ascii("220 Go ahead\r\n"));
  expect(text(await readExactly(client, 14))).toBe("220 Go ahead\r\n");
}

async function securedPair({ connect }: Harness): Promise<Ends> {
  const pair = await connect();
  await Promise.all([pair.client.startTls(), pair.server.startTls()]);
  return pair;
}

async function expectTransfer(from: Promised, to: Promised, content: Uint8Array): Promise<void> {
  const [received] = await Promise.all([readExactly(to, content.length), writeAll(from, randomPieces(content))]);
  expect(same(received, content)).toBe(true);
}

async function writeMetered(transport: Promised, content: Uint8Array, meter: { written: number }): Promise<void> {
  for (const piece of pieces(content, 16_000)) {
    const waiting = transport.write(piece);
    meter.written += piece.length;
    await waiting;
  }
}

/** Writes until it is told to stop. */
async function flood(transport: Promised, mostBuffered: number): Promise<void> {
  for (let written = 0; written <= 2 * mostBuffered; written += 16_000) await transport.write(new Uint8Array(16_000));
  throw new Error("All that was written has been taken");
}

/** Whether the connection proves to be over: it has ended, or broken. */
function over(outcome: Promise<unknown>): Promise<boolean> {
  return outcome.then(
    (value) => value === undefined,
    () => true,
  );
}

/** Waits until the world stands still, as far as `progress` shows. */
async function quiet({ turn }: Harness, progress: () => number = () => 0): Promise<void> {
  for (let last = -1, still = 0; still < 30; still++) {
    if (progress() !== last) still = 0;
    last = progress();
    await turn();
  }
}

function destroy(...transports: readonly Promised[]): void {
  for (const transport of transports) transport.destroy();
}
