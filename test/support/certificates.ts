// Certificates for the tests, made once a process.

import { createCertificates, type Certificates } from "../../packages/cli/src/certificate.ts";

let localhost: Promise<Certificates> | undefined;
let other: Promise<Certificates> | undefined;

/** An authority and a leaf for localhost, 127.0.0.1, ::1 and mx.example.org. */
export function localhostCertificates(): Promise<Certificates> {
  localhost ??= createCertificates({ names: ["localhost", "mx.example.org", "127.0.0.1", "::1"], days: 1 });
  return localhost;
}

/** Another authority and a leaf for mx.example.net, to tell apart what SNI chose, and whom nobody trusts. */
export function otherCertificates(): Promise<Certificates> {
  other ??= createCertificates({ names: ["mx.example.net"], days: 1 });
  return other;
}
