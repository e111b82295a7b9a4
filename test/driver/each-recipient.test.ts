// What onMessage answers for each recipient, and what each of them is told: over LMTP, over SMTP, over SMTP with PRDR.

import { prdr } from "@carteiro/core";
import {
  accept,
  disconnect,
  eachRecipient,
  openClient,
  reject,
  SmtpServer,
  type MessageAnswer,
  type ServerOptions,
} from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { describe, expect, test } from "vitest";
import { memoryServer } from "../support/memory-server.ts";

const upToData = (parameter: string) => [
  `MAIL FROM:<a@example.org>${parameter}`,
  "RCPT TO:<b@example.org>",
  "RCPT TO:<c@example.org>",
  "DATA",
];

/** What is said to a message for two recipients that is answered so. */
async function told(answer: () => MessageAnswer, options: Partial<ServerOptions> = {}, parameter = "") {
  const seen: boolean[] = [];
  const rig = memoryServer({
    protocol: "lmtp",
    ...options,
    onMessage({ repliesEach }) {
      seen.push(repliesEach);
      return answer();
    },
  });
  const client = rig.connect();
  await client.reply();
  await client.ask(rig.greeting);
  for (const command of upToData(parameter)) await client.ask(command);
  await client.say("Subject: Hi", ".", "NOOP");
  const replies: (string | undefined)[] = [];
  do replies.push(await client.reply());
  while (replies.at(-1)?.startsWith("250 2.0.0") === false);
  return { ...rig, replies: replies.slice(0, -1), seen };
}

describe("a message over LMTP", () => {
  test("is accepted for one recipient and refused for another", async () => {
    const {
      replies,
      seen,
      told: events,
    } = await told(() => eachRecipient([accept("Saved as 4f2a"), reject(452, "4.2.2", "Mailbox full")]));
    expect(replies).toEqual(["250 2.6.0 Saved as 4f2a", "452 4.2.2 Mailbox full"]);
    expect(seen).toEqual([true]);
    expect(events.at(-1)).toMatchObject({
      name: "transactionEnded",
      reply: { code: 250 },
      replies: [{ code: 250 }, { code: 452 }],
    });
  });

  test.each([
    ["nothing", undefined, "250 2.6.0 Message accepted"],
    ["accept()", accept("Saved"), "250 2.6.0 Saved"],
    ["reject()", reject(554, "5.7.1", "Spam"), "554 5.7.1 Spam"],
    ["nothing for each", Promise.resolve(eachRecipient([undefined, undefined])), "250 2.6.0 Message accepted"],
  ])("that is answered with %s is answered so for each recipient", async (_, answer, reply) => {
    const { replies } = await told(() => answer);
    expect(replies).toEqual([reply, reply]);
  });

  test.each([
    ["too few answers", () => eachRecipient([accept()])],
    ["disconnect() for one", () => eachRecipient([accept(), disconnect(421) as never])],
    ["421 for one", () => eachRecipient([accept(), reject(421, "4.3.2", "Bye")])],
  ])("that is answered with %s is answered 451 for each, and makes an error event", async (_, answer) => {
    const { replies, errors } = await told(answer);
    expect(replies.map((reply) => reply?.slice(0, 9))).toEqual(["451 4.3.0", "451 4.3.0"]);
    expect(errors()).toHaveLength(1);
  });
});

describe("a message over SMTP", () => {
  test("is answered once where each recipient has the same answer", async () => {
    const refusal = reject(550, "5.7.1", "Not for you");
    const { replies, seen } = await told(() => eachRecipient([refusal, refusal]), { protocol: "smtp" });
    expect(replies).toEqual(["550 5.7.1 Not for you"]);
    expect(seen).toEqual([false]);
  });

  test("is answered 451 where the answers differ, and makes an error event that says why", async () => {
    const answer = () => eachRecipient([accept(), reject(550, "5.7.1", "Not for you")]);
    const { replies, errors } = await told(answer, { protocol: "smtp" });
    expect(replies).toEqual(["451 4.3.0 Local error in processing; try again later"]);
    expect(errors()).toEqual([
      "LocalProtocolError: different replies for the recipients: the client takes one for all of them",
    ]);
  });
});

describe("a message over SMTP whose client asked for PRDR", () => {
  const options = { protocol: "smtp", extensions: [prdr] } as const;

  test("is accepted for one recipient and refused for another", async () => {
    const answer = () => eachRecipient([accept("Saved"), reject(550, "5.7.1", "Not for you")]);
    const { replies, seen } = await told(answer, options, " PRDR");
    expect(replies).toEqual([
      "353 A reply for each recipient follows",
      "250 2.6.0 Saved",
      "550 5.7.1 Not for you",
      "250 2.6.0 Message accepted for some recipients",
    ]);
    expect(seen).toEqual([true]);
  });

  test.each([
    [
      "refused",
      reject(550, "5.7.1", "No b"),
      reject(550, "5.7.1", "No c"),
      "550 5.7.1 Message refused for all recipients",
    ],
    ["accepted", accept("Saved as b1"), accept("Saved as c1"), "250 2.6.0 Message accepted"],
  ])("is %s for each with its own text, however alike the rest is", async (_, b, c, last) => {
    const { replies } = await told(() => eachRecipient([b, c]), options, " PRDR");
    const own = [b, c].map((answer) => (answer.type === "accept" ? answer.text : answer.reply.lines)?.join(" "));
    expect(replies[0]).toMatch("353 ");
    expect(replies.slice(1, 3).map((reply, at) => reply?.endsWith(` ${own[at]}`))).toEqual([true, true]);
    expect(replies.slice(3)).toEqual([last]);
  });

  test("is told so to our own client", async () => {
    const onMessage = () => eachRecipient([reject(452, "4.2.2", "Mailbox full"), undefined]);
    const clock = new VirtualClock();
    const server = new SmtpServer(
      { hostname: "mx.example.org", extensions: [prdr], onMessage },
      { clock, startTls: false },
    );
    const [end, peer] = pipe({ clock });
    void server.accept(peer);
    const client = await clock.settle(openClient(end, {}, clock));
    const message = { from: "a@example.org", to: ["b@example.org", "c@example.org"], content: "Hi\r\n", prdr: true };
    const { recipients } = await clock.settle(client.send(message));
    expect(recipients.map(({ accepted, reply }) => [accepted, reply?.code])).toEqual([
      [false, 452],
      [true, 250],
    ]);
    await clock.settle(server.close());
  });
});

describe("eachRecipient()", () => {
  test("throws for 421, which cannot be said for one recipient, and names the way out", () => {
    const bye = reject(421, "4.3.2", "Bye");
    expect(() => eachRecipient([accept(), bye])).toThrow(RangeError);
    expect(() => eachRecipient([bye])).toThrow(/another 4xx.*disconnect/);
  });

  test("answers onMessage alone", async () => {
    const onMail = (() => eachRecipient([accept()])) as never;
    const { connect, errors } = memoryServer({ onMail });
    const client = connect();
    await client.reply();
    await client.ask("EHLO client.example.org");
    expect(await client.ask("MAIL FROM:<a@example.org>")).toMatch("451 4.3.0");
    expect(errors()).toEqual(["TypeError: eachRecipient(…) answers onMessage alone"]);
  });
});
