// Messages on their way to onMessage: content under credit, and when and how it is answered.

import {
  accept,
  ContentAbortedError,
  ContentRefusedError,
  DecisionVoidError,
  disconnect,
  reject,
  type Answer,
  type Decision,
  type ServerHandlers,
  type ServerOptions,
} from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { memoryServer } from "../support/memory-server.ts";
import { ascii } from "../support/transfers.ts";
import type { WirePeer } from "../support/wire-peer.ts";

type Given = Parameters<NonNullable<ServerHandlers["onMessage"]>>[0];

const upToData = ["MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "DATA"];
const upToRecipient = upToData.slice(0, 2);

/** A server with this handler, and a client that has been told to send the content. */
async function atContent(onMessage: (given: Given) => Answer, options: Partial<ServerOptions> = {}) {
  let given: Given | undefined;
  const rig = memoryServer({
    ...options,
    onMessage: (message) => {
      given = message;
      return onMessage(message);
    },
  });
  const client = await rig.after(...upToData);
  if (given === undefined) throw new Error("onMessage was not called when the content began");
  return { ...rig, client, given };
}

/** Says content of so many octets in pieces, each as soon as the one before has left, then these lines. */
async function saySlowly(client: WirePeer, octets: number, ...lines: readonly string[]): Promise<void> {
  for (let said = 0; said < octets; said += 10_000) await client.say("x".repeat(9_998));
  await client.say(...lines);
}

describe("a message", () => {
  test("is handed over with its envelope, without the dots of transparency, when the content begins", async () => {
    let text = "";
    const { client, given } = await atContent(async ({ content }) => {
      text = await content.text();
      return accept("Queued as 4f2a");
    });
    expect(given.envelope).toMatchObject({
      reversePath: { address: "a@example.org" },
      recipients: [{ recipient: { address: "b@example.org" } }],
    });
    expect(await client.ask("Subject: Hi\r\n\r\n..dot\r\n.")).toBe("250 2.6.0 Queued as 4f2a");
    expect(text).toBe("Subject: Hi\r\n\r\n.dot\r\n");
  });

  test("is accepted, and its content thrown away, where there is no handler", async () => {
    const client = await memoryServer().after(...upToData);
    expect(await client.codes(`${"x".repeat(500)}\r\n.`, "NOOP")).toEqual(["250", "250"]);
  });

  test.each([
    ["accepted", accept(), "250 2.6.0"],
    ["rejected", reject(554, "5.7.1", "Spam"), "554 5.7.1 Spam"],
  ])("that is %s before its end is answered at its end, and the rest is thrown away", async (_, decision, answer) => {
    const { client, names } = await atContent(() => decision);
    const heard = client.reply();
    let answered = false;
    void heard.then(() => (answered = true));
    for (let line = 0; line < 2_000; line++) await client.say("x".repeat(100));
    await settled();
    expect(answered).toBe(false);
    await client.say(".");
    expect(await heard).toMatch(answer);
    expect(names().at(-1)).toBe("transactionEnded");
    expect(await client.ask("NOOP")).toMatch("250");
  });

  test("that its handler disconnects is broken off at once, in the midst of the content", async () => {
    const { client, names, told, given } = await atContent(async ({ content }) => {
      for await (const slice of content) if (slice.length > 0) break;
      return disconnect(421, "4.7.0", "Not with us");
    });
    await client.say("Subject: spam");
    expect(await client.reply()).toBe("421 4.7.0 Not with us");
    expect(names()).toEqual(["sessionOpened", "transactionEnded", "sessionClosed"]);
    expect(told.at(-1)).toMatchObject({ reason: "dismissed", reply: { code: 421 } });
    expect(given.signal.aborted).toBe(true);
  });

  test.each(["throws", "rejects"])(
    "whose handler %s before its end is answered 451 at its end, with one error event",
    async (how) => {
      const { client, errors } = await atContent(() => {
        if (how === "throws") throw new Error("disk");
        return Promise.reject(new Error("disk"));
      });
      await client.say("Subject: Hi");
      await settled();
      expect(errors()).toEqual(["Error: disk"]);
      expect(await client.ask(".")).toMatch("451 4.3.0");
      expect(errors()).toEqual(["Error: disk"]);
      expect(await client.ask("NOOP")).toMatch("250");
    },
  );

  test("whose handler broke before the client did is told of all the same", async () => {
    const { client, errors, clock } = await atContent(() => Promise.reject(new Error("disk")));
    client.transport.destroy();
    await clock.run();
    expect(errors()).toEqual(["Error: disk"]);
  });

  test("is one of several in a session, each with content and signal of its own", async () => {
    const seen: Given[] = [];
    const texts: string[] = [];
    const rig = memoryServer({
      async onMessage(given) {
        seen.push(given);
        texts.push(await given.content.text());
      },
    });
    const client = await rig.after();
    const message = (text: string) => [...upToRecipient, "DATA", text, "."];
    await client.say(...message("one").slice(0, 3));
    for (let line = 0; line < 3; line++) await client.reply();
    await client.say("one", ".", ...upToRecipient, "DATA");
    for (let line = 0; line < 4; line++) await client.reply();
    await client.say("two", ".");
    expect(await client.reply()).toMatch("250");
    expect(texts).toEqual(["one\r\n", "two\r\n"]);
    expect(seen.map(({ signal }) => signal.aborted)).toEqual([false, false]);
  });

  test("that takes too long to be decided is answered 451, and what is still to be consumed fails", async () => {
    let answer: (decision: Decision) => void = () => undefined;
    const { client, clock, given, errors } = await atContent(
      () => new Promise<Decision>((resolve) => (answer = resolve)),
      { timeouts: { message: 10_000 } },
    );
    const refused = client.ask("Subject: Hi\r\n.");
    await clock.advance(10_000);
    expect(await refused).toMatch("451 4.3.0");
    expect(given.signal.reason).toBeInstanceOf(DecisionVoidError);
    await expect(given.content.bytes()).rejects.toBe(given.signal.reason);
    answer(accept());
    await settled();
    expect(await client.ask("NOOP")).toMatch("250");
    expect(errors()).toEqual([]);
  });
});

describe("content that comes to nothing", () => {
  test.each([
    ["too large", { limits: { messageSize: 1_000 } }, ["x".repeat(600), "y".repeat(600), "."], "552 5.3.4"],
    ["with a bare newline", {}, ["one\ntwo", "."], "554 5.6.0"],
  ])("rejects with ContentRefusedError where it is %s, and the session goes on", async (_, options, lines, answer) => {
    let outcome: unknown;
    const { client, given, errors } = await atContent(
      ({ content }) =>
        content
          .bytes()
          .catch((error: unknown) => {
            throw (outcome = error);
          })
          .then(() => undefined),
      options,
    );
    await client.say(...lines);
    expect(await client.reply()).toMatch(answer);
    expect(outcome).toBeInstanceOf(ContentRefusedError);
    expect(given.signal.reason).toBe(outcome);
    expect((outcome as ContentRefusedError).reply.code).toBe(Number(answer.slice(0, 3)));
    expect(errors()).toEqual([]);
    expect(await client.ask("NOOP")).toMatch("250");
  });

  test.each([
    ["ends", (peer: { end(): Promise<void> }) => peer.end()],
    ["is destroyed", (peer: { destroy(): void }) => peer.destroy()],
  ])("rejects with ContentAbortedError where the client %s in the midst of it", async (_, leave) => {
    const { client, given, clock, errors, told } = await atContent(async ({ content }) => void (await content.bytes()));
    const outcome = given.signal;
    await client.say("Subject: Hi");
    await leave(client.transport);
    await clock.run();
    expect(outcome.reason).toBeInstanceOf(Error);
    expect(errors()).toEqual([]);
    expect(told.at(-1)).toMatchObject({ name: "sessionClosed", reason: "disconnected" });
    expect(told.find(({ name }) => name === "transactionEnded")).not.toHaveProperty("reply");
  });

  test("fails for a consumer that is slow although all of it had come, when the connection breaks before the answer", async () => {
    const { client, given, clock, server } = await atContent(() => new Promise<never>(() => undefined));
    await client.say("one", ".");
    await settled();
    await clock.settle(server.destroy());
    await expect(given.content.bytes()).rejects.toBeInstanceOf(ContentAbortedError);
  });

  test("fails when the client is too slow, and the handler's wait with it", async () => {
    let outcome: unknown;
    const { client, clock } = await atContent(
      ({ content }) =>
        content.bytes().then(
          () => undefined,
          (error: unknown) => {
            throw (outcome = error);
          },
        ),
      { timeouts: { content: 60_000 } },
    );
    await client.say("Subject: Hi");
    await clock.advance(60_000);
    expect(await client.reply()).toMatch("421 4.4.2");
    expect(outcome).toBeInstanceOf(ContentAbortedError);
  });

  test("whose handler hangs without consuming is answered 451 by the handler's time, and the session goes on", async () => {
    const { client, clock, given } = await atContent(
      ({ signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
      { timeouts: { content: 60_000, message: 600_000 } },
    );
    const sending = saySlowly(client, 300_000, ".", "NOOP");
    await clock.advance(599_999);
    expect(given.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(given.signal.aborted).toBe(true);
    expect(await client.reply()).toMatch("451 4.3.0");
    await sending;
    expect(await client.reply()).toMatch("250 2.0.0");
    await expect(given.content.bytes()).rejects.toBeInstanceOf(ContentRefusedError);
  });

  test("whose handler consumes slowly is taken however long the client waits for it", async () => {
    let consumed = 0;
    const { client, clock } = await atContent(
      async ({ content }) => {
        for await (const slice of content) {
          consumed += slice.length;
          await new Promise<void>((resolve) => void clock.after(400_000, resolve));
        }
      },
      { timeouts: { content: 300_000, message: 10_000_000, session: Infinity }, limits: { contentRate: 1_000 } },
    );
    const sending = saySlowly(client, 300_000, ".");
    await clock.settle(sending);
    expect(await clock.settle(client.reply())).toMatch("250 2.6.0");
    expect(clock.now()).toBeGreaterThan(1_000_000);
    expect(consumed).toBe(300_000);
  });
});

describe("back-pressure", () => {
  test("a slow consumer of 50 MB holds back all but some hundred KB of it, and the client feels that", async () => {
    const total = 50_000_000;
    let consumed = 0;
    let most = 0;
    let sent = 0;
    const { client } = await atContent(async ({ content }) => {
      for await (const slice of content) {
        // Whoever sends gets every chance to run ahead.
        await settled();
        consumed += slice.length;
        most = Math.max(most, sent - consumed);
      }
    });
    const lines = ascii(`${"x".repeat(998)}\r\n`.repeat(50));
    let waits = 0;
    for (; sent < total; sent += lines.length) {
      const pending = client.transport.write(lines);
      if (pending !== undefined) waits += 1;
      await pending;
    }
    expect(await client.ask(".")).toMatch("250");
    expect(consumed).toBe(total);
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThan(400_000);
    expect(waits).toBeGreaterThan(500);
  });

  test("nothing at all is read while nothing is consumed", async () => {
    const { client, clock } = await atContent(() => new Promise<never>(() => undefined));
    let written = 0;
    for (
      let pending: void | Promise<void> = undefined;
      pending === undefined && written < 1_000_000;
      written += 10_000
    ) {
      pending = client.transport.write(ascii(`${"x".repeat(9_998)}\r\n`));
      await settled();
    }
    // The pipe's capacity, the credit, and a chunk of each.
    expect(written).toBeLessThan(200_000);
    await clock.advance(1_000);
  });

  test("commands sent ahead are not read while a decision is pending", async () => {
    let answer: (decision: Decision) => void = () => undefined;
    const { client } = await (async () => {
      const rig = memoryServer({ onRecipient: () => new Promise<Decision>((resolve) => (answer = resolve)) });
      return { client: await rig.after("MAIL FROM:<a@example.org>") };
    })();
    await client.say("RCPT TO:<b@example.org>");
    await settled();
    let lines = 0;
    for (let pending: void | Promise<void> = undefined; pending === undefined && lines < 100_000; lines += 1) {
      pending = client.transport.write(ascii("NOOP\r\n"));
    }
    await settled();
    expect(lines).toBe(Math.ceil(65_537 / 6));
    answer(accept());
    for (let line = 0; line <= 400; line++) expect(await client.reply()).toMatch("250");
  });
});
