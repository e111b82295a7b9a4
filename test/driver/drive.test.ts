// The loop by itself: with sessions and transports that do what a test tells them to, and with a protocol that is not SMTP.

import {
  ServerSession,
  serverProfile,
  type Instant,
  type Input,
  type Output,
  type Session,
  type Wants,
} from "@carteiro/core";
import { Drive, type Clock, type DriveOptions, type SessionListener } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeTransport, settled } from "../support/fake-transport.ts";
import { Pop3Session, type Pop3Event, type Pop3Intent } from "../support/pop3-session.ts";
import { ascii, text } from "../support/transfers.ts";
import { WirePeer } from "../support/wire-peer.ts";

/** Says what a test puts into it, and notes what happened. */
class FakeSession implements Session<string, string> {
  readonly happened: string[] = [];
  wants: Wants = "input";
  deadline: Instant | undefined;
  /** What is said to each input, besides. */
  onInput: (input: Input) => void = () => undefined;
  readonly #outputs: Output<string>[] = [];

  handle(input: Input): void {
    this.happened.push(input.type === "received" ? `received ${text(input.bytes)}` : input.type);
    if (input.type === "broken") this.over();
    this.onInput(input);
  }

  submit(intent: string): void {
    this.happened.push(`submitted ${intent}`);
    if (intent === "go on") this.wants = "input";
    else this.write(intent);
  }

  poll(): Output<string> {
    return this.#outputs.shift() ?? { kind: "idle", wants: this.wants, deadline: this.deadline };
  }

  write(said: string): void {
    this.#outputs.push({ kind: "effect", effect: { type: "write", bytes: ascii(said) } });
  }

  tell(event: string): void {
    this.#outputs.push({ kind: "event", event });
  }

  effect(type: "startTls" | "close"): void {
    this.#outputs.push({ kind: "effect", effect: { type } });
  }

  over(): void {
    this.wants = "nothing";
    this.tell("over");
    this.effect("close");
  }
}

function driven(
  { onEvent, ...options }: Partial<DriveOptions & SessionListener<string>> = {},
  prepare: (session: FakeSession) => void = () => undefined,
) {
  const [session, transport, clock, told] = [
    new FakeSession(),
    new FakeTransport(),
    new VirtualClock(),
    [] as string[],
  ];
  prepare(session);
  const listener = { onEvent: onEvent ?? ((event: string) => void told.push(event)) };
  const drive = new Drive(session, transport, listener, { clock, ...options });
  drive.start();
  return { session, transport, clock, told, drive };
}

describe("the loop: reading", () => {
  test("loop reads while the session wants input, and hands over what comes and the end", async () => {
    const { session, transport } = driven();
    await transport.come("one");
    await transport.come("two");
    await transport.come(undefined);
    expect(session.happened).toEqual(["received one", "received two", "ended"]);
    expect(transport.reading).toBe(false);
  });

  describe("what is only lent", () => {
    const own = (part: Uint8Array) => Uint8Array.from(part);

    test("is lent to a session that takes such, and its events' octets can be made to last", async () => {
      const kept: Uint8Array[] = [];
      const lent = ascii("one");
      const inputs: Input[] = [];
      const { session, transport, drive } = driven({
        takesLent: true,
        onEvent: () => void kept.push(drive.lasting(lent), drive.lasting(lent.subarray(1))),
      });
      session.onInput = (input) => {
        inputs.push(input);
        session.tell("event");
      };
      await transport.lend(lent, own);
      lent.fill(0x21);
      expect(inputs).toMatchObject([{ type: "received", bytes: lent, lent: true }]);
      expect(kept.map(text)).toEqual(["one", "ne"]);
      await transport.come("two");
      expect(inputs.at(-1)).toMatchObject({ lent: false });
      expect(kept.at(-2)).toBe(lent);
    });

    test("is given to any other session in memory of its own", async () => {
      const inputs: Input[] = [];
      const { session, transport } = driven({}, (fake) => (fake.onInput = (input) => void inputs.push(input)));
      const lent = ascii("one");
      await transport.lend(lent, own);
      lent.fill(0x21);
      expect(inputs).toEqual([{ type: "received", bytes: ascii("one"), lent: false }]);
      expect(session.happened).toEqual(["received one"]);
    });

    test("is given in memory of its own to a session that cannot look at it at once", async () => {
      const inputs: Input[] = [];
      const { session, transport } = driven({
        takesLent: true,
        onEvent: () => {
          const lent = ascii("two");
          void transport.lend(lent, own);
          lent.fill(0x21);
        },
      });
      session.onInput = (input) => {
        inputs.push(input);
        if (inputs.length === 1) session.tell("event");
      };
      await transport.come("one");
      expect(inputs.map((input) => (input.type === "received" ? text(input.bytes) : ""))).toEqual(["one", "two"]);
    });
  });

  test("loop does not read while the session waits for the application, and reads on after its word", async () => {
    const { session, transport, drive } = driven({}, (fake) => (fake.wants = "intent"));
    expect(transport.calls).toEqual([]);
    drive.submit("go on");
    expect(transport.reading).toBe(true);
    expect(session.happened).toEqual(["submitted go on"]);
  });

  test("loop does not read while an event's taker is busy, but tells and writes meanwhile", async () => {
    const busy: (() => void)[] = [];
    const told: string[] = [];
    const onEvent = (event: string) => {
      told.push(event);
      if (event === "slice") return new Promise<void>((resolve) => busy.push(resolve));
    };
    const { transport, session: fake } = driven({ onEvent }, (session) => {
      session.onInput = ({ type }) => {
        if (type !== "received") return;
        session.tell("slice");
        session.tell("slice");
        session.write("250\r\n");
        session.tell("end");
      };
    });
    await transport.come("content");
    expect([told, transport.writtenText, transport.reading]).toEqual([["slice", "slice", "end"], "250\r\n", false]);
    busy.shift()?.();
    await settled();
    expect(transport.reading).toBe(false);
    expect(fake.happened).toEqual(["received content", "paused"]);
    busy.shift()?.();
    await settled();
    expect(transport.reading).toBe(true);
    expect(fake.happened).toEqual(["received content", "paused", "resumed"]);
  });

  test("loop reads while it writes", async () => {
    const { session, transport } = driven({}, (fake) => (fake.onInput = () => fake.write("x".repeat(100_000))));
    transport.slow = true;
    for (let round = 0; round < 30; round++) await transport.come(String(round));
    expect(session.happened).toHaveLength(30);
    expect(transport.written).toHaveLength(30);
  });

  test("loop with a limit stops reading from a peer that takes nothing, and goes on when it does", async () => {
    const { transport } = driven({ unsentLimit: 250_000 }, (session) => {
      session.onInput = () => session.write("x".repeat(100_000));
    });
    transport.slow = true;
    await transport.come("one");
    await transport.come("two");
    expect(transport.reading).toBe(true);
    await transport.come("three");
    expect(transport.reading).toBe(false);
    await transport.drain();
    expect(transport.reading).toBe(true);
  });

  test("loop learns that the connection is broken although nobody reads", async () => {
    const { transport, session, drive } = driven({}, (fake) => (fake.wants = "intent"));
    transport.break(new Error("reset"));
    await drive.closed;
    expect([session.happened, String(drive.error)]).toEqual([["broken"], "Error: reset"]);
  });
});

describe("the loop: writing", () => {
  test("loop collects what is said between decisions that are answered without waiting, and writes it in one", async () => {
    const { transport, session, drive } = driven({
      onEvent: (event) => void (event === "decide" && Promise.resolve().then(() => drive.submit("250\r\n"))),
    });
    session.onInput = () => {
      session.wants = "intent";
      session.write("220\r\n");
      session.tell("decide");
    };
    await transport.come("a group");
    expect(transport.written).toEqual([]);
    drive.submit("go on");
    expect(transport.written.map(text)).toEqual(["220\r\n250\r\n"]);
  });

  test("loop writes what it has collected as soon as the decision takes any time", async () => {
    const { transport, clock } = driven({}, (session) => {
      session.wants = "intent";
      session.write("250 first\r\n");
    });
    expect(transport.written).toEqual([]);
    await clock.advance(0);
    expect(transport.writtenText).toBe("250 first\r\n");
  });

  test("loop collects no more than 16 KiB, and copies nothing larger", async () => {
    const large = ascii("x".repeat(20_000));
    const { transport } = driven({}, (session) => {
      session.wants = "intent";
      for (let index = 0; index < 40; index++) session.write("y".repeat(1_000));
    });
    expect(transport.written.map(({ length }) => length)).toEqual([17_000, 17_000]);
    const direct = driven({}, (session) => {
      session.write("z");
      session.poll = (() => {
        const poll = session.poll.bind(session);
        const outputs: Output<string>[] = [poll(), { kind: "effect", effect: { type: "write", bytes: large } }];
        return () => outputs.shift() ?? poll();
      })();
    });
    expect(direct.transport.written.map(({ length }) => length)).toEqual([1, 20_000]);
    expect(direct.transport.written[1]).toBe(large);
  });

  test("server answers a pipelined group in one write, whether its handlers are synchronous or not", async () => {
    const group = [
      "EHLO a.example",
      "MAIL FROM:<a@example.org>",
      "RCPT TO:<b@example.org>",
      "RCPT TO:<c@example.org>",
      "DATA",
    ];
    for (const wait of [() => undefined, async () => {}]) {
      const clock = new VirtualClock();
      const transport = new FakeTransport();
      const session = new ServerSession(serverProfile({ hostname: "mx.example.org" }), 0);
      const onEvent = (event: unknown) => {
        const { decision } = event as { decision?: number };
        if (decision === undefined) return;
        const answer = () => drive.submit({ type: "accept", decision });
        const pending = wait();
        if (pending === undefined) answer();
        else void pending.then(answer);
      };
      type Intent = Parameters<typeof session.submit>[0];
      const drive: Drive<Intent, unknown> = new Drive(session, transport, { onEvent }, { clock });
      drive.start();
      await settled();
      expect(transport.written).toHaveLength(1);
      await transport.come(group.map((line) => `${line}\r\n`).join(""));
      expect(transport.written).toHaveLength(2);
      expect(transport.writtenText.match(/^(250 |354)/gm)).toHaveLength(5);
    }
  });

  test("loop waits for all writes before TLS, and reads nothing meanwhile", async () => {
    const { session, transport } = driven();
    session.onInput = (input) => {
      if (input.type !== "received") return void (session.wants = "input");
      session.wants = "intent";
      session.write("220\r\n");
      session.effect("startTls");
    };
    transport.slow = true;
    await transport.come("STARTTLS\r\n");
    expect(transport.calls).toEqual(["read", "write"]);
    await transport.drain();
    expect(transport.calls).toEqual(["read", "write", "startTls"]);
    await transport.secure();
    expect(session.happened).toEqual(["received STARTTLS\r\n", "secured"]);
    expect(transport.reading).toBe(true);
  });
});

describe("the loop: time", () => {
  test("loop passes time in at the deadline, wherever that moves", async () => {
    const deadlines = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(deadlines, async (delays) => {
        const clock = new VirtualClock();
        const [session, transport] = [new FakeSession(), new FakeTransport()];
        const elapsed: number[] = [];
        const drive = new Drive(session, transport, { onEvent: () => undefined }, { clock });
        session.deadline = 300;
        session.onInput = (input) => {
          if (input.type === "elapsed" && clock.now() >= (session.deadline ?? Infinity)) {
            elapsed.push(clock.now() - (session.deadline ?? 0));
            session.deadline = undefined;
          }
          if (input.type === "received") session.deadline = clock.now() + Number(text(input.bytes));
        };
        drive.start();
        for (const delay of delays) {
          await clock.advance(100);
          await transport.come(String(delay));
        }
        await clock.run();
        expect(elapsed.every((late) => late === 0)).toBe(true);
        expect(session.deadline).toBe(undefined);
      }),
    );
  });

  test("loop sets one timer for many commands, and none for a deadline that never comes", async () => {
    let timers = 0;
    const virtual = new VirtualClock();
    const clock: Clock = {
      now: () => virtual.now(),
      date: () => virtual.date(),
      after: (delay, callback) => {
        timers += 1;
        return virtual.after(delay, callback);
      },
    };
    const { session, transport } = driven({ clock });
    session.onInput = () => (session.deadline = virtual.now() + 300_000);
    for (let command = 0; command < 1_000; command++) await transport.come("NOOP\r\n");
    expect(timers).toBe(1);
    const forEver = driven({ clock }, (fake) => (fake.deadline = Infinity));
    expect([timers, forEver.transport.reading]).toEqual([1, true]);
  });
});

describe("the loop: the end", () => {
  test("loop says the last words, ends its side, and closes when the peer has ended too", async () => {
    const { session, transport, drive, told } = driven();
    session.onInput = () => {
      session.write("221\r\n");
      session.over();
    };
    await transport.come("QUIT\r\n");
    expect([transport.writtenText, transport.calls, told]).toEqual([
      "221\r\n",
      ["read", "write", "read", "end"],
      ["over"],
    ]);
    await transport.come("more that nobody reads");
    await transport.come(undefined);
    await drive.closed;
    expect(session.happened).toEqual(["received QUIT\r\n"]);
    expect([transport.calls.at(-1), drive.error]).toEqual(["destroy", undefined]);
  });

  test("loop gives a peer that does not end a second to hear the last words", async () => {
    const { session, transport, drive, clock } = driven();
    session.onInput = () => session.over();
    await transport.come("QUIT\r\n");
    await clock.advance(999);
    expect(transport.destroyed).toBe(false);
    await clock.advance(1);
    await drive.closed;
    expect(transport.destroyed).toBe(true);
  });

  test("loop gives the last words half a minute to leave", async () => {
    const { session, transport, drive, clock } = driven();
    transport.slow = transport.slowEnd = true;
    session.onInput = () => {
      session.write("221\r\n");
      session.over();
    };
    await transport.come("QUIT\r\n");
    await clock.advance(29_999);
    expect(transport.calls).not.toContain("end");
    await clock.advance(1);
    await drive.closed;
    expect(transport.destroyed).toBe(true);
  });

  test("loop goes on reading while the last words leave, lest both sides wait for each other", async () => {
    const { session, transport } = driven();
    transport.slow = true;
    session.onInput = () => {
      session.write("421\r\n");
      session.over();
    };
    await transport.come("content");
    for (let index = 0; index < 10; index++) await transport.come("more content");
    expect(session.happened).toEqual(["received content"]);
    await transport.drain();
    expect(transport.calls.at(-1)).toBe("end");
  });

  test("loop reads what the peer still sends although the session waited for the application when it closed", async () => {
    const { session, transport, drive } = driven({}, (fake) => (fake.wants = "intent"));
    expect(transport.reading).toBe(false);
    session.over();
    drive.submit("421\r\n");
    expect(transport.reading).toBe(true);
    await transport.come("more content");
    expect(transport.reading).toBe(true);
    expect(session.happened).toEqual(["submitted 421\r\n"]);
  });

  test("loop closes at once in the midst of a TLS handshake", async () => {
    const { session, transport, drive } = driven();
    session.onInput = (input) => {
      session.wants = "intent";
      if (input.type === "received") session.effect("startTls");
      else session.over();
    };
    session.deadline = 10;
    await transport.come("STARTTLS\r\n");
    drive.submit("nothing");
    session.over();
    drive.submit("nothing");
    await drive.closed;
    expect(transport.calls).not.toContain("end");
  });

  test("destroying closes at once, tells the session, and keeps the reason", async () => {
    const { session, transport, drive, told } = driven();
    drive.destroy(new Error("enough"));
    drive.destroy(new Error("again"));
    await drive.closed;
    expect([session.happened, told, transport.destroyed]).toEqual([["broken"], ["over"], true]);
    expect(String(drive.error)).toBe("Error: enough");
  });

  test("destroying from within an event ends the loop in good order", async () => {
    const told: string[] = [];
    const { session, transport, drive } = driven({
      onEvent: (event) => {
        told.push(event);
        if (event === "one") drive.destroy();
      },
    });
    session.onInput = (input) => input.type === "received" && ["one", "two"].forEach((event) => session.tell(event));
    await transport.come("octets");
    await drive.closed;
    expect([told, transport.writtenText]).toEqual([["one", "two", "over"], ""]);
  });
});

describe("the loop: what breaks", () => {
  test.each([
    [
      "throws",
      () => {
        throw new Error("taker");
      },
    ],
    ["rejects", () => Promise.reject(new Error("taker"))],
  ])("a taker of events that %s breaks the connection, and the session tells the rest", async (_, fail) => {
    const told: string[] = [];
    const onEvent = (event: string) => {
      told.push(event);
      return event === "bad" ? fail() : undefined;
    };
    const { session, transport, drive } = driven({ onEvent });
    session.onInput = (input) => input.type === "received" && session.tell("bad");
    await transport.come("octets");
    await drive.closed;
    expect([told, session.happened.filter((input) => input !== "paused")]).toEqual([
      ["bad", "over"],
      ["received octets", "broken"],
    ]);
    expect(String(drive.error)).toBe("Error: taker");
  });

  test.each(["handle", "poll"] as const)("a session whose %s throws is not driven any further", async (method) => {
    const { session, transport, drive } = driven();
    session[method] = () => {
      throw new Error("a mistake in the session");
    };
    await transport.come("octets");
    await drive.closed;
    expect([String(drive.error), transport.destroyed]).toEqual(["Error: a mistake in the session", true]);
  });

  test("a session that does not say close when the connection breaks is closed all the same", async () => {
    const { session, transport, drive } = driven();
    session.handle = () => undefined;
    transport.fail(new Error("reset"));
    await drive.closed;
    expect(String(drive.error)).toBe("Error: reset");
  });

  test.each(["read", "write"] as const)("a transport whose %s throws is a broken one", async (method) => {
    const { session, transport, drive, told } = driven();
    session.onInput = (input) => input.type === "received" && session.write("250\r\n");
    transport[method] = () => {
      throw new Error("a mistake in the adapter");
    };
    await transport.come("octets");
    await drive.closed;
    expect([told, String(drive.error)]).toEqual([["over"], "Error: a mistake in the adapter"]);
  });

  test("what breaks after the end breaks nothing", async () => {
    const { session, transport, drive } = driven();
    session.onInput = () => session.over();
    await transport.come("QUIT\r\n");
    transport.fail(new Error("reset"));
    await drive.closed;
    expect(drive.error).toBe(undefined);
  });
});

describe("the loop: another protocol than SMTP", () => {
  const maildrop = ["Subject: one\r\n\r\n.dot\r\n", "Subject: two\r\n\r\nHello\r\n"].map(ascii);

  function pop3() {
    const clock = new VirtualClock();
    const [clientEnd, serverEnd] = pipe({ clock, chunkSizes: [1, 7, 2] });
    const session = new Pop3Session(maildrop, clock.now());
    const asked: Pop3Event[] = [];
    const onEvent = (event: Pop3Event) => {
      asked.push(event);
      const good = event.type !== "loginRequested" || event.password === "secret";
      void Promise.resolve().then(() => drive.submit(good ? { type: "accept" } : { type: "reject", text: "No" }));
    };
    const drive: Drive<Pop3Intent, Pop3Event> = new Drive(session, serverEnd, { onEvent }, { clock });
    drive.start();
    return { clock, drive, asked, client: new WirePeer(clientEnd) };
  }

  test("loop serves POP3: decisions, a multi-line answer, and the end", async () => {
    const { client, drive, asked, clock } = pop3();
    expect(await client.line()).toMatch(/^\+OK/);
    await client.say("USER ana", "PASS wrong", "USER ana", "PASS secret", "RETR 1", "DELE 1", "QUIT");
    const answers = await clock.settle(client.rest());
    await clock.settle(drive.closed);
    expect(answers.split("\r\n").map((line) => line.slice(0, 4).trim())).toEqual([
      "+OK",
      "-ERR",
      "+OK",
      "+OK",
      "+OK",
      "Subj",
      "",
      "..do",
      ".",
      "+OK",
      "+OK",
      "",
    ]);
    expect(asked.map(({ type }) => type)).toEqual(["loginRequested", "loginRequested", "removalRequested"]);
  });

  test("loop closes POP3 after ten minutes of silence (RFC 1939 section 3)", async () => {
    const { client, drive, clock } = pop3();
    await client.line();
    await clock.advance(599_999);
    await client.say("NOOP");
    await client.line();
    await clock.advance(599_999);
    const closed = clock.settle(drive.closed);
    await closed;
    expect(clock.now()).toBeGreaterThanOrEqual(1_199_999);
    expect(clock.now()).toBeLessThan(1_202_000);
  });

  test("loop closes POP3 when its connection breaks, though its session knows nothing of that", async () => {
    const { drive, clock } = pop3();
    drive.destroy(new Error("reset"));
    await clock.settle(drive.closed);
    expect(String(drive.error)).toBe("Error: reset");
  });
});
