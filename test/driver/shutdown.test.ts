// How a server stops, how many connections it takes, and that nothing remains of those that have gone.

import { accept, SmtpServer, type Decision, type ServerOptions, type Receiver, type Transport } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { memoryServer } from "../support/memory-server.ts";
import { ascii } from "../support/transfers.ts";
import { WirePeer } from "../support/wire-peer.ts";

const mail = "MAIL FROM:<a@example.org>";
const recipient = "RCPT TO:<b@example.org>";

describe("close", () => {
  test("closes sessions without a transaction with 421 at once", async () => {
    const { server, after, connect, clock } = memoryServer();
    const [greeted, introduced] = [connect(), await after()];
    await greeted.reply();
    const closed = server.close();
    expect([await greeted.reply(), await introduced.reply()]).toEqual(
      Array(2).fill(expect.stringMatching("421 4.3.2")),
    );
    await clock.settle(closed);
    expect(server.connections).toBe(0);
  });

  test("lets a transaction come to its end, and closes then", async () => {
    const texts: string[] = [];
    const { server, after, clock } = memoryServer({
      onMessage: async ({ content }) => void texts.push(await content.text()),
    });
    const client = await after(mail);
    const closed = server.close();
    expect(await client.codes(recipient, "DATA", "Subject: Hi\r\n.")).toEqual(["250", "354", "250"]);
    expect(await client.reply()).toMatch("421 4.3.2");
    await clock.settle(closed);
    expect(texts).toEqual(["Subject: Hi\r\n"]);
  });

  test("waits for a transaction that is idle no longer than the signal says", async () => {
    const { server, after, clock } = memoryServer();
    const client = await after(mail);
    const controller = new AbortController();
    clock.after(5_000, () => controller.abort());
    await clock.settle(server.close({ signal: controller.signal }));
    expect(clock.now()).toBe(5_000);
    expect(await client.reply()).toMatch("421 4.3.2");
  });

  test("waits for a transaction that is idle no longer than its own timeout", async () => {
    const { server, after, clock } = memoryServer({ timeouts: { command: 60_000 } });
    const client = await after(mail);
    const closed = server.close();
    await clock.advance(60_000);
    expect(await client.reply()).toMatch("421 4.4.2");
    client.transport.destroy();
    await clock.settle(closed);
  });

  test("with a signal that is aborted already is as destroy", async () => {
    const { server, after, clock } = memoryServer();
    const client = await after(mail);
    await clock.settle(server.close({ signal: AbortSignal.abort() }));
    expect([await client.rest(), clock.now()]).toEqual([expect.stringMatching("421 4.3.2"), 0]);
  });

  test("refuses connections from then on, and closes those too", async () => {
    const { server, after, connect, clock } = memoryServer();
    await after(mail);
    const controller = new AbortController();
    const closed = server.close({ signal: controller.signal });
    const late = connect();
    expect(await late.rest()).toMatch(/^421 4\.3\.2|^421 Service/);
    controller.abort();
    await clock.settle(closed);
    expect(server.connections).toBe(0);
  });

  test("may be asked for more than once, and by disposal", async () => {
    const { server, connect, clock } = memoryServer();
    await connect().reply();
    await clock.settle(Promise.all([server.close(), server.close(), server[Symbol.asyncDispose]()]));
    await clock.settle(server.destroy());
  });

  test("may be asked for by a handler", async () => {
    let closed: Promise<void> | undefined;
    const rig = memoryServer({ onMail: () => void (closed = rig.server.close()) });
    const client = await rig.after();
    expect(await client.codes(mail, recipient, "RSET")).toEqual(["250", "250", "250"]);
    expect(await client.reply()).toMatch("421");
    await rig.clock.settle(closed ?? Promise.reject(new Error("The handler was not called")));
  });
});

describe("destroy", () => {
  test("closes every session at once with 421, whatever it is doing", async () => {
    const { server, after, connect, clock, told } = memoryServer({
      onRecipient: ({ recipient: { localPart } }) =>
        localPart === "slow" ? new Promise<Decision>(() => undefined) : accept(),
    });
    const content = await after(mail, recipient, "DATA");
    await content.say("half a line");
    const deciding = await after(mail);
    await deciding.say("RCPT TO:<slow@example.org>");
    const clients = [connect(), await after(), await after(mail), content, deciding];
    await clients[0]?.reply();
    await settled();
    await clock.settle(server.destroy());
    expect(clock.now()).toBe(0);
    for (const client of clients) expect(await client.rest()).toMatch(/^421 4\.3\.2/);
    expect(told.filter(({ name }) => name === "sessionClosed")).toEqual(
      Array(5).fill(expect.objectContaining({ reason: "dismissed" })),
    );
  });

  test("asked for by a handler voids what the handler answers", async () => {
    let destroyed: Promise<void> | undefined;
    const rig = memoryServer({
      onMail: () => {
        destroyed = rig.server.destroy();
        return accept();
      },
    });
    const client = await rig.after();
    await client.say(mail, recipient);
    expect(await client.rest()).toMatch(/^421 .*\r\n$/);
    await destroyed;
    expect(rig.errors()).toEqual([]);
  });
});

describe("limits of connections", () => {
  const addressed = (address: string) => ({ addresses: { client: { address, port: 1 } } });

  test("beyond the total are refused with 421, until others have gone", async () => {
    const { connect, server, clock } = memoryServer({ connections: { total: 2 } });
    const clients = [connect(), connect(), connect()];
    const greetings = await Promise.all(clients.map((client) => client.reply()));
    expect(greetings.map((greeting) => greeting?.slice(0, 3))).toEqual(["220", "220", "421"]);
    await clients[0]?.ask("QUIT");
    clients[0]?.transport.destroy();
    clients[2]?.transport.destroy();
    await clock.run({ within: 2_000 });
    expect(server.connections).toBe(1);
    expect(await connect().reply()).toMatch("220");
  });

  test("beyond those of one address are refused, and those of others are not", async () => {
    const { connect, clock } = memoryServer({ connections: { perAddress: 1 } });
    const greeting = async (address: string) => (await connect(addressed(address)).reply())?.slice(0, 3);
    expect([await greeting("192.0.2.1"), await greeting("192.0.2.1"), await greeting("2001:db8::1")]).toEqual([
      "220",
      "421",
      "220",
    ]);
    await clock.run({ within: 2_000 });
  });

  test("do not count those that are being refused, of which there are not many either", async () => {
    const { connect, server, clock } = memoryServer({ connections: { total: 1 } });
    const first = connect();
    await first.reply();
    for (let round = 0; round < 3; round++) {
      const refused = Array.from({ length: 500 }, () => connect());
      expect(server.connections).toBe(101);
      expect([await refused[99]?.reply(), await refused[100]?.reply()]).toEqual([
        expect.stringMatching("421"),
        undefined,
      ]);
      await clock.advance(1_000);
      expect(server.connections).toBe(1);
    }
    for (let index = 0; index < 500; index++) connect();
    await first.ask("QUIT");
    first.transport.destroy();
    await settled();
    expect(await connect().reply()).toMatch("220");
  });

  test("do not count connections without an address by address", async () => {
    const { connect } = memoryServer({ connections: { perAddress: 1 } });
    for (let index = 0; index < 3; index++) {
      expect(await connect({ addresses: { client: {} } }).reply()).toMatch("220");
    }
  });

  test("may be reserved for a handshake, and are given back once", async () => {
    const { server, connect, clock } = memoryServer({ connections: { total: 1 } });
    const leave = server.reserve("192.0.2.1");
    expect([server.reserve("192.0.2.2"), (await connect().reply())?.slice(0, 3)]).toEqual([undefined, "421"]);
    leave?.();
    leave?.();
    expect((await connect().reply())?.slice(0, 3)).toBe("220");
    expect(server.reserve("192.0.2.2")).toBe(undefined);
    await clock.settle(server.destroy());
    expect(server.reserve("192.0.2.2")).toBe(undefined);
  });

  test("that make no sense are refused by name", () => {
    expect(() => memoryServer({ connections: { total: 0 } })).toThrow(/connections.total is 0/);
    expect(() => memoryServer({ connections: { perAddress: Number.NaN } })).toThrow(RangeError);
  });
});

describe("what remains", () => {
  test("nothing remains of connections that were opened and dropped at any point", async () => {
    const dialogue = ["EHLO c.example", mail, recipient, "DATA", "Subject: Hi", ".", "QUIT"];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(7), fc.boolean()), { minLength: 1, maxLength: 20 }), async (visits) => {
        const { server, connect, clock, told } = memoryServer({
          onMessage: async ({ content }) => void (await content.bytes()),
        });
        for (const [length, abruptly] of visits) {
          const client = connect();
          await client.say(...dialogue.slice(0, length));
          if (abruptly) client.transport.destroy();
          else await client.transport.end();
        }
        await clock.run({ within: 40_000 });
        expect(server.connections).toBe(0);
        const count = (name: string) => told.filter((event) => event.name === name).length;
        expect([count("sessionOpened"), count("sessionClosed"), count("error")]).toEqual([
          visits.length,
          visits.length,
          0,
        ]);
      }),
    );
  });

  test("transport that breaks at any point, in any way, ends the session and nothing else", async () => {
    const faults = fc.record({
      operation: fc.constantFrom<keyof Faulty>("read", "write", "startTls", "end"),
      after: fc.nat(12),
      how: fc.constantFrom<How>("rejects", "throws", "never settles", "ends"),
    });
    const commands = [
      "EHLO c.example",
      "STARTTLS",
      "",
      "EHLO c.example",
      mail,
      recipient,
      "DATA",
      "Subject: Hi",
      ".",
      "QUIT",
    ];
    await fc.assert(
      fc.asyncProperty(faults, fc.boolean(), async ({ operation, after, how }, slowHandlers) => {
        const clock = new VirtualClock();
        const pause = async () =>
          void (slowHandlers && (await new Promise<void>((resolve) => clock.after(50, resolve))));
        const options: ServerOptions = {
          hostname: "mx.example.org",
          timeouts: { session: 3_600_000 },
          onConnection: pause,
          onRecipient: pause,
          onMessage: async ({ content }) => void (await content.bytes()),
        };
        const server = new SmtpServer(options, { clock, startTls: true });
        const errors: unknown[] = [];
        server.on("error", ({ error }) => void errors.push(error));
        const [clientEnd, serverEnd] = pipe({ clock });
        const served = server.accept(faulty(serverEnd, operation, after, how));
        const client = new WirePeer(clientEnd);
        const talking = (async () => {
          await client.reply();
          for (const command of commands) {
            if (command === "") await client.transport.startTls();
            else await client.ask(command);
          }
        })().catch(() => undefined);
        await clock.settle(served);
        clientEnd.destroy();
        await clock.settle(talking);
        expect([server.connections, errors]).toEqual([0, []]);
      }),
      { numRuns: Number(process.env["CARTEIRO_RUNS"] ?? 300) },
    );
  });
});

type Faulty = Pick<Transport, "read" | "write" | "startTls" | "end">;
type How = "rejects" | "throws" | "never settles" | "ends";

/** The transport, but for one operation that from its so many-th call on does what no good transport does. */
function faulty(transport: Transport, operation: keyof Faulty, after: number, how: How): Transport {
  let calls = 0;
  let receiver: Receiver | undefined;
  const fault = (): never | Promise<never> | Promise<void> => {
    if (how === "throws") throw new Error("a fault, thrown");
    if (how === "rejects") return Promise.reject(new Error("a fault"));
    if (how === "ends") return Promise.resolve(operation === "read" ? receiver?.ended() : undefined);
    return new Promise<never>(() => undefined);
  };
  return new Proxy(transport, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        if (name === "attach") receiver = given[0] as Receiver;
        if (name === operation && calls++ >= after) return fault();
        return (value as (...args: unknown[]) => unknown).apply(target, given);
      };
    },
  });
}

test("octets that come in a flood after the end are thrown away, and do not keep the connection", async () => {
  const { connect, clock, server } = memoryServer();
  const client = connect();
  await client.reply();
  await client.say("QUIT");
  for (let index = 0; index < 200; index++) await client.transport.write(ascii("x".repeat(10_000)));
  expect(await client.reply()).toMatch("221");
  await clock.advance(1_000);
  expect(server.connections).toBe(0);
});
