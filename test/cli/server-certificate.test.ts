// Which certificate a server shows: its own is kept as long as it is good, and made anew when it is not.

import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test, vi } from "vitest";

import { createCertificates } from "../../packages/cli/src/certificate.ts";
import { givenCertificate, ownCertificate } from "../../packages/cli/src/server-certificate.ts";

const scratch = mkdtempSync(join(tmpdir(), "carteiro-certificate-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const names = ["mx.example.org", "localhost", "127.0.0.1", "::1"];
let folders = 0;
const newFolder = () => join(scratch, String(++folders));

function write(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

test("the first start makes an authority and a certificate for every name, and a key for its owner alone", async () => {
  const folder = newFolder();
  const { key, cert, caFile, made } = await ownCertificate(folder, names);
  const certificate = new X509Certificate(cert);
  expect([made, caFile]).toEqual([true, join(folder, "ca.pem")]);
  expect(certificate.verify(new X509Certificate(readFileSync(join(folder, "ca.pem"))).publicKey)).toBe(true);
  expect(certificate.checkHost("mx.example.org")).toBe("mx.example.org");
  expect(certificate.checkIP("::1")).toBe("::1");
  expect(readFileSync(join(folder, "key.pem"), "utf8")).toBe(key);
  expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
});

test("the next start keeps it, also where fewer names are asked for", async () => {
  const folder = newFolder();
  const first = await ownCertificate(folder, names);
  expect(await ownCertificate(folder, names)).toEqual({ ...first, made: false });
  expect(await ownCertificate(folder, ["localhost"])).toEqual({ ...first, made: false });
});

test.each(["mx.example.net", "192.0.2.1"])("a further name, %s, has it made anew", async (name) => {
  const folder = newFolder();
  const first = await ownCertificate(folder, names);
  const second = await ownCertificate(folder, [...names, name]);
  expect(second.made).toBe(true);
  expect(second.cert).not.toBe(first.cert);
  expect((await ownCertificate(folder, [...names, name])).made).toBe(false);
});

test("one that is about to expire is made anew", async () => {
  const folder = newFolder();
  const soon = await createCertificates({ names, days: 29 });
  write(folder, { "ca.pem": soon.caCertificate, "cert.pem": soon.certificate, "key.pem": soon.key });
  expect((await ownCertificate(folder, names)).made).toBe(true);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 796 * 86_400_000 });
  try {
    expect((await ownCertificate(folder, names)).made).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test.each(["ca.pem", "cert.pem", "key.pem"])(
  "one whose %s is of another making, damaged or lost is made anew",
  async (name) => {
    const other = newFolder();
    await ownCertificate(other, names);
    for (const text of [readFileSync(join(other, name), "utf8"), "damaged", undefined]) {
      const folder = newFolder();
      await ownCertificate(folder, names);
      if (text === undefined) rmSync(join(folder, name));
      else writeFileSync(join(folder, name), text);
      expect((await ownCertificate(folder, names)).made).toBe(true);
      expect((await ownCertificate(folder, names)).made).toBe(false);
    }
  },
);

test("files that were given are taken where they belong together, and complained of where they do not", async () => {
  const [one, other] = [newFolder(), newFolder()];
  const { cert, key } = await ownCertificate(one, names);
  await ownCertificate(other, names);
  const [certFile, keyFile] = [join(one, "cert.pem"), join(one, "key.pem")];
  expect(await givenCertificate({ certFile, keyFile })).toEqual({ cert, key, caFile: undefined, made: false });
  for (const wrong of [
    { certFile, keyFile: join(other, "key.pem") },
    { certFile: keyFile, keyFile },
    { certFile, keyFile: join(scratch, "none") },
  ]) {
    await expect(givenCertificate(wrong)).rejects.toMatchObject({ name: "CommandError", exitCode: 78 });
  }
});
