// Faults: what each occasion and each action comes to for a client of ours, in virtual time; and that what the client is told
// is true, whatever is done to it.

import { setTimeout as sleep } from "node:timers/promises";
import { prdr } from "@carteiro/core";
import {
  accept,
  eachRecipient,
  reject,
  openClient,
  Pool,
  SmtpError,
  type ClientOptions,
  type Message,
  type SendResult,
  type SmtpClient,
} from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import {
  command,
  contentEnd,
  delay,
  dribble,
  drop,
  FaultError,
  faults,
  formatFault,
  on,
  parseFault,
  reply,
  testServer,
  type FaultPlan,
  type FaultRules,
  type InboxOptions,
  type MemoryInbox,
} from "@carteiro/testing";
import { describe, expect, test } from "vitest";

const to = ["bia@example.net", "cy@example.net"];
const message = { from: "ana@example.org", to, content: `Subject: Hello\r\n\r\n${"Bom dia!\r\n".repeat(20)}` };

interface Trial {
  /** On whose transport the plan sits. */
  readonly at?: "server" | "client";
  readonly startTls?: boolean;
  readonly server?: InboxOptions;
  readonly client?: ClientOptions;
  readonly content?: Message["content"];
}

interface Outcome {
  readonly error: SmtpError | undefined;
  readonly result: SendResult | undefined;
  readonly inbox: MemoryInbox;
  readonly plan: FaultPlan;
  /** Virtual milliseconds. */
  readonly ms: number;
}

/** One message sent while connections are harmed by these rules. */
async function sendUnder(rules: FaultRules, trial: Trial = {}): Promise<Outcome> {
  const { at = "server", startTls = false, server = { chunking: false }, content = message.content } = trial;
  const clock = new VirtualClock();
  const plan = faults(rules);
  const wrap = (side: "server" | "client") => (at === side ? { wrapTransport: plan.wrapTransport } : {});
  const inbox = await testServer({ clock, startTls, ...server, ...wrap("server") });
  let client: SmtpClient | undefined;
  const attempt = async () => {
    client = await inbox.connect({ ...trial.client, ...wrap("client") });
    return client.send({ ...message, content });
  };
  const outcome = await clock.settle(
    attempt().then(
      (result) => ({ result, error: undefined, ms: clock.now() }),
      (error: unknown) => ({ error: error as SmtpError, result: undefined, ms: clock.now() }),
    ),
  );
  client?.destroy();
  plan.close();
  await clock.settle(inbox.close());
  expect(inbox.server.connections).toBe(0);
  return { ...outcome, inbox, plan };
}

/** In words: what the client was told, and in brackets who got the message. */
function told({ error, result, inbox }: Outcome): string {
  const got = inbox.messages.map(({ envelope }) => envelope.to.map((address) => address.split("@")[0]).join("+"));
  const delivered = `[${got.join(" ")}]`;
  if (result !== undefined) return `${result.recipients.map((each) => each.reply?.code).join(" ")} ${delivered}`;
  if (!(error instanceof SmtpError)) throw error;
  const { kind, during } = error.failure;
  return `${kind} in ${during.split(".").at(-1)}${error.uncertain ? ", uncertain" : ""} ${delivered}`;
}

/** Each with what it comes to, by DATA. */
const table = `
greeting: reply 554 5.3.2                 | refused in expectingGreeting []
greeting: disconnect421                   | serviceClosing in expectingGreeting []
greeting: drop                            | disconnected in expectingGreeting []
greeting: delay 1000                      | 250 250 [bia+cy]
greeting: dribble 3 100                   | 250 250 [bia+cy]
greeting: garbage                         | protocol in expectingGreeting []
EHLO: reply 502                           | 250 250 [bia+cy]
EHLO: reply 451 4.3.0                     | refused in expectingEhloReply []
EHLO: drop 20                             | disconnected in expectingEhloReply []
EHLO: half-close                          | disconnected in expectingEhloReply []
MAIL: reply 452 4.3.1                     | 452 452 []
MAIL: disconnect421                       | serviceClosing in expectingMailReply []
MAIL: drop 5                              | disconnected in expectingMailReply []
MAIL: reset                               | disconnected in expectingMailReply []
MAIL: garbage                             | protocol in expectingMailReply []
RCPT: reply 550 5.1.1                     | 550 550 []
RCPT#2: reply 451 4.3.0 Later             | 250 451 [bia]
RCPT#2: drop                              | disconnected in expectingRecipientReply []
RCPT#2: half-close 3                      | disconnected in expectingRecipientReply []
command#4: reply 451                      | 250 451 [bia]
recipient#1: reply 451                    | 451 250 [cy]
recipient <CY@example.net>: reply 550     | 250 550 [bia]
recipient#2: delay 50, reply 452          | 250 452 [bia]
recipient <none@example.net>: drop        | 250 250 [bia+cy]
DATA: reply 451 4.3.0                     | 451 451 []
DATA: drop                                | disconnected in expectingDataReply []
DATA: garbage                             | protocol in expectingDataReply []
content+30: drop                          | disconnected in expectingContentReply, uncertain []
content+30: reset                         | disconnected in expectingContentReply, uncertain []
content+30: delay 1000                    | 250 250 [bia+cy]
content+30: reply 552 5.3.4 Too big       | 552 552 []
content+30: disconnect421                 | serviceClosing in expectingContentReply []
content+30: half-close                    | disconnected in expectingContentReply, uncertain [bia+cy]
content-end: reply 451 4.3.0              | 451 451 []
content-end: disconnect421                | serviceClosing in expectingContentReply []
content-end: drop                         | disconnected in expectingContentReply, uncertain [bia+cy]
content-end: drop 5                       | disconnected in expectingContentReply, uncertain [bia+cy]
content-end: reset                        | disconnected in expectingContentReply, uncertain [bia+cy]
content-end: garbage                      | protocol in expectingContentReply, uncertain [bia+cy]
content-end: delay 1000                   | 250 250 [bia+cy]
sent+150: drop                            | disconnected in expectingEhloReply []
sent+150: garbage                         | protocol in expectingEhloReply []
received+100: delay 1000                  | 250 250 [bia+cy]
client MAIL: drop                         | disconnected in expectingMailReply []
client MAIL: garbage                      | 500 500 []
client RCPT#2: half-close                 | disconnected in expectingRecipientReply []
client RCPT#2: dribble 3 100              | 250 250 [bia+cy]
client DATA: garbage                      | 500 500 []
client content+30: half-close             | disconnected in expectingContentReply, uncertain []
client content+30: drop                   | disconnected in expectingContentReply, uncertain []
client content+30: delay 1000             | 250 250 [bia+cy]
client content-end: drop                  | disconnected in expectingContentReply, uncertain []
client content-end: drop 2                | disconnected in expectingContentReply, uncertain []
client content-end: duplicate             | 250 250 [bia+cy]
`;
const rows = table
  .trim()
  .split("\n")
  .map((row): [string, string] => {
    const [rule = "", outcome = ""] = row.split("|");
    return [rule.trim(), outcome.trim()];
  });

describe("of the server's transport", () => {
  test.each(rows)("%s comes to: %s", async (rule, outcome) => {
    expect(told(await sendUnder(rule))).toBe(outcome);
  });

  test.each([
    ["received+100: drop", "disconnected in expectingRecipientReply []"],
    ["state dialogue.transaction: drop", "disconnected in expectingMailReply []"],
    ["state decidingMessage: drop", "disconnected in expectingContentReply, uncertain [bia+cy]"],
    ["state receivingContent: reset", "disconnected in expectingMailReply []"],
    ["state receivingContent: delay 1000", "250 250 [bia+cy]"],
    ["state expectingMail once: garbage", "protocol in expectingEhloReply []"],
    ["client state expectingMail: half-close", "disconnected in ready []"],
  ])("%s comes to: %s", async (rule, outcome) => {
    expect(told(await sendUnder(rule))).toBe(outcome);
  });
});

describe("of the client's transport", () => {
  test.each(rows)("%s comes to: %s", async (rule, outcome) => {
    expect(told(await sendUnder(rule, { at: "client" }))).toBe(outcome);
  });
});

describe("content in chunks", () => {
  test.each([
    ["BDAT: reply 451 4.3.0", "451 451 []"],
    ["BDAT: drop", "disconnected in expectingContentReply, uncertain [bia+cy]"],
    ["content+30: drop", "disconnected in expectingContentReply, uncertain []"],
    ["content+30: reply 552", "552 552 []"],
    ["content-end: reply 451", "451 451 []"],
    ["content-end: drop", "disconnected in expectingContentReply, uncertain [bia+cy]"],
    ["client content-end: drop", "disconnected in expectingContentReply, uncertain []"],
  ])("%s comes to: %s", async (rule, outcome) => {
    for (const at of ["server", "client"] as const)
      expect(told(await sendUnder(rule, { at, server: {} }))).toBe(outcome);
  });

  test("is refused as a whole where one chunk is, and the next message is taken", async () => {
    const clock = new VirtualClock();
    const content = "x".repeat(62).concat("\r\n").repeat(6_000);
    await using inbox = await testServer({ clock, faults: "BDAT#2: reply 451 4.3.0" });
    const client = await clock.settle(inbox.connect());
    const codes = async () =>
      (await clock.settle(client.send({ ...message, content }))).recipients.map((each) => each.reply?.code);
    expect(await codes()).toEqual([451, 451]);
    expect(await codes()).toEqual([250, 250]);
    expect(inbox.messages.map(({ raw }) => raw.length)).toEqual([content.length]);
    client.destroy();
  });
});

describe("TLS", () => {
  test.each([
    ["tls: tls-failure", "tlsFailed in securing []"],
    ["tls: garbage", "tlsFailed in securing []"],
    ["tls: drop", "tlsFailed in securing []"],
    ["tls: reset", "tlsFailed in securing []"],
    ["tls: delay 500", "250 250 [bia+cy]"],
    ["STARTTLS: reply 454 4.7.0", "250 250 [bia+cy]"],
    ["EHLO#2: drop", "disconnected in expectingEhloReply []"],
    ["client tls: tls-failure", "tlsFailed in securing []"],
  ])("%s comes to: %s", async (rule, outcome) => {
    for (const at of ["server", "client"] as const)
      expect(told(await sendUnder(rule, { at, startTls: true }))).toBe(outcome);
  });
});

describe("LMTP", () => {
  test("content-end: reply 451 answers for each recipient that was taken", async () => {
    for (const chunking of [true, false]) {
      const trial: Trial = { server: { protocol: "lmtp", chunking }, client: { protocol: "lmtp" } };
      expect(told(await sendUnder("content-end: reply 451", trial))).toBe("451 451 []");
      expect(told(await sendUnder(["content-end: delay 100", "RCPT#2: reply 550"], trial))).toBe("250 550 [bia]");
    }
  });
});

describe("PRDR", () => {
  test("keeps a reply for each recipient under a fault, and takes one for all", async () => {
    const each = () => eachRecipient([accept(), reject(452, "4.2.2", "Full")]);
    const codes = async (rule: string, chunking: boolean) => {
      const clock = new VirtualClock();
      await using inbox = await testServer({ clock, faults: rule, chunking, extensions: [prdr], onMessage: each });
      const client = await clock.settle(inbox.connect());
      const { recipients } = await clock.settle(client.send({ ...message, prdr: true }));
      const later = await clock.settle(client.noop());
      client.destroy();
      return [...recipients.map((recipient) => recipient.reply?.code), later.code];
    };
    for (const chunking of [true, false]) {
      expect(await codes("content-end: dribble 1 1", chunking)).toEqual([250, 452, 250]);
      expect(await codes("content-end: reply 451", chunking)).toEqual([451, 451, 250]);
    }
  });
});

describe("a stall lasts until the client's deadline", () => {
  const large = async function* () {
    for (let piece = 0; piece < 100; piece++) yield Buffer.from("x".repeat(998).concat("\r\n").repeat(10));
  };
  test.each<[string, number, Trial]>([
    ["greeting: stall", 300_000, {}],
    ["EHLO: stall", 300_000, {}],
    ["EHLO: stall 30", 300_000, {}],
    ["STARTTLS: stall", 300_000, { startTls: true }],
    ["tls: stall", 60_000, { startTls: true }],
    [
      "AUTH: stall",
      300_000,
      {
        server: { users: { a: "b" } },
        client: { auth: { user: "a", password: "b" }, startTls: "never" },
      },
    ],
    ["MAIL: stall", 300_000, {}],
    ["RCPT#2: stall", 300_000, {}],
    ["DATA: stall", 120_000, {}],
    ["content+1000: stall", 180_000, { content: large }],
    ["content+1000: stall", 180_000, { content: large, server: {} }],
    ["content-end: stall", 600_000, {}],
    ["content-end: stall 2", 600_000, {}],
  ])("%s: %i ms", async (rule, deadline, trial) => {
    for (const at of ["server", "client"] as const) {
      const { error, ms } = await sendUnder(rule, { ...trial, at });
      expect(error?.failure.kind).toBe("timeout");
      expect(ms).toBe(deadline);
    }
  });

  test("QUIT: stall: 5,000 ms", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({ clock, faults: "QUIT: stall" });
    const client = await clock.settle(inbox.connect());
    await clock.settle(client.quit());
    expect(clock.now()).toBe(5_000);
  });

  test("RSET: stall: 300,000 ms", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({ clock, faults: "RSET: stall" });
    const client = await clock.settle(inbox.connect());
    await expect(clock.settle(client.reset())).rejects.toMatchObject({ failure: { kind: "timeout" } });
    expect(clock.now()).toBe(300_000);
  });
});

describe("a server whose client misbehaves", () => {
  const patience = { greeting: 1e7, hello: 1e7, command: 1e7, data: 1e7, block: 1e7, contentEnd: 1e7 };
  test.each([
    ["client greeting: stall", "timeout", 300_000],
    ["client MAIL: drop 5", "disconnected", 0],
    ["client MAIL: reset", "disconnected", 0],
    ["client RCPT#1: stall 3", "timeout", 300_000],
    ["client content+30: half-close", "disconnected", 0],
    ["client content+30: stall", "timeout", 300_000],
    ["client content-end: drop 2", "disconnected", 0],
    ["client command: dribble 1 200000", "timeout", 300_000],
    ["client tls: stall", "timeout", 60_000],
  ])("under %s ends the session: %s after %i ms", async (rule, reason, ms) => {
    for (const at of ["server", "client"] as const) {
      const clock = new VirtualClock();
      const plan = faults(rule);
      const { wrapTransport } = plan;
      const inbox = await testServer({
        clock,
        startTls: true,
        chunking: false,
        ...(at === "server" && { wrapTransport }),
      });
      const ended = Promise.withResolvers<[string, number]>();
      inbox.server.on("sessionClosed", (event) => ended.resolve([event.reason, clock.now()]));
      const sending = inbox
        .connect({
          timeouts: patience,
          startTls: rule.includes("tls") ? "required" : "never",
          ...(at === "client" && { wrapTransport }),
        })
        .then((client) => client.send(message))
        .catch(() => undefined);
      expect(await clock.settle(ended.promise)).toEqual([reason, ms]);
      expect(inbox.messages).toEqual([]);
      plan.close();
      await clock.settle(Promise.all([inbox.close(), sending]));
    }
  });
});

describe("whatever is done to it", () => {
  const occasions = [
    "greeting",
    "EHLO",
    "MAIL",
    "RCPT#1",
    "DATA",
    "content+50",
    "content-end",
    "sent+200",
    "received+150",
    "state decidingMessage",
  ];
  const actions = [
    "reply 451",
    "disconnect421",
    "drop",
    "drop 7",
    "reset",
    "half-close",
    "stall 3",
    "delay 700",
    "dribble 5 10",
    "garbage",
  ];
  const rules = ["", "client "].flatMap((by) =>
    occasions.flatMap((at) => actions.map((what) => `${by}${at}: ${what}`)),
  );

  test("what a client is told of its message is true", async () => {
    let tried = 0;
    for (const rule of rules.filter(isSound)) {
      const { result, error, inbox } = await sendUnder(rule);
      const got = inbox.messages.flatMap(({ envelope }) => envelope.to);
      const accepted = to.filter((_, index) => result?.recipients[index]?.accepted === true);
      if (result !== undefined) expect([rule, got]).toEqual([rule, accepted]);
      else if (error?.uncertain !== true) expect([rule, got]).toEqual([rule, []]);
      for (const { raw } of inbox.messages)
        if (!rule.startsWith("client")) expect(raw.length).toBe(message.content.length);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(100);
  });
});

function isSound(rule: string): boolean {
  try {
    faults(rule);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(FaultError);
    return false;
  }
}

describe("rules", () => {
  test("can be several, and do several things in a row", async () => {
    const outcome = await sendUnder([
      on(command("RCPT", { nth: 1 }), delay(100), dribble(2, 10), drop(8)),
      "MAIL: delay 1000",
      "content-end: drop",
    ]);
    expect(told(outcome)).toBe("disconnected in expectingRecipientReply []");
    expect(outcome.ms).toBe(1_000 + 100 + 3 * 10);
    expect(outcome.plan.fired.map(({ rule }) => rule)).toEqual([
      "MAIL: delay 1000",
      "RCPT#1: delay 100, dribble 2 10, drop 8",
    ]);
  });

  test("for the same command add up, in their order", async () => {
    const outcome = await sendUnder(["RCPT#2: delay 100", "recipient#2: reply 452", "RCPT: delay 10"]);
    expect(told(outcome)).toBe("250 452 [bia]");
    expect(outcome.ms).toBe(120);
  });

  test("hold for the connections, and as often, as they say", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({ clock, chunking: false });
    const codes = async (rules: FaultRules, attempts: number) => {
      inbox.faults(rules);
      const heard: unknown[] = [];
      for (let attempt = 0; attempt < attempts; attempt++) {
        const client = await clock.settle(inbox.connect());
        const { recipients } = await clock.settle(client.send({ ...message, to: "bia@example.net" }));
        heard.push(recipients[0]?.reply?.code);
        await clock.settle(client.quit());
      }
      return heard.join(" ");
    };
    expect(await codes("MAIL connection 1: reply 451", 3)).toBe("451 250 250");
    expect(await codes("MAIL connection 2-3: reply 451", 4)).toBe("250 451 451 250");
    expect(await codes("MAIL connection every 2: reply 451", 4)).toBe("250 451 250 451");
    expect(await codes("RCPT once: reply 450", 3)).toBe("450 250 250");
    expect(await codes([on(contentEnd({ times: 2 }), reply(451))], 4)).toBe("451 451 250 250");
    expect(await codes([], 2)).toBe("250 250");
  });

  test("may be for a verb of one's own, which the text says is a command's", () => {
    const own = on(command("STORE", { nth: 2, times: 1 }), drop());
    expect(parseFault("command STORE#2 once: drop")).toEqual(own);
    expect(parseFault("XSTORE: drop")).toEqual(on(command("XSTORE"), drop()));
    expect(parseFault("command once: drop")).toEqual(on(command(undefined, { times: 1 }), drop()));
    expect(formatFault(own)).toBe("command STORE#2 once: drop");
  });

  test("let a retry of an application's succeed, and a pool's", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({
      clock,
      faults: ["content-end connection 1: reset", "MAIL connection 2: disconnect421"],
    });
    const pool = new Pool({ connect: () => inbox.connect(), clock });
    await expect(clock.settle(pool.send(message))).rejects.toMatchObject({ uncertain: true });
    await clock.settle(pool.send(message).catch(() => pool.send(message)));
    expect(inbox.messages).toHaveLength(2);
    await clock.settle(pool.close());
  });

  test("that make no sense are refused with their name and the way out", () => {
    const errors: [FaultRules, RegExp][] = [
      ["RCPT#2 reply 451", /^"RCPT#2 reply 451": at "reply 451" it should have a colon/],
      ["RCPT#2: rply 451", /^"RCPT#2: rply 451": there is no action rply; there are delay/],
      [
        "RCTP#2: drop",
        /there is no occasion RCTP; there are greeting, .* RCPT.*; write "command RCTP" for a verb of your own/,
      ],
      ["connect: reset", /there is no occasion connect; there are greeting/],
      ["state nowhere: drop", /no chart has a state "nowhere"; docs\/state-machines.md lists them/],
      ["RCPT: reply 250", /reply 250 would promise .* give 400 to 559/],
      ["RCPT: reply 451 5.3.0", /5\.3\.0.*451/],
      ["client RCPT: reply 451", /a client does not answer: reply goes with by: "server"/],
      ["tls: duplicate", /duplicate cannot be done in a TLS handshake; tlsFailure can/],
      ["RCPT: tls-failure", /tlsFailure goes with tls\(\) alone/],
      ["content: corrupt", /by: "client"/],
      [[on(command("RCPT", { nth: 0 }), drop())], /^Rule 1 .*`nth` is to be a whole number from 1 up, not 0/],
      [[on(command(), delay(Number.NaN))], /`ms`/],
      [[on(command())], /does nothing; add an action/],
    ];
    for (const [rules, problem] of errors) {
      expect(() => faults(rules)).toThrow(problem);
      expect(() => faults(rules)).toThrow(FaultError);
    }
  });
});

describe("an inbox", () => {
  test("says in its complaint which faults there were", async () => {
    await using inbox = await testServer({ faults: "content-end: reply 451 4.3.0" });
    const client = await inbox.connect();
    await client.send(message);
    await expect(inbox.message({}, { within: 1 })).rejects.toThrow("connection 1: content-end: reply 451 4.3.0");
    client.destroy();
  });

  test("closes although a fault holds connections open", async () => {
    const inbox = await testServer({ faults: ["EHLO: stall", "greeting connection 2: delay 100000"] });
    const clients = [1, 2].map(() => openClient(inbox.transport(), { startTls: "never" }).catch(() => undefined));
    await sleep(5);
    await inbox.close();
    await Promise.all(clients);
  });
});
