// The suite's runtime by @carteiro/bun, inside of Bun.

import { bunTransport, connect, createServer, features, socketHandlers, type BunSocket } from "@carteiro/bun";
import type { Certificates, ConformanceAdapter, RawPeer, RawServer } from "../adapter.ts";
import { transportPeer } from "../transport-peer.ts";

const hostname = "127.0.0.1";

export function bunAdapter({ trusted, pairs }: Certificates): ConformanceAdapter<number> {
  return {
    features,
    mostBuffered: 16 * 2 ** 20,
    async serve({ options, certificate, implicitTls = false }) {
      const server = createServer({ ...options, ...(certificate && { tls: pairs[certificate] }) });
      const { port } = await server.listen({ host: hostname, port: 0, implicitTls });
      return { place: port, server };
    },
    connect: (port, { unverified = false, ...options } = {}) =>
      connect({
        ...options,
        host: hostname,
        port,
        tls: { ca: trusted, serverName: "localhost", rejectUnauthorized: !unverified },
      }),
    async rawClient(port) {
      const { promise, resolve } = Promise.withResolvers<RawPeer>();
      const open = (socket: BunSocket) => resolve(rawPeer(socket));
      await Bun.connect({ hostname, port, ...raw, socket: { ...socketHandlers, open } });
      return promise;
    },
    rawServer,
  };
}

const raw = { allowHalfOpen: true, data: undefined };

async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<RawServer<number>> {
  const open = (socket: BunSocket) => {
    const peer = rawPeer(socket);
    void script(peer).finally(() => peer.close());
  };
  const listener = Bun.listen({ hostname, port: 0, ...raw, socket: { ...socketHandlers, open } });
  return {
    place: listener.port,
    close: async () => listener.stop(true),
  };
}

function rawPeer(socket: BunSocket): RawPeer {
  const transport = bunTransport(socket);
  return transportPeer(transport, () => transport.reset?.());
}
