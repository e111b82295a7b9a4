// What a message asks for besides its delivery, through the client's API.

import { InvalidValueError, LocalProtocolError } from "@carteiro/core";
import type { Message } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { answer, content, message, opened } from "../support/client-rig.ts";

const everything = [
  "DSN",
  "DELIVERBY",
  "FUTURERELEASE 999999999 2099-12-31T23:59:59Z",
  "MT-PRIORITY",
  "REQUIRETLS",
  "NO-SOLICITING",
  "RRVS",
  "PRDR",
  "SIZE",
];

const since = new Date("2014-04-03T23:01:00Z");
const asked: Message = {
  ...message,
  to: [
    { recipient: "b@example.org", notify: ["SUCCESS", "DELAY"], originalRecipient: "first@example.net" },
    { recipient: "c@example.org", notify: "NEVER", originalRecipient: "pelé@example.net" },
    { recipient: "d@example.org", validSince: { since, otherwise: "reject" } },
    { recipient: "e@example.org", validSince: { since: since.getTime() } },
    "f@example.org",
  ],
  dsn: { ret: "HDRS", envid: "a b" },
  deliverBy: { seconds: 3_600, mode: "notify" },
  holdUntil: new Date("2030-01-31T12:00:00Z"),
  priority: 3,
  solicitation: ["org.example:ADV"],
  prdr: true,
};

describe("what a message asks for", () => {
  test("is said with MAIL and with each RCPT", async () => {
    const { client, server } = await opened(everything);
    const sending = client.send(asked);
    const heard = await answer(server, "250 OK", "250 OK", "250 OK", "250 OK", "250 OK", "250 OK", "354 Go on");
    expect(heard).toEqual([
      "MAIL FROM:<a@example.org> SIZE=23 RET=HDRS ENVID=a+20b BY=3600;N HOLDUNTIL=2030-01-31T12:00:00Z MT-PRIORITY=3 SOLICIT=org.example:ADV PRDR",
      "RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first@example.net",
      "RCPT TO:<c@example.org> NOTIFY=NEVER ORCPT=utf-8;pel\\x{E9}@example.net",
      "RCPT TO:<d@example.org> RRVS=2014-04-03T23:01:00Z;R",
      "RCPT TO:<e@example.org> RRVS=2014-04-03T23:01:00Z",
      "RCPT TO:<f@example.org>",
      "DATA",
    ]);
    await content(server);
    await server.say("353 Each", "250 OK", "450 Full", "250 OK", "550 No", "250 OK", "250 2.0.0 Taken");
    const { recipients, reply } = await sending;
    expect(recipients.map((result) => result.reply?.code)).toEqual([250, 450, 250, 550, 250]);
    expect(recipients.map(({ accepted }) => accepted)).toEqual([true, false, true, false, true]);
    expect(reply).toMatchObject({ lines: ["Taken"] });
  });

  test("makes the message be refused where the server does not offer it, and the session goes on", async () => {
    const { client, server } = await opened([]);
    const refused: readonly Partial<Message>[] = [
      { dsn: { ret: "FULL" } },
      { to: { recipient: "b@example.org", notify: "NEVER" } },
      { to: { recipient: "b@example.org", validSince: { since } } },
      { deliverBy: { seconds: 60, mode: "return" } },
      { holdFor: 60 },
      { holdUntil: since },
      { priority: 0 },
      { requireTls: true },
      { solicitation: ["a"] },
      { prdr: true },
      { body: "BINARYMIME" },
    ];
    for (const its of refused) {
      await expect(client.send({ ...message, ...its })).rejects.toBeInstanceOf(LocalProtocolError);
    }
    const sending = client.send({ ...message, requireTls: false, prdr: false, dsn: {} });
    expect((await answer(server, "250 OK", "250 OK", "354 Go on"))[0]).toBe("MAIL FROM:<a@example.org>");
    await content(server);
    await server.say("250 OK");
    await sending;
  });

  test("is refused where it makes no sense", async () => {
    const { client } = await opened(everything);
    const to = (its: object) => ({ to: { recipient: "b@example.org", ...its } });
    for (const its of [
      { from: undefined },
      { to: undefined },
      { holdUntil: new Date("never") },
      { holdUntil: "2030-01-31" },
      { priority: 99 },
      { dsn: { envid: "" } },
      { deliverBy: { seconds: 60, mode: "Return" } },
      { content: "é\r\n", body: "7BIT" },
      to({ notify: "SUCCESS" }),
      to({ validSince: { since: "2014-04-03T23:01:00Z" } }),
      to({ validSince: { since, otherwise: "Reject" } }),
    ]) {
      await expect(client.send({ ...message, ...its } as Message)).rejects.toBeInstanceOf(InvalidValueError);
    }
    await expect(client.send({ ...message, requireTls: true })).rejects.toThrow(/certificate that was verified/);
  });
});

test("the body is what the caller says where nothing has been read of the content yet", async () => {
  const { client, server } = await opened(["8BITMIME"]);
  const sending = client.send({ ...message, body: "7BIT", content: async function* () {} });
  const [mail] = await answer(server, "250 OK", "250 OK", "354 Go on");
  expect(mail).toBe("MAIL FROM:<a@example.org> BODY=7BIT");
  await content(server);
  await server.say("250 OK");
  await sending;
});
