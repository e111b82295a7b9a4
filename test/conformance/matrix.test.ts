// Every runtime's client against every runtime's server, in the clear and under TLS.

import { afterAll, describe, expect, test } from "vitest";
import { conformanceCertificates } from "./certificates.ts";
import { modes } from "./matrix.ts";
import { matrixRuntimes, type MatrixRuntime, type MatrixServer } from "./matrix-runtimes.ts";

const certificates = await conformanceCertificates();
const required = process.env["CARTEIRO_REQUIRE_PEERS"] !== undefined;
const servers = new Map<MatrixRuntime, Promise<MatrixServer>>();

afterAll(async () => {
  for (const server of servers.values()) await server.then((started) => started.stop()).catch(() => undefined);
});

for (const server of matrixRuntimes) {
  const { serve } = server;
  if (serve === undefined) continue;
  describe(`server of ${server.name}`, () => {
    for (const client of matrixRuntimes) {
      const { name, absent = server.absent, send } = client;
      if (send === undefined) continue;
      test(`takes 20 messages and a megabyte of a client of ${name}, in each way that both can do`, async (context) => {
        if (absent !== undefined && !required) context.skip(absent);
        const started = servers.get(server) ?? serve(certificates);
        servers.set(server, started);
        const { ports } = await started;
        const sent = await send(certificates, ports);
        const unable = new Set([...(server.unable?.server ?? []), ...(client.unable?.client ?? [])]);
        expect(sent).toEqual(modes.filter((mode) => !unable.has(mode)));
      });
    }
  });
}
