// The certificates of the suite, made once a process. Node alone makes them; other runtimes are handed them as JSON.

import { createCertificates } from "../../packages/cli/src/certificate.ts";
import type { Certificates } from "./adapter.ts";

let made: Promise<Certificates> | undefined;

export function conformanceCertificates(): Promise<Certificates> {
  return (made ??= make());
}

const names = ["localhost", "127.0.0.1", "::1"];
/** In days; an hour ago is when certificates begin to be valid. */
const halfAnHourAgo = -0.5 / 24;

async function make(): Promise<Certificates> {
  const [good, expired, wrongName, unknown] = await Promise.all([
    createCertificates({ names, days: 1 }),
    createCertificates({ names, days: halfAnHourAgo }),
    createCertificates({ names: ["mx.example.net"], days: 1 }),
    createCertificates({ names, days: 1 }),
  ]);
  const pair = ({ key, certificate: cert }: typeof good) => ({ key, cert });
  return {
    trusted: [good, expired, wrongName].map(({ caCertificate }) => caCertificate).join(""),
    pairs: { good: pair(good), expired: pair(expired), wrongName: pair(wrongName), unknown: pair(unknown) },
  };
}
