// Postfix as the server: it delivers into files, and asks Cyrus SASL about passwords.

import { describeWith } from "./peers.ts";
import { postfixWithSasl, startPostfixWithSasl } from "./postfix-sasl.ts";
import { startPostfix } from "./postfix.ts";
import { serverContract } from "./server-contract.ts";

describeWith(postfixWithSasl, (root) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) =>
      security === "in the clear" ? startPostfix(root) : startPostfixWithSasl(root, security, tls),
    refuses: true,
  });
});
