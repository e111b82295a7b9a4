// What does a connection cost a server in Bun that begins with a full TLS handshake, on Bun's own sockets and on Node's?

import type { Question } from "../harness/question.ts";
import { OneEachLoad } from "../load/one-each.ts";
import { serving, servingMetrics } from "../load/serving.ts";
import { inBun } from "../servers/servers.ts";

const question: Question = {
  title: "Server in Bun: one mail of 1 KB a connection under TLS, full handshakes, 50 at once",
  metrics: servingMetrics,
  contenders: inBun.map((server) =>
    serving(server, (address) => new OneEachLoad({ ...address, connections: 50, octets: 1_024 }), { secure: true }),
  ),
  rounds: 15,
  // So many rounds in turn tell more of two that are so near to each other than rounds run again.
  steady: true,
};
export default question;
