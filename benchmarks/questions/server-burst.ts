// What does a small mail cost a server that gets many whole mails in one chunk? No client may send like this, since it must
// wait for the reply to DATA (RFC 2920 section 3.1); but it takes the sockets out of the account as far as it goes.

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { everyServer, haraka } from "../servers/servers.ts";

const load = { connections: 20, pipelining: "whole", octets: 1_024, window: 50 } as const;

const question: Question = {
  title: "Server: mails of 1 KB on 20 kept connections, 50 on their way on each",
  metrics: servingMetrics,
  contenders: everyServer.map((server) => ({
    ...serving(server, (address) => KeptLoad.open({ ...address, ...load })),
    ...(server === haraka && { missing: () => "refuses commands in one write with content" }),
  })),
};
export default question;
