// More recipients than a server takes at once (LIMITS, RFC 9422), through the client's API and the pool's.

import { LocalProtocolError } from "@carteiro/core";
import { openClient, Pool, reject, SmtpServer, type ServerOptions } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { answer, content, failure, message, opened } from "../support/client-rig.ts";

const to = ["a@one.example", "b@two.example", "c@one.example", "d@two.example", "e@one.example"];

/** Takes one transaction: the recipients of it, and their content. */
async function transaction(server: Parameters<typeof answer>[0], replies: readonly string[], last = "250 2.6.0 Taken") {
  const heard = await answer(server, "250 OK", ...replies, "354 Go on");
  const lines = await content(server);
  await server.say(last);
  return { heard: heard.slice(1, -1).map((line) => line.slice("RCPT TO:<".length, -1)), lines };
}

const ok = "250 OK";

describe("a client", () => {
  test("sends in several transactions what one may not hold, and gives all results in order", async () => {
    const { client, server } = await opened(["PIPELINING", "LIMITS RCPTMAX=2"]);
    const sending = client.send({ ...message, to });
    expect(await transaction(server, [ok, "550 5.1.1 Nobody"])).toEqual({
      heard: ["a@one.example", "b@two.example"],
      lines: ["Subject: Hi", "", "Hello!"],
    });
    expect((await transaction(server, [ok, ok], "554 No")).heard).toEqual(["c@one.example", "d@two.example"]);
    expect((await transaction(server, [ok], "250 Last")).heard).toEqual(["e@one.example"]);
    const { recipients, reply } = await sending;
    expect(recipients.map(({ recipient }) => recipient.address)).toEqual(to);
    expect(recipients.map((result) => result.reply?.code)).toEqual([250, 550, 554, 554, 250]);
    expect(reply?.lines).toEqual(["Last"]);
  });

  test("reads content anew for each, from an array or from what gives it", async () => {
    let given = 0;
    const sources = [
      ["one\r\n", "two\r\n"],
      () => {
        given += 1;
        return ["one\r\n", "two\r\n"];
      },
      async () => {
        given += 1;
        return "one\r\ntwo\r\n";
      },
    ];
    for (const source of sources) {
      const { client, server } = await opened(["LIMITS RCPTMAX=1"]);
      const sending = client.send({ ...message, to: to.slice(0, 2), content: source });
      for (let part = 0; part < 2; part++) expect((await transaction(server, [ok])).lines).toEqual(["one", "two"]);
      await sending;
    }
    expect(given).toBe(4);
  });

  test("refuses content that can be read once only, before anything is sent, and sends it where one transaction is enough", async () => {
    const { client, server } = await opened(["LIMITS RCPTMAX=2"]);
    async function* once() {
      yield "one\r\n";
    }
    await expect(client.send({ ...message, to, content: once() })).rejects.toBeInstanceOf(LocalProtocolError);
    await expect(client.send({ ...message, to, content: once() })).rejects.toThrow(/more than once/);
    const sending = client.send({ ...message, to: to.slice(0, 2), content: once() });
    expect((await transaction(server, [ok, ok])).lines).toEqual(["one"]);
    await sending;
  });

  test("is not usable once its transactions are used up, and says who has had no answer", async () => {
    const { client, server, clock } = await opened(["LIMITS MAILMAX=2 RCPTMAX=2"]);
    const sending = failure(client.send({ ...message, to }));
    await transaction(server, [ok, ok]);
    await transaction(server, [ok, "450 Busy"]);
    const { failure: why, result, uncertain, contentEnded } = await sending;
    expect([why.kind, uncertain, contentEnded]).toEqual(["exhausted", false, true]);
    expect(result?.recipients.map(({ accepted, reply }) => [accepted, reply?.code])).toEqual([
      [true, 250],
      [true, 250],
      [true, 250],
      [false, 450],
      [false, undefined],
    ]);
    expect(client.usable).toBe(false);
    expect(await failure(client.send(message))).toMatchObject({ failure: { kind: "exhausted" }, result: undefined });
    const asked = client.noop();
    await answer(server, ok);
    await asked;
    const quit = client.quit();
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    await server.transport.end();
    await clock.settle(quit);
  });

  test("tells of all recipients where the session fails between two transactions", async () => {
    const { client, server } = await opened(["LIMITS RCPTMAX=2"]);
    const sending = failure(client.send({ ...message, to }));
    await transaction(server, [ok, ok]);
    await answer(server, "250 OK", "421 4.3.2 Going down");
    const { failure: why, result, contentEnded } = await sending;
    expect(why.kind).toBe("serviceClosing");
    // To send all of it again would be to send some of it twice.
    expect(contentEnded).toBe(true);
    expect(result?.recipients.map(({ recipient }) => recipient.address)).toEqual(to);
    expect(result?.recipients.map(({ accepted }) => accepted)).toEqual([true, true, false, false, false]);
  });

  test("tells of those who have their answer where the content fails the second time", async () => {
    const { client, server } = await opened(["LIMITS RCPTMAX=3"]);
    let given = 0;
    const source = () => {
      if (given++ > 0) throw new Error("The disk is gone");
      return "one\r\n";
    };
    const sending = failure(client.send({ ...message, to, content: source }));
    await transaction(server, [ok, ok, ok]);
    await answer(server, "250 OK", ok, ok, "354 Go on");
    const error = await sending;
    expect(error).toMatchObject({
      failure: { kind: "aborted" },
      contentEnded: true,
      cause: { message: "The disk is gone" },
    });
    expect(error.result?.recipients.map(({ accepted }) => accepted)).toEqual([true, true, true, false, false]);
  });
});

/** A pool on a server with limits, and what that server was given. */
function pooled(limits: ServerOptions["limits"], connections: number) {
  const clock = new VirtualClock();
  const taken: string[] = [];
  let most = 0;
  const server = new SmtpServer(
    {
      hostname: "mx.example.org",
      ...(limits && { limits }),
      onRecipient: ({ recipient }) => (recipient.localPart.startsWith("no") ? reject(550) : undefined),
      onMessage: async ({ envelope, content: given }) => {
        await given.bytes();
        const all = envelope.recipients.map(({ recipient }) => recipient.address);
        most = Math.max(most, all.length);
        taken.push(...all);
      },
    },
    { clock, startTls: false },
  );
  let sessions = 0;
  const pool = new Pool({
    clock,
    connections,
    connect: () => {
      sessions += 1;
      const [client, end] = pipe({ clock });
      void server.accept(end);
      return openClient(client, {}, clock);
    },
  });
  return { pool, clock, taken, counts: () => ({ most, sessions }) };
}

describe("a pool", () => {
  const people = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("a", "b", "c", "d", "no"), fc.nat(9), fc.constantFrom("one", "two", "three"))
      .map(([name, mark, domain]) => `${name}${mark}@${domain}.example`),
    { minLength: 1, maxLength: 20 },
  );

  test("serves everybody by as many transactions and sessions as it takes, each once", async () => {
    let sessions = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            recipients: fc.integer({ min: 1, max: 6 }),
            messages: fc.integer({ min: 1, max: 3 }),
            recipientDomains: fc.integer({ min: 1, max: 3 }),
          },
          { requiredKeys: [] },
        ),
        fc.array(people, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 3 }),
        async (limits, list, connections) => {
          const { pool, clock, taken, counts } = pooled(limits, connections);
          const results = await clock.settle(Promise.all(list.map((all) => pool.send({ ...message, to: all }))));
          for (const [index, { recipients }] of results.entries()) {
            const all = list[index] ?? [];
            expect(recipients.map(({ recipient }) => recipient.address)).toEqual(all);
            expect(recipients.map(({ accepted }) => accepted)).toEqual(all.map((address) => !address.startsWith("no")));
          }
          const served = list.flat().filter((address) => !address.startsWith("no"));
          expect(taken.toSorted()).toEqual(served.toSorted());
          expect(counts().most).toBeLessThanOrEqual(limits.recipients ?? Infinity);
          sessions = Math.max(sessions, counts().sessions);
          await clock.settle(pool.close());
          expect(pool.connections).toBe(0);
        },
      ),
      times(0.5),
    );
    expect(sessions).toBeGreaterThan(3);
  });

  test("tells of those who were served where it finds no other session for the rest", async () => {
    const clock = new VirtualClock();
    const server = new SmtpServer(
      { hostname: "mx.example.org", limits: { messages: 1, recipients: 2 } },
      { clock, startTls: false },
    );
    let opens = 0;
    const pool = new Pool({
      clock,
      connect: async () => {
        if (opens++ > 0) throw new Error("The network is down");
        const [client, end] = pipe({ clock });
        void server.accept(end);
        return openClient(client, {}, clock);
      },
    });
    const error = await failure(clock.settle(pool.send({ ...message, to })));
    expect(error).toMatchObject({ contentEnded: true, cause: { message: "The network is down" } });
    expect(error.result?.recipients.map(({ accepted }) => accepted)).toEqual([true, true, false, false, false]);
    await clock.settle(pool.close());
  });
});
