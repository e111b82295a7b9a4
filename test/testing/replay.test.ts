// What is recorded of a session is replayed to the same: whatever it went through, and without the secrets in it.

import {
  accept,
  deriveKeys,
  memoryKeyStore,
  openClient,
  reject,
  SmtpServer,
  systemClock,
  type ClientOptions,
  type ServerOptions,
} from "@carteiro/driver";
import { pair, pipe, type PairOptions } from "@carteiro/memory";
import { parseRecording, recordings, replay, type RecordOptions } from "@carteiro/testing";
import { describe, expect, test } from "vitest";

const password = "a very secret password";
const content = "Subject: Greetings\r\n\r\nHello!\r\n.\r\n..dots and \u00e9\r\n";
const message = { from: "ana@example.org", to: ["bia@example.net", "nobody@example.net"], content };

/** Sends a message in memory, and gives the recordings of both sides. */
async function recorded(
  server: Partial<ServerOptions> = {},
  client: ClientOptions = {},
  { options, play }: { readonly options?: RecordOptions; readonly play?: PairOptions } = {},
) {
  const [servers, clients] = [recordings(options), recordings(options)];
  const joined = await pair(
    {
      hostname: "mx.example.net",
      onRecipient: ({ recipient }) =>
        recipient.localPart === "nobody" ? reject(550, "5.1.1", "No such user") : accept(),
      onMessage: async ({ content }) => accept(`${(await content.bytes()).length} octets`),
      ...server,
      witness: servers.witness,
    },
    { ...client, witness: clients.witness },
    play,
  );
  const { client: session, clock } = joined;
  await clock.settle(session.send(message));
  await clock.settle(session.quit());
  return { ofServer: servers.sessions[0] ?? "", ofClient: clients.sessions[0] ?? "" };
}

function expectSame(...texts: readonly string[]): void {
  for (const text of texts) {
    expect(replay(text).diff).toBe("");
    expect(parseRecording(text).entries.length).toBeGreaterThan(10);
  }
}

describe("a recording", () => {
  test.each<[string, Partial<ServerOptions>, ClientOptions]>([
    ["in the clear, by BDAT", {}, { startTls: "never" }],
    ["by DATA", { chunking: false }, { startTls: "never" }],
    ["under TLS", {}, { startTls: "required" }],
    ["of commands one by one", {}, { startTls: "never", pipelining: false }],
    ["of LMTP", { protocol: "lmtp" }, { protocol: "lmtp", startTls: "never" }],
    ["of a server that decides later", { onMail: async () => accept() }, {}],
  ])("replays to the same: a session %s", async (_, server, client) => {
    const { ofServer, ofClient } = await recorded(server, client);
    expectSame(ofServer, ofClient);
  });

  test.each([[1], [7]])("replays to the same where octets came by %i", async (size) => {
    const play = { chunkSizes: () => Array.from({ length: 10_000 }, () => size) };
    const { ofServer, ofClient } = await recorded({ chunking: false }, {}, { play });
    expectSame(ofServer, ofClient);
  });

  test.each([["PLAIN"], ["LOGIN"]] as const)(
    "has no password of %s in it, and replays to the same",
    async (mechanism) => {
      const onAuthenticate = () => accept();
      const { ofServer, ofClient } = await recorded(
        { onAuthenticate },
        { auth: { user: "ana", password }, mechanisms: [mechanism] },
      );
      for (const text of [ofServer, ofClient]) {
        expect(text).toContain("AUTH");
        expect(text).not.toContain(password);
        expect(text).not.toContain(btoa(password));
        expect(text).not.toContain(btoa(`\0ana\0${password}`));
      }
      expectSame(ofServer, ofClient);
    },
  );

  test("has nothing of SCRAM's exchange in it, and replays to the same", async () => {
    const users = memoryKeyStore({ ana: await deriveKeys(password) });
    const [servers, clients] = [recordings(), recordings()];
    const options = { hostname: "mx.example.net", witness: servers.witness, authentication: { users, required: true } };
    const server = new SmtpServer(options, { startTls: true });
    // Time that is not virtual: it passes while keys are computed.
    const [clientEnd, serverEnd] = pipe({ clock: systemClock });
    void server.accept(serverEnd);
    const auth = { user: "ana", password };
    const client = await openClient(clientEnd, { auth, mechanisms: ["SCRAM-SHA-256"], witness: clients.witness });
    await client.send(message);
    await client.quit();
    const [ofServer = "", ofClient = ""] = [...servers.sessions, ...clients.sessions];
    for (const text of [ofServer, ofClient]) {
      expect(text).toContain("AUTH SCRAM-SHA-256 AAAA");
      expect(text).not.toContain(btoa("n,,n=ana,").slice(0, 10));
      expect(text).not.toContain(password);
    }
    expectSame(ofServer, ofClient);
  });

  test("has no content in it where none is wished, in lines of the same lengths", async () => {
    for (const server of [{}, { chunking: false }]) {
      const { ofServer, ofClient } = await recorded(server, {}, { options: { content: "hidden" } });
      for (const text of [ofServer, ofClient]) {
        expect(text).not.toContain("Greetings");
        expect(text).not.toContain("Hello!");
        expect(text).toContain("xxxxxxxx xxxxxxxxx");
        expect(text).toContain("RCPT TO:<bia@example.net>");
      }
      expectSame(ofServer, ofClient);
    }
  });

  test("that was cut off in its last line is read up to there", async () => {
    const { ofServer } = await recorded();
    expectSame(ofServer.slice(0, -5));
  });
});

describe("a replay", () => {
  test("shows what is said otherwise now, and what came of it", async () => {
    const { ofServer } = await recorded({}, { startTls: "never" });
    const { same, diff } = replay(ofServer, { options: { chunking: false } });
    expect(same).toBe(false);
    expect(diff).toContain("- S: 250-CHUNKING\n");
    expect(diff).toContain("+ S: 502 5.5.1 BDAT is not offered\n");
  });
});
