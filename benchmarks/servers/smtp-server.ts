// npm's smtp-server: no logins, no log, no DNS; each message is consumed.

import { SMTPServer } from "smtp-server";
import { serveParent } from "../harness/child.ts";
import { listening } from "./listening.ts";
import type { ServerOptions } from "./server.ts";

let octets = 0;

serveParent({
  listen: ({ tls }: ServerOptions) => {
    const server = new SMTPServer({
      name: "mx.example.org",
      secure: tls !== undefined,
      ...tls,
      authOptional: true,
      disabledCommands: ["AUTH", "STARTTLS"],
      disableReverseLookup: true,
      logger: false,
      onData(stream, _session, done) {
        stream.on("data", (chunk: Buffer) => (octets += chunk.length));
        stream.on("end", () => done(null));
      },
    });
    // Connections that the load breaks off at the end.
    server.on("error", () => undefined);
    return listening(server.server);
  },
  consumed: () => ({ octets }),
});
