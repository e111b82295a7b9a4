// What the sockets of Workers can do. Certificates are always verified and never shown.

import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "workers",
  // The platform listens, as its configuration says, and hands over what connects.
  listens: false,
  // Where the listening socket is in that mode; a server announces it to no other connection.
  serverStartTls: true,
  serverImplicitTls: true,
  clientStartTls: true,
  clientImplicitTls: true,
  unverifiedTls: false,
  peerCertificate: false,
  channelBindings: "none",
  halfClose: true,
  brokenWhileIdle: false,
  unixSockets: false,
};
