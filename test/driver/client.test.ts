// The client's API against a server that says what a test tells it to.

import { InvalidValueError, LocalProtocolError } from "@carteiro/core";
import { openClient, SmtpClient, type ClientOptions, type ContentSource } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { answer, content, failure, greet, message, opened, opening, take } from "../support/client-rig.ts";
import { settled } from "../support/fake-transport.ts";
import { ascii } from "../support/transfers.ts";
import { WirePeer } from "../support/wire-peer.ts";

describe("opening a session", () => {
  test("client knows greeting and capabilities once it is open", async () => {
    const { client } = await opened(["SIZE 1000"]);
    expect(client.greeting).toMatchObject({ code: 220, lines: ["mx.example.org"] });
    expect(client.capabilities).toBeDefined();
    expect([client.usable, client.tls]).toEqual([true, undefined]);
  });

  test("client that is refused rejects with the reply, and is gone", async () => {
    const { server, opening: open, clock } = opening();
    await server.say("554 5.7.1 No");
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    const error = await failure(open);
    expect(error).toMatchObject({
      failure: { kind: "refused", reply: { code: 554 } },
      result: undefined,
      uncertain: false,
    });
    expect(error.message).toBe("The server refused in expectingGreeting: 554 5.7.1 No");
    expect(await clock.settle(server.rest())).toBe("");
  });

  test("client that was not awaited says at the first message why it could not be opened", async () => {
    const clock = new VirtualClock();
    const [clientEnd, serverEnd] = pipe({ clock });
    const client = new SmtpClient(clientEnd, {}, clock);
    await new WirePeer(serverEnd).say("554 5.7.1 No");
    expect(await failure(clock.settle(client.send(message)))).toMatchObject({
      failure: { kind: "refused", reply: { code: 554 } },
    });
  });

  test("client whose options make no sense rejects", async () => {
    await expect(opening({ hostname: "not a name" }).opening).rejects.toBeInstanceOf(InvalidValueError);
  });

  test.each([
    ["connected", async () => undefined],
    ["greeted", (server: WirePeer) => server.say("220 mx.example.org")],
    ["introduced", (server: WirePeer) => greet(server, ["STARTTLS", "AUTH PLAIN"])],
    [
      "about to start TLS",
      async (server: WirePeer) => {
        await greet(server, ["STARTTLS"]);
        await server.line();
        await server.say("220 Go on");
      },
    ],
    [
      "authenticating",
      async (server: WirePeer) => {
        await greet(server, ["STARTTLS"]);
        await answer(server, "220 Go on");
        await server.transport.startTls();
        await answer(server, "250-mx\r\n250 AUTH PLAIN");
        await server.line();
      },
    ],
  ])("client that is aborted when %s rejects with the reason, and leaves no connection", async (_, upTo) => {
    const controller = new AbortController();
    const rig = opening({ signal: controller.signal, auth: { user: "ana", password: "secret" } });
    await upTo(rig.server);
    await settled();
    controller.abort(new Error("not any more"));
    await expect(rig.opening).rejects.toThrow("not any more");
    await rig.clock.settle(rig.server.rest());
    expect(rig.clock.now()).toBe(0);
  });

  test("client with a signal that is aborted already never speaks, and closes the transport", async () => {
    const { opening: open, server } = opening({ signal: AbortSignal.abort(new Error("never")) });
    await expect(open).rejects.toThrow("never");
    expect(await server.rest()).toBe("");
  });

  test("a signal for the opening means nothing once the session is open", async () => {
    const controller = new AbortController();
    const { client, server } = await opened(["PIPELINING"], { signal: controller.signal });
    controller.abort();
    const sending = client.send(message);
    await take(server);
    expect((await sending).recipients[0]?.accepted).toBe(true);
  });

  test("client whose server says nothing gives up after the greeting's timeout", async () => {
    const { opening: open, clock } = opening();
    expect(await failure(clock.settle(open))).toMatchObject({
      failure: { kind: "timeout", during: "expectingGreeting" },
    });
    expect(clock.now()).toBeGreaterThanOrEqual(300_000);
  });

  test("client that must have TLS gets none: it says why and sends no password", async () => {
    const { server, opening: open } = opening({ auth: { user: "ana", password: "secret" } });
    await greet(server, ["AUTH PLAIN"]);
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    expect(await failure(open)).toMatchObject({ failure: { kind: "tlsUnavailable" } });
  });

  test("client whose TLS handshake fails rejects with its cause", async () => {
    const cause = new Error("bad certificate");
    const { server, opening: open } = opening({ startTls: "required" }, { tlsFailure: { client: cause } });
    await greet(server, ["STARTTLS"]);
    await answer(server, "220 Go on");
    await server.transport.startTls().catch(() => undefined);
    const error = await failure(open);
    expect(error).toMatchObject({ failure: { kind: "tlsFailed" }, cause });
    expect(error.message).toContain("bad certificate");
  });

  test("a trace that throws ends the session, and its error is the cause", async () => {
    const { server, opening: open } = opening({
      onTrace: () => {
        throw new Error("trace");
      },
    });
    await server.say("220 mx.example.org");
    expect(String((await failure(open)).cause)).toBe("Error: trace");
  });

  test("trace shows the dialogue, with secrets replaced", async () => {
    const lines: string[] = [];
    const options: ClientOptions = {
      auth: { user: "ana", password: "secret" },
      allowAuthInClear: true,
      startTls: "never",
      onTrace: ({ from, line }) => void lines.push(`${from === "client" ? "C" : "S"}: ${line}`),
    };
    const { server, opening: open } = opening(options);
    await greet(server, ["AUTH PLAIN"]);
    await answer(server, "235 Welcome");
    await open;
    expect(lines.slice(3)).toEqual(["S: 250 AUTH PLAIN", "C: AUTH PLAIN *", "S: 235 Welcome"]);
  });
});

describe("sending", () => {
  const kinds: [string, () => ContentSource][] = [
    ["a string", () => "Subject: Hi\n\n.Hello!"],
    ["octets", () => ascii("Subject: Hi\r\n\r\n.Hello!\r\n")],
    ["an array", () => ["Subject: Hi\r\n", ascii("\r\n.Hel"), "lo!"]],
    ["a web stream", () => new Blob(["Subject: Hi\r\n\r\n.Hello!"]).stream()],
    [
      "an async iterable",
      async function* () {
        yield "Subject: Hi\r";
        await settled();
        yield "\n\r\n.Hello!\r\n";
      },
    ],
  ].map(
    ([name, source]) => [name, typeof source === "function" ? source : () => source] as [string, () => ContentSource],
  );

  test.each(kinds)("client sends %s", async (_, source) => {
    const { client, server } = await opened();
    const sending = client.send({ ...message, content: source() });
    const heard = await take(server);
    expect(heard.slice(3)).toEqual(["Subject: Hi", "", "..Hello!"]);
    expect(await sending).toMatchObject({ reply: { code: 250 }, recipients: [{ accepted: true }] });
  });

  test("client says the size as it is sent, and 8BITMIME where it is needed", async () => {
    const { client, server } = await opened(["SIZE", "8BITMIME"]);
    const sending = client.send({ ...message, content: "Olá\nmundo" });
    expect((await take(server))[0]).toBe("MAIL FROM:<a@example.org> SIZE=13 BODY=8BITMIME");
    await sending;
    const plain = client.send({ ...message, content: "Hello" });
    expect((await take(server))[0]).toBe("MAIL FROM:<a@example.org> SIZE=7");
    await plain;
    const unknown = client.send({ ...message, content: ["Hello"], size: 99 });
    expect((await take(server))[0]).toBe("MAIL FROM:<a@example.org> SIZE=99 BODY=8BITMIME");
    await unknown;
  });

  test("client gives each recipient's own result", async () => {
    const { client, server } = await opened();
    const to = ["b@example.org", { recipient: "c@example.net" }, "d@example.org"];
    const sending = client.send({ ...message, to });
    await answer(server, "250 OK", "250 OK", "550 5.1.1 Nobody", "450 Busy", "354 Go on");
    await content(server);
    await server.say("250 2.6.0 Taken");
    const { recipients } = await sending;
    expect(recipients.map(({ recipient, accepted, reply }) => [recipient.address, accepted, reply?.code])).toEqual([
      ["b@example.org", true, 250],
      ["c@example.net", false, 550],
      ["d@example.org", false, 450],
    ]);
  });

  test("client resolves although the server refuses every recipient, and never touches the content", async () => {
    const { client, server } = await opened([]);
    let begun = false;
    async function* source() {
      begun = true;
      yield "never";
    }
    const sending = client.send({ ...message, content: source() });
    await answer(server, "250 OK", "550 5.1.1 Nobody", "250 Reset");
    expect(await sending).toMatchObject({ recipients: [{ accepted: false, reply: { code: 550 } }], reply: undefined });
    expect([begun, client.usable]).toEqual([false, true]);
  });

  test("client rejects what is no address or cannot be sent here at once, and goes on", async () => {
    const { client, server } = await opened();
    await expect(client.send({ ...message, to: "no address" })).rejects.toBeInstanceOf(InvalidValueError);
    await expect(client.send({ ...message, from: "a@b\r\nRSET" })).rejects.toBeInstanceOf(InvalidValueError);
    await expect(client.send({ ...message, to: [] })).rejects.toBeInstanceOf(LocalProtocolError);
    await expect(client.send({ ...message, to: "olá@example.org" })).rejects.toBeInstanceOf(LocalProtocolError);
    const injected = { keyword: "X", value: "1\r\nRSET" } as never;
    await expect(client.send({ ...message, parameters: [injected] })).rejects.toThrow();
    const sending = client.send(message);
    await take(server);
    await sending;
  });

  test("concurrent calls queue up in order", async () => {
    const { client, server } = await opened();
    const subjects = ["one", "two", "three"];
    const sending = subjects.map((content) => client.send({ ...message, content }));
    const asked = client.noop();
    for (const subject of subjects) expect((await take(server)).at(-1)).toBe(subject);
    expect(await answer(server, "250 Still here")).toEqual(["NOOP"]);
    await Promise.all(sending);
    expect((await asked).lines).toEqual(["Still here"]);
  });

  test("client asks NOOP, RSET, VRFY, EXPN and HELP, and gives the replies as they are", async () => {
    const { client, server } = await opened();
    const asked = [
      client.noop(),
      client.reset(),
      client.verify("ana"),
      client.expand("list"),
      client.help(),
      client.help("MAIL"),
    ];
    const heard = await answer(server, "250 OK", "250 OK", "252 Perhaps", "550 No", "214 Help", "504 None");
    expect(heard).toEqual(["NOOP", "RSET", "VRFY ana", "EXPN list", "HELP", "HELP MAIL"]);
    expect((await Promise.all(asked)).map(({ code }) => code)).toEqual([250, 250, 252, 550, 214, 504]);
    await expect(client.verify("ana\r\nRSET")).rejects.toBeInstanceOf(InvalidValueError);
    expect(client.usable).toBe(true);
  });

  test("small pieces leave together", async () => {
    const sizes: number[] = [];
    const clock = new VirtualClock();
    const tap = (direction: string, octets: Uint8Array) => void (direction === "toServer" && sizes.push(octets.length));
    const [clientEnd, serverEnd] = pipe({ clock, tap });
    const server = new WirePeer(serverEnd);
    const open = openClient(clientEnd, {}, clock);
    await greet(server, ["PIPELINING"]);
    const client = await open;
    async function* lines() {
      for (let line = 0; line < 10_000; line++) yield "Hello, world!\r\n";
    }
    const sending = client.send({ ...message, content: lines() });
    expect((await take(server)).length).toBe(10_003);
    await sending;
    expect(sizes.length).toBeLessThan(20);
  });

  test("client holds content back as long as the server takes none", async () => {
    const { client, server } = await opened();
    let produced = 0;
    async function* source() {
      for (; produced < 5_000_000; produced += 10_000) yield new Uint8Array(10_000).fill(120);
    }
    const sending = client.send({ ...message, content: source() });
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await settled();
    await settled();
    expect(produced).toBeLessThan(300_000);
    await content(server);
    await server.say("250 OK");
    await sending;
    expect(produced).toBe(5_000_000);
  });

  test("client that was told to keep no bare newline aborts instead of sending half of it for the whole", async () => {
    const { client, server } = await opened(["PIPELINING"], { bareNewlines: "reject" });
    const sending = failure(client.send({ ...message, content: "one\r\ntwo\nthree" }));
    await answer(server, "250 OK", "250 OK", "354 Go on");
    expect(await server.rest()).not.toContain("\r\n.\r\n");
    expect(await sending).toMatchObject({ failure: { kind: "aborted" }, uncertain: false });
  });
});

describe("sessions that fail", () => {
  test("send after the server has closed says so clearly", async () => {
    const { client, server, clock } = await opened();
    await server.say("421 4.4.2 Idle for too long");
    await server.transport.end();
    await clock.settle(client.closed);
    expect(client.usable).toBe(false);
    const error = await failure(client.send(message));
    expect(error).toMatchObject({ failure: { kind: "serviceClosing", reply: { code: 421 } }, result: undefined });
    expect(error.message).toContain("The server is closing the connection in ready: 421 4.4.2 Idle for too long");
  });

  test("send after quit says so clearly", async () => {
    const { client, server, clock } = await opened();
    const quit = clock.settle(client.quit());
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    await server.transport.end();
    await quit;
    await expect(client.send(message)).rejects.toThrow(/the session is over; open another/);
    await expect(client.noop()).rejects.toThrow(/the session is over/);
    await client.quit();
  });

  const stages: [string, readonly string[], { uncertain: boolean; contentEnded: boolean }][] = [
    ["MAIL", [], { uncertain: false, contentEnded: false }],
    ["RCPT", ["250 OK"], { uncertain: false, contentEnded: false }],
    ["DATA", ["250 OK", "250 OK"], { uncertain: false, contentEnded: false }],
    ["the content", ["250 OK", "250 OK", "354 Go on"], { uncertain: true, contentEnded: true }],
  ];

  test.each(stages)("a connection lost after %s leaves a result that says what is known", async (_, replies, known) => {
    const { client, server } = await opened();
    const sending = failure(client.send(message));
    await answer(server, ...replies);
    if (known.contentEnded) await content(server);
    await settled();
    server.transport.destroy();
    expect(await sending).toMatchObject({
      ...known,
      result: { recipients: [{ accepted: false }], uncertain: known.uncertain },
    });
  });

  test.each(stages)(
    "421 after %s is told with its reply, and nothing is uncertain",
    async (_, replies, { contentEnded }) => {
      const { client, server } = await opened();
      const sending = failure(client.send(message));
      await answer(server, ...replies);
      if (contentEnded) await content(server);
      await server.say("421 4.3.2 Going down");
      const expected = { failure: { kind: "serviceClosing", reply: { code: 421 } }, uncertain: false, contentEnded };
      expect(await sending).toMatchObject(expected);
    },
  );

  test("replies that all come at once lose nothing: neither the go-ahead nor what follows it", async () => {
    const { client, server } = await opened();
    const sending = failure(client.send(message));
    await server.say("250 OK", "250 OK", "354 Go on", "421 4.3.2 Going down");
    expect(await sending).toMatchObject({ failure: { kind: "serviceClosing" }, result: { uncertain: false } });
  });

  test("a server that refuses in the midst of content ends the sending, although the source gives nothing more", async () => {
    const { client, server } = await opened();
    let cancelled = false;
    const source = new ReadableStream<string>({
      start: (controller) => controller.enqueue("Subject: Hi\r\n"),
      cancel: () => void (cancelled = true),
    });
    const sending = failure(client.send({ ...message, content: source }));
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await settled();
    await server.say("552 5.3.4 Too much");
    expect(await sending).toMatchObject({ failure: { kind: "refused", reply: { code: 552 } }, contentEnded: false });
    expect(cancelled).toBe(true);
  });

  test("content that throws rejects with what it threw, and the server gets no final dot", async () => {
    const { client, server, clock } = await opened();
    async function* source() {
      yield "Subject: Hi\r\n";
      await settled();
      throw new Error("the file is gone");
    }
    const sending = expect(client.send({ ...message, content: source() })).rejects.toThrow("the file is gone");
    await answer(server, "250 OK", "250 OK", "354 Go on");
    expect(await clock.settle(server.rest())).not.toContain("\r\n.\r\n");
    await sending;
    expect(client.usable).toBe(false);
    await expect(client.send(message)).rejects.toThrow("the file is gone");
  });

  test("content of a wrong type rejects likewise", async () => {
    const { client, server } = await opened();
    const sending = expect(client.send({ ...message, content: [42] as never })).rejects.toBeInstanceOf(TypeError);
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await sending;
  });

  test("a source is ended when the session is", async () => {
    const { client, server } = await opened();
    let ended = false;
    async function* source() {
      try {
        for (;;) {
          yield "more\r\n";
          await settled();
        }
      } finally {
        ended = true;
      }
    }
    const sending = failure(client.send({ ...message, content: source() }));
    await answer(server, "250 OK", "250 OK", "354 Go on");
    await settled();
    server.transport.destroy();
    await sending;
    await settled();
    expect(ended).toBe(true);
  });

  test("destroying rejects what is under way and what is queued", async () => {
    const { client, server } = await opened();
    const sending = [failure(client.send(message)), failure(client.send(message)), failure(client.noop())];
    await answer(server, "250 OK");
    const closed: unknown[] = [];
    client.on("close", (event) => void closed.push(event));
    client.destroy(new Error("enough"));
    client.destroy();
    const [first, ...others] = await Promise.all(sending);
    expect(first).toMatchObject({ failure: { kind: "aborted" }, result: { uncertain: false } });
    expect(others.map((error) => [error.failure.kind, String(error.cause)])).toEqual(
      [1, 2].map(() => ["aborted", "Error: enough"]),
    );
    expect(closed).toMatchObject([{ failure: { kind: "aborted" }, error: { message: "enough" } }]);
    await client.closed;
  });
});

describe("aborting a message", () => {
  const replies = ["250 OK", "250 OK", "354 Go on"];

  test.each([
    ["MAIL is answered", 0, false],
    ["RCPT is answered", 1, false],
    ["DATA is answered", 2, false],
    ["content comes", 3, false],
    ["the content is answered", 3, true],
  ])(
    "before %s rejects with the reason, ends the session, and leaves no final dot that was not there",
    async (_, count, whole) => {
      const { client, server, clock } = await opened([]);
      const controller = new AbortController();
      const stalled = new ReadableStream<string>({ start: (source) => source.enqueue("Subject: Hi\r\n") });
      const sending = client.send({
        ...message,
        content: whole ? "Subject: Hi\r\n" : stalled,
        signal: controller.signal,
      });
      await answer(server, ...replies.slice(0, count));
      if (whole) await content(server);
      else await settled();
      controller.abort(new Error("not any more"));
      await expect(sending).rejects.toThrow("not any more");
      await expect(clock.settle(server.rest())).resolves.not.toContain(".\r\n");
      await client.closed;
    },
  );

  test("whose content has been sent says that it may have been accepted, with the reason as the cause", async () => {
    const { client, server } = await opened([]);
    const controller = new AbortController();
    const reason = new Error("not any more");
    const sending = failure(client.send({ ...message, content: "Subject: Hi\r\n", signal: controller.signal }));
    await answer(server, ...replies);
    await content(server);
    controller.abort(reason);
    expect(await sending).toMatchObject({ failure: { kind: "aborted" }, uncertain: true, cause: reason });
  });

  test("that waits for its turn rejects at once, and leaves the session and the others alone", async () => {
    const { client, server } = await opened();
    const controller = new AbortController();
    const first = client.send(message);
    const second = client.send({ ...message, signal: controller.signal });
    const third = client.send({ ...message, content: "third" });
    await settled();
    controller.abort(new Error("not any more"));
    await expect(second).rejects.toThrow("not any more");
    await take(server);
    expect((await take(server)).at(-1)).toBe("third");
    await Promise.all([first, third]);
    expect(client.usable).toBe(true);
  });

  test("leaves nothing at a signal that is used for many messages", async () => {
    const { client, server } = await opened();
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      listeners += 1;
      add(...given);
    };
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...given);
    };
    for (let index = 0; index < 5; index++) {
      const sending = client.send({ ...message, signal });
      await take(server);
      await sending;
    }
    await settled();
    expect(listeners).toBe(0);
  });
});

describe("aborting a question", () => {
  test("rejects with the reason and ends the session, or leaves it alone where its turn had not come", async () => {
    const { client, server } = await opened();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = client.verify("ana", { signal: one.signal });
    const second = client.noop({ signal: two.signal });
    first.catch(() => undefined);
    await settled();
    two.abort(new Error("second"));
    await expect(second).rejects.toThrow("second");
    expect(await answer(server, "252 Perhaps")).toEqual(["VRFY ana"]);
    await settled();
    expect(client.usable).toBe(true);
    expect((await first).code).toBe(252);
    const third = client.help("", { signal: one.signal });
    await settled();
    one.abort(new Error("third"));
    await expect(third).rejects.toThrow("third");
    await client.closed;
  });
});

describe("quitting", () => {
  test("quit that is aborted ends at once", async () => {
    const { client, clock } = await opened();
    const controller = new AbortController();
    const quit = client.quit({ signal: controller.signal });
    await settled();
    controller.abort();
    await quit;
    expect(clock.now()).toBe(0);
    await client.quit({ signal: controller.signal });
  });

  test("send while a session says QUIT of its own says so clearly", async () => {
    const { client, clock } = await opened(["PIPELINING"], { timeouts: { idle: 10_000 } });
    await clock.advance(10_000);
    const error = await failure(client.send(message));
    expect([error.result, error.message]).toEqual([
      undefined,
      expect.stringContaining("the session is over; open another"),
    ]);
  });

  test("quit waits for what is queued, and for the connection to close", async () => {
    const { client, server, clock } = await opened();
    const sending = client.send(message);
    const quit = clock.settle(client.quit());
    await take(server);
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    await server.transport.end();
    await Promise.all([sending, quit]);
    expect(client.usable).toBe(false);
  });

  test("quit ends although the server does not answer it", async () => {
    const { client, clock } = await opened();
    await clock.settle(client.quit());
    expect(clock.now()).toBeLessThanOrEqual(5_000 + 1_000);
  });

  test("disposal quits", async () => {
    const { clock, server, opening: open } = opening();
    await greet(server, []);
    let closed = false;
    const block = (async () => {
      await using client = await open;
      void client.closed.then(() => (closed = true));
    })();
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    await clock.settle(block);
    expect(closed).toBe(true);
  });

  test("a session without use says QUIT after its idle timeout", async () => {
    const { client, server, clock } = await opened(["PIPELINING"], { timeouts: { idle: 10_000 } });
    await clock.advance(10_000);
    expect(await answer(server, "221 Bye")).toEqual(["QUIT"]);
    await clock.settle(client.closed);
    await expect(client.send(message)).rejects.toThrow(/the session is over/);
  });
});
