// What does a message of 100 KB cost a client that keeps its connection, one message after the other?

import { carteiro, floor, nodemailerOf } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";

const octets = 102_400;
const fast = { octets, messages: 8_000 };

const question: Question = {
  title: "Client: messages of 100 KB over one connection",
  metrics: clientMetrics,
  contenders: [
    floor("floor", fast),
    carteiro("Carteiro", fast),
    carteiro("Carteiro pool", fast, "pooled"),
    nodemailerOf("nodemailer SMTPConnection", { octets, messages: 500 }),
    nodemailerOf("nodemailer pool", { octets, messages: 400 }, "pooled"),
  ],
  targets: [
    { metric: "cpu", contender: "Carteiro", against: "floor", most: 1.4 },
    { metric: "cpu", contender: "Carteiro pool", against: "floor", most: 1.4 },
  ],
};
export default question;
