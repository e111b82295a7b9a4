// The suite as tests of `deno test --allow-net`.

import { conformanceCertificates } from "../certificates.ts";
import { conformance } from "../suite.ts";
import { denoAdapter } from "./adapter.ts";

for (const { name, skip, run } of conformance(denoAdapter(await conformanceCertificates())))
  Deno.test({ name, ignore: skip !== undefined, fn: run });
