// Does what an octet costs a server grow with the octets that a mail has?

import type { Question } from "../harness/question.ts";
import { KeptLoad } from "../load/kept.ts";
import { perPart, serving } from "../load/serving.ts";
import { carteiro } from "../servers/servers.ts";

const sizes = new Map([
  ["1 KB", 1_024],
  ["10 KB", 10_240],
  ["100 KB", 102_400],
  ["1 MB", 1_048_576],
  ["10 MB", 10_485_760],
  ["100 MB", 104_857_600],
]);
const nanoseconds = 1_000;
const nameOf = (size: string) => `Carteiro, ${size}`;

const question: Question = {
  title: "Growth: mails of 1 KB to 100 MB, lockstep",
  metrics: [{ name: "cpu", unit: "ns of CPU an octet", better: "less" }],
  contenders: Array.from(sizes, ([size, octets]) => {
    const load = { connections: octets > 1_048_576 ? 1 : 4, pipelining: "lockstep", octets } as const;
    const contender = serving(carteiro, (address) => KeptLoad.open({ ...address, ...load }), {
      messageSize: 2 * octets,
    });
    return perPart(nameOf(size), contender, octets, nanoseconds);
  }),
  // What a mail costs besides is shared by more and more: the figure falls, and then stays. With the square it would rise tenfold.
  targets: [
    { metric: "cpu", contender: nameOf("10 MB"), against: nameOf("1 MB"), most: 1.5 },
    { metric: "cpu", contender: nameOf("100 MB"), against: nameOf("10 MB"), most: 1.5 },
  ],
};
export default question;
