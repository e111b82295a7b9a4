// Writes packages/core/src/framing/assembly-program.ts, which is assembly.wat in the octets that engines understand.
// With --check it writes nothing and fails where they are not the same.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";

const folder = join(import.meta.dirname, "..", "packages", "core", "src", "framing");
const source = "assembly.wat";
const file = join(folder, "assembly-program.ts");

const text = await written();
if (!process.argv.includes("--check")) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  console.error(`assembly-program.ts differs from ${source}. Run \`npm run docs\`.`);
  process.exitCode = 1;
}

async function written(): Promise<string> {
  const assembler = await wabt();
  const program = assembler.parseWat(source, readFileSync(join(folder, source), "utf8"), { simd: true });
  program.validate();
  const octets = [...program.toBinary({}).buffer];
  const lines = Array.from({ length: Math.ceil(octets.length / 24) }, (_, line) =>
    octets.slice(line * 24, line * 24 + 24).join(", "),
  );
  return [
    `// ${source} in octets. Written by \`npm run docs\`: do not edit.`,
    "",
    "export const program = Uint8Array.of(",
    ...lines.map((line) => `  ${line},`),
    ");",
    "",
  ].join("\n");
}
