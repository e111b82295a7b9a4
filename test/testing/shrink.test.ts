// A session is shrunk to what is needed for something to happen, and what comes out is a test of its own: it is played here as
// those of test/transcripts are.

import { accept, reject, type ClientOptions, type ServerOptions } from "@carteiro/driver";
import { pair } from "@carteiro/memory";
import { RecordingError, recordings, replay, shrink } from "@carteiro/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ddmin } from "../../packages/testing/src/recording/ddmin.ts";
import { play } from "../support/transcript-player.ts";
import { readTranscripts } from "../support/transcript.ts";

/** Sends three messages in memory, the second with a recipient that is refused, and gives the recordings of both sides. */
async function recorded(server: Partial<ServerOptions> = {}, client: ClientOptions = {}) {
  const [servers, clients] = [recordings(), recordings()];
  const { client: session, clock } = await pair(
    {
      hostname: "mx.example.net",
      onRecipient: ({ recipient }) =>
        recipient.localPart === "nobody" ? reject(550, "5.1.1", "No such user") : accept(),
      ...server,
      witness: servers.witness,
    },
    { startTls: "never", ...client, witness: clients.witness },
  );
  for (const to of [
    ["bia@example.net"],
    ["cy@example.net", "nobody@example.net", "di@example.net"],
    ["ed@example.net"],
  ]) {
    await clock.settle(
      session.send({ from: "ana@example.org", to, content: "Subject: Hi\r\n\r\nOne\r\nTwo\r\nThree\r\n" }),
    );
    await clock.settle(session.verify("bia"));
  }
  await clock.settle(session.quit());
  return { ofServer: servers.sessions[0] ?? "", ofClient: clients.sessions[0] ?? "" };
}

/** The dialogue, once it has been played as a test. */
function dialogueOf(transcript: string): readonly string[] {
  const [block, ...others] = readTranscripts("shrunk.md", `# Shrunk\n\n${transcript}`);
  if (block === undefined || others.length > 0) return expect.unreachable("one block");
  for (const manner of ["whole", "octets"] as const) play(block, manner);
  return transcript
    .slice(transcript.indexOf("```smtp\n") + 8, -4)
    .trim()
    .split("\n");
}

describe("a server's session is shrunk", () => {
  test("to the one recipient that was refused, with the application's answer", async () => {
    const { ofServer } = await recorded();
    const { transcript } = shrink(ofServer, { fails: "S: 550", name: "Server refuses a recipient" });
    expect(transcript).toMatch(/^### Server refuses a recipient\n/);
    const lines = dialogueOf(transcript);
    expect(lines.filter((line) => !line.startsWith("S: 2"))).toEqual([
      expect.stringContaining("server {"),
      "C: EHLO localhost",
      "C: MAIL FROM:<ana@example.org> SIZE=32",
      "C: RCPT TO:<nobody@example.net>",
      "-> recipientReceived recipient=<nobody@example.net>",
      "<- reject 550 5.1.1 No such user",
      "S: 550 5.1.1 No such user",
    ]);
  });

  test("to what another build says otherwise", async () => {
    const { ofServer } = await recorded();
    const options = { options: { chunking: false } };
    expect(replay(ofServer, options).same).toBe(false);
    const { transcript, run } = shrink(ofServer, { ...options, fails: "S: 502 5.5.1 BDAT" });
    expect(run.lines.filter(({ kind }) => kind === "client")).toMatchObject([
      { text: "C: BDAT 32 LAST" },
      // No more than the octets of the chunk, which are thrown away.
      { text: expect.stringContaining("C: MAIL") },
    ]);
    expect(transcript).toContain("S: 502 5.5.1 BDAT is not offered");
  });

  test("to how it ended, when time ran out", async () => {
    const [servers, clock] = [recordings(), (await import("@carteiro/memory")).VirtualClock];
    const joined = await pair(
      { hostname: "mx.example.net", witness: servers.witness },
      { startTls: "never", timeouts: { idle: 10_000_000 } },
      { clock: new clock() },
    );
    await joined.clock.advance(400_000);
    joined.client.destroy();
    const { transcript } = shrink(servers.sessions[0] ?? "", { fails: "-> sessionClosed reason=timeout" });
    expect(dialogueOf(transcript).slice(1)).toEqual([
      "S: 220 mx.example.net ESMTP ready",
      "… 300 s pass",
      "-> sessionClosed reason=timeout",
      "S: 421 4.4.2 Timed out; closing the connection",
      "S: (closes)",
    ]);
  });

  test("by a function of its run", async () => {
    const { ofServer } = await recorded();
    const fails = ({ lines }: { readonly lines: readonly { readonly text: string }[] }) =>
      lines.filter(({ text }) => text.startsWith("S: 252")).length >= 2;
    const { transcript } = shrink(ofServer, { fails });
    expect(dialogueOf(transcript).filter((line) => line === "C: VRFY bia")).toHaveLength(2);
  });
});

describe("a client's session is shrunk", () => {
  test("to a refused recipient", async () => {
    const { ofClient } = await recorded();
    const { transcript } = shrink(ofClient, { fails: "S: 550 5.1.1" });
    const lines = dialogueOf(transcript);
    expect(lines.at(0)).toMatch(/^client \{/);
    expect(lines).toContain("S: 550 5.1.1 No such user");
    expect(lines.length).toBeLessThan(12);
  });

  test("to what it sends of the content", async () => {
    const { ofClient } = await recorded({ chunking: false });
    const { transcript } = shrink(ofClient, { fails: "C: Three" });
    const lines = dialogueOf(transcript);
    expect(lines).toContain("<- content Three");
    expect(lines).not.toContain("<- content Two");
  });
});

test("a session that does not come to it cannot be shrunk", async () => {
  const { ofServer } = await recorded();
  expect(() => shrink(ofServer, { fails: "S: 999" })).toThrow(RecordingError);
  expect(() => shrink(ofServer)).toThrow("The session says nothing now that it did not say then");
});

test("of a list what is needed is left, and nothing else", () => {
  const lists = fc
    .uniqueArray(fc.nat(1_000), { maxLength: 60 })
    .chain((items) => fc.record({ items: fc.constant(items), needed: fc.subarray(items) }));
  fc.assert(
    fc.property(lists, ({ items, needed }) => {
      expect(ddmin(items, (fewer) => needed.every((item) => fewer.includes(item)))).toEqual(needed);
    }),
  );
});
