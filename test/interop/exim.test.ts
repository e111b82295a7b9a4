// Exim as the server: it delivers into files, each message with a field of its own in front.

import { exim, startExim } from "./exim.ts";
import { describeWith } from "./peers.ts";
import { serverContract } from "./server-contract.ts";

describeWith(exim, (path) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => startExim(path, { security, tls }),
    refuses: true,
  });
});
