// What handlers answer, now or later, and what is said of it on the wire.

import { defineExtension, reply, type Reply } from "@carteiro/core";
import {
  accept,
  DecisionVoidError,
  disconnect,
  reject,
  SmtpServer,
  type Decision,
  type ServerHandlers,
  type ServerOptions,
  type Step,
} from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { settled } from "../support/fake-transport.ts";
import { memoryServer } from "../support/memory-server.ts";
import type { WirePeer } from "../support/wire-peer.ts";

type HandlerName = Exclude<keyof ServerHandlers, "onMessage">;

interface StepCase {
  readonly handler: HandlerName;
  /** Commands that lead to the step. */
  readonly before: readonly string[];
  /** The command that asks for the decision; none: the connection itself. */
  readonly command?: string;
  /** Code with enhanced code of the answer to plain `accept()`, and of `accept("text")`. */
  readonly usual: string;
  readonly said?: string;
  readonly given: Reply;
}

const mail = "MAIL FROM:<a@example.org>";
const recipient = "RCPT TO:<b@example.org>";
const credentials = `AUTH PLAIN ${Buffer.from("\0ana\0secret").toString("base64")}`;

const steps: readonly StepCase[] = [
  {
    handler: "onConnection",
    before: [],
    usual: "220 mx.example.org",
    said: "220 mx.example.org Welcome",
    given: reply(220, undefined, "mx.example.org Own"),
  },
  {
    handler: "onHello",
    before: [],
    command: "HELO c.example",
    usual: "250 mx.example.org",
    said: "250 mx.example.org Welcome",
    given: reply(250, undefined, "Own"),
  },
  { handler: "onStartTls", before: [], command: "STARTTLS", usual: "220 2.0.0", given: reply(220, "2.0.0", "Own") },
  {
    handler: "onAuthenticate",
    before: [],
    command: credentials,
    usual: "235 2.7.0",
    given: reply(235, "2.7.0", "Own"),
  },
  { handler: "onMail", before: [], command: mail, usual: "250 2.1.0", given: reply(250, "2.1.0", "Own") },
  { handler: "onRecipient", before: [mail], command: recipient, usual: "250 2.1.5", given: reply(251, "2.1.5", "Own") },
  {
    handler: "onData",
    before: [mail, recipient],
    command: "DATA",
    usual: "354 ",
    said: "354 Welcome",
    given: reply(354, undefined, "Own"),
  },
  {
    handler: "onVerify",
    before: [],
    command: "VRFY ana",
    usual: "252 2.1.5",
    said: "250 2.1.5 Welcome",
    given: reply(250, "2.1.5", "Own"),
  },
  {
    handler: "onExpand",
    before: [],
    command: "EXPN list",
    usual: "502 5.5.1",
    said: "250 2.1.5 Welcome",
    given: reply(250, "2.1.5", "Own"),
  },
  { handler: "onHelp", before: [], command: "HELP", usual: "214", given: reply(214, "2.0.0", "Own") },
  { handler: "onReset", before: [], command: "RSET", usual: "250 2.0.0", given: reply(250, "2.0.0", "Own") },
];

const table = steps.map((step) => [step.handler, step] as const);

class Thenable {
  readonly #answer: () => unknown;

  constructor(answer: () => unknown) {
    this.#answer = answer;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that it is one is the point
  then(done: (value: unknown) => void, failed: (error: unknown) => void): void {
    try {
      done(this.#answer());
    } catch (error) {
      failed(error);
    }
  }
}

/** Answers at once, as a promise, by any thenable, and when told to. */
const manners: readonly [string, (answer: () => unknown) => unknown][] = [
  ["now", (answer) => answer()],
  ["by a promise", async (answer) => answer()],
  ["by a promise of another library", (answer) => new Thenable(answer)],
  [
    "later",
    (answer) =>
      settled()
        .then(() => settled())
        .then(answer),
  ],
];

/** A server whose handler of that step does this, and a client right before the step. */
async function atStep(step: StepCase, act: (given: Step) => unknown, options: Partial<ServerOptions> = {}) {
  const rig = memoryServer(
    {
      authentication: { allowInClear: true },
      onAuthenticate: () => accept(),
      ...options,
      [step.handler]: (given: Step) => (arrived ? act(given) : accept()),
    },
    { startTls: true },
  );
  let arrived = step.handler === "onConnection";
  const client = step.handler === "onConnection" ? rig.connect() : await rig.after(...step.before);
  arrived = true;
  const ask = () => (step.command === undefined ? client.reply() : client.ask(step.command));
  return { ...rig, client, ask };
}

describe.each(manners)("answers given %s", (_, inManner) => {
  test.each(table)("%s that says nothing means yes, but for onAuthenticate", async (handler, step) => {
    const { ask, errors } = await atStep(step, () => inManner(() => undefined));
    expect(await ask()).toMatch(handler === "onAuthenticate" ? "535 5.7.8" : step.usual);
    expect(errors()).toEqual([]);
  });

  test.each(table)("%s that accepts means yes", async (_, step) => {
    const { ask } = await atStep(step, () => inManner(() => accept()));
    expect((await ask())?.replaceAll("214-", "214")).toMatch(step.usual);
  });

  test.each(table)("%s that accepts with a text is answered with it", async (_, step) => {
    const { ask } = await atStep(step, () => inManner(() => accept("Welcome")));
    expect(await ask()).toBe(step.said ?? `${step.usual}${step.usual === "214" ? " 2.0.0" : ""} Welcome`);
  });

  test.each(table)("%s that accepts with a reply is answered with it", async (handler, step) => {
    const { ask } = await atStep(step, () => inManner(() => accept(step.given)));
    const { code, enhanced, lines } = step.given;
    const shown = enhanced === undefined || ["onHello", "onConnection"].includes(handler) ? "" : `${enhanced} `;
    expect(await ask()).toBe(`${code} ${shown}${lines[0]}`);
  });

  test.each(table)("%s that rejects is answered so, and the session goes on", async (handler, step) => {
    const { ask, client } = await atStep(step, () => inManner(() => reject(450, "4.7.1", "Not", "now")));
    const plain = ["onHello", "onConnection"].includes(handler);
    expect(await ask()).toBe(plain ? "450-Not\n450 now" : "450-4.7.1 Not\n450 4.7.1 now");
    expect(await client.ask("NOOP")).toMatch(handler === "onConnection" ? "503" : "250");
  });

  test.each(table)("%s that disconnects is answered so, and the connection is closed", async (_, step) => {
    const { ask, client, names, clock, server } = await atStep(step, () =>
      inManner(() => disconnect(554, "5.7.1", "Go")),
    );
    expect(await ask()).toMatch(/^554 (5\.7\.1 )?Go$/);
    expect(await client.rest()).toBe("");
    client.transport.destroy();
    await clock.run();
    expect([names().at(-1), server.connections]).toEqual(["sessionClosed", 0]);
  });

  test.each(table)(
    "%s that throws is answered 451 4.3.0, makes an error event, and the session goes on",
    async (handler, step) => {
      const { ask, client, errors } = await atStep(step, () =>
        inManner(() => {
          throw new Error("out of order");
        }),
      );
      const answer =
        handler === "onStartTls" || handler === "onConnection" || handler === "onHello" ? /^451 / : /^451 4\.3\.0 /;
      expect(await ask()).toMatch(answer);
      expect(errors()).toEqual(["Error: out of order"]);
      expect(await client.ask("NOOP")).toMatch(handler === "onConnection" ? "503" : "250");
    },
  );

  test.each(table)(
    "%s that answers what cannot be said there is answered 451, and makes an error event",
    async (_, step) => {
      for (const unfit of [
        accept(reply(550, "5.1.1", "No")),
        { type: "reject", reply: reply(250, "2.0.0", "Yes") },
        "yes",
      ]) {
        const { ask, errors } = await atStep(step, () => inManner(() => unfit));
        expect(await ask()).toMatch(/^451 /);
        expect(errors()).toHaveLength(1);
      }
    },
  );
});

describe("time to decide", () => {
  const waiting = table.filter(([handler]) => handler !== "onConnection");

  test.each(waiting)(
    "%s that takes too long is answered for, and its late answer is ignored",
    async (handler, step) => {
      let answer: (decision: Decision) => void = () => undefined;
      let aborted: unknown;
      const { ask, client, clock, errors } = await atStep(
        step,
        ({ signal }) => {
          signal.addEventListener("abort", () => (aborted = signal.reason));
          return new Promise<Decision>((resolve) => (answer = resolve));
        },
        { timeouts: { decision: 1_000 } },
      );
      const refused = ask();
      await clock.advance(1_000);
      expect(await refused).toMatch(handler === "onAuthenticate" || handler === "onStartTls" ? /^454/ : /^451/);
      expect(aborted).toBeInstanceOf(DecisionVoidError);
      answer(disconnect(554, "5.7.1", "Too late"));
      await settled();
      expect(await client.ask("NOOP")).toMatch("250");
      expect(errors()).toEqual([]);
    },
  );

  test("a handler that throws after the time to decide is told of, unless it threw because of that", async () => {
    const thrown = [
      () => new Error("the database is down"),
      (signal: AbortSignal) => signal.reason,
      (signal: AbortSignal) => new Error("lookup failed", { cause: signal.reason }),
      () => new DOMException("This operation was aborted", "AbortError"),
    ];
    const rig = memoryServer({
      timeouts: { decision: 1_000 },
      onMail: ({ signal }) =>
        new Promise((_, fail) => signal.addEventListener("abort", () => fail(thrown.shift()?.(signal)))),
    });
    const client = await rig.after();
    for (let round = 0; round < 4; round++) {
      const refused = client.ask(mail);
      await rig.clock.advance(1_000);
      expect(await refused).toMatch("451");
    }
    expect(rig.errors()).toEqual(["Error: the database is down"]);
  });
});

describe("the signal", () => {
  async function pendingRecipient(options: Partial<ServerOptions> = {}, ...before: readonly string[]) {
    let step: Step | undefined;
    let answer: (decision: Decision) => void = () => undefined;
    const rig = memoryServer({
      ...options,
      onRecipient: (given) => {
        step = given;
        return new Promise<Decision>((resolve) => (answer = resolve));
      },
    });
    const client = await rig.after(mail);
    await client.say(...before, recipient);
    await settled();
    if (step === undefined) throw new Error("Nobody was asked");
    return { ...rig, client, signal: step.signal, answer: (decision: Decision) => answer(decision) };
  }

  test("signal is not aborted by a client that merely ends its side: it hears the answer", async () => {
    const { client, signal, answer, errors } = await pendingRecipient();
    await client.transport.end();
    await settled();
    expect(signal.aborted).toBe(false);
    answer(accept());
    expect(await client.rest()).toMatch("250 2.1.5");
    expect(errors()).toEqual([]);
  });

  test("signal is aborted when the connection is reset, although nobody reads", async () => {
    const { client, signal, names, answer, clock } = await pendingRecipient({}, "NOOP");
    // The reply to NOOP leaves, and is not read: with octets unread, destroying resets.
    await clock.advance(0);
    client.transport.destroy();
    await settled();
    expect(String(signal.reason)).toMatch("DecisionVoidError");
    expect(names()).toEqual(["sessionOpened", "transactionEnded", "sessionClosed"]);
    answer(accept());
    await clock.run();
    expect(names()).toHaveLength(3);
  });

  test("signal is aborted when the server is destroyed", async () => {
    const { server, signal, client, clock, answer, errors } = await pendingRecipient();
    const destroyed = server.destroy();
    expect(String(signal.reason)).toMatch(/DecisionVoidError: The session is closed/);
    answer(accept());
    await clock.settle(destroyed);
    expect(await client.rest()).toMatch("421 4.3.2");
    expect(errors()).toEqual([]);
  });

  test("signal that is first looked at after the abort is aborted", async () => {
    const { signal } = await (async () => {
      let step: Step | undefined;
      const rig = memoryServer({
        onRecipient: (given) => {
          step = given;
          return new Promise<void>(() => undefined);
        },
      });
      const client = await rig.after(mail);
      await client.say(recipient);
      await settled();
      await rig.clock.settle(rig.server.destroy());
      if (step === undefined) throw new Error("Nobody was asked");
      return step;
    })();
    expect(signal.aborted).toBe(true);
  });
});

test("server refuses a handler whose name is misspelt, since a step without one is accepted", () => {
  const misspelt: object = { hostname: "mx.example.org", onRecipent: () => undefined };
  expect(() => new SmtpServer(misspelt as ServerOptions, { startTls: false })).toThrow(
    /onRecipent is no handler.*onRecipient/,
  );
});

describe("what is known of a session", () => {
  test("session knows the client's name once it is accepted, and only then", async () => {
    const names: unknown[] = [];
    const answers = [accept(), reject(550, "5.7.1", "No"), disconnect(421, "4.7.0", "No")];
    const rig = memoryServer({
      onHello: () => answers.shift(),
      onVerify: ({ session }) => void names.push(session.hello),
    });
    const client = rig.connect();
    await client.reply();
    await client.say("VRFY x", "EHLO one.example", "VRFY x", "HELO two.example", "VRFY x", "EHLO three.example");
    await client.rest();
    const one = { name: "one.example", extended: true };
    expect(names).toEqual([undefined, one, one]);
    expect(rig.told.at(-1)).toMatchObject({
      name: "sessionClosed",
      session: { hello: one, id: "1" },
      reason: "dismissed",
    });
  });

  test("session does not know a name that was accepted with what cannot be said", async () => {
    const names: unknown[] = [];
    const rig = memoryServer({
      onHello: () => accept(reply(550, undefined, "Yes and no")),
      onVerify: ({ session }) => void names.push(session.hello),
    });
    const client = rig.connect();
    await client.reply();
    expect(await client.codes("EHLO c.example", "VRFY x")).toEqual(["451", "252"]);
    expect(names).toEqual([undefined]);
  });

  test("a handler of a pipelined command sees what the command before it brought about", async () => {
    const rig = memoryServer({
      onHello: async () => accept(),
      onMail: ({ session }) => (session.hello?.name === "c.example" ? accept() : reject(503)),
    });
    const client = rig.connect();
    await client.reply();
    await client.say("EHLO c.example", mail);
    expect([await client.reply(), await client.reply()]).toEqual([
      expect.stringContaining("250"),
      "250 2.1.0 Sender OK",
    ]);
  });

  test("session forgets name and identity under TLS, and knows its facts", async () => {
    const seen: unknown[] = [];
    const rig = memoryServer(
      {
        authentication: { allowInClear: true },
        onAuthenticate: () => accept(),
        onHelp: ({ session }) =>
          void seen.push([session.hello?.name, session.identity, session.tls?.protocol, session.state]),
      },
      { startTls: true },
    );
    const client = await rig.after(credentials, "HELP", "STARTTLS");
    await client.transport.startTls();
    await client.ask("HELP");
    expect(seen).toEqual([
      ["client.example.org", "ana", undefined, "aside.decidingHelp"],
      [undefined, undefined, "memory", "aside.decidingHelp"],
    ]);
  });

  test("handlers of an object are called as its methods, wherever it has them from", async () => {
    class Policy {
      readonly local = "example.org";
      onRecipient({ recipient: { domain } }: { recipient: { domain: string } }) {
        return domain === this.local ? accept() : reject(550, "5.7.1", "Relaying denied");
      }
    }
    const client = await memoryServer(new Policy()).after(mail);
    expect(await client.codes(recipient, "RCPT TO:<c@example.net>")).toEqual(["250", "550"]);
  });
});

describe("AUTH", () => {
  const plain = (authorization: string) =>
    `AUTH PLAIN ${Buffer.from(`${authorization}\0ana\0secret`).toString("base64")}`;

  async function outcome(command: string, options: Partial<ServerOptions> = {}) {
    const seen: unknown[] = [];
    const rig = memoryServer({
      authentication: { allowInClear: true },
      onAuthenticate: ({ user, password, mechanism, authorizationIdentity, session }) => {
        seen.push([mechanism, user, password, authorizationIdentity, session.identity]);
        return user === "ana" && password === "secret" ? accept() : reject(535, "5.7.8", "No");
      },
      onMail: ({ session }) => void seen.push(session.identity),
      ...options,
    });
    const client: WirePeer = await rig.after();
    const answer = await client.ask(command);
    await client.ask(mail);
    return { answer, seen };
  }

  test("server refuses an authorization identity unless proxies are allowed", async () => {
    expect(await outcome(plain("bia"))).toEqual({ answer: expect.stringMatching("535 5.7.8"), seen: [undefined] });
    expect(await outcome(plain("bia"), { authentication: { allowInClear: true, proxy: true } })).toEqual({
      answer: expect.stringMatching("235"),
      seen: [["PLAIN", "ana", "secret", "bia", undefined], "bia"],
    });
  });

  test("server takes an authorization identity that is the user's own for none (RFC 4616 section 2)", async () => {
    expect((await outcome(plain("ana"))).seen).toEqual([["PLAIN", "ana", "secret", undefined, undefined], "ana"]);
  });

  test("server with onAuthenticate offers AUTH, and only where passwords are safe", async () => {
    const onAuthenticate = () => accept();
    const client = memoryServer({ onAuthenticate }, { startTls: true }).connect();
    await client.reply();
    expect(await client.ask("EHLO c.example")).not.toContain("AUTH");
    const secure = memoryServer({ onAuthenticate }).connect({ secure: true });
    await secure.reply();
    expect(await secure.ask("EHLO c.example")).toContain("AUTH PLAIN LOGIN");
  });

  test("server with authentication but nobody to decide on it cannot be made", () => {
    expect(() => memoryServer({ authentication: {} })).toThrow(/add the handler/);
  });
});

describe("the reply to EHLO", () => {
  test("keeps the extensions, whatever text is accepted with", async () => {
    const client = memoryServer({ onHello: () => accept("Welcome") }).connect();
    await client.reply();
    expect(await client.ask("EHLO c.example")).toMatch(/PIPELINING/);
  });
});

describe("listeners", () => {
  test("a listener that throws or rejects makes an error event and disturbs nobody", async () => {
    const rig = memoryServer({ onRecipient: () => reject(550, "5.1.1", "No") });
    rig.server.on("recipientRefused", () => {
      throw new Error("listener");
    });
    const asyncListener = async () => {
      throw new Error("async listener");
    };
    rig.server.on("recipientRefused", () => asyncListener());
    const client = await rig.after(mail);
    expect(await client.codes(recipient, "NOOP")).toEqual(["550", "250"]);
    await settled();
    expect(rig.errors()).toEqual(["Error: listener", "Error: async listener"]);
    expect(rig.told.find(({ name }) => name === "recipientRefused")).toMatchObject({
      recipient: { address: "b@example.org" },
      reply: { code: 550 },
    });
  });

  test("an error listener that throws disturbs nobody either", async () => {
    const rig = memoryServer({
      onMail: () => {
        throw new Error("handler");
      },
    });
    rig.server.on("error", ({ error }) => {
      throw error;
    });
    const client = await rig.after();
    expect(await client.codes(mail, "NOOP")).toEqual(["451", "250"]);
  });

  test("a listener is told until it is taken away", async () => {
    const rig = memoryServer();
    let count = 0;
    const off = rig.server.on("sessionOpened", () => (count += 1));
    rig.connect();
    off();
    rig.connect();
    expect(count).toBe(1);
  });

  test("trace shows the dialogue, without secrets", async () => {
    const rig = memoryServer({ authentication: { allowInClear: true }, onAuthenticate: () => accept() });
    const lines: string[] = [];
    rig.server.on("trace", ({ from, line, session }) => void lines.push(`${session.id} ${from}: ${line}`));
    await (await rig.after(credentials)).ask("QUIT");
    expect(lines.filter((line) => line.includes("client:"))).toEqual([
      "1 client: EHLO client.example.org",
      "1 client: AUTH PLAIN *",
      "1 client: QUIT",
    ]);
  });
});

describe("an extension", () => {
  const bug = new Error("bug");
  const broken = (): never => {
    throw bug;
  };
  const read = (argument: string) => (argument === "421" ? { refused: reply(421, "4.7.0", "Enough") } : broken());
  const verbs = { XDO: { phases: ["betweenTransactions"], read } } as const;
  const commands = { XDO: () => accept() };

  test("that throws is told as an error with its cause, and the session goes on", async () => {
    const { after, told } = memoryServer({ extensions: [defineExtension({ keyword: "XOWN", verbs })], commands });
    const client = await after();
    expect(await client.ask("XDO it")).toMatch(/^451 4\.3\.0 /);
    expect(await client.ask("NOOP")).toMatch(/^250 /);
    const errors = told.flatMap((event) => (event.name === "error" ? [event.error] : []));
    expect(errors).toEqual([new Error("The extension's verb XDO failed: bug")]);
    expect(errors[0]).toHaveProperty("cause", bug);
  });

  test("that throws when it is announced costs the client EHLO alone", async () => {
    const extension = defineExtension({ keyword: "XOWN", available: broken });
    const { connect, errors } = memoryServer({ extensions: [extension] });
    const client = connect();
    await client.reply();
    expect(await client.ask("EHLO client.example")).toMatch(/^451 4\.3\.0 /);
    expect(await client.ask("HELO client.example")).toMatch(/^250 /);
    expect(errors()).toEqual(["Error: The extension's keyword XOWN failed: bug"]);
  });

  test("that says 421 ends the session", async () => {
    const { after, told } = memoryServer({ extensions: [defineExtension({ keyword: "XOWN", verbs })], commands });
    const client = await after();
    expect(await client.ask("XDO 421")).toBe("421 4.7.0 Enough");
    expect(await client.line()).toBeUndefined();
    expect(told.at(-1)).toMatchObject({ name: "sessionClosed", reason: "dismissed" });
  });
});
