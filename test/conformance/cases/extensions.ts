// What sessions carry besides: AUTH with what the runtime computes, LMTP, addresses in UTF-8.

import { accept, deriveKeys, eachRecipient, reject, type ServerOptions } from "@carteiro/driver";
import type { ConformanceAdapter, ConnectOptions } from "../adapter.ts";
import { failure, note, taking, withClient, withServer, type CaseDefinition, type Taken } from "../case.ts";
import { checkEqual } from "../expectations.ts";

const auth = { user: "user", password: "secret" };
const wrong = { user: "user", password: "guess" };
const inClear: ConnectOptions = { startTls: "never", allowAuthInClear: true };

export const extensionCases: readonly CaseDefinition[] = [
  {
    name: "a client is let in by PLAIN, and not with another password",
    run: (adapter) =>
      authenticated(adapter, {
        authentication: { allowInClear: true, required: true, mechanisms: ["PLAIN"] },
        onAuthenticate: ({ password }) =>
          password === auth.password ? accept() : reject(535, "5.7.8", "Wrong password"),
      }),
  },
  {
    name: "a client is let in by SCRAM, and not with another password",
    async run(adapter) {
      const keys = await deriveKeys(auth.password, { hashes: ["SHA-256"] });
      await authenticated(adapter, {
        authentication: { allowInClear: true, required: true, mechanisms: ["SCRAM-SHA-256"] },
        scramKeys: ({ hash }) => keys[hash],
      });
    },
  },
  {
    name: "SCRAM is bound to the connection where the features say so",
    needs: ["serverStartTls", "clientStartTls"],
    run: boundToConnection,
  },
  {
    name: "LMTP answers for each recipient",
    run: lmtp,
  },
  {
    name: "addresses and content in UTF-8 arrive as they are",
    run: utf8,
  },
];

async function authenticated<Place>(adapter: ConformanceAdapter<Place>, more: Partial<ServerOptions>): Promise<void> {
  const taken: Taken[] = [];
  const options = taking(taken, { ...more, timeouts: { authenticationDelay: 0 } });
  await withServer(adapter, { options }, async ({ place }) => {
    const error = await failure(adapter.connect(place, { ...inClear, auth: wrong }), "opening");
    checkEqual(error.failure.kind, "authRefused", "the failure");
    await withClient(adapter, place, { ...inClear, auth }, async (client) => {
      checkEqual((await client.send(note("let in"))).reply?.code, 250, "the reply");
    });
  });
  checkEqual(taken.length, 1, "messages taken");
}

async function boundToConnection<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const keys = await deriveKeys(auth.password, { hashes: ["SHA-256"] });
  const used: string[] = [];
  const options = taking([], {
    authentication: { mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] },
    scramKeys({ mechanism, hash }) {
      used.push(mechanism);
      return keys[hash];
    },
  });
  await withServer(adapter, { options, certificate: "good" }, ({ place }) =>
    withClient(adapter, place, { startTls: "required", auth }, async (client) => {
      await client.send(note("bound"));
    }),
  );
  const bound = adapter.features.channelBindings !== "none";
  checkEqual(used, [bound ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"], "the mechanism");
}

async function lmtp<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const taken: Taken[] = [];
  const full = reject(452, "4.2.2", "The mailbox is full");
  const plain = taking(taken, { protocol: "lmtp" });
  const options: ServerOptions = {
    ...plain,
    async onMessage(message) {
      await plain.onMessage?.(message);
      const { recipients } = message.envelope;
      return eachRecipient(recipients.map(({ recipient }) => (recipient.localPart === "full" ? full : undefined)));
    },
  };
  await withServer(adapter, { options }, ({ place }) =>
    withClient(adapter, place, { protocol: "lmtp", startTls: "never" }, async (client) => {
      const { recipients } = await client.send({ ...note("each"), to: ["b@example.org", "full@example.org"] });
      const told = recipients.map(({ accepted, reply }) => [accepted, reply?.code]);
      checkEqual(
        told,
        [
          [true, 250],
          [false, 452],
        ],
        "what each recipient came to",
      );
    }),
  );
  checkEqual(taken.length, 1, "messages taken");
}

async function utf8<Place>(adapter: ConformanceAdapter<Place>): Promise<void> {
  const taken: Taken[] = [];
  const message = {
    from: "josé@example.net",
    to: ["μαρία@παράδειγμα.example"],
    content: "Subject: Olá\r\n\r\n郵便配達\r\n",
  };
  await withServer(adapter, { options: taking(taken) }, ({ place }) =>
    withClient(adapter, place, { startTls: "never" }, async (client) => {
      checkEqual((await client.send(message)).reply?.code, 250, "the reply");
    }),
  );
  checkEqual(taken, [{ ...message, secured: false }], "what came");
}
