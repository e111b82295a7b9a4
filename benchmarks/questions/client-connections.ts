// What does a message cost that has a connection of its own: connect, EHLO, one message of 1 KB, QUIT?

import { carteiro, floor, nodemailerOf } from "../clients/contenders.ts";
import { clientMetrics } from "../harness/client.ts";
import type { Question } from "../harness/question.ts";
import { smtpSource } from "../harness/smtp-source.ts";

const terms = { octets: 1_024, inFlight: 20 };

const question: Question = {
  title: "Client: a connection for each message of 1 KB, 20 at once",
  metrics: clientMetrics,
  contenders: [
    floor("floor", { ...terms, messages: 3_000 }, "connections"),
    carteiro("Carteiro", { ...terms, messages: 2_000 }, "connections"),
    nodemailerOf("nodemailer", { ...terms, messages: 1_000 }, "connections"),
    smtpSource("Postfix smtp-source (C), lockstep", {
      octets: terms.octets,
      messages: 3_000,
      connections: terms.inFlight,
      connectionEach: true,
    }),
  ],
  // A connection each takes its time until every path has been compiled.
  warmUp: 10,
};
export default question;
