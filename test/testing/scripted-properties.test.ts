// A session that was recorded is a script: those who took part in it satisfy it again, and a single octet that differs is told
// with its line.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { accept, openClient, reject, SmtpServer, type ClientOptions, type Message } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { dialogueOf, recordings, scriptedClient, scriptedServer, ScriptError } from "@carteiro/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readDialogue } from "../../packages/testing/src/script/dialogue.ts";
import { matchPattern, readPattern } from "../../packages/testing/src/script/pattern.ts";

interface Case {
  readonly messages: readonly Message[];
  readonly startTls: boolean;
  readonly rejected: readonly string[];
}

const addresses = ["bia@example.net", "cy@example.net", "dan@example.net"] as const;
const line = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(".", "..", "*", "{x}", "\\", " ", "C: QUIT ", "**"),
);
const message: fc.Arbitrary<Message> = fc
  .record({ to: fc.subarray([...addresses], { minLength: 1 }), lines: fc.array(line, { maxLength: 5 }) })
  .map(({ to, lines }) => ({
    from: "ana@example.org",
    to,
    content: ["Subject: Hi", "", ...lines.map((text) => text.replaceAll(/[\r\n]/g, "")), ""].join("\r\n"),
  }));
const session: fc.Arbitrary<Case> = fc.record({
  messages: fc.array(message, { minLength: 1, maxLength: 3 }),
  startTls: fc.boolean(),
  rejected: fc.subarray([...addresses]),
});

function serverOf({ startTls, rejected }: Case, clock: VirtualClock): SmtpServer {
  return new SmtpServer(
    {
      hostname: "mx.example.com",
      onRecipient: ({ recipient }) => (rejected.includes(recipient.address) ? reject(450, "4.2.0", "Later") : accept()),
      onMessage: async ({ content }) => accept(`Took ${(await content.bytes()).length} octets`),
    },
    { startTls, clock },
  );
}

/** Sends and quits, whatever is said to it. */
async function send({ messages }: Case, open: () => ReturnType<typeof openClient>): Promise<void> {
  const client = await open();
  for (const one of messages) await client.send(one).catch(() => undefined);
  await client.quit();
}

const clientOptions: ClientOptions = { hostname: "client.example.org" };

/** The dialogue of such a session. */
async function recorded(given: Case): Promise<string> {
  const clock = new VirtualClock();
  const { witness, sessions } = recordings();
  const [client, server] = pipe({ clock });
  void serverOf(given, clock).accept(server);
  await clock.settle(send(given, () => openClient(client, { ...clientOptions, witness }, clock)));
  return dialogueOf(sessions[0] ?? "");
}

/** The same client meets a server by this script. */
async function metAgain(given: Case, script: string): Promise<unknown> {
  const clock = new VirtualClock();
  const server = scriptedServer(script, { clock });
  await clock.settle(send(given, () => openClient(server.transport(), clientOptions, clock)).catch(() => undefined));
  return clock.settle(server.done.catch((error: unknown) => error));
}

test("a recorded session is satisfied by the same client, and by the same server, again", async () => {
  await fc.assert(
    fc.asyncProperty(session, async (given) => {
      const script = await recorded(given);
      expect(await metAgain(given, script)).toHaveProperty("captures", {});
      const clock = new VirtualClock();
      const client = scriptedClient(script, { clock });
      await clock.settle(client.connectTo(serverOf(given, clock)));
    }),
    { numRuns: 60 },
  );
});

test("a single octet that differs is told with its line", async () => {
  await fc.assert(
    fc.asyncProperty(session, fc.nat(), fc.nat(), async (given, which, where) => {
      const lines = (await recorded(given)).split("\n");
      const awaited = lines.flatMap((text, index) =>
        text.startsWith("C: ") && !text.startsWith("C: (") ? [index] : [],
      );
      const index = awaited[which % awaited.length] ?? 0;
      const text = lines[index] ?? "";
      const at = 3 + (where % (text.length - 3));
      // Neither within an escape nor making one.
      fc.pre(!text.includes("\\") && text[at] !== undefined && text[at] < "\x7f");
      lines[index] = `${text.slice(0, at)}${text[at] === "q" ? "Q" : "q"}${text.slice(at + 1)}`;
      const error = await metAgain(given, lines.join("\n"));
      expect(error).toBeInstanceOf(ScriptError);
      expect(error).toMatchObject({ line: index + 1, expected: lines[index], received: text });
    }),
    { numRuns: 60 },
  );
});

test("patterns match what a regular expression would, and keep as little as they can", () => {
  const piece = fc.constantFrom("a", "b", "ab", "*", "{x}", "{a|ab|}");
  const meaning = new Map([
    ["*", ".*?"],
    ["{x}", "(.*?)"],
    ["{a|ab|}", "(?:a|ab|)"],
  ]);
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), letters, (pieces, text) => {
      const source = pieces.map((one) => meaning.get(one) ?? one).join("");
      const match = new RegExp(`^${source}$`).exec(text);
      const kept = matchPattern(readPattern(pieces.join("")), text);
      expect(kept !== undefined).toBe(match !== null);
      if (pieces.filter((one) => one === "{x}").length === 1) expect(kept?.["x"]).toBe(match?.[1]);
    }),
    { numRuns: 2_000 },
  );
});

test("no line makes the search for wildcards slow", () => {
  const pattern = readPattern(`${"*a".repeat(20)}b`);
  const before = performance.now();
  expect(matchPattern(pattern, "a".repeat(5_000))).toBeUndefined();
  expect(performance.now() - before).toBeLessThan(2_000);
});

const folder = join(import.meta.dirname, "../transcripts");
const documents = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));

test("every dialogue of the transcripts is a script for either side", () => {
  const blocks = documents.flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return Array.from(text.matchAll(/^```smtp\n(.*?)^```$/gms), ([, block = ""]) => block);
  });
  expect(blocks.length).toBeGreaterThan(100);
  for (const block of blocks) {
    for (const party of ["server", "client"] as const) expect(readDialogue(block, party)).toBeDefined();
  }
});

test("a dialogue of the transcripts is played as it stands", async () => {
  const text = readFileSync(join(folder, "README.md"), "utf8");
  const [, block = ""] = /^```smtp\n(.*?)^```$/ms.exec(text) ?? [];
  const options = { hostname: "mx.example.com", limits: { messageSize: 1000 } };
  const server = new SmtpServer(
    { ...options, onRecipient: () => reject(550, "5.1.1", "No such user here") },
    { startTls: false },
  );
  await scriptedClient(block).connectTo(server);
});

test("whatever text is a dialogue is read, or refused with its line", () => {
  const text = fc
    .array(fc.tuple(fc.constantFrom("C: ", "S: ", "… ", "# ", ""), fc.string()).map((parts) => parts.join("")))
    .map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(text, (dialogue) => {
      try {
        readDialogue(dialogue, "server");
      } catch (error) {
        expect(error).toMatchObject({ name: "DialogueError", message: expect.stringMatching(/^Line \d+: /) });
      }
    }),
  );
});
