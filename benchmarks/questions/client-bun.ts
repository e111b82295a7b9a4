// What does a small message cost a client in Bun, on Bun's own sockets and on Node's?

import { inBun } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";

const question: Question = {
  title: "Client in Bun: messages of 1 KB over one connection, pipelining",
  metrics: clientMetrics,
  contenders: inBun({ octets: 1_024, messages: 10_000 }),
  rounds: 15,
  // So many rounds in turn tell more of two that are so near to each other than rounds run again.
  steady: true,
};
export default question;
