// The test inbox: what tests get of a message, and what they are told where none comes.

import { openClient, reject, type SmtpClient } from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import { InboxError, testServer, type MemoryInbox } from "@carteiro/testing";
import { afterEach, describe, expect, test } from "vitest";

const clients: SmtpClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

async function clientOf(inbox: MemoryInbox, ...options: Parameters<MemoryInbox["connect"]>): Promise<SmtpClient> {
  const client = await inbox.connect(...options);
  clients.push(client);
  return client;
}

const mixed = [
  "From: =?utf-8?q?Ana_S=C3=A1?= <ana@example.org>",
  "To: Bia <bia@example.net>, Team: cy@example.net, di@example.net;",
  "Subject: =?utf-8?q?Ol=C3=A1?=",
  "X-Mark: one",
  "X-Mark: two",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  'Content-Type: multipart/alternative; boundary="a"',
  "",
  "--a",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Bom dia, caf=C3=A9!",
  "--a",
  "Content-Type: text/html",
  "",
  "<p>Bom dia</p>",
  "--a--",
  "--b",
  'Content-Type: text/csv; name="list.csv"',
  'Content-Disposition: attachment; filename="list.csv"',
  "Content-Transfer-Encoding: base64",
  "",
  btoa("a,b\n1,2\n"),
  "--b--",
  "",
].join("\r\n");

const mail = (subject: string, to = "bia@example.net") => ({
  from: "ana@example.org",
  to,
  content: `Subject: ${subject}\r\n\r\nText of ${subject}\r\n`,
});

/** What a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("it did not reject"),
    (error: unknown) => error as Error,
  );
}

describe("an inbox", () => {
  test("gives a message with its envelope, its header, its texts and its attachments", async () => {
    await using inbox = await testServer();
    const client = await clientOf(inbox, { hostname: "client.example" });
    await client.send({ from: null, to: ["bia@example.net", "hidden@example.net"], content: mixed });
    const message = await inbox.message({ to: "bia@example.net" });
    expect(message.envelope).toMatchObject({ from: "", to: ["bia@example.net", "hidden@example.net"] });
    expect(message.subject).toBe("Olá");
    expect(message.from).toEqual({ name: "Ana Sá", address: "ana@example.org" });
    expect(message.to.map(({ address }) => address)).toEqual(["bia@example.net", "cy@example.net", "di@example.net"]);
    expect(message.headers.get("x-mark")).toBe("one");
    expect(message.headers.all("X-Mark")).toEqual(["one", "two"]);
    expect([...message.headers].map(([name]) => name)).toContain("Content-Type");
    expect(message.text).toBe("Bom dia, café!");
    expect(message.html).toBe("<p>Bom dia</p>");
    const [attachment] = message.attachments;
    expect(attachment).toMatchObject({ filename: "list.csv", contentType: "text/csv", disposition: "attachment" });
    expect(attachment?.text).toBe("a,b\n1,2\n");
    expect(Buffer.from(message.raw).toString()).toBe(mixed);
    expect(message.session).toEqual({ hello: "client.example", tls: false, identity: undefined });
    expect(message.dialogue).toContain("C: RCPT TO:<hidden@example.net>");
  });

  test("gives each message to one who waits for it, and keeps all", async () => {
    await using inbox = await testServer();
    const client = await clientOf(inbox);
    const waiting = [inbox.message({ subject: "Two" }), inbox.message(), inbox.message({ body: /of th/i })];
    for (const subject of ["One", "Two", "Three"]) await client.send(mail(subject));
    const given = await Promise.all(waiting);
    expect(given.map(({ subject }) => subject)).toEqual(["Two", "One", "Three"]);
    expect(inbox.messages.map(({ subject }) => subject)).toEqual(["One", "Two", "Three"]);
    await inbox.none();
    inbox.clear();
    expect(inbox.messages).toEqual([]);
  });

  test.each([
    [{ to: "BIA@example.net" }, true],
    [{ to: "bia" }, false],
    [{ to: /^bia@/ }, true],
    [{ from: "ana@example.org", subject: "Hello" }, true],
    [{ subject: /hell/gi }, true],
    [{ headers: { subject: "Hello" } }, true],
    [{ headers: { "x-none": /./ } }, false],
    [{ where: ({ raw }: { readonly raw: Uint8Array }) => raw.length > 1_000 }, false],
  ])("knows %j for the message or not", async (wanted, is) => {
    await using inbox = await testServer();
    await (await clientOf(inbox)).send(mail("Hello"));
    if (is) await inbox.message(wanted, { within: 1 });
    else await expect(inbox.message(wanted, { within: 1 })).rejects.toThrow(InboxError);
  });

  test("that waited in vain says what came instead, and what was said", async () => {
    await using inbox = await testServer({ users: { ana: "secret" } });
    const client = await clientOf(inbox, { auth: { user: "ana", password: "secret" } });
    await client.send(mail("Something else", "cy@example.net"));
    const { message } = await errorOf(inbox.message({ to: "bia@example.net", subject: "Hello" }, { within: 5 }));
    expect(message).toContain('No message to bia@example.net with subject "Hello" came within 5 ms');
    expect(message).toContain('1. from <ana@example.org> to <cy@example.net>: "Something else"');
    expect(message).toContain("Session 1 (open)");
    expect(message).toContain("  C: AUTH PLAIN *\n");
    expect(message).not.toContain(btoa("\0ana\0secret"));
  });

  test("to which nobody came says so", async () => {
    await using inbox = await testServer();
    const { message } = await errorOf(inbox.message({}, { within: 1 }));
    expect(message).toBe("No message came within 1 ms\n\nNo message came at all.\n\nNobody has connected.");
  });

  test("tells of a message that was not to come, also of one that comes later", async () => {
    await using inbox = await testServer();
    const client = await clientOf(inbox);
    const none = inbox.none({ to: "bia@example.net", within: 50 });
    await client.send(mail("Surprise"));
    await expect(none).rejects.toThrow("A message to bia@example.net came, and none was to come");
    await inbox.none({ to: "cy@example.net", within: 1 });
    const began = performance.now();
    await inbox.none({ to: "cy@example.net" }, { within: 1 });
    expect(performance.now() - began).toBeLessThan(100);
  });

  test("takes no wish that it does not know", async () => {
    await using inbox = await testServer();
    await expect(inbox.message({ recipient: "bia@example.net" } as object)).rejects.toThrow(TypeError);
  });

  test("tells those who wait that it is closed", async () => {
    const inbox = await testServer();
    const waiting = errorOf(inbox.message({ subject: "Hello" }));
    await inbox.close();
    expect((await waiting).message).toContain('The inbox was closed while a message with subject "Hello"');
    await expect(inbox.message()).rejects.toThrow("The inbox is closed");
  });

  test("refuses connections once it is closed, as nobody listens then", async () => {
    const inbox = await testServer();
    await inbox.close();
    await expect(inbox.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(() => inbox.transport()).toThrow("The inbox is closed: nobody listens");
  });

  test("takes mail from nobody but its users, where it has some", async () => {
    await using inbox = await testServer({ users: { ana: "secret" } });
    const stranger = await clientOf(inbox);
    await expect(stranger.send(mail("Hello"))).resolves.toMatchObject({ recipients: [{ accepted: false }] });
    await expect(inbox.connect({ auth: { user: "ana", password: "wrong" } })).rejects.toThrow("535");
    const client = await clientOf(inbox, { auth: { user: "ana", password: "secret" } });
    await client.send(mail("Hello"));
    expect((await inbox.message()).session.identity).toBe("ana");
  });

  test("has a server's handlers, and keeps no message that is refused", async () => {
    await using inbox = await testServer({
      onRecipient: ({ recipient }) =>
        recipient.localPart === "full" ? reject(452, "4.2.2", "Mailbox full") : undefined,
      onMessage: ({ subject }) => (subject === "Spam" ? reject(554, "5.7.1", "No spam") : undefined),
    });
    const client = await clientOf(inbox);
    const { recipients } = await client.send({ ...mail("Hello"), to: ["full@example.net", "bia@example.net"] });
    expect(recipients.map(({ accepted }) => accepted)).toEqual([false, true]);
    await client.send(mail("Spam"));
    expect(inbox.messages).toHaveLength(1);
  });

  test("keeps what is no MIME, and says what is wrong with it", async () => {
    await using inbox = await testServer();
    const deep = Array.from(
      { length: 300 },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
    );
    await (await clientOf(inbox)).send({ from: "ana@example.org", to: "bia@example.net", content: deep.join("") });
    const message = await inbox.message();
    expect(message.problem).toContain("nesting");
    expect(message.raw.length).toBeGreaterThan(9_000);
  });

  test("goes by a virtual clock, with TLS and latency", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({ clock, startTls: true, pipe: { latency: 10_000 } });
    const client = await clock.settle(inbox.connect({ startTls: "required" }));
    await clock.settle(client.send({ ...mail("Hello"), content: mixed }));
    expect(clock.now()).toBeGreaterThan(100_000);
    expect((await inbox.message()).session.tls).toBe(true);
    await expect(clock.settle(inbox.message({}, { within: 3_600_000 }))).rejects.toThrow("within 3600000 ms");
    client.destroy();
  });

  test("says under a virtual clock, too, what came instead, and that a message came which was not to", async () => {
    const clock = new VirtualClock();
    await using inbox = await testServer({ clock });
    const client = await clock.settle(inbox.connect());
    const both = Promise.all([client.send(mail("Hello")), inbox.message({ subject: "Hello" })]);
    await expect(clock.settle(both)).resolves.toMatchObject([{}, { subject: "Hello" }]);
    await clock.settle(client.send(mail("Surprise")));
    await expect(clock.settle(inbox.message({ subject: "Hello" }))).rejects.toThrow('"Surprise"');
    await expect(clock.settle(inbox.none({ subject: "Surprise" }))).rejects.toThrow("none was to come");
    client.destroy();
  });

  test("gives transports, to clients that are opened otherwise", async () => {
    await using inbox = await testServer();
    const client = await openClient(inbox.transport(), { startTls: "never" });
    await client.send(mail("Hello"));
    await client.quit();
    expect(inbox.messages).toHaveLength(1);
  });
});
