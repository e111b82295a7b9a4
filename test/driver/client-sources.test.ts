// Content that is not at hand: watched from the moment it is handed over, waited for no longer than the session lasts, and
// ended wherever it is not read. By a client, and by a pool of clients.

import { EventEmitter } from "node:events";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { InvalidValueError } from "@carteiro/core";
import { openClient, Pool, type ContentSource, type Message, type SendResult } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { answer, content, failure, greet, message, opened, take } from "../support/client-rig.ts";
import { settled } from "../support/fake-transport.ts";
import { WirePeer } from "../support/wire-peer.ts";

interface Sender {
  readonly clock: VirtualClock;
  /** The one server there is. */
  readonly server: WirePeer;
  readonly send: (message: Message) => Promise<SendResult>;
  readonly end: () => Promise<void>;
}

async function byClient(): Promise<Sender> {
  const { client, clock, server } = await opened(["PIPELINING"], { timeouts: { block: 10_000 } });
  return { clock, server, send: (given) => client.send(given), end: () => client.quit() };
}

async function byPool(): Promise<Sender> {
  const clock = new VirtualClock();
  const [clientEnd, serverEnd] = pipe({ clock });
  const connect = () => openClient(clientEnd, { timeouts: { block: 10_000 } }, clock);
  const pool = new Pool({ connect, clock, connections: 1 });
  const server = new WirePeer(serverEnd);
  const first = pool.send(message);
  await greet(server, ["PIPELINING"]);
  await take(server);
  await first;
  return { clock, server, send: (given) => pool.send(given), end: () => pool.close() };
}

const senders = [
  ["a client", byClient],
  ["a pool", byPool],
] as const;

/** Sources that can be read once, and whether each has been told that no more is wanted. */
const sources: readonly (readonly [string, () => { source: ContentSource; ended: () => boolean }])[] = [
  [
    "a Node stream",
    () => {
      const source = new Readable({ read: () => undefined });
      return { source, ended: () => source.destroyed };
    },
  ],
  [
    "a web stream",
    () => {
      let cancelled = false;
      const source = new ReadableStream<string>({
        pull: () => new Promise(() => undefined),
        cancel: () => void (cancelled = true),
      });
      return { source, ended: () => cancelled };
    },
  ],
  [
    "an iterator",
    () => {
      let returned = false;
      const source = {
        next: () => new Promise<IteratorResult<string>>(() => undefined),
        return: async () => {
          returned = true;
          return { done: true as const, value: undefined };
        },
        [Symbol.asyncIterator]: () => source,
      };
      return { source, ended: () => returned };
    },
  ],
];

describe.each(senders)("%s", (_, sender) => {
  test("waits for a function of content no longer than for content, and ends what it brings then", async () => {
    const { clock, server, send } = await sender();
    const late = new Readable({ read: () => undefined });
    let bring: (content: ContentSource) => void = () => undefined;
    const sending = failure(send({ ...message, content: () => new Promise((resolve) => (bring = resolve)) }));
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await settled();
    await clock.advance(10_000);
    expect(await sending).toMatchObject({ failure: { kind: "timeout" }, uncertain: false });
    bring(late);
    await settled();
    expect(late.destroyed).toBe(true);
  });

  test("whose content never comes can be aborted, and ended", async () => {
    const { clock, server, send, end } = await sender();
    const controller = new AbortController();
    const never = () => new Promise<string>(() => undefined);
    const sending = expect(send({ ...message, content: never, signal: controller.signal })).rejects.toThrow("enough");
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await settled();
    controller.abort(new Error("enough"));
    await sending;
    await clock.settle(end());
  });

  test("rejects with the error of a stream that fails before it is read, and nothing is sent", async () => {
    const { server, send } = await sender();
    const source = new Readable({ read: () => undefined });
    const sending = expect(send({ ...message, content: source })).rejects.toThrow("no such file");
    await server.line();
    source.destroy(new Error("no such file"));
    await sending;
    expect(await server.rest()).not.toContain("\r\n.\r\n");
  });

  test("rejects with the error of a stream that fails while another message is sent, which goes on", async () => {
    const { server, send } = await sender();
    const first = send(message);
    const source = createReadStream("/nonexistent");
    await expect(send({ ...message, content: source })).rejects.toMatchObject({ code: "ENOENT" });
    await take(server);
    expect(await first).toMatchObject({ recipients: [{ accepted: true }] });
    const third = send(message);
    await take(server);
    await third;
  });

  describe.each(sources)("ends %s", (__, make) => {
    test("where the server refuses the message before it", async () => {
      const { server, send } = await sender();
      const { source, ended } = make();
      const sending = send({ ...message, content: source });
      await answer(server, "550 No", "550 No", "503 No", "250 Reset");
      expect(await sending).toMatchObject({ recipients: [{ accepted: false }] });
      expect(ended()).toBe(true);
    });

    test("where an address is none", async () => {
      const { send } = await sender();
      const { source, ended } = make();
      await expect(send({ ...message, content: source, from: "none" })).rejects.toBeInstanceOf(InvalidValueError);
      expect(ended()).toBe(true);
    });

    test("where it is aborted in the queue, or before", async () => {
      const { server, send } = await sender();
      const controller = new AbortController();
      const first = send(message);
      const [one, two] = [make(), make()];
      const second = send({ ...message, content: one.source, signal: controller.signal });
      controller.abort(new Error("enough"));
      await expect(second).rejects.toThrow("enough");
      await expect(send({ ...message, content: two.source, signal: controller.signal })).rejects.toThrow("enough");
      expect([one.ended(), two.ended()]).toEqual([true, true]);
      await take(server);
      await first;
    });

    test("where the session, or the pool, is over", async () => {
      const { clock, server, send, end } = await sender();
      const ending = clock.settle(end());
      await answer(server, "221 Bye");
      await server.transport.end();
      await ending;
      const { source, ended } = make();
      await expect(send({ ...message, content: source })).rejects.toThrow();
      expect(ended()).toBe(true);
    });

    test("while a part of it is awaited", async () => {
      const { server, send } = await sender();
      const { source, ended } = make();
      const sending = failure(send({ ...message, content: source }));
      await answer(server, "250 OK", "250 OK", "354 Go on");
      await settled();
      await server.say("552 5.3.4 Too much");
      await sending;
      expect(ended()).toBe(true);
    });
  });

  test("reads a stream to its end, and leaves nothing of it open", async () => {
    const { server, send } = await sender();
    const source = Readable.from(["Subject: Hi\r\n", "\r\n", "Hello!\r\n"]);
    const sending = send({ ...message, content: source });
    expect((await take(server)).slice(3)).toEqual(["Subject: Hi", "", "Hello!"]);
    await sending;
    expect(source.destroyed).toBe(true);
  });

  test("is not troubled by an emitter that fails once it has been read", async () => {
    const { server, send } = await sender();
    const source = Object.assign(new EventEmitter(), {
      *[Symbol.iterator]() {
        yield "Hello!\r\n";
      },
    });
    const sending = send({ ...message, content: source });
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await content(server);
    source.emit("error", new Error("late"));
    await server.say("250 OK");
    expect(await sending).toMatchObject({ recipients: [{ accepted: true }] });
  });

  test.each<[string, unknown, RegExp]>([
    ["a Blob", new Blob(["Hello"]), /blob\.stream\(\)/],
    ["an ArrayBuffer", new ArrayBuffer(8), /new Uint8Array\(buffer\)/],
    ["other typed arrays", new Uint16Array([65]), /Uint16Array.*new Uint8Array\(/],
    ["a DataView", new DataView(new ArrayBuffer(8)), /DataView.*new Uint8Array\(/],
    ["a number", 42, /a string, a Uint8Array/],
    ["null", null, /a string, a Uint8Array/],
  ])("refuses %s at once, and says what to give", async (__, given, hint) => {
    const { server, send } = await sender();
    const sending = send({ ...message, content: given as never });
    await expect(sending).rejects.toBeInstanceOf(TypeError);
    await expect(sending).rejects.toThrow(hint);
    const next = send(message);
    await take(server);
    await next;
  });
});
