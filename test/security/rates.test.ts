// How often one client may connect, begin a message, name a recipient or guess a password within a time, whatever becomes
// of its connections, and what it is told beyond.

import { pair, pipe, VirtualClock } from "@carteiro/memory";
import { createServer } from "@carteiro/node";
import {
  accept,
  deriveKeys,
  memoryKeyStore,
  openClient,
  reject,
  SmtpError,
  SmtpServer,
  type KeyStore,
  type Message,
  type RateOptions,
  type RateQuestion,
  type ServerOptions,
  type SmtpClient,
  type Transport,
} from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { RawSocket } from "../support/raw-peers.ts";
import { WirePeer } from "../support/wire-peer.ts";
import { codes, many, Visit, type Visitor } from "../support/visitors.ts";
import { noDelays } from "../support/no-delays.ts";

type Options = Omit<ServerOptions, "hostname">;

const second = 1_000;
const minute = 60_000;
const hello = "EHLO a.example\r\n";
const guess = `AUTH PLAIN ${btoa("\0user\0wrong")}\r\n`;
const knows = `AUTH PLAIN ${btoa("\0user\0open sesame")}\r\n`;
const message = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";

/** A server that knows one password. */
function guarded(rates: RateOptions, more: Options = {}): Options {
  return {
    authentication: { allowInClear: true },
    onAuthenticate: ({ password }) => (password === "open sesame" ? accept() : reject(535, "5.7.8", "No")),
    limits: { authenticationAttempts: 1_000 },
    rates,
    ...more,
  };
}

/** What a client from there hears beyond the greeting when it says this at once. */
async function said(visit: Visit, address: string | undefined, text: string): Promise<Visitor> {
  const [visitor] = await visit.come(address);
  if (visitor === undefined) throw new Error("nobody has come");
  visitor.say(text);
  await visit.clock.advance(minute);
  return visitor;
}

describe("connections within a time", () => {
  const twoAMinute: Options = { rates: { connections: { most: 2, within: minute } } };

  test("beyond the most are answered 421 4.7.0, those of other clients are not", async () => {
    const visit = new Visit(twoAMinute);
    const visitors = await visit.come(...many(4, "192.0.2.1"), "192.0.2.2");
    expect(codes(visitors)).toEqual([220, 220, 421, 421, 220]);
    expect(visitors[3]?.heard).toMatch(/^421 4\.7\.0 /);
    expect(visitors.map(({ ended }) => ended)).toEqual([false, false, true, true, false]);
  });

  test("are counted although the earlier ones have ended", async () => {
    const visit = new Visit(twoAMinute);
    const heard: number[] = [];
    for (let nth = 0; nth < 4; nth++) {
      const [visitor] = await visit.come("192.0.2.1");
      heard.push(...codes([visitor ?? expect.fail()]));
      visitor?.leave();
      await visit.clock.advance(second);
    }
    expect(heard).toEqual([220, 220, 421, 421]);
  });

  test("are taken again once the time since the first is over, and not a moment earlier", async () => {
    const visit = new Visit(twoAMinute);
    await visit.come("192.0.2.1");
    await visit.clock.advance(minute / 2);
    expect(codes(await visit.come(...many(2, "192.0.2.1")))).toEqual([220, 421]);
    await visit.clock.advance(minute / 2 - 1);
    expect(codes(await visit.come("192.0.2.1"))).toEqual([421]);
    await visit.clock.advance(1);
    expect(codes(await visit.come(...many(3, "192.0.2.1")))).toEqual([220, 220, 421]);
  });

  test("are counted by /64 where they are IPv6", async () => {
    const visit = new Visit(twoAMinute);
    const addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"];
    expect(codes(await visit.come(...addresses))).toEqual([220, 220, 421, 220]);
  });

  test("are not counted where no address is known", async () => {
    expect(codes(await new Visit(twoAMinute).come(...many(4, undefined)))).toEqual([220, 220, 220, 220]);
  });

  test("from loopback are counted as any other, and what is listed is exempt", async () => {
    expect(codes(await new Visit(twoAMinute).come(...many(3, "127.0.0.1")))).toEqual([220, 220, 421]);
    const rates: RateOptions = { ...twoAMinute.rates, exempt: ["127.0.0.0/8", "::1"] };
    const visit = new Visit({ rates });
    expect(codes(await visit.come(...many(3, "127.0.0.1"), ...many(3, "::1"), ...many(3, "192.0.2.1")))).toEqual([
      220, 220, 220, 220, 220, 220, 220, 220, 421,
    ]);
  });

  test("are any number by default", async () => {
    const visit = new Visit();
    for (let nth = 0; nth < 500; nth++) {
      const [visitor] = await visit.come("192.0.2.1");
      expect(codes([visitor ?? expect.fail()])).toEqual([220]);
      visitor?.leave();
      await visit.clock.advance(1);
    }
  });
});

describe("messages and recipients within a time", () => {
  test("beyond the most are answered 450 4.7.1, in whatever session, and the session goes on", async () => {
    const visit = new Visit({ rates: { messages: { most: 2, within: 10 * minute } } });
    const first = await said(visit, "192.0.2.1", hello + message.repeat(3));
    expect(first.codes).toEqual([220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 450, 503, 503, 500, 500]);
    expect(first.heard).toContain("450 4.7.1 ");
    const next = await said(visit, "192.0.2.1", `${hello}MAIL FROM:<a@b>\r\nNOOP\r\n`);
    expect(next.codes).toEqual([220, 250, 450, 250]);
    expect((await said(visit, "192.0.2.2", hello + message)).codes).toEqual([220, 250, 250, 250, 354, 250]);
    await visit.clock.advance(10 * minute);
    expect((await said(visit, "192.0.2.1", hello + message)).codes).toEqual([220, 250, 250, 250, 354, 250]);
  });

  test("that the application refuses are counted, those of no mail transaction are not", async () => {
    const visit = new Visit({
      rates: { recipients: { most: 3, within: 10 * minute } },
      onRecipient: () => reject(550, "5.1.1", "No such mailbox"),
    });
    const text = `${hello}RCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\n${"RCPT TO:<c@d>\r\n".repeat(5)}`;
    const visitor = await said(visit, "192.0.2.1", text);
    expect(visitor.codes).toEqual([220, 250, 503, 250, 550, 550, 550, 450, 450]);
    expect(visitor.heard).toContain("450 4.7.1 ");
  });

  test("that are refused for it are asked nobody about", async () => {
    const asked: string[] = [];
    const visit = new Visit({
      rates: { messages: { most: 1, within: minute }, recipients: { most: 1, within: minute } },
      onMail: () => void asked.push("mail"),
      onRecipient: () => void asked.push("recipient"),
    });
    const recipients = "RCPT TO:<c@d>\r\n".repeat(2);
    await said(visit, "192.0.2.1", `${hello}MAIL FROM:<a@b>\r\n${recipients}RSET\r\nMAIL FROM:<a@b>\r\n`);
    expect(asked).toEqual(["mail", "recipient"]);
  });
});

describe("failed authentications within a time", () => {
  const three: RateOptions = { failedAuthentications: { most: 3, within: 10 * minute } };

  test("beyond the most are answered 454 4.7.0 without a look at the password, the right one included", async () => {
    const passwords: string[] = [];
    const visit = new Visit(
      guarded(three, {
        onAuthenticate({ password }) {
          passwords.push(password);
          return reject(535, "5.7.8", "No");
        },
      }),
    );
    const visitor = await said(visit, "192.0.2.1", hello + guess.repeat(4) + knows);
    expect(visitor.codes).toEqual([220, 250, 535, 535, 535, 454, 454]);
    expect(visitor.heard).toContain("454 4.7.0 ");
    expect(passwords).toEqual(["wrong", "wrong", "wrong"]);
  });

  test("are answered 421 4.7.0 in place of the next greeting, whichever connections they were in", async () => {
    const visit = new Visit(guarded(three));
    const open = await said(visit, "192.0.2.1", hello + guess);
    for (let nth = 0; nth < 2; nth++) await said(visit, "192.0.2.1", `${hello}${guess}QUIT\r\n`);
    const [refused, other] = await visit.come("192.0.2.1", "192.0.2.2");
    expect(codes([refused ?? expect.fail(), other ?? expect.fail()])).toEqual([421, 220]);
    expect(refused?.heard).toMatch(/^421 4\.7\.0 /);
    expect(refused?.ended).toBe(true);
    open.say(knows);
    await visit.clock.advance(second);
    expect(open.codes).toEqual([220, 250, 535, 454]);
  });

  test("are forgiven once their time is over", async () => {
    const visit = new Visit(guarded(three));
    await said(visit, "192.0.2.1", hello + guess.repeat(3));
    expect(codes(await visit.come("192.0.2.1"))).toEqual([421]);
    await visit.clock.advance(10 * minute);
    expect((await said(visit, "192.0.2.1", hello + knows)).codes).toEqual([220, 250, 235]);
  });

  test("are thirty in ten minutes by default, from loopback too", async () => {
    for (const address of ["192.0.2.1", "127.0.0.1", "::1"]) {
      const visit = new Visit(guarded({}));
      const visitor = await said(visit, address, hello + guess.repeat(31));
      expect(visitor.codes.filter((code) => code === 535)).toHaveLength(30);
      expect(visitor.codes.at(-1)).toBe(454);
      await visit.clock.advance(9 * minute - 1);
      expect(codes(await visit.come(address))).toEqual([421]);
      await visit.clock.advance(1);
      expect(codes(await visit.come(address))).toEqual([220]);
    }
  });

  test("are any number where that is said", async () => {
    const visit = new Visit(guarded({ failedAuthentications: false }));
    const visitor = await said(visit, "192.0.2.1", hello + guess.repeat(100));
    expect(visitor.codes.filter((code) => code === 535)).toHaveLength(100);
  });

  test("are those refused for good, and not what succeeded, was garbled, or could not be looked up", async () => {
    const visit = new Visit(
      guarded(
        { failedAuthentications: { most: 1, within: minute } },
        {
          onAuthenticate: ({ password }) => (password === "open sesame" ? accept() : reject(454, "4.7.0", "Later")),
        },
      ),
    );
    for (const text of [knows, guess, "AUTH PLAIN !\r\n", "AUTH PLAIN\r\n*\r\n"])
      await said(visit, "192.0.2.1", `${hello}${text}QUIT\r\n`);
    expect(codes(await visit.come("192.0.2.1"))).toEqual([220]);
  });
});

describe("failed authentications by SCRAM", () => {
  test("are counted, too, and beyond the most nobody looks for the user's keys", async () => {
    const asked: string[] = [];
    const kept = memoryKeyStore({ user: await deriveKeys("open sesame") });
    const users: KeyStore = {
      ...kept,
      keys(user, hash) {
        asked.push(user);
        return kept.keys(user, hash);
      },
    };
    const clock = new VirtualClock();
    const server = new SmtpServer(
      {
        hostname: "mx.example.org",
        authentication: { users },
        rates: { failedAuthentications: { most: 2, within: 10 * minute } },
        timeouts: noDelays,
      },
      { clock, startTls: false },
    );
    const connected = (): Transport => {
      const [end, other] = pipe({ clock, secure: true });
      void server.accept(other);
      return end;
    };
    // Keys are derived outside of virtual time, which therefore stands still.
    const logIn = (password: string): Promise<unknown> =>
      openClient(connected(), { auth: { user: "user", password }, mechanisms: ["SCRAM-SHA-256"] }, clock).then(
        () => "authenticated",
        (error: unknown) => (error instanceof SmtpError ? error.failure.reply?.code : error),
      );
    const open = new WirePeer(connected());
    await open.reply();
    await open.ask("EHLO a.example");
    expect(await logIn("open sesame")).toBe("authenticated");
    expect([await logIn("wrong"), await logIn("wrong")]).toEqual([535, 535]);
    expect(await logIn("open sesame")).toBe(421);
    expect(await open.ask(`AUTH SCRAM-SHA-256 ${btoa("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")}`)).toMatch(
      /^454 4\.7\.0 /,
    );
    expect(asked).toEqual(["user", "user", "user"]);
  });
});

describe("a store of counts of the application's own", () => {
  const rates: RateOptions = {
    connections: { most: 2, within: minute },
    failedAuthentications: { most: 3, within: 2 * minute },
  };

  test("is asked about clients and told of what they did, and may take its time", async () => {
    const questions: RateQuestion[] = [];
    const visit: Visit = new Visit(
      guarded({
        ...rates,
        store: {
          count(question) {
            questions.push(question);
            return new Promise((resolve) => void visit.clock.after(second, () => resolve(question.add)));
          },
        },
      }),
    );
    await visit.clock.advance(5);
    await said(visit, "2001:db8::1", "EHLO a\r\n");
    const [visitor] = await visit.come("2001:db8::1");
    await visit.clock.advance(2 * second);
    visitor?.say(hello + guess);
    await visit.clock.advance(2 * second);
    expect(visitor?.codes).toEqual([220, 250, 535]);
    const client = "2001:db8::/64";
    expect(questions[0]).toEqual({ subject: "failedAuthentications", client, add: 0, within: 2 * minute, now: 5 });
    expect(questions[1]).toEqual({ subject: "connections", client, add: 1, within: minute, now: 5 + second });
    expect(questions.slice(4).map(({ subject, add }) => ({ subject, add }))).toEqual([
      { subject: "failedAuthentications", add: 0 },
      { subject: "failedAuthentications", add: 1 },
    ]);
  });

  test("may be shared by servers, which then hold a client to one rate", async () => {
    const sums = new Map<string, number>();
    const store: RateOptions["store"] = {
      async count({ subject, client, add }) {
        const sum = (sums.get(subject + client) ?? 0) + add;
        sums.set(subject + client, sum);
        return sum;
      },
    };
    const [one, other] = [new Visit({ rates: { ...rates, store } }), new Visit({ rates: { ...rates, store } })];
    expect(codes(await one.come("192.0.2.1"))).toEqual([220]);
    expect(codes(await other.come(...many(2, "192.0.2.1")))).toEqual([220, 421]);
  });

  test.each([
    {
      how: "throws",
      count: (): number => {
        throw new Error("no store");
      },
    },
    { how: "rejects", count: (): Promise<number> => Promise.reject(new Error("no store")) },
  ])("that $how makes an error event and keeps nobody out", async ({ count }) => {
    const visit = new Visit(guarded({ ...rates, store: { count } }));
    const errors: unknown[] = [];
    visit.server.on("error", ({ error }) => void errors.push(error));
    const visitor = await said(visit, "192.0.2.1", hello + guess + knows);
    expect(visitor.codes).toEqual([220, 250, 535, 235]);
    expect(errors).toHaveLength(5);
    expect(errors).toContainEqual(new Error("no store"));
  });

  test.each([
    { answer: "NaN", count: () => Number.NaN },
    { answer: "99", count: (): number => "99" as never },
    { answer: "undefined", count: (): Promise<number> => Promise.resolve(undefined as never) },
  ])(
    "that answers $answer, which is no number, makes an error event and keeps nobody out",
    async ({ answer, count }) => {
      const visit = new Visit(guarded({ ...rates, store: { count } }));
      const errors: string[] = [];
      visit.server.on("error", ({ error }) => void errors.push(String(error)));
      const visitor = await said(visit, "192.0.2.1", hello + guess + knows);
      expect(visitor.codes).toEqual([220, 250, 535, 235]);
      expect(errors).toEqual(
        Array<string>(5).fill(`TypeError: rates.store answered ${answer}: count() gives a number`),
      );
    },
  );

  test.each([
    { given: {}, wait: 2 * second },
    { given: { storeTimeout: 700 }, wait: 700 },
  ])(
    "that never answers is waited for $wait ms, makes an error event and keeps nobody out",
    async ({ given, wait }) => {
      const visit = new Visit({ rates: { ...rates, ...given, store: { count: () => new Promise<number>(() => {}) } } });
      const errors: string[] = [];
      visit.server.on("error", ({ error }) => void errors.push(String(error)));
      const [visitor] = await visit.come("192.0.2.1");
      await visit.clock.advance(wait - 1);
      expect(visitor?.codes).toEqual([]);
      await visit.clock.advance(1);
      expect(visitor?.codes).toEqual([220]);
      expect(errors).toEqual([`Error: rates.store has not answered within ${wait} ms`]);
    },
  );

  test("is not asked for failed authentications where there is no AUTH", async () => {
    const asked: string[] = [];
    const store: RateOptions["store"] = { count: ({ subject }) => asked.push(subject) };
    await new Visit({ rates: { store } }).come("192.0.2.1");
    expect(asked).toEqual([]);
    await new Visit(guarded({ store })).come("192.0.2.1");
    expect(asked).toEqual(["failedAuthentications"]);
  });

  test("that answers too late has no handler asked too late", async () => {
    const asked: string[] = [];
    const visit: Visit = new Visit({
      onConnection: () => void asked.push("connection"),
      timeouts: { decision: minute },
      rates: { ...rates, storeTimeout: Infinity, store: { count: () => later() } },
    });
    const later = () => new Promise<number>((resolve) => void visit.clock.after(2 * minute, () => resolve(0)));
    const [visitor] = await visit.come("192.0.2.1");
    await visit.clock.advance(10 * minute);
    expect(visitor?.codes[0]).toBeGreaterThanOrEqual(400);
    expect(asked).toEqual([]);
  });
});

describe("rates that are exceeded", () => {
  test("make an event that names the client and what it did", async () => {
    const once = { most: 1, within: 10 * minute };
    const rates = { connections: { most: 2, within: 10 * minute }, messages: once, recipients: once };
    const visit = new Visit(guarded({ ...rates, failedAuthentications: once }));
    const told: string[] = [];
    visit.server.on("rateExceeded", ({ session, subject }) => void told.push(`${subject} ${session.remote.address}`));
    const mail = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\nRSET\r\nMAIL FROM:<a@b>\r\n";
    await said(visit, "192.0.2.1", hello + mail);
    expect(told).toEqual(["recipients 192.0.2.1", "messages 192.0.2.1"]);
    await said(visit, "192.0.2.1", hello + guess.repeat(2));
    await visit.come("192.0.2.1");
    expect(told.slice(2)).toEqual(["failedAuthentications 192.0.2.1", "failedAuthentications 192.0.2.1"]);
    await visit.come(...many(3, "192.0.2.2"));
    expect(told.slice(4)).toEqual(["connections 192.0.2.2"]);
  });
});

describe("rates that make no sense", () => {
  test.each([
    { rates: { connections: { most: 0, within: 1 } }, named: "rates.connections.most" },
    { rates: { messages: { most: Number.NaN, within: 1 } }, named: "rates.messages.most" },
    { rates: { recipients: { most: 1, within: 0 } }, named: "rates.recipients.within" },
    { rates: { failedAuthentications: { most: 1, within: -1 } }, named: "rates.failedAuthentications.within" },
    { rates: { exempt: ["localhost"] }, named: '"localhost"' },
  ])("are refused by name: $named", ({ rates, named }) => {
    expect(() => new Visit({ rates })).toThrow(named);
  });
});

describe("our own client", () => {
  test("is told what it did too often, and that it may try again later", async () => {
    const { client, clock, connect } = await pair({
      hostname: "mx.example.org",
      rates: {
        connections: { most: 2, within: minute },
        messages: { most: 2, within: 10 * minute },
        recipients: { most: 2, within: 10 * minute },
      },
    });
    const mail: Message = { from: "a@b", to: ["c@d", "e@f", "g@h"], content: "x\r\n" };
    const answers = async (sender: SmtpClient): Promise<unknown[]> => {
      const { recipients, reply } = await clock.settle(sender.send(mail));
      return [...recipients.map((recipient) => recipient.reply?.code), reply?.code];
    };
    expect(await answers(client)).toEqual([250, 250, 450, 250]);
    await clock.settle(client.quit());
    const next = await clock.settle(connect());
    expect(await answers(next)).toEqual([450, 450, 450, undefined]);
    const { recipients } = await clock.settle(next.send(mail));
    expect(recipients[0]?.reply).toMatchObject({ code: 450, lines: [expect.stringContaining("messages")] });
    await clock.settle(next.quit());
    const failure = await clock.settle(connect()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "SmtpError", failure: { reply: { code: 421 } } });
    await clock.advance(minute);
    await clock.settle(connect());
  });
});

describe("over sockets", () => {
  test("server refuses a client that guesses passwords, and in time takes it again", async () => {
    const within = 2_000;
    const server = createServer({
      hostname: "localhost",
      ...guarded({ failedAuthentications: { most: 2, within }, connections: { most: 100, within: minute } }),
      timeouts: noDelays,
    });
    const { port } = await server.listen({ host: "127.0.0.1" });
    try {
      const guesser = await RawSocket.connect(port);
      guesser.say(hello + guess.repeat(3));
      expect(await guesser.replies(5)).toEqual([220, 250, 535, 535, 454]);
      const refused = await RawSocket.connect(port);
      await refused.ends();
      expect(refused.heard).toMatch(/^421 4\.7\.0 [^\r]+\r\n$/);
      await expect
        .poll(
          async () => {
            const another = await RawSocket.connect(port);
            const [code] = await another.replies(1);
            another.socket.destroy();
            return code;
          },
          { timeout: 4 * within },
        )
        .toBe(220);
      guesser.socket.destroy();
    } finally {
      await server.destroy();
    }
  });
});
