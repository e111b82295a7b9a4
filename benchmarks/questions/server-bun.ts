// What does a small mail cost a server in Bun, on Bun's own sockets and on Node's?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { inBun } from "../servers/servers.ts";

const question: Question = {
  title: "Server in Bun: mails of 1 KB on 20 kept connections, lockstep",
  metrics: servingMetrics,
  contenders: inBun.map((server) =>
    serving(server, (address) => KeptLoad.open({ ...address, connections: 20, pipelining: "lockstep", octets: 1_024 })),
  ),
  rounds: 15,
  // So many rounds in turn tell more of two that are so near to each other than rounds run again.
  steady: true,
};
export default question;
