// What does a message of 10 MB cost a client?

import { carteiro, floor, nodemailerOf } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";

const octets = 10 * 1_024 * 1_024;
const fast = { octets, messages: 100 };

const question: Question = {
  title: "Client: messages of 10 MB over one connection",
  metrics: clientMetrics,
  contenders: [
    floor("floor", fast),
    carteiro("Carteiro", fast),
    carteiro("Carteiro pool", fast, "pooled"),
    nodemailerOf("nodemailer SMTPConnection", { octets, messages: 20 }),
    nodemailerOf("nodemailer pool", { octets, messages: 20 }, "pooled"),
  ],
};
export default question;
