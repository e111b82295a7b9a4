// A raw peer over any transport, for runtimes where that is the easiest way to get one.

import type { Transport } from "@carteiro/driver";
import { Promised } from "../support/promised.ts";
import type { RawPeer } from "./adapter.ts";

/** `reset`: what breaks the connection so that the other side sees it; by default to destroy the transport. */
export function transportPeer(transport: Transport, reset: () => void = () => transport.destroy()): RawPeer {
  const end = new Promised(transport);
  return {
    write: async (octets) => end.write(octets),
    read: () => end.read(),
    end: () => end.end(),
    reset,
    close: () => end.destroy(),
  };
}
