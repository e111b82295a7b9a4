// The certificate that all servers show, on EC keys as most have them now, and the authority that clients trust. Made once.

import type { Certificates } from "../../packages/cli/src/certificate.ts";

let made: Promise<Certificates> | undefined;

export function certificates(): Promise<Certificates> {
  made ??= make();
  return made;
}

async function make(): Promise<Certificates> {
  const { createCertificates } = await import("../../packages/cli/src/certificate.ts");
  return createCertificates({ names: ["mx.example.org", "127.0.0.1"], days: 1 });
}
