// The suite's runtime by @carteiro/deno, inside of Deno.

import { connect, createServer, denoTransport, features } from "@carteiro/deno";
import type { Certificates, ConformanceAdapter, RawPeer, RawServer } from "../adapter.ts";
import { transportPeer } from "../transport-peer.ts";

const hostname = "127.0.0.1";

export function denoAdapter({ trusted, pairs }: Certificates): ConformanceAdapter<number> {
  return {
    features,
    mostBuffered: 16 * 2 ** 20,
    async serve({ options, certificate, implicitTls = false }) {
      const server = createServer({ ...options, ...(certificate && { tls: pairs[certificate] }) });
      const { port } = await server.listen({ host: hostname, port: 0, implicitTls });
      return { place: port, server };
    },
    connect: (port, { unverified: _, ...options } = {}) =>
      connect({ ...options, host: hostname, port, tls: { ca: trusted, serverName: "localhost" } }),
    rawClient: async (port) => rawPeer(await Deno.connect({ hostname, port })),
    rawServer,
  };
}

async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<RawServer<number>> {
  const listener = Deno.listen({ hostname, port: 0 });
  const peers = new Set<RawPeer>();
  const accepting = (async () => {
    for await (const conn of listener) {
      const peer = rawPeer(conn);
      peers.add(peer);
      void script(peer).finally(() => peer.close());
    }
  })();
  return {
    place: (listener.addr as Deno.NetAddr).port,
    async close() {
      for (const peer of peers) peer.close();
      listener.close();
      await accepting;
    },
  };
}

function rawPeer(conn: Deno.TcpConn): RawPeer {
  conn.setNoDelay();
  return transportPeer(denoTransport(conn));
}
