// How much does a message allocate, in the engine and in whole servers? The young generation is so large that nothing is
// collected while it is counted, so that the engine's figures are the same each time.

import type { Contender, Question, Sample } from "../harness/question.ts";
import { working } from "../harness/work.ts";
import { KeptLoad } from "../load/kept.ts";
import { about, described, started } from "../load/serving.ts";
import type { Server } from "../servers/server.ts";
import { carteiro, floor, haraka, smtpServer } from "../servers/servers.ts";

const script = new URL("../work/engine.ts", import.meta.url);
const youngGeneration = ["--min-semi-space-size=512", "--max-semi-space-size=512"];

function allocating(name: string, kind: string): Contender {
  const sample = ({ heap, arrays }: { heap: number; arrays: number }, times: number): Sample => ({
    heap: heap / times,
    arrays: arrays / times,
  });
  return working(name, { script, kind, times: 20_000, sample, nodeOptions: youngGeneration });
}

/** The server on one kept connection, lockstep. */
function serving(server: Server): Contender {
  const open = (address: { readonly port: number }) =>
    KeptLoad.open({ ...address, connections: 1, pipelining: "lockstep", octets: 1_024 });
  return {
    ...described(server),
    start: async ({ quick }) => {
      const { running, load } = await started(server, open, { nodeOptions: youngGeneration });
      const counted = async (): Promise<Sample> => {
        const before = await running.memory?.();
        const mails = await load.run(quick ? 50 : 500);
        const after = await running.memory?.();
        if (before === undefined || after === undefined) return {};
        return {
          heap: (after.heapUsed - before.heapUsed) / mails,
          arrays: (after.arrayBuffers - before.arrayBuffers) / mails,
        };
      };
      return {
        round: () => about(server, counted()),
        stop: async () => {
          load.close();
          await running.stop();
        },
      };
    },
  };
}

const question: Question = {
  title: "Allocations: a transaction of 1 KB, in the engine alone and in servers",
  metrics: [
    { name: "heap", unit: "octets of heap", better: "less" },
    { name: "arrays", unit: "octets outside of it", better: "less" },
  ],
  contenders: [
    allocating("Carteiro's engine, lockstep", "lockstep"),
    allocating("Carteiro's engine, pipelined by group", "groups"),
    allocating("Carteiro's engine, pipelined in full", "whole"),
    ...[carteiro, floor, smtpServer, haraka].map(serving),
  ],
};
export default question;
