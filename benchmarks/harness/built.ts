// What is measured runs as it is deployed, as JavaScript: to take the types away while loading leaves megabytes on the heap,
// and whatever is there V8's collector walks through again and again.

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a script's parents find the same packages. */
const folder = join(import.meta.dirname, "..", "dist", "built");

/** Peers stay what they are; and scripts, which have this file in them with the rest of the harness, need no bundler. */
const external = ["esbuild", "Haraka", "nodemailer", "nodemailer/*", "smtp-server", "smtp-server/*"];

const all = new Map<string, Promise<string>>();

/** Path of a script of ours with all that it imports in one file of JavaScript, made once a run. */
export function built(script: URL): Promise<string> {
  const source = fileURLToPath(script);
  const outfile = join(folder, `${basename(dirname(source))}-${basename(source, ".ts")}.mjs`);
  const building = all.get(outfile) ?? bundle(source, outfile);
  all.set(outfile, building);
  return building;
}

async function bundle(source: string, outfile: string): Promise<string> {
  const { build } = await import("esbuild");
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    external,
    logLevel: "warning",
  });
  return outfile;
}
