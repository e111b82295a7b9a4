// What transports in memory can do. Their TLS is a stand-in that keeps to its order of events, but has no certificates.

import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "memory",
  listens: false,
  serverStartTls: true,
  serverImplicitTls: true,
  clientStartTls: true,
  clientImplicitTls: true,
  unverifiedTls: false,
  peerCertificate: false,
  channelBindings: "none",
  halfClose: true,
  brokenWhileIdle: true,
  unixSockets: false,
};
