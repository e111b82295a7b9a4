// The worker that runs the suite in workerd: a case for each request.

import { handOver, workersAdapter, type Ports } from "./workers-adapter.ts";
import { conformance, outcomeOf } from "./suite.ts";

/** What a request asks for. */
export interface Asked {
  readonly ports: Ports;
  readonly gaps: Readonly<Record<string, string>>;
  readonly name: string;
}

export default {
  connect: handOver,
  async fetch(request: Request): Promise<Response> {
    const { ports, gaps, name } = (await request.json()) as Asked;
    const found = conformance(workersAdapter(ports, gaps)).find((one) => one.name === name);
    if (found === undefined) return new Response(`No such case: ${name}`, { status: 404 });
    return Response.json(await outcomeOf(found));
  },
};
