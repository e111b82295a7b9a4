// Postfix as the server that checks passwords by Cyrus SASL, which has SCRAM with every hash. It knows no -PLUS: Postfix 3.7
// tells Cyrus nothing of its TLS.

import { mechanismContract } from "./mechanism-contract.ts";
import { describeWith } from "./peers.ts";
import { postfixWithSasl, startPostfixWithSasl } from "./postfix-sasl.ts";

describeWith(postfixWithSasl, (root) => {
  mechanismContract({
    mechanisms: ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"],
    async start(tls) {
      const server = await startPostfixWithSasl(root, "STARTTLS", tls);
      return { submissionPort: server.port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
    },
  });
});
