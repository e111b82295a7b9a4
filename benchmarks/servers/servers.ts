// All servers that the bench knows. How each is set up, and why that is fair, stands in benchmarks/README.md.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { scripted } from "./server.ts";

const { resolve } = createRequire(import.meta.url);

/** The least Node server possible. */
export const floor = scripted("floor", "floor.ts");

export const carteiro = scripted("Carteiro", "carteiro.ts");

export const smtpServer = scripted("smtp-server", "smtp-server.ts", { version: () => packageVersion("smtp-server") });

function packageVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8")) as { version: string };
  return version;
}
