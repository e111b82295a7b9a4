// The suite's runtime by @carteiro/memory: pipes in place of sockets, a stand-in in place of TLS, and the time that it is.

import { openClient, SmtpServer, startTlsWith, systemClock } from "@carteiro/driver";
import { features, pipe, type MemoryEnd } from "@carteiro/memory";
import type { CertificateName, ConformanceAdapter, ConnectOptions, RawPeer } from "./adapter.ts";
import { transportPeer } from "./transport-peer.ts";

/** Reaches a server: what it does with its end of the pipe is its own affair. */
interface MemoryPlace {
  readonly take: (end: MemoryEnd) => void;
  readonly certificate?: CertificateName | undefined;
  readonly implicitTls?: boolean;
}

const noHandshake = "the stand-in for TLS takes a handshake at the beginning as done; no issue, since it is meant so";

export const memoryAdapter: ConformanceAdapter<MemoryPlace> = {
  features,
  gaps: {
    "a server gives up a client that does not come to the handshake of implicit TLS": noHandshake,
    "a client gives up a server that does not come to the handshake of implicit TLS": noHandshake,
  },
  mostBuffered: 2 ** 21,
  async serve({ options, certificate, implicitTls = false }) {
    const server = new SmtpServer(options, { startTls: features.serverStartTls && certificate !== undefined });
    return { place: { take: (end) => void server.accept(end), certificate, implicitTls }, server };
  },
  async connect(place, options = {}) {
    return openClient(dial(place, options), { ...options, startTls: startTlsWith(features, options) });
  },
  rawClient: async (place) => rawPeer(dial(place)),
  async rawServer(script) {
    const ends = new Set<MemoryEnd>();
    const take = (end: MemoryEnd): void => {
      ends.add(end);
      const peer = rawPeer(end);
      void script(peer).finally(() => peer.close());
    };
    return { place: { take }, close: async () => ends.forEach((end) => end.destroy()) };
  },
};

/** There are no certificates to be wrong, but a handshake can fail as if one were. */
function dial({ take, certificate, implicitTls }: MemoryPlace, options: ConnectOptions = {}): MemoryEnd {
  const refused = certificate !== undefined && certificate !== "good";
  if (refused && options.implicitTls === true) throw untrusted(certificate);
  const [client, server] = pipe({
    clock: systemClock,
    secure: implicitTls === true || options.implicitTls === true,
    ...(refused && { tlsFailure: { client: untrusted(certificate) } }),
  });
  take(server);
  return client;
}

function rawPeer(end: MemoryEnd): RawPeer {
  return transportPeer(end, () => end.reset());
}

function untrusted(certificate: CertificateName): Error {
  return new Error(`The certificate is not to be trusted: ${certificate}`);
}
