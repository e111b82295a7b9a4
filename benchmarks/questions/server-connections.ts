// What does a connection cost a server that brings one mail?

import type { Question } from "../harness/question.ts";
import { OneEachLoad } from "../load/one-each.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer } from "../servers/servers.ts";

const question: Question = {
  title: "Server: one mail of 1 KB a connection, 200 at once",
  metrics: servingMetrics,
  contenders: everyServer.map((server) =>
    serving(server, (address) => new OneEachLoad({ ...address, connections: 200, octets: 1_024 })),
  ),
  targets: [{ metric: "cpu", contender: "Carteiro", against: "floor", most: 1.25 }],
  // A connection each takes its time until every path has been compiled.
  warmUp: 10,
};
export default question;
