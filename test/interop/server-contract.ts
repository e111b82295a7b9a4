// What our client must be able to do with every server: hand over each message of the corpus octet for octet, many in one
// session by the library and one at a time by `carteiro send`, in the clear and under TLS with a password.

import { connect, type ConnectOptions } from "@carteiro/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { carteiro } from "../support/carteiro.ts";
import { corpus, CorpusFiles, shortMessage, type CorpusMessage } from "./corpus.ts";
import { writeTlsFiles, type TlsFiles } from "./tls-files.ts";

export type Security = "in the clear" | "STARTTLS" | "implicit TLS";

export const credentials = { user: "ana", password: "a secret" };
export const recipient = "bia@example.net";
export const refusedRecipient = "nobody@example.net";

export interface PeerServer extends AsyncDisposable {
  readonly port: number;
  /** The content of the next message that came, its lines ended by CRLF. */
  next(): Promise<Buffer>;
}

export interface ServerUnderTest {
  /** What it can do; under TLS it asks for a password. */
  readonly securities: readonly Security[];
  readonly start: (security: Security, tls: TlsFiles) => Promise<PeerServer>;
  /** Whether it refuses the one recipient and takes the other. */
  readonly refuses: boolean;
  /** Whether it announces CHUNKING, so that content goes by BDAT unless it must not. Default: no. */
  readonly chunking?: boolean;
}

export function serverContract({ securities, start, refuses, chunking = false }: ServerUnderTest): void {
  const files = new CorpusFiles();
  let tls: TlsFiles;
  beforeAll(async () => {
    tls = await writeTlsFiles();
  });
  afterAll(() => {
    files[Symbol.dispose]();
    tls[Symbol.dispose]();
  });

  describe.each(securities.map((security) => ({ security })))("$security", ({ security }) => {
    let server: PeerServer;
    beforeAll(async () => {
      server = await start(security, tls);
    });
    afterAll(() => server[Symbol.asyncDispose]());

    const options = (): ConnectOptions => ({
      host: "127.0.0.1",
      port: server.port,
      ...(security === "in the clear" ? { startTls: "never" } : { auth: credentials, tls: { ca: tls.ca } }),
      implicitTls: security === "implicit TLS",
    });
    const send = (message: CorpusMessage, ...to: string[]) => {
      const policy = { "in the clear": "never", STARTTLS: "required", "implicit TLS": "implicit" }[security];
      const where = `--host 127.0.0.1 --port ${server.port} --tls ${policy} --from ana@example.org`.split(" ");
      const login =
        security === "in the clear"
          ? []
          : ["--ca", tls.caFile, "--auth", `${credentials.user}:${credentials.password}`];
      const recipients = to.flatMap((address) => ["--to", address]);
      return carteiro(["send", ...where, ...login, ...recipients, files.of(message)]);
    };

    const byData = ["by DATA", "DATA", chunking ? { chunking: false } : {}] as const;
    const byBdat = [
      ["by BDAT", "BDAT", {}],
      ["by many BDATs at once", "BDAT", { limits: { chunk: 10_000 } }],
    ] as const;
    const ways: readonly (readonly [string, string, Partial<ConnectOptions>])[] = chunking
      ? [...byBdat, byData]
      : [byData];
    test.each(ways)("takes the whole corpus in one session %s, octet for octet", async (_, verb, more) => {
      const said: string[] = [];
      await using client = await connect({
        ...options(),
        ...more,
        onTrace: ({ from, line }) => from === "client" && said.push(line),
      });
      expect(client.tls === undefined).toBe(security === "in the clear");
      for (const { name, sent, expected } of corpus) {
        const { recipients } = await client.send({ from: "ana@example.org", to: recipient, content: sent });
        expect(recipients, name).toMatchObject([{ accepted: true, reply: { code: 250 } }]);
        const stored = await server.next();
        expect(stored.equals(expected), name).toBe(true);
      }
      const verbs = said.map((line) => line.split(" ")[0]).filter((word) => word === "BDAT" || word === "DATA");
      expect(new Set(verbs)).toEqual(new Set([verb]));
    });

    if (security !== "in the clear") {
      test("refuses a wrong password", async () => {
        const opened = connect({ ...options(), auth: { ...credentials, password: "guess" } });
        await expect(opened).rejects.toMatchObject({ failure: { kind: "authRefused", reply: { code: 535 } } });
      });
    }

    // What follows takes a process each: one way will do, and the one through TLS is the longest.
    if (security !== securities.at(-1)) return;

    test.each(corpus)("takes a message $name from `carteiro send`", async (message) => {
      expect(await send(message, recipient)).toMatchObject({ code: 0, stderr: "" });
      const stored = await server.next();
      expect(stored.equals(message.expected)).toBe(true);
    });

    if (!refuses) return;

    test("takes a message for the others where one recipient is refused", async () => {
      const { code, stdout, stderr } = await send(shortMessage, refusedRecipient, recipient);
      expect(stdout).toMatch(/^accepted <bia@example\.net>: 250 .*\n$/);
      expect(stderr).toMatch(/^refused <nobody@example\.net>: 550 .*\n$/);
      expect(code).toBe(0);
      expect((await server.next()).equals(shortMessage.expected)).toBe(true);
      expect([67, 69]).toContain((await send(shortMessage, refusedRecipient)).code);
    });
  });
}
