// A message over each kind of connection: in the clear, after STARTTLS, and under TLS from the beginning; and that nothing is
// announced or promised which the runtime cannot keep.

import type { ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter, ConnectOptions, ServeOptions } from "../adapter.ts";
import { note, taking, withClient, withRawClient, withServer, type CaseDefinition, type Taken } from "../case.ts";
import { check, checkEqual, rejection } from "../expectations.ts";

const content = "Subject: Conformance\r\n\r\n.A line with a dot\r\n..and two\r\n";

export const openingCases: readonly CaseDefinition[] = [
  {
    name: "a message arrives in the clear",
    run: (adapter) => sendOne(adapter, {}, { startTls: "never" }),
  },
  {
    name: "a message arrives after STARTTLS",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => sendOne(adapter, { certificate: "good" }, { startTls: "required" }),
  },
  {
    name: "a message arrives under implicit TLS",
    needs: ["serverImplicitTls", "clientImplicitTls"],
    run: (adapter) => sendOne(adapter, { certificate: "good", implicitTls: true }, { implicitTls: true }),
  },
  {
    name: "a client takes TLS where it may",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => sendOne(adapter, { certificate: "good" }, { startTls: "opportunistic" }),
  },
  {
    name: "a client goes without TLS where there is none and it may",
    run: (adapter) => sendOne(adapter, {}, { startTls: "opportunistic" }),
  },
  {
    name: "a client that requires TLS does without a server that has none",
    async run(adapter) {
      const taken: Taken[] = [];
      await withServer(adapter, { options: taking(taken) }, async ({ place }) => {
        await rejection(adapter.connect(place, { startTls: "required" }), "opening");
      });
      checkEqual(taken, [], "what came");
    },
  },
  {
    name: "a server announces STARTTLS if its transports can do it and it has a certificate",
    async run(adapter) {
      for (const certificate of ["good", undefined] as const) {
        const options: ServeOptions = { options: taking([]), ...(certificate && { certificate }) };
        await withServer(adapter, options, ({ place }) =>
          withRawClient(adapter, place, async (dialogue) => {
            await dialogue.reply();
            await dialogue.ask("EHLO client.example.org");
            const announced = dialogue.lastReply.map((line) => line.slice(4));
            const able = certificate !== undefined && adapter.features.serverStartTls;
            checkEqual(announced.includes("STARTTLS"), able, "whether STARTTLS is announced");
          }),
        );
      }
    },
  },
  {
    name: "a server under TLS announces no STARTTLS",
    needs: ["serverStartTls", "clientStartTls"],
    async run(adapter) {
      await withServer(adapter, { options: taking([]), certificate: "good" }, ({ place }) =>
        withClient(adapter, place, { startTls: "required" }, async ({ capabilities }) => {
          check(!capabilities.some(({ keyword }) => keyword === "STARTTLS"), "no STARTTLS among the capabilities");
        }),
      );
    },
  },
  {
    name: "a client that need not verify the certificate has TLS with anybody",
    needs: ["serverStartTls", "clientStartTls", "unverifiedTls"],
    async run(adapter) {
      const taken: Taken[] = [];
      await withServer(adapter, { options: taking(taken), certificate: "unknown" }, ({ place }) =>
        withClient(adapter, place, { startTls: "opportunistic", unverified: true }, async (client) => {
          await client.send(note("to anybody"));
          check(client.tls !== undefined, "TLS");
          if (adapter.features.peerCertificate) checkEqual(client.tls.authorized, false, "whether it is verified");
        }),
      );
      checkEqual(
        taken.map(({ secured }) => secured),
        [true],
        "whether it came under TLS",
      );
    },
  },
  {
    name: "both sides know of TLS what the features say",
    needs: ["serverStartTls", "clientStartTls"],
    run: tlsFacts,
  },
];

async function sendOne<Place>(
  adapter: ConformanceAdapter<Place>,
  serve: Omit<ServeOptions, "options">,
  connect: ConnectOptions,
): Promise<void> {
  const taken: Taken[] = [];
  const secured = serve.certificate !== undefined;
  await withServer(adapter, { options: taking(taken), ...serve }, ({ place }) =>
    withClient(adapter, place, connect, async (client) => {
      checkEqual(client.tls !== undefined, secured, "the client's TLS");
      const { reply } = await client.send({ from: "a@example.net", to: ["b@example.org", "c@example.org"], content });
      check(reply?.code === 250, "250 for the message");
    }),
  );
  checkEqual(taken, [{ from: "a@example.net", to: ["b@example.org", "c@example.org"], content, secured }], "what came");
}

async function tlsFacts<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const { peerCertificate, channelBindings } = adapter.features;
  let atServer: readonly string[] | undefined;
  const onMail: ServerOptions["onMail"] = ({ session }) => {
    atServer = Object.keys(session.tls?.channelBindings ?? {});
  };
  await withServer(adapter, { options: taking([], { onMail }), certificate: "good" }, ({ place }) =>
    withClient(adapter, place, { startTls: "required" }, async (client) => {
      await client.send(note("facts"));
      const atClient = Object.keys(client.tls?.channelBindings ?? {});
      if (peerCertificate) checkEqual(client.tls?.authorized, true, "whether the certificate is verified");
      if (channelBindings === "none") return;
      check(atClient.includes(channelBindings), `${channelBindings} at the client, which has: ${atClient.join()}`);
      check(atServer?.includes(channelBindings) === true, `${channelBindings} at the server, which has: ${atServer}`);
    }),
  );
}
