// What does a small mail cost a server on kept connections, where the client waits for each reply?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer } from "../servers/servers.ts";

const question: Question = {
  title: "Server: mails of 1 KB on 20 kept connections, lockstep",
  metrics: servingMetrics,
  contenders: everyServer.map((server) =>
    serving(server, (address) => KeptLoad.open({ ...address, connections: 20, pipelining: "lockstep", octets: 1_024 })),
  ),
  targets: [{ metric: "cpu", contender: "Carteiro", against: "floor", most: 1.15 }],
};
export default question;
