// The suite's runtime by @carteiro/memory: pipes in place of sockets, a stand-in in place of TLS, and the time that it is.

import { openClient, SmtpServer, startTlsWith, systemClock, type Transport } from "@carteiro/driver";
import { features, pipe } from "@carteiro/memory";
import type { CertificateName, ConformanceAdapter, ConnectOptions } from "./adapter.ts";
import { transportPeer } from "./transport-peer.ts";

/** Reaches a server: what it does with its end of the pipe is its own affair. */
interface MemoryPlace {
  readonly take: (end: Transport) => void;
  readonly certificate?: CertificateName | undefined;
  readonly implicitTls?: boolean;
}

export const memoryAdapter: ConformanceAdapter<MemoryPlace> = {
  features,
  mostBuffered: 2 ** 18,
  async serve({ options, certificate, implicitTls = false }) {
    const server = new SmtpServer(options, { startTls: features.serverStartTls && certificate !== undefined });
    return { place: { take: (end) => void server.accept(end), certificate, implicitTls }, server };
  },
  async connect(place, options = {}) {
    return openClient(dial(place, options), { ...options, startTls: startTlsWith(features, options) });
  },
  rawClient: async (place) => transportPeer(dial(place)),
  async rawServer(script) {
    const ends = new Set<Transport>();
    const take = (end: Transport): void => {
      ends.add(end);
      const peer = transportPeer(end);
      void script(peer).finally(() => peer.close());
    };
    return { place: { take }, close: async () => ends.forEach((end) => end.destroy()) };
  },
};

/** There are no certificates to be wrong, but a handshake can fail as if one were. */
function dial({ take, certificate, implicitTls }: MemoryPlace, options: ConnectOptions = {}): Transport {
  const refused = certificate !== undefined && certificate !== "good";
  if (refused && options.implicitTls === true) throw untrusted(certificate);
  const [client, server] = pipe({
    clock: systemClock,
    secure: implicitTls === true,
    ...(refused && { tlsFailure: { client: untrusted(certificate) } }),
  });
  take(server);
  return client;
}

function untrusted(certificate: CertificateName): Error {
  return new Error(`The certificate is not to be trusted: ${certificate}`);
}
