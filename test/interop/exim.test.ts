// Exim as the server: it delivers into files, each message with a field of its own in front. Exim 4.96 does not read the rest
// of a chunk that it refuses as too large, but closes: that a session goes on after that is tried with Postfix.

import { exim, startExim } from "./exim.ts";
import { describeWith } from "./peers.ts";
import { serverContract } from "./server-contract.ts";

describeWith(exim, (path) => {
  serverContract({
    securities: ["in the clear", "STARTTLS", "implicit TLS"],
    start: (security, tls) => startExim(path, { security, tls }),
    refuses: true,
    chunking: true,
  });
});
