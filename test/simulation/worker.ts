// Plays the seeds that it is sent, a range at a time.

import { inspect } from "node:util";
import { parentPort } from "node:worker_threads";
import { campaign, emptyTally, type Tally } from "./campaign.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface RangePlayed {
  readonly tally: Tally;
  readonly failure?: { readonly seed: number; readonly error: string };
}

parentPort?.on("message", ({ from, to }: Range) => {
  void (async () => {
    const tally = emptyTally();
    const failure = await campaign({ seeds: Array.from({ length: to - from }, (_, index) => from + index), tally });
    const played: RangePlayed = {
      tally,
      ...(failure && { failure: { seed: failure.seed, error: inspect(failure.error) } }),
    };
    parentPort?.postMessage(played);
  })();
});
