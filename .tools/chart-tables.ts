// Writes packages/core/src/{client,server}/table.ts, the charts flattened ahead, for bundles that do without XState.
// With --check it writes nothing and fails where a file differs from its chart.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientMachine } from "../packages/core/src/client/machine.ts";
import { tableOf } from "../packages/core/src/engine/compile.ts";
import { serverMachine } from "../packages/core/src/server/machine.ts";
import { emitted } from "./chart-emitter.ts";

const TABLES = [
  { side: "client", table: tableOf(clientMachine) },
  { side: "server", table: tableOf(serverMachine) },
];

main(process.argv.includes("--check"));

function main(check: boolean): void {
  for (const { side, table } of TABLES) {
    const file = join(import.meta.dirname, "..", "packages", "core", "src", side, "table.ts");
    const text = emitted(side, table);
    if (!check) writeFileSync(file, text);
    else if (readFileSync(file, "utf8") !== text) {
      console.error(`packages/core/src/${side}/table.ts differs from machine.ts. Run \`npm run docs\`.`);
      process.exitCode = 1;
    }
  }
}
