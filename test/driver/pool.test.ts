// The pool: sessions reused within their limits, and a second try exactly where the first was certainly not accepted.

import {
  accept,
  openClient,
  Pool,
  reject,
  SmtpServer,
  SmtpError,
  type ContentSource,
  type Message,
  type PoolOptions,
  type ServerOptions,
} from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { WirePeer } from "../support/wire-peer.ts";

const message = (content: ContentSource = "Subject: Hi\r\n", signal?: AbortSignal): Message => ({
  from: "a@example.org",
  to: "b@example.org",
  content,
  ...(signal && { signal }),
});

/** A pool whose sessions are with one server in memory. */
function pooled(options: Partial<PoolOptions> = {}, serverOptions: Partial<ServerOptions> = {}) {
  const clock = new VirtualClock();
  const texts: string[] = [];
  const server = new SmtpServer(
    {
      hostname: "mx.example.org",
      onMessage: async ({ content }) => void texts.push(await content.text()),
      ...serverOptions,
    },
    { clock, startTls: false },
  );
  const counts = { opened: 0, most: 0 };
  const connect = (signal: AbortSignal) => {
    const [clientEnd, serverEnd] = pipe({ clock });
    void server.accept(serverEnd);
    counts.opened += 1;
    counts.most = Math.max(counts.most, server.connections);
    return openClient(clientEnd, { signal }, clock);
  };
  const pool = new Pool({ connect, clock, ...options });
  return { pool, server, clock, texts, counts };
}

/** A pool whose servers say what a test tells them to. */
function scripted(options: Partial<PoolOptions> = {}) {
  const clock = new VirtualClock();
  const servers: WirePeer[] = [];
  const connect = (signal: AbortSignal) => {
    const [clientEnd, serverEnd] = pipe({ clock });
    servers.push(new WirePeer(serverEnd));
    return openClient(clientEnd, { signal }, clock);
  };
  const pool = new Pool({ connect, clock, ...options });
  /** The so many-th server, once it has greeted. */
  const server = async (index: number): Promise<WirePeer> => {
    await settled();
    const peer = servers[index];
    if (peer === undefined) throw new Error(`Only ${servers.length} sessions were opened`);
    await peer.say("220 mx.example.org");
    await peer.line();
    await peer.say("250-mx.example.org", "250 PIPELINING");
    return peer;
  };
  return { pool, clock, servers, server };
}

/** Takes commands, and answers them, up to the content and its answer. */
async function answer(server: WirePeer, ...replies: readonly string[]): Promise<void> {
  for (const reply of replies) {
    let line = await server.line();
    // What is awaited behind 354 is a whole content.
    if (replies.indexOf(reply) === 3) while (line !== "." && line !== undefined) line = await server.line();
    await server.say(reply);
  }
}

const taken = ["250 OK", "250 OK ", "354 Go on", "250 Taken"] as const;

describe("reuse", () => {
  test("pool sends one message after the other by one session", async () => {
    const { pool, texts, counts, clock } = pooled();
    for (const text of ["one", "two", "three"]) await pool.send(message(text));
    expect([texts, counts.opened, pool.connections]).toEqual([["one\r\n", "two\r\n", "three\r\n"], 1, 1]);
    await clock.settle(pool.close());
    expect(pool.connections).toBe(0);
  });

  test("pool opens no more sessions than it may, and sends everything, first come first served", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 25 }),
        async (connections, messagesPerConnection, amount) => {
          const { pool, texts, counts, clock } = pooled({ connections, messagesPerConnection });
          const all = Array.from({ length: amount }, (_, index) => `${index}\r\n`);
          const done: number[] = [];
          await clock.settle(
            Promise.all(all.map((text, index) => pool.send(message(text)).then(() => done.push(index)))),
          );
          expect(texts.toSorted()).toEqual(all.toSorted());
          expect(counts.most).toBeLessThanOrEqual(connections);
          expect(counts.opened).toBeGreaterThanOrEqual(
            Math.min(connections, Math.ceil(amount / messagesPerConnection)),
          );
          for (const [place, index] of done.entries()) expect(Math.abs(place - index)).toBeLessThan(connections * 2);
          await clock.settle(pool.close());
          expect(pool.connections).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("pool closes a session after so many messages", async () => {
    const { pool, counts, clock } = pooled({ messagesPerConnection: 2, connections: 1 });
    for (let index = 0; index < 5; index++) await clock.settle(pool.send(message()));
    expect(counts).toEqual({ opened: 3, most: 1 });
  });

  test("pool closes a session that was idle for its time, and one that was used again not", async () => {
    const { pool, server, counts, clock } = pooled({ idle: 10_000 });
    await pool.send(message());
    await clock.advance(9_000);
    await pool.send(message());
    await clock.advance(9_999);
    expect([server.connections, counts.opened]).toEqual([1, 1]);
    await clock.advance(1);
    await clock.run();
    expect([server.connections, pool.connections]).toEqual([0, 0]);
    await pool.send(message());
    expect(counts.opened).toBe(2);
  });

  test("pool forgets an idle session that its server closes", async () => {
    const { pool, servers, server, clock } = scripted({ connections: 1 });
    const first = pool.send(message());
    const peer = await server(0);
    await answer(peer, ...taken);
    await first;
    await peer.say("421 4.4.2 Idle");
    await peer.transport.end();
    await clock.run({ within: 2_000 });
    expect(pool.connections).toBe(0);
    const second = pool.send(message());
    await answer(await server(1), ...taken);
    await second;
    expect(servers).toHaveLength(2);
  });

  test("pool keeps a session whose message was refused, or could not be sent by it", async () => {
    const { pool, counts } = pooled(
      { connections: 1 },
      { onRecipient: ({ recipient }) => (recipient.localPart === "b" ? accept() : reject(550)) },
    );
    expect(await pool.send({ ...message(), to: "c@example.org" })).toMatchObject({ recipients: [{ accepted: false }] });
    await expect(pool.send({ ...message(), to: "no address" })).rejects.toThrow();
    expect(await pool.send(message())).toMatchObject({ recipients: [{ accepted: true }] });
    expect(counts.opened).toBe(1);
  });

  test("numbers that make no sense are refused by name", () => {
    expect(() => pooled({ connections: 0 })).toThrow(/connections is 0/);
    expect(() => pooled({ messagesPerConnection: -1 })).toThrow(RangeError);
    expect(() => pooled({ idle: Number.NaN })).toThrow(/idle/);
  });
});

describe("a second try", () => {
  /** A message sent, and a kept session that has sent one before it. */
  async function kept(content: ContentSource) {
    const rig = scripted();
    const first = rig.pool.send(message());
    const peer = await rig.server(0);
    await answer(peer, ...taken);
    await first;
    const sending = rig.pool.send(message(content));
    sending.catch(() => undefined);
    await settled();
    return { ...rig, peer, sending };
  }

  async function* once() {
    yield "Subject: Hi\r\n";
    yield "\r\n";
  }

  type Ending = (peer: WirePeer) => Promise<void>;
  const cut: Ending = async (peer) => peer.transport.destroy();
  const endings: [string, Ending][] = [
    ["the kept session turns out to be closed", cut],
    ["421 comes instead of a reply to MAIL", (peer) => answer(peer, "421 4.3.2 Too many messages")],
    ["421 comes instead of a reply to RCPT", (peer) => answer(peer, "250 OK", "421 4.3.2 Going down")],
    [
      "the session ends after DATA",
      async (peer) => {
        await answer(peer, "250 OK", "250 OK ");
        await cut(peer);
      },
    ],
  ];

  test.each(endings)(
    "is made by another session where %s, even for content that can be read only once",
    async (_, end) => {
      const { peer, sending, server } = await kept(once());
      await end(peer);
      await answer(await server(1), ...taken);
      expect(await sending).toMatchObject({ recipients: [{ accepted: true }] });
    },
  );

  test.each<[string, ContentSource]>([
    ["a string", "x".repeat(300_000)],
    ["octets", new Uint8Array(300_000).fill(120)],
    ["an array", Array<string>(30).fill("x".repeat(10_000))],
  ])("is made where the session ends in the midst of content that is %s", async (_, content) => {
    const { peer, sending, server } = await kept(content);
    await answer(peer, "250 OK", "250 OK ", "354 Go on");
    await settled();
    await cut(peer);
    const second = await server(1);
    await answer(second, ...taken);
    expect(await sending).toMatchObject({ recipients: [{ accepted: true }] });
  });

  test("is not made where the session ends in the midst of content that cannot be read again", async () => {
    const { peer, sending, servers } = await kept(
      new ReadableStream<string>({ start: (source) => source.enqueue("Subject: Hi\r\n") }),
    );
    await answer(peer, "250 OK", "250 OK ", "354 Go on");
    await settled();
    await cut(peer);
    await expect(sending).rejects.toMatchObject({ failure: { kind: "disconnected" }, uncertain: false });
    expect(servers).toHaveLength(1);
  });

  test.each([
    ["the session ends", cut],
    ["421 comes", (peer: WirePeer) => peer.say("421 4.3.2 Going down")],
  ])("is never made where %s after the final dot", async (_, end) => {
    const { peer, sending, servers } = await kept("Subject: Hi\r\n");
    await answer(peer, "250 OK", "250 OK ", "354 Go on");
    while ((await peer.line()) !== ".");
    await end(peer);
    await expect(sending).rejects.toBeInstanceOf(SmtpError);
    await settled();
    expect(servers).toHaveLength(1);
  });

  test("is made exactly once", async () => {
    const { peer, sending, server, servers } = await kept("Subject: Hi\r\n");
    await cut(peer);
    await cut(await server(1));
    await expect(sending).rejects.toMatchObject({ failure: { kind: "disconnected" } });
    expect(servers).toHaveLength(2);
  });

  test("is not made for what a second session would not change", async () => {
    const { peer, sending, servers, clock } = await kept("Subject: Hi\r\n");
    await answer(peer, "nonsense");
    await expect(sending).rejects.toMatchObject({ failure: { kind: "protocol" } });
    await clock.run({ within: 1_000 });
    expect(servers).toHaveLength(1);
  });

  test("is not made for a message that was aborted", async () => {
    const { pool, server, servers } = scripted();
    const controller = new AbortController();
    const sending = pool.send(message("Subject: Hi\r\n", controller.signal));
    await answer(await server(0), "250 OK");
    controller.abort(new Error("not any more"));
    await expect(sending).rejects.toThrow("not any more");
    expect(servers).toHaveLength(1);
  });

  test("is made by a new session, not by another that was idle as long", async () => {
    const { pool, server, servers, clock } = scripted({ connections: 2 });
    const both = [pool.send(message()), pool.send(message())];
    const peers = [await server(0), await server(1)];
    await Promise.all(peers.map((peer) => answer(peer, ...taken)));
    await Promise.all(both);
    const sending = pool.send(message());
    await settled();
    const used =
      (await Promise.race(peers.map(async (peer, index) => ((await peer.line()) === undefined ? -1 : index)))) === 0
        ? 0
        : 1;
    peers[used]?.transport.destroy();
    await clock.run({ within: 10_000 });
    await answer(await server(2), ...taken);
    expect(await sending).toMatchObject({ recipients: [{ accepted: true }] });
    expect(servers).toHaveLength(3);
  });
});

describe("sessions that cannot be opened", () => {
  test("reject each one message, and the others get their own try", async () => {
    let tries = 0;
    const { pool, clock } = pooled();
    void pool.close();
    const failing = new Pool({
      clock,
      connections: 2,
      connect: async () => {
        tries += 1;
        await settled();
        throw new Error(`unreachable ${tries}`);
      },
    });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => failing.send(message())));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    expect([tries, failing.connections]).toEqual([5, 0]);
    await failing.close();
  });

  test("connect that throws at once rejects likewise", async () => {
    const failing = new Pool({
      connect: () => {
        throw new Error("thrown");
      },
    });
    await expect(failing.send(message())).rejects.toThrow("thrown");
    expect(failing.connections).toBe(0);
  });
});

describe("aborting", () => {
  test("while waiting rejects at once, takes nobody's place, and leaves nothing", async () => {
    const { pool, server, servers } = scripted({ connections: 1 });
    const controller = new AbortController();
    const first = pool.send(message("first"));
    const second = pool.send(message("second", controller.signal));
    const third = pool.send(message("third"));
    const peer = await server(0);
    controller.abort(new Error("not any more"));
    await expect(second).rejects.toThrow("not any more");
    await answer(peer, ...taken);
    await answer(peer, ...taken);
    await Promise.all([first, third]);
    expect(servers).toHaveLength(1);
  });

  test("while a session is being opened rejects at once, and the session serves the next", async () => {
    const { pool, server, servers } = scripted();
    const controller = new AbortController();
    const first = pool.send(message("first", controller.signal));
    await settled();
    controller.abort(new Error("not any more"));
    await expect(first).rejects.toThrow("not any more");
    const peer = await server(0);
    const second = pool.send(message("second"));
    await answer(peer, ...taken);
    await second;
    expect(servers).toHaveLength(1);
  });

  test("is possible by one signal for any number of messages: nothing is left at it", async () => {
    const { pool } = pooled({ connections: 1 });
    const { signal } = new AbortController();
    const listening = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listening.add(given[1]);
      add(...given);
    };
    const remove = signal.removeEventListener.bind(signal);
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listening.delete(given[1]);
      remove(...given);
    };
    await Promise.all([1, 2, 3].map(() => pool.send(message("Subject: Hi\r\n", signal))));
    await settled();
    expect(listening.size).toBe(0);
  });

  test("before the beginning opens nothing", async () => {
    const { pool, counts } = pooled();
    await expect(pool.send(message("x", AbortSignal.abort(new Error("never"))))).rejects.toThrow("never");
    expect(counts.opened).toBe(0);
  });
});

describe("closing", () => {
  test("close sends what was asked for before, takes no more, and closes all sessions", async () => {
    const { pool, texts, server, clock } = pooled({ connections: 2 });
    const sending = ["one", "two", "three", "four", "five"].map((text) => pool.send(message(text)));
    const closed = pool.close();
    await expect(pool.send(message("late"))).rejects.toThrow(/The pool is closed/);
    await clock.settle(closed);
    await Promise.all(sending);
    expect([texts.length, server.connections, pool.connections]).toEqual([5, 0, 0]);
    await clock.settle(pool[Symbol.asyncDispose]());
  });

  test("close without any session, and twice", async () => {
    const { pool } = pooled();
    await Promise.all([pool.close(), pool.close()]);
  });

  test("close waits no longer than its signal", async () => {
    const { pool, server, clock } = scripted({ connections: 1 });
    const outcomes = Promise.allSettled([pool.send(message()), pool.send(message())]);
    await server(0);
    const controller = new AbortController();
    const closed = pool.close({ signal: controller.signal });
    controller.abort(new Error("enough"));
    await clock.settle(closed);
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([pool.connections, clock.now()]).toEqual([0, 0]);
  });

  test("destroy rejects what waits and what is under way, and leaves no session", async () => {
    const { pool, server, servers, clock } = scripted({ connections: 2 });
    const sending = ["one", "two", "three"].map((text) => pool.send(message(text)));
    const outcomes = Promise.allSettled(sending);
    await answer(await server(0), "250 OK");
    // The second session is still being opened.
    await clock.settle(pool.destroy(new Error("enough")));
    const reasons = (await outcomes).map((outcome) => (outcome.status === "rejected" ? outcome.reason : undefined));
    expect(reasons.map((reason) => (reason instanceof SmtpError ? String(reason.cause) : String(reason)))).toEqual(
      Array(3).fill("Error: enough"),
    );
    expect(pool.connections).toBe(0);
    for (const peer of servers) await peer.rest();
    await expect(pool.send(message())).rejects.toThrow(/closed/);
  });

  test("destroy does not make a second try", async () => {
    const { pool, server, servers, clock } = scripted();
    const sending = expect(pool.send(message())).rejects.toThrow();
    await answer(await server(0), "250 OK");
    await clock.settle(pool.destroy());
    await sending;
    expect(servers).toHaveLength(1);
  });
});
