// Client and server joined in one process: what was sent is what arrives, or a failure that says so, and all of it the same
// at every run.

import { accept, openClient, reject, SmtpError, SmtpServer, type ServerOptions } from "@carteiro/driver";
import { pair, pipe, VirtualClock, type Direction } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joined, same } from "../support/transfers.ts";

const hostname = "mx.example.org";
const message = { from: "a@example.org", to: "b@example.org", content: "Subject: Hi\r\n\r\nHello!\r\n" };

describe("pair", () => {
  test("joins a client to a server, under TLS by the stand-in for it", async () => {
    const texts: string[] = [];
    const { client, server } = await pair({
      hostname,
      onMessage: async ({ content }) => void texts.push(await content.text()),
    });
    const { recipients, reply } = await client.send(message);
    expect([recipients[0]?.accepted, reply?.code, texts]).toEqual([true, 250, [message.content]]);
    expect([client.tls?.protocol, server.connections]).toEqual(["memory", 1]);
  });

  test("stays in the clear where it is told to, and begins with TLS where it is", async () => {
    const clear = await pair({ hostname }, {}, { startTls: false });
    const secure = await pair({ hostname }, {}, { secure: true });
    expect([clear.client.tls, secure.client.tls?.protocol]).toEqual([undefined, "memory"]);
  });

  test("authenticates", async () => {
    const { client } = await pair(
      {
        hostname,
        authentication: { required: true },
        onAuthenticate: ({ user, password }) => (user === "ana" && password === "secret" ? accept() : reject(535)),
      },
      { auth: { user: "ana", password: "secret" } },
    );
    expect((await client.send(message)).recipients[0]?.accepted).toBe(true);
  });

  test("rejects as openClient does, and leaves no connection", async () => {
    const clock = new VirtualClock();
    const refused = pair({ hostname, onConnection: () => reject(554, "5.7.1", "No") }, {}, { clock });
    await expect(refused).rejects.toMatchObject({ failure: { kind: "refused", reply: { code: 554 } } });
  });

  test("opens further sessions with the same server, with options of their own", async () => {
    const ids: string[] = [];
    const { connect, server, clock } = await pair({
      hostname,
      onHello: ({ session, name }) => void ids.push(`${session.id} ${name}`),
    });
    const second = await clock.settle(connect({ hostname: "other.example" }));
    expect(ids).toEqual(["1 localhost", "1 localhost", "2 other.example", "2 other.example"]);
    await clock.settle(Promise.all([second.quit(), server.close()]));
    expect(server.connections).toBe(0);
  });

  test("takes as long as its latency, and no real time", async () => {
    const { client, clock } = await pair({ hostname }, {}, { latency: 1_000, startTls: false });
    expect(clock.now()).toBe(3_000);
    await clock.settle(client.send(message));
    // The group up to DATA, and the content, there and back.
    expect(clock.now()).toBe(7_000);
  });

  test("says the same octets at the same instants at every run", async () => {
    const run = async () => {
      const said: unknown[] = [];
      const tap = (direction: Direction, octets: Uint8Array, at: number) =>
        void said.push([direction, at, Buffer.from(octets).toString("latin1")]);
      const clock = new VirtualClock();
      const pause = () => new Promise<void>((resolve) => clock.after(7, resolve));
      const { client } = await pair(
        { hostname, onRecipient: pause, onMessage: ({ content }) => content.bytes().then(pause) },
        {},
        { clock, tap, latency: [3, 5], chunkSizes: [1, 50, 2] },
      );
      await clock.settle(client.send(message));
      await clock.settle(client.quit());
      return said;
    };
    const first = await run();
    expect(first.length).toBeGreaterThan(10);
    expect(await run()).toEqual(first);
  });
});

describe("what is sent is what arrives (property 10 of the design)", () => {
  const line = fc.oneof(
    fc.constantFrom("", ".", "..", ".x"),
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[\r\n]/g, "")),
    fc.constant("x".repeat(5_000)),
  );
  const contents = fc
    .array(line, { maxLength: 30 })
    .map((lines) => new TextEncoder().encode(lines.map((text) => `${text}\r\n`).join("")));
  const networks = fc.record({
    latency: fc.constantFrom(0, 1, 40),
    chunkSizes: fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 5 }),
    capacity: fc.constantFrom(1, 500, 65_536),
    startTls: fc.boolean(),
    pipelining: fc.boolean(),
  });
  const recipients = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });

  interface Delivery {
    readonly content: Uint8Array;
    readonly recipients: readonly string[];
  }

  /** A server that keeps what it accepts, and refuses every recipient of an odd number. */
  function keeping(clock: VirtualClock, startTls: boolean) {
    const kept: Delivery[] = [];
    const options: ServerOptions = {
      hostname,
      timeouts: { session: 7_200_000 },
      onRecipient: async ({ recipient }) =>
        Number(recipient.localPart) % 2 === 0 ? accept() : reject(550, "5.1.1", "No"),
      async onMessage({ envelope, content }) {
        const bytes = await content.bytes();
        kept.push({ content: bytes, recipients: envelope.recipients.map(({ recipient }) => recipient.localPart) });
      },
    };
    const server = new SmtpServer(options, { clock, startTls });
    const errors: unknown[] = [];
    server.on("error", ({ error }) => void errors.push(error));
    return { server, kept, errors };
  }

  test("over any network without faults, everything is delivered to exactly whom it was accepted for", async () => {
    await fc.assert(
      fc.asyncProperty(
        networks,
        fc.array(fc.tuple(contents, recipients), { minLength: 1, maxLength: 3 }),
        async ({ startTls, pipelining, ...network }, messages) => {
          const clock = new VirtualClock();
          const { server, kept, errors } = keeping(clock, startTls);
          const [clientEnd, serverEnd] = pipe({ clock, ...network });
          const served = server.accept(serverEnd);
          const client = await clock.settle(openClient(clientEnd, { pipelining }, clock));
          const results = await clock.settle(
            Promise.all(
              messages.map(([content, to]) =>
                client.send({ from: null, to: to.map((number) => `${number}@example.org`), content }),
              ),
            ),
          );
          await clock.settle(Promise.all([client.quit(), served]));
          const expected = messages.map(([content, to]) => ({
            content,
            recipients: to.filter((n) => n % 2 === 0).map(String),
          }));
          expect(kept).toEqual(expected.filter((delivery) => delivery.recipients.length > 0));
          const accepted = results.map((result) =>
            result.recipients.filter((one) => one.accepted).map((one) => one.recipient.localPart),
          );
          expect(accepted).toEqual(expected.map((delivery) => delivery.recipients));
          expect([errors, server.connections]).toEqual([[], 0]);
        },
      ),
    );
  });

  const cuts = fc.record({
    /** Octets after which the connection is cut, in which direction they went, and by whom. */
    octets: fc.nat(3_000),
    direction: fc.constantFrom<Direction>("toServer", "toClient"),
    by: fc.constantFrom("client", "server", "ends"),
  });

  test("over a network that is cut at any octet, what the client was told is true, and it is told something", async () => {
    await fc.assert(
      fc.asyncProperty(
        networks,
        contents,
        recipients,
        cuts,
        async ({ startTls, pipelining, ...network }, content, to, cut) => {
          const clock = new VirtualClock();
          const { server, kept, errors } = keeping(clock, startTls);
          let octets = 0;
          const tap = (direction: Direction, bytes: Uint8Array) => {
            if (direction !== cut.direction) return;
            octets += bytes.length;
            if (octets < cut.octets) return;
            if (cut.by === "ends") void (direction === "toServer" ? clientEnd : serverEnd).end().catch(() => undefined);
            else (cut.by === "client" ? clientEnd : serverEnd).destroy();
          };
          const [clientEnd, serverEnd] = pipe({ clock, ...network, tap });
          const served = server.accept(serverEnd);
          const outcome = await clock.settle(
            (async () => {
              const client = await openClient(clientEnd, { pipelining }, clock);
              try {
                return await client.send({ from: null, to: to.map((number) => `${number}@example.org`), content });
              } finally {
                await client.quit();
              }
            })().catch((error: unknown) => error),
          );
          await clock.settle(served);
          const arrived = kept.filter((delivery) => same(delivery.content, content)).length;
          expect(kept.length).toBe(arrived);
          if (outcome instanceof SmtpError) expect(arrived === 0 || outcome.uncertain).toBe(true);
          else {
            const accepted = (outcome as { recipients: readonly { accepted: boolean }[] }).recipients.some(
              (one) => one.accepted,
            );
            expect(arrived).toBe(accepted ? 1 : 0);
          }
          expect([errors, server.connections]).toEqual([[], 0]);
        },
      ),
      { numRuns: Number(process.env["CARTEIRO_RUNS"] ?? 300) },
    );
  });

  test("large content goes through small buffers both ways at once", async () => {
    const clock = new VirtualClock();
    const slices: Uint8Array[] = [];
    const { client } = await pair(
      {
        hostname,
        async onMessage({ content }) {
          for await (const slice of content) slices.push(slice);
        },
      },
      {},
      { clock, capacity: 1_000, chunkSizes: [997] },
    );
    const content = new Uint8Array(3_000_000).fill(120);
    const to = Array.from({ length: 1_000 }, (_, index) => `recipient-of-some-length-${index}@example.org`);
    const { recipients } = await clock.settle(client.send({ ...message, to, content }));
    expect(recipients.every(({ accepted }) => accepted)).toBe(true);
    expect(same(joined(slices), joined([content, Buffer.from("\r\n")]))).toBe(true);
  });
});
