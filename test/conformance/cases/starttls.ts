// STARTTLS by peers that mean no good: nothing that comes in the clear may be taken for what was said under TLS.

import type { ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter, RawPeer } from "../adapter.ts";
import { failure, taking, withRawClient, withRawServer, withServer, type CaseDefinition } from "../case.ts";
import type { Dialogue } from "../dialogue.ts";
import { check, checkEqual, eventually } from "../expectations.ts";

export const startTlsCases: readonly CaseDefinition[] = [
  {
    name: "a server refuses what was sent along with STARTTLS",
    needs: ["serverStartTls"],
    run: (adapter) =>
      fromRawClient(adapter, async (dialogue) => {
        await dialogue.say("STARTTLS\r\nMAIL FROM:<mallory@example.net>\r\n");
      }),
  },
  {
    name: "a server reads nothing in the clear after its 220",
    needs: ["serverStartTls"],
    run: (adapter) =>
      fromRawClient(adapter, async (dialogue) => {
        checkEqual((await dialogue.ask("STARTTLS"))?.slice(0, 3), "220", "the reply to STARTTLS");
        await dialogue.say("MAIL FROM:<mallory@example.net>\r\n");
      }),
  },
  {
    name: "a client refuses what was sent along with the 220",
    needs: ["clientStartTls"],
    run: (adapter) => fromRawServer(adapter, "220 Go on\r\n250-mx.example.org\r\n250 AUTH PLAIN\r\n", "protocol"),
  },
  {
    name: "a client takes nothing in the clear for a handshake",
    needs: ["clientStartTls"],
    run: (adapter) =>
      fromRawServer(adapter, "220 Go on\r\n", "tlsFailed", async (dialogue, peer) => {
        await peer.read();
        await dialogue.say("250-mx.example.org\r\n250 AUTH PLAIN\r\n");
        await dialogue.rest();
      }),
  },
  {
    name: "a client that requires TLS goes on with no server that refuses STARTTLS",
    needs: ["clientStartTls"],
    run: (adapter) => fromRawServer(adapter, "454 4.7.0 Not now\r\n", "tlsUnavailable"),
  },
];

async function fromRawClient<Place>(
  adapter: ConformanceAdapter<Place>,
  attack: (dialogue: Dialogue) => Promise<void>,
): Promise<void> {
  let mails = 0;
  const onMail: ServerOptions["onMail"] = () => void (mails += 1);
  await withServer(adapter, { options: taking([], { onMail }), certificate: "good" }, async ({ place, server }) => {
    await withRawClient(adapter, place, async (dialogue) => {
      await dialogue.reply();
      await dialogue.ask("EHLO mallory.example.net");
      await attack(dialogue);
      const heard = await dialogue.rest();
      check(!heard.includes("250"), `no 250 afterwards, and there came ${JSON.stringify(heard)}`);
    });
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
  checkEqual(mails, 0, "transactions begun");
}

async function fromRawServer<Place>(
  adapter: ConformanceAdapter<Place>,
  answer: string,
  kind: string,
  then: (dialogue: Dialogue, peer: RawPeer) => Promise<void> = async (dialogue) => void (await dialogue.rest()),
): Promise<void> {
  let heard = "";
  const script = async (dialogue: Dialogue, peer: RawPeer): Promise<void> => {
    await dialogue.say("220 mx.example.org\r\n");
    await dialogue.line();
    await dialogue.say("250-mx.example.org\r\n250 STARTTLS\r\n");
    await dialogue.line();
    await dialogue.say(answer);
    await then(dialogue, peer);
    heard = await dialogue.rest();
  };
  await withRawServer(adapter, script, async (place) => {
    const auth = { user: "user", password: "secret" };
    const error = await failure(adapter.connect(place, { startTls: "required", auth }), "opening");
    checkEqual(error.failure.kind, kind, "the failure");
  });
  check(!heard.includes("AUTH"), "no credentials said");
}
