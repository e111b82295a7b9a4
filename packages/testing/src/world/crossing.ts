// A packet that is sent until it arrives: the first ones of a connection, before there is any.

import type { Clock } from "@carteiro/driver";
import type { Way } from "@carteiro/memory";

/** Settles once a packet has come over the way, however long that is cut. Rejects with the signal's reason. */
export function cross(way: Way, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let cancel: () => void = () => undefined;
    const depart = (): void => {
      if (way.latency > 0) cancel = clock.after(way.latency, arrive);
      else arrive();
    };
    const arrive = (): void => {
      if (way.isCut) {
        cancel = way.whenMended(depart);
        return;
      }
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    const giveUp = (): void => {
      cancel();
      reject(signal.reason);
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    depart();
  });
}
