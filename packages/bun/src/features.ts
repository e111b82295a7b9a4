// What Bun's own sockets can do.

import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "bun",
  listens: true,
  serverStartTls: true,
  serverImplicitTls: true,
  clientStartTls: true,
  clientImplicitTls: true,
  unverifiedTls: true,
  peerCertificate: true,
  channelBindings: "tls-exporter",
  halfClose: true,
  brokenWhileIdle: true,
  unixSockets: true,
};
