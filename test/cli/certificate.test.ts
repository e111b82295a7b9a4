// Certificates for a first start.

import { X509Certificate, createPrivateKey } from "node:crypto";
import { expect, test } from "vitest";
import { createCertificates } from "../../packages/cli/src/certificate.ts";

const day = 86_400_000;

test("certificate is signed by its authority, fits its key and bears every name", async () => {
  const names = ["mx.example.org", "bücher.example", "192.0.2.1", "2001:db8::1"];
  const made = await createCertificates({ names, days: 30 });
  const [authority, leaf] = [new X509Certificate(made.caCertificate), new X509Certificate(made.certificate)];
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkIssued(authority)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect([authority.ca, leaf.ca]).toEqual([true, false]);
  expect(leaf.checkHost("mx.example.org")).toBe("mx.example.org");
  expect(leaf.checkHost("xn--bcher-kva.example")).toBe("xn--bcher-kva.example");
  expect(leaf.checkIP("192.0.2.1")).toBe("192.0.2.1");
  expect(leaf.checkIP("2001:db8::1")).toBe("2001:db8::1");
  expect(leaf.checkHost("mx.example.net")).toBe(undefined);
});

test("certificate is valid from before now for the days asked for", async () => {
  const made = await createCertificates({ names: ["localhost"], days: 30 });
  const { validFromDate, validToDate } = new X509Certificate(made.certificate);
  expect(validFromDate.getTime()).toBeLessThan(Date.now());
  expect(Math.round((validToDate.getTime() - Date.now()) / day)).toBe(30);
});

test("certificate takes a name longer than a common name may be", async () => {
  const name = `${"a".repeat(60)}.${"b".repeat(60)}.example`;
  const { certificate } = await createCertificates({ names: [name], days: 1 });
  expect(new X509Certificate(certificate).checkHost(name)).toBe(name);
});

test("certificate is not made for no name, nor for what is none", async () => {
  await expect(createCertificates({ names: [], days: 1 })).rejects.toThrow(TypeError);
  await expect(createCertificates({ names: ["a b"], days: 1 })).rejects.toThrow(/Neither a host name/);
});
