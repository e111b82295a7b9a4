// swaks as the client. Debian's knows neither SCRAM nor tokens.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { xclient } from "@carteiro/core";
import { afterAll, describe, expect, test } from "vitest";

import { run } from "../support/processes.ts";
import { clientContract, type Submission } from "./client-contract.ts";
import { clientMechanismContract } from "./client-mechanism-contract.ts";
import { startOwnServer } from "./own-server.ts";
import { describeWith, program } from "./peers.ts";

describeWith(program("swaks"), (swaks) => {
  const folder = mkdtempSync(join(tmpdir(), "carteiro-swaks-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, "data");

  clientContract({
    async send(submission) {
      const { name, expected } = submission.message;
      const asItIs = mended.includes(name);
      // swaks ends whatever it is given with a line end of its own.
      writeFileSync(data, asItIs ? onTheWire(expected) : expected.subarray(0, -2));
      const { code, stdout, stderr } = await run(swaks, [
        ...words(submission, data),
        ...(asItIs ? ["--no-data-fixup"] : []),
      ]);
      return { ok: code === 0, said: stdout + stderr };
    },
    partial: true,
  });

  describe("authenticating", () => {
    clientMechanismContract({
      mechanisms: ["CRAM-MD5", "PLAIN", "LOGIN"],
      async submit({ mechanism, user, secret, port, caFile, file }) {
        writeFileSync(data, onTheWire(readFileSync(file)));
        const envelope = { from: "ana@example.org", to: ["bia@example.net"], host: "localhost", auth: undefined };
        const login = ["--auth", mechanism, "--auth-user", user, "--auth-password", secret, "--no-data-fixup"];
        const all = words({ ...envelope, port, caFile, tls: "starttls" }, data);
        const { code, stdout, stderr } = await run(swaks, [...all, ...login]);
        return { ok: code === 0, said: stdout + stderr };
      },
    });
  });
});

describeWith({ ...program("swaks"), name: "swaks as a proxy" }, (swaks) => {
  const words = (port: number, ...more: string[]) =>
    `--server 127.0.0.1 --port ${port} --from ana@example.org --to bia@example.net --timeout 20`
      .split(" ")
      .concat(more);

  test("says by XCLIENT who a client is", async () => {
    await using server = await startOwnServer({ extensions: [xclient], trusted: ["127.0.0.1"] });
    const who = "--xclient-addr 203.0.113.9 --xclient-port 4711 --xclient-name laptop.example --xclient-proto ESMTP";
    const more = "--xclient-helo laptop.example --xclient-delim --xclient-login jones".split(" ");
    expect(await run(swaks, words(server.port, ...who.split(" "), ...more))).toMatchObject({ code: 0 });
    const { session } = await server.next();
    expect(session.remote).toEqual({ address: "203.0.113.9", port: 4_711 });
    expect(session.identity).toBe("jones");
    expect(session.assumed).toMatchObject({ name: "laptop.example", login: "jones" });
    expect(server.errors).toEqual([]);
  });

  test("does not say it to who does not trust it", async () => {
    await using server = await startOwnServer({ extensions: [xclient], trusted: ["192.0.2.0/24"] });
    const { code, stderr } = await run(swaks, words(server.port, "--xclient-addr", "203.0.113.9"));
    expect(code).not.toBe(0);
    expect(stderr).toContain("Host did not advertise XCLIENT");
    expect(server.said.filter((line) => line.startsWith("XCLIENT"))).toEqual([]);
  });
});

describeWith({ ...program("swaks"), name: "swaks behind a proxy" }, (swaks) => {
  const addresses = "--proxy-source 203.0.113.9 --proxy-source-port 4711 --proxy-dest 192.0.2.25 --proxy-dest-port 25";
  test.each([
    ["1", "--proxy-version 1 --proxy-family TCP4"],
    ["2", "--proxy-version 2 --proxy-family AF_INET"],
  ])("begins with a header of version %s", async (_, header) => {
    await using server = await startOwnServer({}, { proxy: { from: ["127.0.0.0/8"] } });
    const words = `--server 127.0.0.1 --port ${server.port} --from ana@example.org --to bia@example.net --timeout 20`;
    const outcome = await run(swaks, `${words} ${header} ${addresses}`.split(" "));
    expect(outcome).toMatchObject({ code: 0 });
    const { session } = await server.next();
    expect(session.remote).toEqual({ address: "203.0.113.9", port: 4_711 });
    expect(session.local).toEqual({ address: "192.0.2.25", port: 25 });
    expect(session.proxy?.remote.address).toBe("127.0.0.1");
    expect(server.errors).toEqual([]);
  });
});

/** Messages whose ends swaks takes for slips and mends: they go as they are on the wire. */
const mended = ["without a body", "with nothing but a dot"];

function onTheWire(content: Buffer): Buffer {
  const lines = content.toString("latin1").split("\r\n").slice(0, -1);
  const stuffed = lines.map((line) => (line.startsWith(".") ? `.${line}` : line));
  return Buffer.from([...stuffed, "."].join("\r\n"), "latin1");
}

function words(
  { from, to, host, port, tls, caFile, auth }: Omit<Submission, "message" | "file">,
  data: string,
): string[] {
  const security = { none: [], starttls: ["--tls"], implicit: ["--tls-on-connect"] }[tls];
  const trust = tls === "none" ? [] : ["--tls-verify", "--tls-ca-path", caFile];
  const login = auth === undefined ? [] : ["--auth", "--auth-user", auth.user, "--auth-password", auth.password];
  const where = ["--server", host, "--port", String(port), "--helo", "client.example", "--timeout", "20"];
  const what = ["--from", from, "--to", to.join(","), "--data", `@${data}`, "--suppress-data"];
  return [...where, ...security, ...trust, ...login, ...what];
}
