// Does what a recipient costs a server grow with the recipients that a mail has?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { perPart, serving } from "../load/serving.ts";
import { carteiro } from "../servers/servers.ts";

const counts = [1, 10, 100, 1_000];
const nameOf = (recipients: number) =>
  `Carteiro, ${recipients === 1 ? "1 recipient" : `${recipients.toLocaleString("en")} recipients`}`;

const question: Question = {
  title: "Growth: mails of 1 KB with 1 to 1,000 recipients, pipelined by group",
  metrics: [{ name: "cpu", unit: "µs of CPU a recipient", better: "less" }],
  contenders: counts.map((recipients) => {
    const load = { connections: 4, pipelining: "groups", octets: 1_024, recipients } as const;
    const contender = serving(carteiro, (address) => KeptLoad.open({ ...address, ...load }));
    return perPart(nameOf(recipients), contender, recipients);
  }),
  // What a mail costs besides is shared by more and more: the figure falls, and then stays. With the square it would rise tenfold.
  targets: [
    { metric: "cpu", contender: nameOf(100), against: nameOf(10), most: 1.3 },
    { metric: "cpu", contender: nameOf(1_000), against: nameOf(100), most: 1.3 },
  ],
};
export default question;
