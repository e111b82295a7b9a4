// Whatever a client says, however it is cut, and whatever the application answers: a recording has no secret in it, and replays
// to the same.

import { accept, reject, type ServerOptions } from "@carteiro/driver";
import { recordings, replay } from "@carteiro/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryServer } from "../support/memory-server.ts";

/** Anywhere in the octets that clients send. Its base64 is as long as that of itself and two octets less. */
const secret = "Tr0ub4dor&3-and-more-of-it";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = base64(`\0ana\0${secret}`);

const commands = fc.constantFrom(
  "EHLO a.example",
  "NOOP",
  "RSET",
  "VRFY ana",
  "HELP",
  "QUIT",
  "NONSENSE",
  "STARTTLS",
  "…",
  "bare\nline",
  ".",
  "MAIL FROM:<a@example.org>",
  "MAIL FROM:<a@example.org> SIZE=10",
  "MAIL FROM:<>",
  "RCPT TO:<b@example.net>",
  "RCPT TO:<no@example.net>",
  "RCPT TO:<b@example.net>\r\nDATA",
  "BDAT 5\r\nab\r\nc",
  "BDAT 12 LAST\r\nAUTH PLAIN x",
  "BDAT x",
);
/** What follows DATA always, so that nothing of an exchange is content. */
const wholeContent = Buffer.from("Content\r\n..dot\r\nAUTH PLAIN content\r\n.\r\n");
/** Secrets come behind AUTH, and need not wait for an answer to it. */
const exchange = fc
  .tuple(
    fc.constantFrom(
      "AUTH LOGIN",
      "auth\tlogin",
      "AUTH PLAIN",
      "AUTH CRAM-MD5",
      `AUTH LOGIN ${base64("ana")}`,
      " AUTH LOGIN",
    ),
    fc.subarray([base64("ana"), base64(secret), plain, "*"]),
    fc.boolean(),
  )
  .map(([auth, responses, together]) => (together ? [[auth, ...responses].join("\r\n")] : [auth, ...responses]));
const whole = fc.constantFrom(
  `AUTH PLAIN ${plain}`,
  `auth  plain  ${plain}`,
  `AUTH\tPLAIN\t${plain}`,
  `AUTHPLAIN ${plain}`,
);
const script = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: commands.map((command) => [command]) },
      exchange,
      whole.map((line) => [line]),
    ),
    { maxLength: 15 },
  )
  .map((groups) => ["EHLO a.example", ...groups.flat()]);
const answers = fc.infiniteStream(
  fc.constantFrom(accept(), undefined, accept("Fine"), reject(451, "4.3.0", "Later"), "later"),
);

function application(answer: () => unknown): Partial<ServerOptions> {
  const decide = () => {
    const given = answer() as ReturnType<typeof accept> | "later" | undefined;
    return given === "later" ? Promise.resolve(accept()) : given;
  };
  return {
    onMail: decide,
    onRecipient: decide,
    onMessage: decide,
    onVerify: decide,
    onAuthenticate: async ({ password }) => (password === secret ? accept() : reject(535)),
    authentication: { allowInClear: true, mechanisms: ["PLAIN", "LOGIN"] },
  };
}

test("a server's session has no secret in its recording, and replays to the same", async () => {
  await fc.assert(
    fc.asyncProperty(
      script,
      answers,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom("kept" as const, "hidden" as const),
      async (lines, given, sizes, content) => {
        const { witness, sessions } = recordings({ content });
        const server = memoryServer({ ...application(() => given.next().value), witness });
        const client = server.connect({ chunkSizes: () => Array.from({ length: 200 }, () => sizes).flat() });
        for (const line of lines) {
          const octets = Buffer.from(line.endsWith("c") ? line : `${line}\r\n`, "latin1");
          if (line === "…") await server.clock.advance(20_000);
          else void client.transport.write(octets)?.catch(() => undefined);
          // Nothing is sent ahead of the answer to DATA: what looks like AUTH there may be content.
          if (line.length % 2 === 0 || line.endsWith("DATA")) await server.clock.advance(1);
          if (line.endsWith("DATA")) void client.transport.write(wholeContent)?.catch(() => undefined);
        }
        await server.clock.advance(500_000);
        const [text = ""] = sessions;
        for (const word of [secret, plain, base64(secret), base64(secret).slice(0, 20)])
          expect(text).not.toContain(word);
        // What a client sends ahead of the answer to DATA is hidden, whether it turns out to be content or commands.
        if (content === "kept") expect(replay(text).diff).toBe("");
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
