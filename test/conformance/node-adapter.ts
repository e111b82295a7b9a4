// The suite's runtime by @carteiro/node: in Node, and in whatever imitates Node's modules.

import { once } from "node:events";
import { connect as connectSocket, createServer as createSocketServer, type AddressInfo, type Socket } from "node:net";
import { connect, createServer, features } from "@carteiro/node";
import type { Certificates, ConformanceAdapter, RawPeer, RawServer } from "./adapter.ts";

const host = "127.0.0.1";

/** `gaps`: of the runtime that it is in. */
export function nodeAdapter(
  { trusted, pairs }: Certificates,
  gaps: Readonly<Record<string, string>> = {},
): ConformanceAdapter<number> {
  return {
    features,
    gaps,
    mostBuffered: 16 * 2 ** 20,
    async serve({ options, certificate, implicitTls = false }) {
      const server = createServer({ ...options, ...(certificate && { tls: pairs[certificate] }) });
      const { port } = await server.listen({ host, port: 0, implicitTls });
      return { place: port, server };
    },
    connect: (port, { unverified = false, ...options } = {}) =>
      connect({
        ...options,
        host,
        port,
        tls: { ca: trusted, serverName: "localhost", rejectUnauthorized: !unverified },
      }),
    async rawClient(port) {
      const socket = connectSocket({ host, port, allowHalfOpen: true, noDelay: true });
      await once(socket, "connect");
      return rawPeer(socket);
    },
    rawServer,
  };
}

async function rawServer(script: (peer: RawPeer) => Promise<void>): Promise<RawServer<number>> {
  const sockets = new Set<Socket>();
  const listener = createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    const peer = rawPeer(socket);
    void script(peer).finally(() => peer.close());
  });
  listener.listen({ host, port: 0 });
  await once(listener, "listening");
  return {
    place: (listener.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(listener, "close");
      listener.close();
      await closed;
    },
  };
}

/** Reads nothing unless it is asked to. */
function rawPeer(socket: Socket): RawPeer {
  const chunks: AsyncIterator<Uint8Array> = socket.iterator({ destroyOnReturn: false });
  socket.on("error", () => undefined);
  const settled = (act: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => act((error) => (error ? reject(error) : resolve())));
  return {
    write: (octets) => settled((done) => socket.write(octets, done)),
    async read() {
      const { done, value } = await chunks.next();
      return done === true ? undefined : value;
    },
    end: () => settled((done) => socket.end(done)),
    reset: () => void socket.resetAndDestroy(),
    close: () => void socket.destroy(),
  };
}
