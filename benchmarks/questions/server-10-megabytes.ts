// What does a mail of 10 MB cost a server?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer } from "../servers/servers.ts";

const question: Question = {
  title: "Server: mails of 10 MB on 4 kept connections, lockstep",
  metrics: servingMetrics,
  contenders: everyServer.map((server) =>
    serving(server, (address) =>
      KeptLoad.open({ ...address, connections: 4, pipelining: "lockstep", octets: 10_485_760 }),
    ),
  ),
  targets: [{ metric: "cpu", contender: "Carteiro", against: "floor", most: 1.3 }],
};
export default question;
