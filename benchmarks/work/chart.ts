// Sends the events of one POP3 connection after the other to a chart, interpreted or compiled.

import { compile } from "../../packages/core/src/engine/compile.ts";
import { interpret } from "../../packages/core/src/engine/interpret.ts";
import type { Program } from "../../packages/core/src/engine/runner.ts";
import { pop3Chart } from "../../test/support/pop3-chart.ts";
import type { Pop3Facts, Pop3Happening } from "../../test/support/pop3-chart.ts";
import { serveWork, type Work } from "../harness/work.ts";

const facts: Pop3Facts = { sizes: [1200, 340, 560_000], deleted: new Set([2]) };

/** One connection: a failed login, a good one, a look around, one deletion. */
const dialogue: readonly Pop3Happening[] = [
  { type: "USER", argument: "ana" },
  { type: "PASS", argument: "wrong" },
  { type: "REJECTED", text: "No" },
  { type: "USER", argument: "ana" },
  { type: "PASS", argument: "right" },
  { type: "ACCEPTED" },
  { type: "STAT", argument: "" },
  { type: "LIST", argument: "" },
  { type: "LIST", argument: "3" },
  { type: "RETR", argument: "1" },
  { type: "RETR", argument: "9" },
  { type: "DELE", argument: "1" },
  { type: "UNKNOWN" },
  { type: "NOOP", argument: "" },
  { type: "QUIT", argument: "" },
  { type: "ACCEPTED" },
];

serveWork({ interpreted: () => connections(interpret(pop3Chart)), compiled: () => connections(compile(pop3Chart)) });

/** As many events as said. */
function connections(program: Program<Pop3Facts, Pop3Happening>): Work {
  return (times) => {
    let actions = 0;
    for (let connection = 0; connection < times / dialogue.length; connection++) {
      const { runner } = program.start(facts);
      for (const event of dialogue) actions += runner.send(event, facts).length;
      if (!runner.done) throw new Error("The dialogue did not run to its end");
    }
    return actions;
  };
}
