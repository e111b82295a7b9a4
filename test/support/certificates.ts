// Certificates for the tests, made once a process.

import { createCertificates, type Certificates } from "../../packages/cli/src/certificate.ts";

let localhost: Promise<Certificates> | undefined;
let client: Promise<Certificates> | undefined;
let other: Promise<Certificates> | undefined;

/** An authority and a leaf for localhost, 127.0.0.1, ::1 and mx.example.org. */
export function localhostCertificates(): Promise<Certificates> {
  localhost ??= createCertificates({ names: ["localhost", "mx.example.org", "127.0.0.1", "::1"], days: 1 });
  return localhost;
}

/** An authority, and a leaf that a client may show. */
export function clientCertificates(): Promise<Certificates> {
  client ??= createCertificates({ names: ["ana.example.org"], days: 1, shownBy: "client" });
  return client;
}

/** Another authority and a leaf for mx.example.net, to tell apart what SNI chose, and whom nobody trusts. */
export function otherCertificates(): Promise<Certificates> {
  other ??= createCertificates({ names: ["mx.example.net"], days: 1 });
  return other;
}
