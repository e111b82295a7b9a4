// What pairs of streams can do by themselves. TLS is the business of whoever made them, and may be handed in.

import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "web",
  listens: false,
  serverStartTls: false,
  serverImplicitTls: false,
  clientStartTls: false,
  clientImplicitTls: false,
  unverifiedTls: false,
  peerCertificate: false,
  channelBindings: "none",
  halfClose: true,
  brokenWhileIdle: true,
  unixSockets: false,
};
