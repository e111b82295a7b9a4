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
  // Not the certificate in its place: under TLS 1.3 peers take it for granted that there is the exporter (RFC 9266 §3).
  channelBindings: "exportKeyingMaterial" in TLSSocket.prototype ? "tls-exporter" : "none",
  halfClose: true,
  brokenWhileIdle: true,
  unixSockets: true,
};
