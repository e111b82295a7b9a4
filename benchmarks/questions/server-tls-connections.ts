// What does a connection cost a server that begins with a full TLS handshake and brings one mail?

import type { Question } from "../harness/question.ts";
import { OneEachLoad } from "../load/one-each.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { carteiro, floor, smtpServer } from "../servers/servers.ts";

const question: Question = {
  title: "Server: one mail of 1 KB a connection under TLS, full handshakes, 50 at once",
  metrics: servingMetrics,
  contenders: [floor, carteiro, smtpServer].map((server) =>
    serving(server, (address) => new OneEachLoad({ ...address, connections: 50, octets: 1_024 }), { secure: true }),
  ),
};
export default question;
