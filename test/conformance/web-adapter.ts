// The suite's runtime by @carteiro/web: streams within one page in place of connections; and clients that reach servers by a bridge
// from WebSockets. Web standards alone.

import { connect, createServer, features, streamTransport, webSocketStreams, type StreamPair } from "@carteiro/web";
import { joinedStreams } from "../support/joined-streams.ts";
import type { ConformanceAdapter } from "./adapter.ts";
import { transportPeer } from "./transport-peer.ts";

/** Reaches a server: what it does with its end of the streams is its own affair. */
type Place = (end: StreamPair) => void;

export const webAdapter: ConformanceAdapter<Place> = {
  features,
  mostBuffered: 2 ** 21,
  async serve({ options }) {
    const server = createServer(options);
    return { place: (end) => void server.accept(end), server };
  },
  connect: async (place, options) => connect(dial(place), options),
  rawClient: async (place) => transportPeer(streamTransport(dial(place))),
  async rawServer(script) {
    const peers = new Set<{ close(): void }>();
    const place = (end: StreamPair): void => {
      const peer = transportPeer(streamTransport(end));
      peers.add(peer);
      void script(peer).finally(() => peer.close());
    };
    return { place, close: async () => peers.forEach((peer) => peer.close()) };
  },
};

/** Clients alone: `bridge` passes octets on to the port that stands at the end of its address. */
export function bridgedAdapter(bridge: string): ConformanceAdapter<number> {
  const none = () => Promise.reject(new Error("Nothing can listen behind the bridge"));
  return {
    features,
    mostBuffered: 16 * 2 ** 20,
    serve: none,
    connect: (port, options) => connect(webSocketStreams(new WebSocket(`${bridge}/${port}`)), options),
    rawClient: none,
    rawServer: none,
  };
}

function dial(place: Place): StreamPair {
  const [here, there] = joinedStreams();
  place(there);
  return here;
}
