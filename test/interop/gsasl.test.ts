// GNU SASL's gsasl as the client: it logs in and sends nothing. It is the one client here that binds SCRAM to its TLS.

import { run } from "../support/processes.ts";
import { clientMechanismContract } from "./client-mechanism-contract.ts";
import { describeWith, program } from "./peers.ts";

describeWith(program("gsasl"), (gsasl) => {
  clientMechanismContract({
    mechanisms: [
      "EXTERNAL",
      "SCRAM-SHA-256-PLUS",
      "SCRAM-SHA-1-PLUS",
      "SCRAM-SHA-256",
      "SCRAM-SHA-1",
      "CRAM-MD5",
      "PLAIN",
      "LOGIN",
      "ANONYMOUS",
    ],
    async submit({ mechanism, user, secret, certificate, port, caFile }) {
      const where = ["--smtp", "--connect", `localhost:${port}`, "--x509-ca-file", caFile];
      const pair = certificate && ["--x509-cert-file", certificate.certFile, "--x509-key-file", certificate.keyFile];
      const who = ["--authentication-id", user, "--password", secret, "--anonymous-token", user, ...(pair ?? [])];
      // Without -PLUS it must not say that it could have bound itself.
      const binding = mechanism.endsWith("-PLUS") ? [] : ["--no-cb"];
      const { code, stdout, stderr } = await run(gsasl, [...where, "--mechanism", mechanism, ...binding, ...who]);
      return { ok: code === 0, said: stdout + stderr };
    },
    sends: false,
  });
});
