// The transport over WHATWG streams owes what every transport owes: tried over pairs of TransformStream, with Node's TLS on top.

import { setImmediate } from "node:timers/promises";
import { clientTls, serverTls } from "@carteiro/node";
import { streamTransport } from "@carteiro/web";
import { localhostCertificates, otherCertificates } from "../support/certificates.ts";
import { joinedStreams } from "../support/joined-streams.ts";
import { secured } from "../support/secured-streams.ts";
import { transportContract } from "../support/transport-contract.ts";

const local = await localhostCertificates();
const other = await otherCertificates();
const serving = serverTls({ key: local.key, cert: local.certificate });
const trusting = clientTls({ ca: local.caCertificate, serverName: "localhost" });
const distrusting = clientTls({ ca: other.caCertificate, serverName: "localhost" });

transportContract("web", {
  connect({ untrusted = false } = {}) {
    const [client, server] = joinedStreams();
    return Promise.resolve({
      client: streamTransport(client, { upgrade: () => secured(client, untrusted ? distrusting : trusting) }),
      server: streamTransport(server, { upgrade: () => secured(server, serving) }),
    });
  },
  run: (body) => body(),
  turn: () => setImmediate(),
  mostBuffered: 2 ** 20,
  large: 4 * 2 ** 20,
  destroyBreaks: true,
});
