// Two pairs of streams that are joined: what one end writes is what the other reads. Web standards alone.

import type { StreamPair } from "@carteiro/web";

/** Each direction holds about twice that many octets; with 0 a write waits until the peer reads. */
export function joinedStreams(highWaterMark = 65_536): [StreamPair, StreamPair] {
  const direction = () => {
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark });
    return new TransformStream<Uint8Array, Uint8Array>({}, strategy, strategy);
  };
  const [there, back] = [direction(), direction()];
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}
