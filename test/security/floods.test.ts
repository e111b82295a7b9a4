// Too much of everything, with the limits as they are by default: each flood ends in a refusal or the end of the session,
// and what a client may well do goes on.

import { defaultServerLimits } from "@carteiro/core";
import { accept, reject, SmtpError, type ServerOptions } from "@carteiro/driver";
import { connect } from "@carteiro/node";
import { afterEach, describe, expect, test } from "vitest";
import { codesOf, RawClient, rawServer, type RawSocket } from "../support/raw-peers.ts";

type Options = Omit<ServerOptions, "hostname">;

const hello = "EHLO a.example\r\n";
const upToContent = `${hello}MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n`;

async function heard(text: string, options: Options = {}): Promise<RawClient> {
  const client = await RawClient.connect(options);
  await client.say(text);
  return client;
}

describe("a server", () => {
  const floods = [
    { name: "RSETs", text: "RSET\r\n" },
    { name: "NOOPs", text: "NOOP\r\n" },
    { name: "EHLOs", text: hello },
    { name: "HELOs", text: "HELO a.example\r\n" },
    { name: "VRFYs", text: "VRFY root\r\n" },
    { name: "EXPNs", text: "EXPN staff\r\n" },
    { name: "HELPs", text: "HELP\r\n" },
    { name: "MAILs taken back", text: "MAIL FROM:<a@b>\r\nRSET\r\n" },
    { name: "transactions taken back", text: "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\n" },
    {
      name: "transactions without content that is taken",
      text: "MAIL FROM:<a@b>\r\nRCPT TO:<no@d>\r\nDATA\r\nRSET\r\n",
    },
    { name: "unknown recipients", text: "MAIL FROM:<a@b>\r\nRCPT TO:<no@d>\r\n" },
    { name: "refused messages", text: "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\n\r\n.\r\n" },
  ];

  test.each(floods)("closes with 421 on 10,000 $name", async ({ text }) => {
    const options: Options = {
      onRecipient: ({ recipient }) =>
        recipient.localPart === "no" ? reject(550, "5.1.1", "No such mailbox") : accept(),
    };
    const client = await heard(hello + text.repeat(10_000), options);
    expect(client.closed).toBe(true);
    expect(client.codes.at(-1)).toBe(421);
    // Each reply was to a command, and no more commands were answered than the limits allow.
    expect(client.codes.length).toBeLessThanOrEqual(2 + 2 * defaultServerLimits.commandsWithoutMail);
  });

  test("closes with 421 on errors, long before that", async () => {
    const client = await heard("FOO\r\n".repeat(10_000));
    expect(client.codes).toEqual([220, ...Array.from({ length: defaultServerLimits.errors + 1 }, () => 500), 421]);
  });

  test("serves 10,000 messages in one session", async () => {
    const client = await heard(hello);
    for (let round = 0; round < 100; round++)
      await client.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n".repeat(100));
    expect(client.closed).toBe(false);
    expect(client.codes.filter((code) => code === 354).length).toBe(10_000);
  });

  test("answers 452 to recipients beyond the limit, and goes on with those before it", async () => {
    let recipients = 0;
    const client = await heard(hello, { onMessage: ({ envelope }) => void (recipients = envelope.recipients.length) });
    const said = await client.say(
      `MAIL FROM:<a@b>\r\n${"RCPT TO:<c@d>\r\n".repeat(defaultServerLimits.recipients + 3)}DATA\r\n`,
    );
    const codes = codesOf(said);
    expect(codes.filter((code) => code === 250).length).toBe(1 + defaultServerLimits.recipients);
    expect(codes.slice(-4)).toEqual([452, 452, 452, 354]);
    expect(codesOf(await client.say("x\r\n.\r\n"))).toEqual([250]);
    expect(recipients).toBe(defaultServerLimits.recipients);
  });

  test("closes at a line without an end", async () => {
    const client = await heard("x".repeat(defaultServerLimits.endlessLine + 1));
    expect(client.codes).toEqual([220, 500]);
    expect(client.closed).toBe(true);
  });

  test.each([
    { name: "a command line", text: `NOOP ${"x".repeat(defaultServerLimits.commandLine)}`, code: 500 },
    { name: "a name in EHLO", text: `EHLO ${"a".repeat(600)}`, code: 501 },
    { name: "a label in EHLO", text: `EHLO ${"a".repeat(64)}.example`, code: 501 },
    { name: "a local part", text: `MAIL FROM:<${"a".repeat(255)}@b>`, code: 501 },
    { name: "a domain", text: `MAIL FROM:<a@${"a.".repeat(130)}b>`, code: 501 },
    { name: "a source route", text: `RCPT TO:<${"@a,".repeat(100)}@a:b@c>`, code: 501 },
    { name: "a quoted local part", text: `MAIL FROM:<"${"\\a".repeat(200)}"@b>`, code: 501 },
    { name: "an address literal", text: `MAIL FROM:<a@[IPv6:${"1:".repeat(200)}1]>`, code: 501 },
    { name: "a parameter", text: `MAIL FROM:<a@b> SIZE=${"9".repeat(300)}`, code: 501 },
    {
      name: "a list of parameters",
      text: `MAIL FROM:<a@b>${Array.from({ length: 300 }, (_, index) => ` X${index}=1`).join("")}`,
      code: 555,
    },
    { name: "a SASL mechanism", text: `AUTH ${"A".repeat(21)}`, code: 501 },
  ])("refuses $name that is too long, and goes on", async ({ text, code }) => {
    const client = await heard(`${hello}${text}\r\nNOOP\r\n`);
    expect(client.codes).toEqual([220, 250, code, 250]);
    expect(client.closed).toBe(false);
  });

  test("refuses a line of a SASL exchange that is too long, and goes on", async () => {
    const options: Options = { authentication: { allowInClear: true }, onAuthenticate: () => accept() };
    const client = await heard(`${hello}AUTH PLAIN\r\n${"A".repeat(12_300)}\r\nNOOP\r\n`, options);
    expect(client.codes).toEqual([220, 250, 334, 500, 250]);
    const longest = Buffer.from(`\0user\0${"x".repeat(9_000)}`).toString("base64");
    expect(codesOf(await client.say(`AUTH PLAIN\r\n${longest}\r\n`))).toEqual([334, 235]);
  });
});

describe("a server that takes messages up to a size", () => {
  const limits = { messageSize: 1_000 };
  const mail = (parameter: string) => `MAIL FROM:<a@b> ${parameter}\r\n`;

  test.each([
    { parameter: "SIZE=1000", code: 250 },
    { parameter: "SIZE=1001", code: 552 },
    { parameter: "SIZE=00000000000000001000", code: 250 },
    { parameter: "SIZE=9007199254740993", code: 552 },
    { parameter: "SIZE=18446744073709552616", code: 552 },
    { parameter: "SIZE=99999999999999999999", code: 552 },
    { parameter: "SIZE=100000000000000000000", code: 501 },
    { parameter: "SIZE=000000000000000000001", code: 501 },
    { parameter: "SIZE=-1", code: 501 },
    { parameter: "SIZE=1e3", code: 501 },
    { parameter: "SIZE=", code: 501 },
    { parameter: "SIZE", code: 501 },
  ])("answers $code to $parameter", async ({ parameter, code }) => {
    const client = await heard(hello + mail(parameter), { limits });
    expect(client.heard).toContain("SIZE 1000\r\n");
    expect(client.codes.at(-1)).toBe(code);
  });

  test("counts in sizes larger than a number can tell apart", async () => {
    const client = await heard(hello + mail("SIZE=9007199254740993") + mail("SIZE=9007199254740991"), {
      limits: { messageSize: 2 ** 53 },
    });
    expect(client.codes).toEqual([220, 250, 552, 250]);
  });

  test.each(["", "SIZE=1", "SIZE=1000"])(
    "refuses larger content where %j was announced, and goes on",
    async (parameter) => {
      const errors: unknown[] = [];
      const kept: number[] = [];
      const client = await heard(`${hello}MAIL FROM:<a@b> ${parameter}\r\nRCPT TO:<c@d>\r\nDATA\r\n`, {
        limits,
        async onMessage({ content }) {
          try {
            kept.push((await content.bytes()).length);
          } catch (error) {
            errors.push(error);
            throw error;
          }
        },
      });
      expect(codesOf(await client.say(`${"x".repeat(98)}\r\n`.repeat(11)))).toEqual([]);
      expect(codesOf(await client.say(".\r\nRCPT TO:<c@d>\r\nNOOP\r\n"))).toEqual([552, 503, 250]);
      expect(errors).toMatchObject([{ name: "ContentRefusedError", reply: { code: 552 } }]);
      expect(kept).toEqual([]);
      expect(codesOf(await client.say("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n"))).toEqual([
        250, 250, 354, 250,
      ]);
      expect(kept).toEqual([3]);
    },
  );

  test("closes on a client that goes on for ever with content that is refused", async () => {
    const client = await heard(upToContent, { limits: { ...limits, discarded: 1_000_000 } });
    const block = `${"x".repeat(998)}\r\n`.repeat(50);
    for (let blocks = 0; blocks < 40 && !client.closed; blocks++) await client.say(block);
    expect(client.closed).toBe(true);
    expect(client.codes.at(-1)).toBe(421);
  });
});

describe("a client", () => {
  const open: { close: () => void }[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
  });

  async function peerThatSays(text: string): Promise<number> {
    const server = await rawServer(async (peer: RawSocket) => {
      peer.say(text);
      await peer.ends();
    });
    open.push(server);
    return server.port;
  }

  const much = 1_048_576;
  test.each([
    { name: "a greeting without an end", text: "220-x\r\n".repeat(much / 8) },
    { name: "a line without an end", text: "x".repeat(much) },
    { name: "a reply line that is too long", text: `220 ${"x".repeat(5_000)}\r\n` },
    { name: "lines of nothing", text: "\r\n".repeat(much / 2) },
    { name: "what another protocol says", text: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" },
    { name: "octets that are no text", text: "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n" },
  ])("closes at $name", async ({ text }) => {
    const port = await peerThatSays(text);
    const outcome = await connect({ host: "127.0.0.1", port }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(SmtpError);
    expect(outcome).toMatchObject({ failure: { kind: "protocol", during: "expectingGreeting" } });
  });

  test("closes at replies that nobody asked for", async () => {
    const port = await peerThatSays(`220 a\r\n${"250 a\r\n".repeat(much / 8)}`);
    const client = await connect({ host: "127.0.0.1", port });
    await client.closed;
    const outcome = await client.noop().catch((error: unknown) => error);
    expect(outcome).toMatchObject({ name: "SmtpError", failure: { kind: "protocol", during: "ready" } });
  });
});
