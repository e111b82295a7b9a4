// Certificates that no client must accept: nothing is sent to such a server, and the server bears it.

import type { CertificateName, ConformanceAdapter } from "../adapter.ts";
import { failure, taking, withServer, type CaseDefinition, type Taken } from "../case.ts";
import { checkEqual, eventually, rejection, within } from "../expectations.ts";

const faults: readonly (readonly [name: CertificateName, what: string])[] = [
  ["expired", "that has expired"],
  ["wrongName", "for another name"],
  ["unknown", "by an authority that it does not know"],
];

export const verificationCases: readonly CaseDefinition[] = faults.flatMap(([certificate, what]): CaseDefinition[] => [
  {
    name: `a client refuses a certificate ${what}, after STARTTLS`,
    needs: ["serverStartTls", "clientStartTls"],
    run: (adapter) => afterStartTls(adapter, certificate),
  },
  {
    name: `a client refuses a certificate ${what}, under implicit TLS`,
    needs: ["serverImplicitTls", "clientImplicitTls"],
    run: (adapter) => underImplicitTls(adapter, certificate),
  },
]);

async function afterStartTls<Place>(adapter: ConformanceAdapter<Place>, certificate: CertificateName): Promise<void> {
  const taken: Taken[] = [];
  await withServer(adapter, { options: taking(taken), certificate }, async ({ place, server }) => {
    const error = await failure(adapter.connect(place, { startTls: "required" }), "opening");
    checkEqual(error.failure.kind, "tlsFailed", "the failure");
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
  checkEqual(taken, [], "what came");
}

async function underImplicitTls<Place>(
  adapter: ConformanceAdapter<Place>,
  certificate: CertificateName,
): Promise<void> {
  const options = taking([]);
  await withServer(adapter, { options, certificate, implicitTls: true }, async ({ place, server }) => {
    await within(rejection(adapter.connect(place, { implicitTls: true }), "opening"), 5_000, "opening");
    await eventually(() => server.connections === 0, "the server is rid of the client");
  });
}
