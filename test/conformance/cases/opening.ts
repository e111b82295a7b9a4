// A message over each kind of connection: in the clear, after STARTTLS, and under TLS from the beginning.

import type { ConformanceAdapter, ConnectOptions, ServeOptions } from "../adapter.ts";
import { taking, withClient, withServer, type CaseDefinition, type Taken } from "../case.ts";
import { check, checkEqual } from "../expectations.ts";

const content = "Subject: Conformance\r\n\r\n.A line with a dot\r\n..and two\r\n";

export const openingCases: readonly CaseDefinition[] = [
  {
    name: "a message arrives in the clear",
    run: (adapter) => sendOne(adapter, {}, { startTls: "never" }),
  },
  {
    name: "a message arrives after STARTTLS",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => sendOne(adapter, { certificate: "good" }, { startTls: "required" }),
  },
  {
    name: "a message arrives under implicit TLS",
    needs: ["serverImplicitTls", "clientImplicitTls"],
    run: (adapter) => sendOne(adapter, { certificate: "good", implicitTls: true }, { implicitTls: true }),
  },
];

async function sendOne<Place>(
  adapter: ConformanceAdapter<Place>,
  serve: Omit<ServeOptions, "options">,
  connect: ConnectOptions,
): Promise<void> {
  const taken: Taken[] = [];
  const secured = serve.certificate !== undefined;
  await withServer(adapter, { options: taking(taken), ...serve }, ({ place }) =>
    withClient(adapter, place, connect, async (client) => {
      checkEqual(client.tls !== undefined, secured, "the client's TLS");
      const { reply } = await client.send({ from: "a@example.net", to: ["b@example.org", "c@example.org"], content });
      check(reply?.code === 250, "250 for the message");
    }),
  );
  checkEqual(taken, [{ from: "a@example.net", to: ["b@example.org", "c@example.org"], content, secured }], "what came");
}
