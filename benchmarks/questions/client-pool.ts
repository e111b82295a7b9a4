// What does a small message cost a pool of connections that always has more to send?

import { carteiro, floor, nodemailerOf } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";

const terms = { octets: 1_024, connections: 5, inFlight: 20 };

const question: Question = {
  title: "Client: messages of 1 KB by a pool of 5 connections, 20 at once",
  metrics: clientMetrics,
  contenders: [
    floor("floor", { ...terms, messages: 30_000 }),
    carteiro("Carteiro", { ...terms, messages: 20_000 }, "pooled"),
    nodemailerOf("nodemailer pool", { ...terms, messages: 3_000 }, "pooled"),
  ],
  targets: [{ metric: "cpu", contender: "Carteiro", against: "floor", most: 1.6 }],
};
export default question;
