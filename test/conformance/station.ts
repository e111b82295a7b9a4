// One side of the matrix by @carteiro/node, in the runtime that this program is started with.

import type { Job } from "./matrix.ts";
import { work } from "./matrix.ts";
import { nodeAdapter } from "./node-adapter.ts";
import { inputEnded, standardInput } from "./standard-input.ts";

const job = (await standardInput()) as Job;
process.stdout.write(`${JSON.stringify(await work(nodeAdapter(job.certificates), job))}\n`);
await inputEnded;
process.exit(0);
