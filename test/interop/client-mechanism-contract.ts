// What every client that authenticates must be able to do with our server: log in by each mechanism that both have, and be
// told of a wrong password, token or none.

import { deriveKeys, memoryKeyStore } from "@carteiro/node";
import { afterAll, beforeAll, expect, test } from "vitest";

import { CorpusFiles, shortMessage } from "./corpus.ts";
import { startOwnServer, type OwnServer, type OwnServerOptions } from "./own-server.ts";
import { credentials } from "./server-contract.ts";
import { writeClientCertificate, writeTlsFiles, type TlsFiles } from "./tls-files.ts";

export type MechanismNames = NonNullable<NonNullable<OwnServerOptions["authentication"]>["mechanisms"]>;
export type Mechanism = MechanismNames[number] & string;

export interface Login {
  readonly mechanism: Mechanism;
  readonly user: string;
  /** The password, or the token. */
  readonly secret: string;
  /** The client's own, for EXTERNAL. */
  readonly certificate: TlsFiles | undefined;
  readonly port: number;
  readonly caFile: string;
  /** The message as a file. */
  readonly file: string;
}

export interface MechanismsOfClient {
  readonly mechanisms: readonly Mechanism[];
  /** Logs in to `localhost` under STARTTLS and sends; tells whether the client takes it for a success, and what it said. */
  readonly submit: (login: Login) => Promise<{ readonly ok: boolean; readonly said: string }>;
  /** Whether it sends the message once it is logged in. Default: yes. */
  readonly sends?: boolean;
}

const goodToken = "a-good-token";
const byToken: readonly string[] = ["OAUTHBEARER", "XOAUTH2"];
const everyMechanism: MechanismNames = [
  "EXTERNAL",
  "SCRAM-SHA-512-PLUS",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-512",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "OAUTHBEARER",
  "XOAUTH2",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
  "ANONYMOUS",
];

/** Those that are refused nothing, since nothing is shown. */
const unconditional: readonly string[] = ["ANONYMOUS"];

/** Options of a server that offers every mechanism, and takes mail from none but who has logged in. */
export async function everyLogin(tls: TlsFiles, clients?: TlsFiles): Promise<OwnServerOptions> {
  return {
    tls: { cert: tls.cert, key: tls.key, ...(clients && { clientCertificates: { ca: clients.ca } }) },
    authentication: {
      required: true,
      mechanisms: everyMechanism,
      users: memoryKeyStore({ [credentials.user]: await deriveKeys(credentials.password) }),
    },
    onToken: ({ token }) => (token === goodToken ? credentials.user : { status: "invalid_token" }),
    onExternal: ({ session }) => session.tls?.clientCertificate?.subject.replace(/^CN=/, ""),
    onAnonymous: () => credentials.user,
    cramSecret: ({ user }) => (user === credentials.user ? credentials.password : undefined),
  };
}

export function clientMechanismContract({ mechanisms, submit, sends = true }: MechanismsOfClient): void {
  const files = new CorpusFiles();
  let tls: TlsFiles;
  let certificate: TlsFiles;
  let server: OwnServer;
  beforeAll(async () => {
    tls = await writeTlsFiles();
    certificate = await writeClientCertificate(credentials.user);
    server = await startOwnServer(await everyLogin(tls, certificate));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    tls[Symbol.dispose]();
    certificate[Symbol.dispose]();
    files[Symbol.dispose]();
  });

  /** Logs in as it should or should not; tells besides what both said meanwhile. */
  async function submitBy(mechanism: Mechanism, good: boolean) {
    const [said, told] = [server.said.length, server.told.length];
    const outcome = await submit({
      mechanism,
      user: credentials.user,
      secret: good ? (byToken.includes(mechanism) ? goodToken : credentials.password) : "guess",
      certificate: good && mechanism === "EXTERNAL" ? certificate : undefined,
      port: server.port,
      caFile: tls.caFile,
      file: files.of(shortMessage),
    });
    return { ok: outcome.ok, words: outcome.said, said: server.said.slice(said), told: server.told.slice(told) };
  }

  test.each(mechanisms)("logs in by %s", async (mechanism) => {
    const { ok, words, said, told } = await submitBy(mechanism, true);
    expect(ok, words).toBe(true);
    expect(said.filter((line) => line.startsWith("AUTH ")).map((line) => line.split(" ")[1])).toEqual([mechanism]);
    expect(told.filter((line) => line.startsWith("235"))).toHaveLength(1);
    if (!sends) return;
    const { session, content } = await server.next();
    expect(session.identity).toBe(credentials.user);
    expect(content.equals(shortMessage.expected)).toBe(true);
    expect(server.errors).toEqual([]);
  });

  const conditional = mechanisms.filter((mechanism) => !unconditional.includes(mechanism));
  test.each(conditional)("is refused a wrong secret by %s", async (mechanism) => {
    const { ok, told } = await submitBy(mechanism, false);
    expect(ok).toBe(false);
    expect(told.filter((line) => line.startsWith("235"))).toEqual([]);
    expect(server.errors).toEqual([]);
  });
}
