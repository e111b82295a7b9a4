// What does a small mail cost a server where the client sends the content and the next MAIL, RCPT and DATA in one write?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer, haraka } from "../servers/servers.ts";

const question: Question = {
  title: "Server: mails of 1 KB on 20 kept connections, pipelined in full",
  metrics: servingMetrics,
  contenders: everyServer.map((server) => ({
    ...serving(server, (address) => KeptLoad.open({ ...address, connections: 20, pipelining: "whole", octets: 1_024 })),
    ...(server === haraka && { missing: () => "refuses commands in one write with content" }),
  })),
  targets: [{ metric: "cpu", contender: "Carteiro", against: "floor", most: 1.6 }],
};
export default question;
