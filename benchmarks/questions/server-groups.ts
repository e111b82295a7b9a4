// What does a small mail cost a server where the client sends MAIL, RCPT and DATA in one write, and then the content?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer } from "../servers/servers.ts";

const question: Question = {
  title: "Server: mails of 1 KB on 20 kept connections, pipelined by group",
  metrics: servingMetrics,
  contenders: everyServer.map((server) =>
    serving(server, (address) => KeptLoad.open({ ...address, connections: 20, pipelining: "groups", octets: 1_024 })),
  ),
};
export default question;
