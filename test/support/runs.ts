// How many cases each property tries, and from which seed. `npm test` tries the same few every time; `npm run fuzz` tries
// many, others each time. A failing property prints its seed and path, which CARTEIRO_SEED then repeats.

import fc from "fast-check";

const runs = Number(process.env["CARTEIRO_RUNS"] ?? 100);
const seed = process.env["CARTEIRO_SEED"] ?? (process.env["CARTEIRO_RUNS"] === undefined ? "20261121" : undefined);

fc.configureGlobal({ numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) });
