// Peers that take their time to keep a connection, or that go silent: each is cut off within the time that its state names.

import { defaultClientTimeouts, defaultServerTimeouts } from "@carteiro/core";
import { accept, openClient, SmtpError, SmtpServer, type Message, type ServerOptions } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { Promised } from "../support/promised.ts";
import { faultyPipe } from "../support/faulty-transport.ts";
import { codesOf, RawClient } from "../support/raw-peers.ts";
import { latin1, octetsOf } from "../support/session-harness.ts";

const minute = 60_000;
const hello = "EHLO a.example\r\n";
const upToContent = `${hello}MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n`;

type Options = Omit<ServerOptions, "hostname">;

/** Sends one octet a period for as long as the server listens; gives for how long that was. */
async function dribble(client: RawClient, octets: string, period: number): Promise<number> {
  const began = client.clock.now();
  for (let at = 0; !client.closed; at++) {
    await client.say(octets.charAt(at % octets.length));
    await client.clock.advance(period);
    expect(client.clock.now() - began).toBeLessThan(100_000_000);
  }
  return client.clock.now() - began;
}

async function connected(said: string, options: Options = {}): Promise<RawClient> {
  const client = await RawClient.connect(options);
  await client.say(said);
  return client;
}

describe("a server", () => {
  const authentication: Options = { authentication: { allowInClear: true }, onAuthenticate: () => accept() };

  test.each([
    { name: "the first command", said: "", octets: hello },
    { name: "a command", said: hello, octets: "MAIL FROM:<a.long.name@example.org>\r\n" },
    {
      name: "a command in a transaction",
      said: `${hello}MAIL FROM:<a@b>\r\n`,
      octets: "RCPT TO:<a.long.name@example.org>\r\n",
    },
    {
      name: "a SASL response",
      said: `${hello}AUTH PLAIN\r\n`,
      octets: "AHVzZXIAcGFzc3dvcmQ=\r\n",
      options: authentication,
    },
    { name: "a line without an end", said: hello, octets: "x" },
  ])("cuts off a client that sends $name at an octet a minute", async ({ said, octets, options }) => {
    const client = await connected(said, options);
    const taken = await dribble(client, octets, minute);
    expect(taken).toBeLessThanOrEqual(defaultServerTimeouts.command + minute);
    expect(codesOf(client.heard).at(-1)).toBe(421);
  });

  test("cuts off a client that sends content at an octet a minute", async () => {
    const aborted: unknown[] = [];
    const client = await connected(upToContent, {
      onMessage: ({ content }) =>
        content.bytes().then(
          () => accept(),
          (error: unknown) => void aborted.push(error),
        ),
    });
    expect(await dribble(client, "x\r\n", minute)).toBeLessThanOrEqual(defaultServerTimeouts.content + minute);
    expect(codesOf(client.heard).at(-1)).toBe(421);
    expect(aborted).toMatchObject([{ name: "ContentAbortedError" }]);
  });

  test("cuts off a client that sends content that is refused at an octet a minute", async () => {
    const client = await connected(`${upToContent}bare\n`);
    expect(await dribble(client, "x\r\n", minute)).toBeLessThanOrEqual(defaultServerTimeouts.content + minute);
  });

  test("cuts off a client that sends less than a hundred octets a second on the whole", async () => {
    const client = await connected(upToContent, { limits: { messageSize: Infinity } });
    const line = `${"x".repeat(5_898)}\r\n`;
    for (let minutes = 0; !client.closed && minutes < 1_000; minutes++) {
      await client.say(line);
      await client.clock.advance(minute);
    }
    expect(client.clock.now()).toBeGreaterThanOrEqual(defaultServerTimeouts.content);
    expect(client.clock.now()).toBeLessThanOrEqual(defaultServerTimeouts.content + minute);
    expect(codesOf(client.heard).at(-1)).toBe(421);
  });

  test("takes content as long as a thousand octets come in its time, but no session for longer than a day", async () => {
    const client = await connected(upToContent, { limits: { messageSize: Infinity, contentRate: 0 } });
    const block = `${"x".repeat(998)}\r\n`;
    const period = defaultServerTimeouts.content - 1;
    let blocks = 0;
    for (; !client.closed && blocks < 1_000; blocks++) {
      await client.say(block);
      await client.clock.advance(period);
    }
    expect(client.clock.now()).toBeLessThanOrEqual(defaultServerTimeouts.session + period);
    expect(client.clock.now()).toBeGreaterThan(defaultServerTimeouts.session - period);
  });

  test.each([
    { name: "at the greeting", said: "" },
    { name: "after EHLO", said: hello },
    { name: "in a transaction", said: `${hello}MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n` },
    { name: "in content", said: `${upToContent}x\r\n` },
    { name: "in a SASL exchange", said: `${hello}AUTH LOGIN\r\n` },
  ])("closes on a client that says nothing $name", async ({ said }) => {
    const client = await connected(said, authentication);
    await client.clock.advance(5 * minute - 1);
    expect(client.closed).toBe(false);
    await client.clock.advance(1);
    expect(client.closed).toBe(true);
    expect(codesOf(client.heard).at(-1)).toBe(421);
    await client.clock.advance(2 * minute);
    expect(client.server.connections).toBe(0);
  });

  test("closes on a client that never shakes hands", async () => {
    const client = await RawClient.connect({}, { startTls: true });
    await client.say(hello);
    await client.say("STARTTLS\r\n");
    await client.clock.advance(defaultServerTimeouts.tls);
    expect(client.closed).toBe(true);
    await client.clock.advance(2 * minute);
    expect(client.server.connections).toBe(0);
  });

  test("holds no connection for a client that sends for ever and reads nothing", async () => {
    const clock = new VirtualClock();
    const server = new SmtpServer({ hostname: "mx.example.org" }, { clock, startTls: false });
    const [client, end] = pipe({ clock, capacity: 1 });
    void server.accept(end);
    for (let sent = 0; sent < 2_000; sent++)
      void Promise.resolve(client.write(octetsOf("HELP\r\n"))).catch(() => undefined);
    await clock.advance(30 * minute);
    expect(server.connections).toBe(0);
  });
});

describe("a client", () => {
  interface Script {
    /** What the server says to each command, one by one; then it falls silent, or dribbles. */
    readonly says: readonly string[];
    readonly dribbles?: string;
  }

  const message: Message = { from: "a@b", to: "c@d", content: "x\r\n" };

  /** Opens a session with a server of few words and sends a message; gives why that failed, and when. */
  async function failure({ says, dribbles = "" }: Script): Promise<{ error: SmtpError; at: number }> {
    const clock = new VirtualClock();
    const [end, peerEnd] = pipe({ clock });
    const peer = new Promised(peerEnd);
    let over = false;
    const speak = async (): Promise<void> => {
      let rest = "";
      for (const reply of says) {
        await peer.write(octetsOf(reply));
        rest = latin1((await peer.read()) ?? new Uint8Array());
        if (rest === "") return;
      }
      if (dribbles === "") return;
      for (let at = 0; ; at++) {
        if (over) return;
        await peer.write(octetsOf(dribbles.charAt(at % dribbles.length)));
        await new Promise<void>((resolve) => void clock.after(minute, resolve));
      }
    };
    const speaking = speak().catch(() => undefined);
    const sending = (async () => {
      const client = await openClient(end, { startTls: "opportunistic", pipelining: false }, clock);
      await client.send(message);
    })();
    const error = await clock.settle(sending).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const at = clock.now();
    over = true;
    peer.destroy();
    await clock.run({ within: 10 * minute });
    await speaking;
    expect(error).toBeInstanceOf(SmtpError);
    return { error: error as SmtpError, at };
  }

  const greeting = "220 mx.example.org\r\n";
  const ehlo = "250 mx.example.org\r\n";
  const ok = "250 OK\r\n";
  const steps = [
    { name: "greets", says: [], timeout: defaultClientTimeouts.greeting },
    { name: "answers EHLO", says: [greeting], timeout: defaultClientTimeouts.hello },
    { name: "answers STARTTLS", says: [greeting, "250-mx\r\n250 STARTTLS\r\n"], timeout: defaultClientTimeouts.hello },
    { name: "answers MAIL", says: [greeting, ehlo], timeout: defaultClientTimeouts.command },
    { name: "answers RCPT", says: [greeting, ehlo, ok], timeout: defaultClientTimeouts.command },
    { name: "answers DATA", says: [greeting, ehlo, ok, ok], timeout: defaultClientTimeouts.data },
    {
      name: "answers the content",
      says: [greeting, ehlo, ok, ok, "354 Go on\r\n"],
      timeout: defaultClientTimeouts.contentEnd,
    },
  ];

  test.each(steps)("gives up a server that never $name", async ({ says, timeout }) => {
    const { error, at } = await failure({ says });
    expect(error.failure.kind).toBe("timeout");
    expect(at).toBe(timeout);
    expect(error.uncertain).toBe(timeout === defaultClientTimeouts.contentEnd);
  });

  test.each(steps)("gives up a server that $name at an octet a minute", async ({ says, timeout }) => {
    const { error, at } = await failure({ says, dribbles: "250-All in good time\r\n" });
    expect(error.failure.kind).toBe("timeout");
    expect(at).toBe(timeout);
  });

  test("gives up a server that never shakes hands", async () => {
    const clock = new VirtualClock();
    const patient = { tls: 10 * minute };
    const server = new SmtpServer({ hostname: "mx.example.org", timeouts: patient }, { clock, startTls: true });
    const [end, peer] = faultyPipe({ clock, faults: [], tlsStalls: "server" });
    void server.accept(peer);
    const error = await clock
      .settle(openClient(end, { startTls: "required" }, clock))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "SmtpError", failure: { kind: "timeout", during: "opening.securing" } });
    expect(clock.now()).toBe(defaultClientTimeouts.tls);
    await clock.settle(server.close());
  });

  test.each([
    ["content", false, "transaction.sendingContent"],
    ["chunks", true, "transaction.sendingChunks"],
  ])("gives up a server that takes no more %s", async (_, chunking, during) => {
    const clock = new VirtualClock();
    const server = new SmtpServer({ hostname: "mx.example.org", chunking }, { clock, startTls: false });
    const [end, peer] = faultyPipe({ clock, faults: [{ kind: "blocked", direction: "toServer", at: 100_000 }] });
    void server.accept(peer);
    const client = await clock.settle(openClient(end, {}, clock));
    const error = await clock
      .settle(client.send({ ...message, content: "x\r\n".repeat(100_000) }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: "SmtpError",
      failure: { kind: "timeout", during },
    });
    expect(clock.now()).toBeLessThanOrEqual(defaultClientTimeouts.block + minute);
    await clock.settle(server.close());
  });

  test("gives up a source that gives no more content", async () => {
    const clock = new VirtualClock();
    const server = new SmtpServer({ hostname: "mx.example.org" }, { clock, startTls: false });
    const [end, peer] = pipe({ clock });
    void server.accept(peer);
    const client = await clock.settle(openClient(end, {}, clock));
    async function* stalled(): AsyncGenerator<string> {
      yield "x\r\n";
      await new Promise(() => undefined);
    }
    const error = await clock
      .settle(client.send({ ...message, content: stalled() }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "SmtpError", failure: { kind: "timeout" } });
    expect(clock.now()).toBe(defaultClientTimeouts.block);
    await clock.settle(server.close());
  });
});
