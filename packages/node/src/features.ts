// What this adapter can do in the runtime that it finds itself in: Node, or another's imitation of its modules.

import { TLSSocket } from "node:tls";
import type { RuntimeFeatures } from "@carteiro/driver";

export const features: RuntimeFeatures = {
  name: "node",
  listens: true,
  serverStartTls: true,
  serverImplicitTls: true,
  clientStartTls: true,
  clientImplicitTls: true,
  unverifiedTls: true,
  peerCertificate: true,
  channelBindings: "exportKeyingMaterial" in TLSSocket.prototype ? "tls-exporter" : "tls-server-end-point",
  halfClose: true,
  brokenWhileIdle: true,
  unixSockets: true,
};
