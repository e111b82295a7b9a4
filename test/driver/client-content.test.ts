// Content on its way through the client's API: by BDAT or DATA, refused in the middle, under back-pressure.

import { openClient, type Transport } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Promised } from "../support/promised.ts";
import { times } from "../support/arbitraries.ts";
import { answer, content, failure, greet, message, opened, take } from "../support/client-rig.ts";
import { settled } from "../support/fake-transport.ts";
import { octetsOf } from "../support/session-harness.ts";
import { text } from "../support/transfers.ts";
import { WirePeer } from "../support/wire-peer.ts";

const chunking = ["PIPELINING", "CHUNKING", "BINARYMIME"];

/** Hears one chunk: its command and its content. */
async function chunk(server: WirePeer): Promise<{ command: string; content: string }> {
  const command = (await server.line()) ?? "none";
  const octets = Number(/^BDAT (\d+)/.exec(command)?.[1] ?? Number.NaN);
  return { command, content: (await server.octets(octets)) ?? "" };
}

/** Lets what is small leave: it waits a moment for more. */
async function moment(clock: VirtualClock): Promise<void> {
  await settled();
  await clock.advance(1);
}

/** The server's answers up to the content. */
const taken = ["250 OK", "250 OK"] as const;

describe("content by BDAT", () => {
  test("client sends a message in one chunk, and the next one after it", async () => {
    const { client, server } = await opened(chunking);
    for (const body of ["Hello!\r\n", ".\r\n..\r\n", ""]) {
      const sending = client.send({ ...message, content: body });
      await answer(server, ...taken);
      expect(await chunk(server)).toEqual({ command: `BDAT ${body.length} LAST`, content: body });
      await server.say("250 2.6.0 Taken");
      expect(await sending).toMatchObject({ recipients: [{ accepted: true }], reply: { lines: ["Taken"] } });
    }
  });

  test("client writes a small message as often as it does behind DATA", async () => {
    async function writes(offers: readonly string[]): Promise<number> {
      let count = 0;
      const clock = new VirtualClock();
      const [clientEnd, serverEnd] = pipe({ clock, tap: (direction) => (count += direction === "toServer" ? 1 : 0) });
      const server = new WirePeer(serverEnd);
      const open = openClient(clientEnd, {}, clock);
      await greet(server, offers);
      const client = await open;
      count = 0;
      const sending = client.send(message);
      if (offers.includes("CHUNKING")) {
        await answer(server, ...taken);
        await chunk(server);
        await server.say("250 OK");
      } else await take(server);
      await sending;
      return count;
    }
    expect(await writes(chunking)).toBe(2);
    expect(await writes(["PIPELINING"])).toBe(2);
  });

  test("client sends pieces of all sizes, from a source that uses its memory again, as chunks of the size set", async () => {
    const { client, server } = await opened(chunking, { limits: { chunk: 1_000 } });
    async function* reusing() {
      const memory = new Uint8Array(700);
      for (let piece = 0; piece < 10; piece++) yield memory.fill(97 + piece).subarray(0, 70 * (piece + 1));
    }
    const sending = client.send({ ...message, content: reusing() });
    await answer(server, ...taken);
    let whole = "";
    for (const command of ["BDAT 1000", "BDAT 1000", "BDAT 1000", "BDAT 852 LAST"]) {
      const heard = await chunk(server);
      expect(heard.command).toBe(command);
      whole += heard.content;
    }
    await server.say("250 OK", "250 OK", "250 OK", "250 Taken");
    const expected = Array.from({ length: 10 }, (_, piece) => String.fromCharCode(97 + piece).repeat(70 * (piece + 1)));
    expect(whole).toBe(`${expected.join("")}\r\n`);
    await sending;
  });

  test("client holds content back as long as the server takes none", async () => {
    const { client, server } = await opened(chunking);
    let produced = 0;
    async function* source() {
      for (; produced < 5_000_000; produced += 10_000) yield new Uint8Array(10_000).fill(120);
    }
    const sending = client.send({ ...message, content: source() });
    await answer(server, ...taken);
    await settled();
    await settled();
    expect(produced).toBeLessThan(700_000);
    for (let last = false; !last; await server.say("250 OK")) last = (await chunk(server)).command.endsWith("LAST");
    expect(await sending).toMatchObject({ recipients: [{ accepted: true }] });
    expect(produced).toBe(5_000_000);
  });

  const refusedIn = async (offers: readonly string[], source: () => AsyncGenerator<Uint8Array>) => {
    const rig = await opened(offers, { limits: { chunk: 10 } });
    const sending = rig.client.send({ ...message, content: source() });
    return { ...rig, sending };
  };

  test("client that is refused in the middle ends its source, gives the reply, and can send again", async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(10).fill(120);
      } finally {
        ended = true;
      }
    }
    const { client, server, sending } = await refusedIn(chunking, endless);
    await answer(server, ...taken);
    await chunk(server);
    await server.say("552 5.3.4 Too much");
    let line = await server.line();
    for (; line?.startsWith("BDAT") === true; line = await server.line()) {
      await server.octets(10);
      await server.say("503 5.5.1 No transaction");
    }
    expect(line).toBe("RSET");
    await server.say("250 OK");
    expect(await sending).toMatchObject({
      recipients: [{ accepted: false, reply: { code: 552 } }],
      reply: { code: 552 },
    });
    expect([ended, client.usable]).toEqual([true, true]);
    const next = client.send(message);
    await answer(server, ...taken);
    await chunk(server);
    await chunk(server);
    await chunk(server);
    await server.say("250 OK", "250 OK", "250 Taken");
    expect(await next).toMatchObject({ recipients: [{ accepted: true }] });
  });

  test("client that is refused while its source lets it wait does not wait for it", async () => {
    async function* stalling() {
      yield new Uint8Array(25).fill(120);
      await new Promise(() => undefined);
    }
    const { client, server, sending, clock } = await refusedIn(chunking, stalling);
    await answer(server, ...taken);
    await moment(clock);
    await chunk(server);
    await server.say("452 4.3.1 No room");
    await chunk(server);
    await server.say("503 5.5.1 No transaction");
    await answer(server, "250 Reset");
    expect(await sending).toMatchObject({ recipients: [{ accepted: false, reply: { code: 452 } }] });
    expect(client.usable).toBe(true);
  });

  test("client whose source fails never says LAST", async () => {
    async function* failing() {
      yield new Uint8Array(25).fill(120);
      throw new Error("The disk is gone");
    }
    const { server, sending } = await refusedIn(chunking, failing);
    const outcome = sending.catch((error: unknown) => error);
    await answer(server, ...taken);
    expect(await server.rest()).not.toContain("LAST");
    expect(await outcome).toMatchObject({ message: "The disk is gone" });
  });

  test.each([
    [0, false],
    [1, true],
  ])(
    "client cut off with %i chunks after the first knows whether the message may have been taken",
    async (more, uncertain) => {
      const { client, server, clock } = await opened(chunking, { limits: { chunk: 10 } });
      let go: () => void = () => undefined;
      const going = new Promise<void>((resolve) => (go = resolve));
      async function* source() {
        yield new Uint8Array(15).fill(120);
        await going;
      }
      const sending = failure(client.send({ ...message, content: source() }));
      await answer(server, ...taken);
      await moment(clock);
      expect((await chunk(server)).command).toBe("BDAT 10");
      await server.say("250 OK");
      if (more > 0) {
        go();
        expect((await chunk(server)).command).toBe("BDAT 7 LAST");
      }
      await settled();
      server.transport.destroy();
      expect(await sending).toMatchObject({ uncertain, result: { recipients: [{ accepted: false }], uncertain } });
    },
  );

  test("client sends as binary what it is told is binary", async () => {
    const { client, server } = await opened([...chunking, "SIZE"]);
    const sending = client.send({ ...message, content: "\n\r\n\r", body: "BINARYMIME" });
    expect((await answer(server, ...taken))[0]).toBe("MAIL FROM:<a@example.org> SIZE=4 BODY=BINARYMIME");
    expect(await chunk(server)).toEqual({ command: "BDAT 4 LAST", content: "\n\r\n\r" });
    await server.say("250 Taken");
    await sending;
  });

  test("client told not to use it uses DATA", async () => {
    const { client, server } = await opened(chunking, { chunking: false });
    const sending = client.send(message);
    await answer(server, ...taken, "354 Go on");
    expect(await content(server)).toContain("Hello!");
    await server.say("250 Taken");
    await sending;
  });
});

/** A server that writes each reply, and waits until it has left, before it reads on. */
async function serveInLockstep(end: Transport): Promise<string> {
  const transport = new Promised(end);
  let rest = "";
  let whole = "";
  const say = async (reply: string) => transport.write(octetsOf(`${reply}\r\n`));
  await say("220 mx.example.org");
  for (let bytes = await transport.read(); bytes !== undefined; bytes = await transport.read()) {
    rest += text(bytes);
    for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
      const line = rest.slice(0, end);
      const octets = Number(/^BDAT (\d+)/.exec(line)?.[1] ?? 0);
      if (rest.length < end + 2 + octets) break;
      whole += rest.slice(end + 2, end + 2 + octets);
      rest = rest.slice(end + 2 + octets);
      await say(
        line.startsWith("EHLO") ? "250-mx\r\n250-PIPELINING\r\n250 CHUNKING" : "250 2.0.0 A reply of some length",
      );
    }
  }
  return whole;
}

describe("two sides with full windows", () => {
  test("do not wait for each other, though each chunk is answered before the next is read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 17, 512), fc.integer({ min: 1, max: 40 }), async (capacity, size) => {
        const clock = new VirtualClock();
        const [clientEnd, serverEnd] = pipe({ clock, capacity });
        const serving = serveInLockstep(serverEnd);
        const client = await clock.settle(openClient(clientEnd, { limits: { chunk: size } }, clock));
        const body = "x\r\n".repeat(700);
        const result = await clock.settle(client.send({ ...message, content: body }));
        expect(result.recipients).toMatchObject([{ accepted: true }]);
        await clock.settle(client.quit());
        expect(await serving).toBe(body);
        expect(clock.now()).toBeLessThan(60_000);
      }),
      times(0.2),
    );
  });
});
