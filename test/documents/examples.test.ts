// The examples in the documents are run as they stand: what a document shows is true.

import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { localhostCertificates } from "../support/certificates.ts";
import { examplesOf } from "./example-files.ts";

describe("docs/esmtp.md", () => {
  const examples = examplesOf("docs/esmtp.md");

  it("shows an extension of one's own, on both sides", async () => {
    expect(await examples.run("extension.ts")).toBe("Mixed RED and BLUE / Painted BLUE\n");
  });

  it("shows LMTP, with an answer for each recipient", async () => {
    expect(await examples.run("lmtp.ts")).toBe("delivered / Mailbox full\n");
  });

  it("shows a login by SCRAM that is bound to the connection", async () => {
    const { key, certificate, caCertificate } = await localhostCertificates();
    const files = Object.entries({ "key.pem": key, "cert.pem": certificate, "ca.pem": caCertificate });
    for (const [name, pem] of files) writeFileSync(examples.at(name), pem);
    const names = files.map(([name]) => examples.at(name));
    expect(await examples.run("users.ts", names)).toBe("mail of jones\nAUTH SCRAM-SHA-512-PLUS *\n");
  });
});

describe("docs/write-an-adapter.md", () => {
  const { run } = examplesOf("docs/write-an-adapter.md");

  it("shows an adapter over which a message is sent", async () => {
    expect(await run("duplex-client.ts")).toBe("Took 23 octets\n");
  });
});
