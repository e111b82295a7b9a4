// One side of the matrix by @carteiro/bun.

import type { Job } from "../matrix.ts";
import { work } from "../matrix.ts";
import { inputEnded, standardInput } from "../standard-input.ts";
import { bunAdapter } from "./adapter.ts";

const job = (await standardInput()) as Job;
process.stdout.write(`${JSON.stringify(await work(bunAdapter(job.certificates), job))}\n`);
await inputEnded;
process.exit(0);
