// What Deno's connections can do. A connection on which nobody reads tells of no reset; a client's TLS is always verified,
// and neither its certificate nor anything that SCRAM could be bound to is told.

import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "deno",
  listens: true,
  serverStartTls: true,
  serverImplicitTls: true,
  clientStartTls: true,
  clientImplicitTls: true,
  unverifiedTls: false,
  peerCertificate: false,
  channelBindings: "none",
  halfClose: true,
  brokenWhileIdle: false,
  unixSockets: true,
};
