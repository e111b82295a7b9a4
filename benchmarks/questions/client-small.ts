// What does a small message cost a client that keeps its connection, one message after the other?

import { carteiro, floor, nodemailerOf } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";
import { smtpSource } from "../harness/smtp-source.ts";

const octets = 1_024;
const fast = { octets, messages: 20_000 };
const lockstep = { octets, messages: 10_000, pipelining: false };

const question: Question = {
  title: "Client: messages of 1 KB over one connection",
  metrics: clientMetrics,
  contenders: [
    floor("floor, pipelining", fast),
    carteiro("Carteiro, pipelining", fast),
    nodemailerOf("nodemailer SMTPConnection, pipelining", { octets, messages: 8_000 }),
    nodemailerOf("nodemailer pool, pipelining", { octets, messages: 2_000 }, "pooled"),
    floor("floor, lockstep", lockstep, "lockstep"),
    carteiro("Carteiro, lockstep", lockstep),
    nodemailerOf("nodemailer SMTPConnection, lockstep", { octets, messages: 5_000, pipelining: false }),
    smtpSource("Postfix smtp-source (C), lockstep", { octets, messages: 10_000 }),
  ],
  targets: [{ metric: "cpu", contender: "Carteiro, pipelining", against: "floor, pipelining", most: 1.3 }],
};
export default question;
