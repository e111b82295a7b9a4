// Two hundred sessions at once, each with a message of its own.

import type { SmtpClient } from "@carteiro/driver";
import type { ConformanceAdapter } from "../adapter.ts";
import { taking, withServer, type CaseDefinition, type Taken } from "../case.ts";
import { checkEqual, eventually } from "../expectations.ts";

const sessions = 200;

export const crowdCases: readonly CaseDefinition[] = [
  { name: "two hundred sessions run at once in the clear", run: (adapter) => crowd(adapter, false) },
  {
    name: "two hundred sessions run at once under TLS",
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => crowd(adapter, true),
  },
];

async function crowd<Place>(adapter: ConformanceAdapter<Place>, secured: boolean): Promise<void> {
  const taken: Taken[] = [];
  const options = taking(taken, { connections: { total: sessions, perAddress: sessions } });
  await withServer(adapter, { options, ...(secured && { certificate: "good" }) }, async ({ place, server }) => {
    const connect = () => adapter.connect(place, { startTls: secured ? "required" : "never" });
    const clients = await Promise.all(Array.from({ length: sessions }, connect));
    try {
      checkEqual(server.connections, sessions, "connections at once");
      await Promise.all(clients.map(sendNumbered));
      await Promise.all(clients.map((client) => client.quit()));
    } finally {
      for (const client of clients) client.destroy();
    }
    await eventually(() => server.connections === 0, "the server is rid of all");
  });
  const subjects = taken.map(({ from, content }) => `${from} ${content}`).toSorted();
  const expected = Array.from({ length: sessions }, (_, number) => `${number}@example.net Number ${number}\r\n`);
  checkEqual(subjects, expected.toSorted(), "what came");
}

async function sendNumbered(client: SmtpClient, number: number): Promise<void> {
  const message = { from: `${number}@example.net`, to: "b@example.org", content: `Number ${number}` };
  checkEqual((await client.send(message)).reply?.code, 250, "the reply");
}
