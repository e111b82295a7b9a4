// Scripted servers and clients in memory: the notation, the two modes, expectations as values, and what is told of a difference.

import { openClient, reject, SmtpServer, type SendResult } from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import {
  dialogue,
  DialogueError,
  expected,
  inTurn,
  scriptedClient,
  scriptedServer,
  ScriptError,
  world,
  type ScriptedPeer,
} from "@carteiro/testing";
import { describe, expect, expectTypeOf, test } from "vitest";

const mail = { from: "ana@example.org", to: "bia@example.net", content: "Subject: Hi\r\n\r\n.Hello!\r\n" };
const hello = `
  S: 220 mx.example.net ESMTP
  C: EHLO {name}
  S: 250 mx.example.net
`;
const sending = `${hello}
  C: MAIL FROM:<{from}>
  S: 250 2.1.0 OK
  C: RCPT TO:<{to}>
  S: 250 2.1.5 OK
  C: DATA
  S: 354 Go on
  C: {content**}
  C: .
  S: 250 2.6.0 Queued for {from}
  C: QUIT
  S: 221 Bye
` as const;

function refusedOf({ recipients }: SendResult): readonly string[] {
  return recipients.filter(({ accepted }) => !accepted).map(({ recipient }) => recipient.address);
}

describe("a scripted server", () => {
  test("says its lines, and keeps what stands in braces", async () => {
    const server = scriptedServer(sending);
    const client = await server.connect();
    const { reply } = await client.send(mail);
    expect(reply?.lines).toEqual(["Queued for ana@example.org"]);
    await client.quit();
    const { captures, dialogue: said } = await server.done;
    expectTypeOf(captures).toEqualTypeOf<{ readonly [Name in "name" | "from" | "to" | "content"]: string }>();
    expect(captures).toMatchObject({ from: "ana@example.org", to: "bia@example.net" });
    expect(captures.content).toBe("Subject: Hi\r\n\r\n.Hello!");
    expect(said.split("\n").slice(-5)).toEqual([
      "C: ..Hello!",
      "C: .",
      "S: 250 2.6.0 Queued for ana@example.org",
      "C: QUIT",
      "S: 221 Bye",
    ]);
  });

  test("looks at commands and content as values, whose captures have their types", async () => {
    const server = scriptedServer([
      "S: 220 mx\nC: EHLO *\nS: 250-mx\nS: 250-SIZE\nS: 250 8BITMIME",
      expected.mail({ from: "ana@EXAMPLE.ORG", size: 24 }).as("mail"),
      "S: 250 OK",
      expected.rcpt((to) => to.endsWith("@example.net")),
      "S: 250 OK\nC: DATA\nS: 354 Go on",
      expected.content("Subject: Hi\r\n\r\n.Hello!\r\n").as("content"),
      "S: 250 OK\nC: {last}\nS: 221 Bye",
    ]);
    const client = await server.connect();
    await client.send(mail);
    await client.quit();
    const { captures } = await server.done;
    expectTypeOf(captures.mail.verb).toEqualTypeOf<"MAIL">();
    expectTypeOf(captures.last).toEqualTypeOf<string>();
    expect(captures.mail.reversePath?.domain).toBe("example.org");
    expect(captures).toMatchObject({ last: "QUIT", content: mail.content });
  });

  test("is written as a template, in which backslashes stay and values stand for themselves", async () => {
    const name = "{*}\\";
    const server = scriptedServer(dialogue`
      S: 220 ${name}\r\n220 mx
      C: EHLO *
      S: 250 O\
      …
      S: K
      ${expected.command("QUIT")}
      S: 221 Bye
    `);
    const client = await server.connect();
    await client.quit();
    expect((await server.done).dialogue).toContain("S: 220 {*}\\\\");
  });

  test("takes commands in any order, each with its reply", async () => {
    const server = scriptedServer(`${hello}
      C: MAIL FROM:<ana@example.org>
      S: 250 OK
      … in any order
      C: RCPT TO:<a@example.net>
      S: 250 OK
      C: RCPT TO:<b@example.net>
      S: 450 4.2.0 Later
      C: RCPT TO:<c@example.net>
      S: 550 5.1.1 Never
      … in order
      C: DATA
      S: 354 Go on
      C: **
      S: 250 OK
      C: QUIT
      S: 221 Bye
    `);
    const client = await server.connect();
    const result = await client.send({ ...mail, to: ["c@example.net", "a@example.net", "b@example.net"] });
    expect(refusedOf(result)).toEqual(["c@example.net", "b@example.net"]);
    await client.quit();
    await server.done;
  });

  test("keeps time by any clock, says nothing, ends, resets", async () => {
    const clock = new VirtualClock();
    const slow = scriptedServer(`S: 220-wait\n… 30 s pass\nS: 220 mx\nC: EHLO *\n… within 10 min\nC: (closes)`, {
      clock,
    });
    const client = slow.connect({ timeouts: { hello: 60_000 } });
    await expect(clock.settle(client)).rejects.toThrow();
    expect((await clock.settle(slow.done)).dialogue).toMatch(/C: \(closes\)$/);
    expect(clock.now()).toBe(90_000);
    for (const deed of ["ends", "closes", "breaks"]) {
      const server = scriptedServer(`S: 220 mx\nC: EHLO *\nS: 250-mx\\\nS: (${deed})`);
      await expect(server.connect()).rejects.toThrow();
      await server.done;
    }
  });

  test("keeps which of several words came, and greets whoever says either", async () => {
    const server = scriptedServer("S: 220 mx\nC: {verb=EHLO|HELO} {name}\nS: 250 {name}\nC: {QUIT|RSET}\nS: 221 Bye");
    const client = scriptedClient("S: 220 {mx|my}\nC: HELO me\nS: 250 me\nC: QUIT\nS: 221 *");
    await client.connectTo(server);
    expect((await server.done).captures).toEqual({ verb: "HELO", name: "me" });
  });

  test("takes content by BDAT as a value", async () => {
    const server = scriptedServer([
      "… opened, offering PIPELINING, CHUNKING\nC: MAIL *\nS: 250 OK\nC: RCPT *\nS: 250 OK\nC: BDAT {size} LAST",
      expected.content(mail.content),
      "S: 250 OK\nC: QUIT\nS: 221 Bye",
    ]);
    const client = await server.connect();
    await client.send(mail);
    await client.quit();
    expect((await server.done).captures).toEqual({ size: "24" });
  });

  test("starts TLS where the script has it, and lets nobody speak before it", async () => {
    const script = `
      S: 220 mx
      C: EHLO *
      S: 250-mx
      S: 250 STARTTLS
      C: STARTTLS
      S: 220 Go on
      C: (TLS)
      C: EHLO *
      S: 250 mx
      C: QUIT
      S: 221 Bye`;
    const server = scriptedServer(script);
    const client = await server.connect({ startTls: "required" });
    await client.quit();
    await server.done;
    const strict = scriptedServer(script);
    const hasty = scriptedClient("S: 220 *\nC: EHLO a\nS: **\nC: STARTTLS\nC: NOOP\nS: 220 *\nS: (closes)");
    const told = hasty.connectTo(strict).catch(() => undefined);
    await expect(strict.done).rejects.toThrow(/said something in the clear before TLS, in line 8 /);
    await told;
  });

  test("has a dialogue for each connection", async () => {
    const server = scriptedServer(inTurn("S: 421 Try later\nS: (closes)", `${hello}C: QUIT\nS: 221 Bye`));
    await expect(server.connect()).rejects.toMatchObject({ failure: { reply: { code: 421 } } });
    await (await server.connect()).quit();
    const { captures, conversations } = await server.done;
    expectTypeOf(captures.name).toEqualTypeOf<string>();
    expect(conversations).toHaveLength(2);
    const same = scriptedServer(`${hello}C: QUIT\nS: 221 Bye`, { connections: 2 });
    for (let count = 0; count < 2; count++) await (await same.connect()).quit();
    await same.done;
  });

  test("stands in a world under a name", async () => {
    const around = world();
    const server = scriptedServer(`${hello}… 1 h pass\nC: QUIT\nS: 221 Bye`, { clock: around.clock });
    around.network.listen("mx.example.net", 25, server);
    await around.run(async () => {
      const client = await around.host("app.example.org").connect({ host: "mx.example.net", port: 25 });
      await client.quit();
      expect((await server.done).captures.name).toBe("app.example.org");
    });
    expect(around.clock.now()).toBeGreaterThan(3_600_000);
  });
});

describe("a tolerant server", () => {
  test("answers what the script does not have, and leaves parameters aside", async () => {
    const server = scriptedServer(
      `S: 220 mx
       C: EHLO somebody.else
       S: 250-mx
       S: 250-PIPELINING
       S: 250 SIZE
       C: MAIL FROM:<ana@example.org>
       S: 250 OK
       C: RCPT TO:<bia@EXAMPLE.net>
       S: 452 4.2.2 Full
       C: DATA
       S: 354 Go on
       C: **
       S: 250 2.6.0 OK`,
      { mode: "tolerant" },
    );
    const client = await server.connect();
    const result = await client.send({ ...mail, to: ["cy@example.net", mail.to, "dan@example.net"] });
    expect(refusedOf(result)).toEqual(["bia@example.net"]);
    await server.done;
    await client.quit();
  });

  test("tells what there is no sensible answer to", async () => {
    const server = scriptedServer(`${hello}C: MAIL FROM:<ana@example.org>\nS: 250 OK`, { mode: "tolerant" });
    const client = scriptedClient("S: 220 *\nC: EHLO a\nS: **\nC: NOOP\nS: 250 *\nC: DATA\nS: 421 *\nS: (closes)");
    const done = client.connectTo(server);
    await expect(server.done).rejects.toMatchObject({
      expected: "C: MAIL FROM:<ana@example.org>",
      received: "C: DATA",
    });
    await done;
  });
});

describe("a scripted client", () => {
  const server = () =>
    new SmtpServer(
      { hostname: "mx.example.com", onRecipient: () => reject(450, "4.2.0", "Greylisted") },
      { startTls: false },
    );

  test("speaks to a server of ours, with replies as lines, as values, and as whatever", async () => {
    const client = scriptedClient([
      "S: 220 {host} ESMTP*\nC: EHLO me.example\nS: 250-{host} *\nS: **",
      "C: MAIL FROM:<ana@example.org>\nC: RCPT TO:<bia@example.net>",
      expected.reply(250),
      expected.reply({ code: 450, enhanced: "4.2.0", text: "Greylisted" }).as("refusal"),
      "C: QUIT\nS: 221 *\nS: (closes)",
    ]);
    const { captures } = await client.connectTo(server());
    expect(captures).toMatchObject({ host: "mx.example.com", refusal: { code: 450 } });
  });

  test("goes by codes where it is tolerant", async () => {
    const script =
      "S: 220 hello\nC: EHLO me\nS: 250 whatever\nC: MAIL FROM:<a@example.org>\nS: 250 OK\nC: QUIT\nS: 221 Bye";
    await scriptedClient(script, { mode: "tolerant" }).connectTo(server());
    await expect(
      scriptedClient(script.replace("250 OK", "550 No"), { mode: "tolerant" }).connectTo(server()),
    ).rejects.toThrow(/line 5 /);
  });

  test("shows that a command ahead of its turn is answered in order", async () => {
    const early = dialogue`
      C: EHLO early.example
      C: MAIL FROM:<ana@example.org>
      S: 554 *
      S: (closes)
    `;
    const { dialogue: said } = await scriptedClient(early).connectTo(
      new SmtpServer(
        { hostname: "mx.example.com", greetPause: 2_000, onRecipient: () => undefined },
        { startTls: false },
      ),
    );
    expect(said).toContain("S: 554");
  });
});

describe("a difference", () => {
  /** What comes of a client that quits, or sends. */
  async function failure(peer: ScriptedPeer<unknown>): Promise<ScriptError> {
    try {
      await peer.done;
    } catch (error) {
      if (error instanceof ScriptError) return error;
      throw error;
    }
    throw new Error("It went as the script has it");
  }

  test("is told with the line, both texts and the dialogue", async () => {
    const server = scriptedServer(
      "S: 220 mx\nC: EHLO client.example\nS: 250 mx\nC: MAIL FROM:<ana@example.com>\nS: 250 OK",
    );
    const client = await server.connect({ hostname: "client.example" });
    await expect(client.send(mail)).rejects.toMatchObject({ failure: { reply: { code: 421 } } });
    const error = await failure(server);
    expect(error).toMatchObject({ line: 4, received: "C: MAIL FROM:<ana@example.org>" });
    expect(error.message).toBe(`It was said otherwise, in line 4 of the script
  expected  C: MAIL FROM:<ana@example.com>
  received  C: MAIL FROM:<ana@example.org>
                                      ^

So far:
  S: 220 mx
  C: EHLO client.example
  S: 250 mx`);
  });

  test("is told of silence, ends, surplus and limits", async () => {
    const quiet = scriptedServer("S: 220 mx\nC: EHLO *\nS: 250 mx\nC: MAIL *", { within: 20 });
    const idle = await quiet.connect();
    expect((await failure(quiet)).message).toMatch(/^The client said nothing for 20 ms, in line 4 /);
    await expect(idle.quit()).resolves.toBeUndefined();

    const left = scriptedServer(`${hello}C: MAIL *`);
    (await left.connect()).destroy();
    expect(await failure(left)).toMatchObject({ received: "C: (ends)" });

    const short = scriptedServer(hello);
    const surplus = scriptedClient("S: 220 *\nC: EHLO a\nC: QUIT\nS: **");
    await surplus.connectTo(short).catch(() => undefined);
    expect((await failure(short)).message).toMatch(/^The script is over, and more was said\n  received  C: QUIT/);

    const small = scriptedServer("S: 220 mx\nC: EHLO *\nS: 250 mx", { limits: { line: 10 } });
    await small.connect().catch(() => undefined);
    expect((await failure(small)).message).toContain("beyond the limits: line too long");
  });

  test("is told where nobody comes, too many come, or the peer is closed", async () => {
    expect((await failure(scriptedServer(hello, { within: 10 }))).message).toMatch(/^Nobody has connected for 10 ms/);
    const one = scriptedServer(sending);
    await one.connect();
    await expect(one.connect()).rejects.toThrow();
    expect((await failure(one)).message).toMatch(/^One more connection came/);
    await using closed = scriptedServer(sending);
    await closed.connect();
    await closed.close();
    expect((await failure(closed)).message).toMatch(/^The peer was closed/);
  });

  test("leaves no timer behind where the peer is closed", async () => {
    for (const step of ["… 10 min pass", "… within 10 min\nC: MAIL *"]) {
      const clock = new VirtualClock();
      const server = scriptedServer(`${hello}${step}`, { clock });
      const client = await clock.settle(server.connect());
      await clock.advance(1);
      await server.close();
      client.destroy();
      await clock.run();
      expect(clock.now()).toBeLessThan(10_000);
    }
  });

  test("has the error that a check has thrown", async () => {
    const server = scriptedServer([
      hello,
      expected.mail({
        from: (address) => {
          expect(address).toBe("nobody@example.org");
        },
      }),
    ]);
    const client = await server.connect();
    await client.send(mail).catch(() => undefined);
    const error = await failure(server);
    expect(error.message).toContain("expected 'ana@example.org' to be 'nobody@example.org'");
    expect(error.cause).toMatchObject({ name: "AssertionError" });
  });
});

describe("what is no dialogue", () => {
  test.each([
    ["X: hello", "Line 1: a line begins with"],
    ["S: 220 mx\nC: EHLO \\q", "Line 2: no such escape"],
    ["S: 250 {from}", "Line 1: no line before keeps {from}"],
    ["C: {a b}", "Line 1: {a b} is no name"],
    ["C: abc*\\", "Line 1: a line without its end"],
    ["… 3 weeks pass", "Line 1: no such time"],
    ["… opens", "Line 1: no such direction"],
    ["… in any order\nS: 250 OK", "Line 2: what comes in any order"],
    ["… in any order\nC: **", "Line 2: only lines"],
  ])("is refused: %j", (text, message) => {
    expect(() => scriptedServer(text)).toThrow(DialogueError);
    expect(() => scriptedServer(text)).toThrow(message);
  });

  test("is refused where an expectation is for the other side, or within a line", () => {
    expect(() => scriptedServer([expected.reply(250)])).toThrow("this is for the server to say");
    expect(() => dialogue`C: MAIL ${expected.rcpt()}`).toThrow("a line of its own");
  });
});

test("openClient takes a scripted server's transport", async () => {
  const server = scriptedServer(`${hello}C: QUIT\nS: 221 Bye`);
  const client = await openClient(server.transport(), { hostname: "a.example" });
  await client.quit();
  expect((await server.done).captures.name).toBe("a.example");
});
