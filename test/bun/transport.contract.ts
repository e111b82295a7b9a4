// The transport over Bun's own sockets: what every transport owes, and what only Bun's has. Runs inside of Bun.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bunTransport, clientTls, secureBunTransport, serverTls, socketHandlers, type BunSocket } from "@carteiro/bun";
import type { Transport } from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { clientCertificates, localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { Promised } from "../support/promised.ts";
import { octets, readAll, same, writeAll } from "../support/transfers.ts";
import { transportContract } from "../support/transport-contract.ts";

const { key, certificate: cert, caCertificate } = await localhostCertificates();
const other = await otherCertificates();
const serving = serverTls({ key, cert });
const trusting = clientTls({ ca: caCertificate, serverName: "localhost" });
const distrusting = clientTls({ ca: other.caCertificate, serverName: "localhost" });

transportContract("bun", {
  connect: ({ untrusted = false } = {}) =>
    connected(
      (socket) => bunTransport(socket, { tls: untrusted ? distrusting : trusting }),
      (socket) => bunTransport(socket, { tls: serving }),
    ),
  async connectSecure() {
    const { client, server } = await connected(
      (socket) => secureBunTransport(socket, trusting),
      (socket) => secureBunTransport(socket, serving),
    );
    return { client: await client, server: await server };
  },
  run: (body) => body(),
  turn: () => setImmediate(),
  mostBuffered: 16 * 2 ** 20,
  large: 10 * 2 ** 20,
});

describe("bun: sockets", () => {
  test("transport knows both addresses", async () => {
    const { client, server } = await connected(bunTransport, bunTransport);
    expect(client.remote).toEqual(server.local);
    expect(server.remote).toEqual(client.local);
    expect(server.remote).toEqual({ address: "127.0.0.1", port: expect.any(Number) });
    destroy(client, server);
  });

  test("transport runs over a Unix socket, where nobody has an address", async () => {
    const folder = await mkdtemp(join(tmpdir(), "carteiro-"));
    const { client, server } = await connected(bunTransport, bunTransport, join(folder, "socket"));
    expect([client.remote, server.remote, server.local]).toEqual([{}, {}, {}]);
    const atClient = new Promised(client);
    await server.write(Buffer.from("220\r\n"));
    expect(String(await atClient.read())).toBe("220\r\n");
    destroy(client, server);
    await rm(folder, { recursive: true });
  });

  test("transport that has ended its side reads all that a peer sent before it ended, however slowly", async () => {
    const { client, server } = await connected(bunTransport, bunTransport);
    const [atClient, atServer] = [new Promised(client), new Promised(server)];
    const content = octets(9, 3_000_000);
    await atClient.end();
    expect(await atServer.read()).toBe(undefined);
    const sending = writeAll(atServer, [content]).then(() => atServer.end());
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    expect(same(await readAll(atClient), content)).toBe(true);
    await sending;
    destroy(client, server);
  });

  test.each(["in the clear", "under TLS"])(
    "transport %s that is reset breaks the peer's, although nobody reads",
    async (how) => {
      const { client, server } = await connected(
        (socket) => bunTransport(socket, { tls: trusting }),
        (socket) => bunTransport(socket, { tls: serving }),
      );
      if (how === "under TLS") await Promise.all([client.startTls(), server.startTls()]);
      const broken = new Promise<unknown>((resolve) => {
        server.attach({ received: () => undefined, ended: () => undefined, broken: resolve });
      });
      client.reset?.();
      expect(await broken).toMatchObject({ code: "ECONNRESET" });
      destroy(client, server);
    },
  );
});

describe("bun: TLS", () => {
  test("both sides export the same for SCRAM to be bound to", async () => {
    const { client, server } = await upgraded(trusting, serving);
    expect(client.channelBindings?.["tls-exporter"]?.length).toBe(32);
    expect(client.channelBindings).toEqual(server.channelBindings);
    expect([client.serverName, server.serverName]).toEqual(["localhost", "localhost"]);
  });

  test("client checks the certificate for an address where it is told one, and asks for none", async () => {
    const { client, server } = await upgraded(clientTls({ ca: caCertificate, serverName: "127.0.0.1" }), serving);
    expect([client.authorized, client.serverName, server.serverName]).toEqual([true, undefined, undefined]);
    const elsewhere = clientTls({ ca: caCertificate, serverName: "127.0.0.2" });
    await expect(upgraded(elsewhere, serving)).rejects.toThrow(/127\.0\.0\.2/);
  });

  test("client takes no certificate for another name, nor where it knows no name", async () => {
    const elsewhere = clientTls({ ca: caCertificate, serverName: "mx.example.net" });
    await expect(upgraded(elsewhere, serving)).rejects.toThrow();
    await expect(upgraded(clientTls({ ca: caCertificate }), serving)).rejects.toThrow(/No server name/);
  });

  test("client that was told to goes on with a certificate that it cannot verify, and says so", async () => {
    const anybody = { ca: other.caCertificate, rejectUnauthorized: false };
    for (const serverName of ["localhost", "127.0.0.1", "mx.example.org"])
      expect((await upgraded(clientTls({ ...anybody, serverName }), serving)).client.authorized).toBe(false);
  });

  test("both sides refuse what is older than they were told", async () => {
    const { constants } = await import("node:crypto");
    const old = { ...trusting, options: { ...trusting.options, secureOptions: constants.SSL_OP_NO_TLSv1_3 } };
    const outcome = await upgraded(old, serving);
    expect([outcome.client.protocol, outcome.client.channelBindings]).toEqual(["TLSv1.2", undefined]);
    await expect(upgraded(old, serverTls({ key, cert, minVersion: "TLSv1.3" }))).rejects.toThrow();
  });

  test("server learns what a client's certificate says, and turns away who has none where it must", async () => {
    const shown = await clientCertificates();
    const pair = { key: shown.key, cert: shown.certificate };
    const withPair = clientTls({ ca: caCertificate, serverName: "localhost", pair });
    const asking = (ca: string, required = false) => serverTls({ key, cert, clientCertificates: { ca, required } });
    const names = ["DNS:ana.example.org"];
    const { server } = await upgraded(withPair, asking(shown.caCertificate, true));
    expect(server).toMatchObject({ authorized: true, clientCertificate: { names } });
    const unknown = await upgraded(withPair, asking(other.caCertificate));
    expect(unknown.server).toMatchObject({ authorized: false, clientCertificate: { names } });
    expect((await upgraded(trusting, asking(shown.caCertificate))).server.clientCertificate).toBe(undefined);
    await expect(upgraded(withPair, asking(other.caCertificate, true))).rejects.toThrow(/no certificate/);
    await expect(upgraded(trusting, asking(shown.caCertificate, true))).rejects.toThrow(/no certificate/);
  });

  test("a pair that does not belong together is refused at once", () => {
    expect(() => serverTls({ key: other.key, cert })).toThrow(/not the key/);
    expect(() => serverTls({ key: "none", cert })).toThrow();
    expect(() => serverTls({ key, cert: "none" })).toThrow();
  });
});

async function upgraded(atClient: typeof trusting, atServer: typeof serving) {
  const { client, server } = await connected(
    (socket) => bunTransport(socket, { tls: atClient }),
    (socket) => bunTransport(socket, { tls: atServer }),
  );
  try {
    const [told, toldServer] = await Promise.all([client.startTls(), server.startTls()]);
    return { client: told, server: toldServer };
  } finally {
    destroy(client, server);
  }
}

/** What is made of both ends of a new connection the moment that they open. */
async function connected<Made>(
  client: (socket: BunSocket) => Made,
  server: (socket: BunSocket) => Made,
  path?: string,
): Promise<{ readonly client: Made; readonly server: Made }> {
  const [atClient, atServer] = [Promise.withResolvers<Made>(), Promise.withResolvers<Made>()];
  const rest = { allowHalfOpen: true, data: undefined };
  const toServer = { ...socketHandlers, open: (socket: BunSocket) => atServer.resolve(server(socket)) };
  const toClient = { ...socketHandlers, open: (socket: BunSocket) => atClient.resolve(client(socket)) };
  if (path === undefined) {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, ...rest, socket: toServer });
    await Bun.connect({ hostname: "127.0.0.1", port: listener.port, ...rest, socket: toClient });
    await atServer.promise;
    listener.stop();
  } else {
    const listener = Bun.listen({ unix: path, ...rest, socket: toServer });
    await Bun.connect({ unix: path, ...rest, socket: toClient });
    await atServer.promise;
    listener.stop();
  }
  return { client: await atClient.promise, server: await atServer.promise };
}

function destroy(...transports: readonly Transport[]): void {
  for (const transport of transports) transport.destroy();
}
