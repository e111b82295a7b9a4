// What does a small mail cost a server under TLS, on kept connections?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { carteiro, floor, smtpServer } from "../servers/servers.ts";

const load = { connections: 20, pipelining: "lockstep", octets: 1_024 } as const;

const question: Question = {
  title: "Server: mails of 1 KB under TLS on 20 kept connections, lockstep",
  metrics: servingMetrics,
  contenders: [floor, carteiro, smtpServer].map((server) =>
    serving(server, (address) => KeptLoad.open({ ...address, ...load }), { secure: true }),
  ),
};
export default question;
