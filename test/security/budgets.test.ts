// What a client may get wrong, or do to no end, before it has to go: foreign protocols at once, errors, commands and
// guesses after as many as their limits say. The same in memory and over sockets.

import { accept, reject, type ServerOptions } from "@carteiro/driver";
import { createServer } from "@carteiro/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RawClient, RawSocket } from "../support/raw-peers.ts";
import { noDelays } from "../support/no-delays.ts";

type Options = Omit<ServerOptions, "hostname">;

interface Outcome {
  readonly codes: readonly number[];
  readonly heard: string;
}

const minute = 60_000;

/** What a client hears that says all this in one piece, up to the end of the connection. */
const ways: readonly { readonly name: string; readonly hear: (text: string, options: Options) => Promise<Outcome> }[] =
  [
    {
      name: "in memory",
      async hear(text, options) {
        const client = await RawClient.connect(options);
        await client.say(text);
        // Long enough for what is answered with delay, and too short for a client to be silent for too long.
        await client.clock.advance(2 * minute);
        expect(client.closed).toBe(true);
        return client;
      },
    },
    {
      name: "over a socket",
      async hear(text, options) {
        const server = createServer({ hostname: "localhost", timeouts: noDelays, ...options });
        const { port } = await server.listen({ host: "127.0.0.1" });
        try {
          const client = await RawSocket.connect(port);
          client.say(text);
          await client.ends();
          return { heard: client.heard, codes: await client.replies(0) };
        } finally {
          await server.destroy();
        }
      },
    },
  ];

const hello = "EHLO a.example\r\n";
const message = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n";
const guess = `AUTH PLAIN ${btoa("\0user\0wrong")}\r\n`;

/** Notes every question to the application but that about the connection. */
function noting(asked: string[], more: Options = {}): Options {
  return {
    onHello: () => void asked.push("hello"),
    onMail: () => void asked.push("mail"),
    onReset: () => void asked.push("reset"),
    onVerify: () => void asked.push("verify"),
    ...more,
  };
}

const times = (count: number, code: number): number[] => Array.from({ length: count }, () => code);

describe.each(ways)("$name, a server", ({ hear }) => {
  test.each(["GET / HTTP/1.1", "POST /path HTTP/1.0", "HEAD / HTTP/1.1", "CONNECT a:25 HTTP/1.1", "PRI * HTTP/2.0"])(
    "closes at once at %j, and takes nothing behind it",
    async (line) => {
      const asked: string[] = [];
      const { codes, heard } = await hear(`${line}\r\nHost: a\r\n\r\n${hello}${message}`, noting(asked));
      expect(codes).toEqual([220, 554]);
      expect(heard).toContain("554 5.5.1 ");
      expect(asked).toEqual([]);
    },
  );

  test("answers so many errors of any kind, then 421 4.7.0 behind the first that is one too many", async () => {
    const asked: string[] = [];
    const errors = ["FOO", "MAIL FROM:a", "RCPT TO:<a@b>", "MAIL FROM:<a@b> FOO=1", "DATA now"];
    const text = hello + errors.map((line) => `${line}\r\n`).join("") + message;
    const { codes, heard } = await hear(text, noting(asked, { limits: { errors: 4 } }));
    expect(codes).toEqual([220, 250, 500, 501, 503, 555, 501, 421]);
    expect(heard).toMatch(/\r\n421 4\.7\.0 [^\r]+\r\n$/);
    expect(asked).toEqual(["hello"]);
  });

  test("forgives no error for a message, EHLO or RSET", async () => {
    const text = `${hello}FOO\r\n${message}FOO\r\n${hello}FOO\r\nRSET\r\nFOO\r\nNOOP\r\n`;
    const { codes } = await hear(text, { limits: { errors: 3 } });
    expect(codes).toEqual([220, 250, 500, 250, 250, 354, 250, 500, 250, 500, 250, 500, 421]);
  });

  test("counts no refusal of the application's as an error", async () => {
    const options: Options = { limits: { errors: 1 }, onRecipient: () => reject(550, "5.1.1", "No such mailbox") };
    const { codes } = await hear(`${hello}MAIL FROM:<a@b>\r\n${"RCPT TO:<c@d>\r\n".repeat(9)}QUIT\r\n`, options);
    expect(codes).toEqual([220, 250, 250, ...times(9, 550), 221]);
  });

  test("answers so many commands without mail, and 421 4.7.0 to the next", async () => {
    const asked: string[] = [];
    const text = hello + "NOOP\r\n".repeat(6) + "VRFY a\r\n".repeat(9);
    const { codes, heard } = await hear(text, noting(asked, { limits: { commandsWithoutMail: 10 } }));
    expect(codes).toEqual([220, ...times(7, 250), ...times(3, 252), 421]);
    expect(heard).toMatch(/\r\n421 4\.7\.0 [^\r]+\r\n$/);
    expect(asked).toEqual(["hello", ...Array.from({ length: 3 }, () => "verify")]);
  });

  test("counts commands anew after each message that it has taken", async () => {
    const text = `${hello}${message.repeat(9)}${"NOOP\r\n".repeat(9)}`;
    const { codes } = await hear(text, { limits: { commandsWithoutMail: 5 } });
    expect(codes.filter((code) => code === 354)).toHaveLength(9);
    expect(codes.slice(-6)).toEqual([...times(5, 250), 421]);
  });

  test("counts no commands anew after a message that it has refused", async () => {
    const options: Options = { limits: { commandsWithoutMail: 8 }, onMessage: () => reject(554, "5.6.0", "No") };
    const { codes } = await hear(hello + message.repeat(9), options);
    expect(codes.at(-1)).toBe(421);
    expect(codes.filter((code) => code === 354).length).toBeLessThanOrEqual(4);
  });

  test("answers so many guesses, the last of them followed by 421 4.7.0", async () => {
    const passwords: string[] = [];
    const { codes, heard } = await hear(hello + guess.repeat(9), {
      limits: { authenticationAttempts: 2 },
      authentication: { allowInClear: true },
      onAuthenticate({ password }) {
        passwords.push(password);
        return reject(535, "5.7.8", "No");
      },
    });
    expect(codes).toEqual([220, 250, 535, 535, 421]);
    expect(heard).toMatch(/\r\n421 4\.7\.0 [^\r]+\r\n$/);
    expect(passwords).toEqual(["wrong", "wrong"]);
  });

  test("counts what is garbled in AUTH among the errors", async () => {
    const { codes } = await hear(`${hello}${"AUTH PLAIN !\r\n".repeat(9)}`, {
      limits: { errors: 2 },
      authentication: { allowInClear: true },
      onAuthenticate: () => accept(),
    });
    expect(codes).toEqual([220, 250, 501, 501, 501, 421]);
  });
});

describe("budgets", () => {
  const lines = fc.array(
    fc.constantFrom(
      "NOOP",
      "RSET",
      "VRFY a",
      "HELP",
      hello.trim(),
      "FOO",
      "MAIL FROM:a",
      "RCPT TO:<a@b>",
      "DATA",
      "NOOP\t",
    ),
    { maxLength: 60 },
  );

  test("end a session exactly where one of them is spent, whatever it is spent on", async () => {
    const limits = fc.record({
      errors: fc.integer({ min: 1, max: 8 }),
      commandsWithoutMail: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, lines, async (allowed, list) => {
        const client = await RawClient.connect({ limits: allowed });
        let errors = 0;
        for (const [at, line] of list.entries()) {
          const heard = await client.say(`${line}\r\n`);
          const spent = at >= allowed.commandsWithoutMail;
          if (!spent && heard.startsWith("5")) errors += 1;
          expect(client.closed).toBe(spent || errors > allowed.errors);
          if (client.closed) {
            expect(client.codes.at(-1)).toBe(421);
            return;
          }
        }
      }),
    );
  });
});
