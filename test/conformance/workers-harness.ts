// The worker that runs the suite in workerd: a case for each request, or one side of the matrix.

import { work, type Job, type Report } from "./matrix.ts";
import { conformance, outcomeOf, type CaseOutcome } from "./suite.ts";
import { handOver, workersAdapter, type Ports } from "./workers-adapter.ts";

/** What a request asks for: a case, by its name and but for the gaps, or a part in the matrix. */
export type Asked =
  | { readonly ports: Ports; readonly gaps: Readonly<Record<string, string>>; readonly name: string }
  | { readonly ports: Ports; readonly job: Pick<Job, "ports"> };

export default {
  connect: handOver,
  async fetch(request: Request): Promise<Response> {
    return Response.json(await answer((await request.json()) as Asked));
  },
};

async function answer(asked: Asked): Promise<CaseOutcome | Report> {
  if ("job" in asked) return work(workersAdapter(asked.ports, {}), asked.job);
  const found = conformance(workersAdapter(asked.ports, asked.gaps)).find(({ name }) => name === asked.name);
  if (found === undefined) throw new Error(`There is no case "${asked.name}"`);
  return outcomeOf(found);
}
