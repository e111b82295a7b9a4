// One side that ends while the other goes on (half-close), and sessions that end as they should.

import type { ServerOptions } from "@carteiro/driver";
import type { RawPeer } from "../adapter.ts";
import { failure, note, taking, withClient, withRawClient, withRawServer, withServer } from "../case.ts";
import type { CaseDefinition, Taken } from "../case.ts";
import type { Dialogue } from "../dialogue.ts";
import { check, checkEqual, eventually, pause, within } from "../expectations.ts";

export const endingCases: readonly CaseDefinition[] = [
  {
    name: "a client that has ended its side still hears all the answers",
    needs: ["halfClose"],
    async run(adapter) {
      const taken: Taken[] = [];
      const onRecipient: ServerOptions["onRecipient"] = () => pause(50);
      await withServer(adapter, { options: taking(taken, { onRecipient }) }, async ({ place, server }) => {
        await withRawClient(adapter, place, async (dialogue, peer) => {
          await dialogue.reply();
          const message = "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nBDAT 7 LAST\r\nHello\r\n";
          await dialogue.say(`EHLO client.example.org\r\n${message}`);
          await peer.end();
          const heard = await dialogue.rest();
          const codes = heard.split("\r\n").filter((line) => line !== "" && line[3] !== "-");
          checkEqual(
            codes.map((line) => line.slice(0, 3)),
            ["250", "250", "250", "250"],
            "the replies",
          );
        });
        await eventually(() => server.connections === 0, "the server is rid of the client");
      });
      checkEqual(
        taken.map(({ content }) => content),
        ["Hello\r\n"],
        "what came",
      );
    },
  },
  {
    name: "a server whose client ends its side between commands ends its own, and nothing was wrong",
    needs: ["halfClose"],
    async run(adapter) {
      const errors: unknown[] = [];
      await withServer(adapter, { options: taking([]) }, async ({ place, server }) => {
        server.on("sessionClosed", ({ error }) => errors.push(error));
        await withRawClient(adapter, place, async (dialogue, peer) => {
          await dialogue.reply();
          await dialogue.ask("EHLO client.example.org");
          await peer.end();
          await dialogue.rest();
        });
        await eventually(() => server.connections === 0 && errors.length > 0, "the server is rid of the client");
      });
      checkEqual(errors.map(String), ["undefined"], "what broke the connection");
    },
  },
  {
    name: "a server takes no message of which the end did not come",
    async run(adapter) {
      const taken: Taken[] = [];
      await withServer(adapter, { options: taking(taken) }, async ({ place, server }) => {
        await withRawClient(adapter, place, async (dialogue, peer) => {
          await dialogue.reply();
          for (const line of ["EHLO x.example", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.org>", "DATA"])
            await dialogue.ask(line);
          await dialogue.say("Subject: half\r\n\r\nHello\r\n");
          await peer.end();
          const heard = await dialogue.rest();
          check(!heard.includes("250"), `no 250, and there came ${JSON.stringify(heard)}`);
        });
        await eventually(() => server.connections === 0, "the server is rid of the client");
      });
      checkEqual(taken, [], "what came");
    },
  },
  {
    name: "a client is told when the server ends its side",
    async run(adapter) {
      const script = async (dialogue: Dialogue, peer: RawPeer): Promise<void> => {
        await dialogue.say("220 mx.example.org\r\n");
        await dialogue.line();
        await dialogue.say("250 mx.example.org\r\n");
        await dialogue.line();
        await peer.end();
        await dialogue.rest();
      };
      await withRawServer(adapter, script, async (place) => {
        const client = await adapter.connect(place, { startTls: "never" });
        const error = await failure(client.send(note("to nobody")), "sending");
        checkEqual(error.failure.kind, "disconnected", "the failure");
        checkEqual(error.uncertain, false, "whether it may have been taken");
        await within(client.closed, 5_000, "the client's connection is closed");
      });
    },
  },
  {
    name: "a client that says QUIT hears the server out, and both are rid of the connection",
    async run(adapter) {
      const reasons: string[] = [];
      await withServer(adapter, { options: taking([]) }, async ({ place, server }) => {
        server.on("sessionClosed", ({ reason }) => reasons.push(reason));
        await withClient(adapter, place, { startTls: "never" }, async () => undefined);
        await eventually(() => reasons.length > 0 && server.connections === 0, "the session is over");
      });
      checkEqual(reasons, ["quit"], "why it was");
    },
  },
  {
    name: "a server that closes says so with 421",
    async run(adapter) {
      await withServer(adapter, { options: taking([]) }, async ({ place, server }) => {
        await withRawClient(adapter, place, async (dialogue, peer) => {
          await dialogue.reply();
          await dialogue.ask("EHLO client.example.org");
          const closing = server.close();
          checkEqual((await dialogue.reply())?.slice(0, 3), "421", "the last reply");
          checkEqual(await dialogue.reply(), undefined, "what follows");
          peer.close();
          await within(closing, 5_000, "the server closes");
        });
      });
    },
  },
];
