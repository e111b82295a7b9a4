// nodemailer as the client. It knows no SCRAM, and of the mechanisms by token XOAUTH2 alone.

import { readFileSync } from "node:fs";

import { createTransport } from "nodemailer";
import { describe, expect, test } from "vitest";

import { user } from "../support/carteiro.ts";
import { clientContract, type Submission } from "./client-contract.ts";
import { clientMechanismContract, type Login } from "./client-mechanism-contract.ts";

describe("nodemailer", () => {
  const { server } = clientContract({ send, partial: true });

  describe("authenticating", () => {
    clientMechanismContract({ mechanisms: ["XOAUTH2", "CRAM-MD5", "PLAIN", "LOGIN"], submit });
  });

  test("sends ten messages over one session, to addresses with UTF-8", async () => {
    const transport = createTransport({
      host: "localhost",
      port: server().ports.relay,
      ignoreTLS: true,
      pool: true,
      maxConnections: 1,
    });
    const text = "Olá!";
    for (let round = 0; round < 10; round++) {
      const info = await transport.sendMail({
        from: "jürgen@example.net",
        to: ["jo@bücher.example", user.address],
        subject: "Olá",
        text,
      });
      expect(info.rejected).toEqual([]);
    }
    transport.close();
    expect(server().take()).toHaveLength(10);
    const messages = server().take("jo@xn--bcher-kva.example");
    expect(messages).toHaveLength(10);
    for (const { received, returnPath } of messages) {
      expect(returnPath).toBe(`Return-Path: <${Buffer.from("jürgen@example.net").toString("latin1")}>`);
      expect(received).toContain(" with UTF8SMTP ");
    }
    expect(await server().when("sessionClosed", ({ messages: count }) => count === 10)).toMatchObject({
      role: "relay",
    });
  });
});

async function submit({ mechanism, user, secret, port, caFile, file }: Login) {
  const transport = createTransport({
    host: "localhost",
    port,
    requireTLS: true,
    tls: { ca: readFileSync(caFile) },
    authMethod: mechanism,
    auth: mechanism === "XOAUTH2" ? { type: "OAuth2", user, accessToken: secret } : { user, pass: secret },
  });
  try {
    await transport.sendMail({
      envelope: { from: "ana@example.org", to: "bia@example.net" },
      raw: readFileSync(file),
    });
    return { ok: true, said: "" };
  } catch (error) {
    return { ok: false, said: String(error) };
  }
}

async function send({ message, from, to, host, port, tls, caFile, auth }: Submission) {
  const transport = createTransport({
    host,
    port,
    secure: tls === "implicit",
    ignoreTLS: tls === "none",
    requireTLS: tls === "starttls",
    tls: { ca: readFileSync(caFile) },
    ...(auth && { auth: { user: auth.user, pass: auth.password } }),
  });
  try {
    const info = await transport.sendMail({ envelope: { from, to: [...to] }, raw: message.sent });
    const refused = (info.rejectedErrors ?? []).map((error) => `${String(error.recipient)}: ${String(error.response)}`);
    return { ok: info.rejected.length === 0, said: refused.join("\n") };
  } catch (error) {
    return { ok: false, said: error instanceof Error ? error.message : String(error) };
  }
}
