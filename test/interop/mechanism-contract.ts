// What our client must be able to do with every server that checks passwords: log in by each mechanism that both have, by
// the strongest where it may choose, and be told of a wrong password.

import { connect, type ConnectOptions } from "@carteiro/node";
import { afterAll, beforeAll, expect, test } from "vitest";

import { credentials } from "./server-contract.ts";
import { writeTlsFiles, type TlsFiles } from "./tls-files.ts";

type MechanismNames = NonNullable<ConnectOptions["mechanisms"]>;

export interface MechanismsUnderTest {
  /** Those that take a password, the strongest first. */
  readonly mechanisms: readonly (MechanismNames[number] & string)[];
  /** A server that offers them under STARTTLS. */
  readonly start: (tls: TlsFiles) => Promise<AsyncDisposable & { readonly submissionPort: number }>;
}

export function mechanismContract({ mechanisms, start }: MechanismsUnderTest): void {
  let tls: TlsFiles;
  let server: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    tls = await writeTlsFiles();
    server = await start(tls);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    tls[Symbol.dispose]();
  });

  /** Logs in, and tells by what. */
  async function mechanismUsed(more: Partial<ConnectOptions>): Promise<string | undefined> {
    const said: string[] = [];
    await using client = await connect({
      host: "localhost",
      port: server.submissionPort,
      tls: { ca: tls.ca },
      auth: credentials,
      onTrace: ({ from, line }) => from === "client" && said.push(line),
      ...more,
    });
    await client.noop();
    return said.find((line) => line.startsWith("AUTH "))?.split(" ")[1];
  }

  test.each(mechanisms)("lets in by %s", async (mechanism) => {
    expect(await mechanismUsed({ mechanisms: [mechanism] })).toBe(mechanism);
  });

  test.each(mechanisms)("refuses a wrong password by %s", async (mechanism) => {
    const opened = mechanismUsed({ mechanisms: [mechanism], auth: { ...credentials, password: "guess" } });
    await expect(opened).rejects.toMatchObject({ failure: { kind: "authRefused", reply: { code: 535 } } });
  });

  test(`lets in by ${mechanisms[0]} who may choose`, async () => {
    expect(await mechanismUsed({})).toBe(mechanisms[0]);
  });
}
