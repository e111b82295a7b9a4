// SCRAM bound to TLS (RFC 5802 §6, RFC 9266), and what the flags of its first message say of that.

import { describe, expect, test } from "vitest";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { converse, executor, serverDialogue, servers } from "./conversation.ts";

const pencil = { user: "user", password: "pencil" };

describe("channel binding", () => {
  const exporter = { channelBindings: { "tls-exporter": Uint8Array.of(1, 2, 3) } };
  const endPoint = { channelBindings: { "tls-server-end-point": Uint8Array.of(4, 5) } };
  const house = { passwords: { user: "pencil" } };
  const talk = (plus: boolean, client: object, server: object) =>
    converse({
      server: servers[plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"],
      client: clientMechanisms[plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256"],
      credentials: pencil,
      house,
      connection: { client, server },
    });
  const mismatch = { type: "failed", reason: "channelBinding", user: "user" };

  test("is by the exporter, or else by the certificate, and goes into the proof", () => {
    const both = { channelBindings: { ...exporter.channelBindings, ...endPoint.channelBindings } };
    const { messages } = talk(true, both, both);
    expect(messages[0]).toMatch(/^p=tls-exporter,,n=user,/u);
    const bound = Buffer.concat([Buffer.from("p=tls-exporter,,"), Uint8Array.of(1, 2, 3)]).toString("base64");
    expect(messages[2]).toContain(`c=${bound},`);
    expect(talk(true, endPoint, both).messages[0]).toMatch(/^p=tls-server-end-point,,/u);
    expect(talk(true, endPoint, both).server).toMatchObject({ type: "verified" });
  });

  test("to two connections is refused", () => {
    const other = { channelBindings: { "tls-exporter": Uint8Array.of(1, 2, 4) } };
    expect(talk(true, exporter, other).server).toEqual(mismatch);
  });

  test("of a kind that the server does not have is refused", () => {
    expect(talk(true, exporter, endPoint).server).toEqual(mismatch);
    expect(talk(true, exporter, {}).server).toEqual(mismatch);
    const unique = serverDialogue(servers["SCRAM-SHA-1-PLUS"], {}, executor(), exporter);
    expect(unique("p=tls-unique,,n=user,r=abc")).toEqual(mismatch);
  });

  test("is a need of -PLUS, at the client as at the server", () => {
    expect(talk(true, {}, exporter).client).toEqual({ type: "failed", reason: "channelBinding" });
    for (const flag of ["n", "y"]) {
      const server = serverDialogue(servers["SCRAM-SHA-1-PLUS"], {}, executor(), exporter);
      expect(server(`${flag},,n=user,r=abc`)).toEqual(mismatch);
    }
    const withoutPlus = serverDialogue(servers["SCRAM-SHA-1"], {}, executor(), exporter);
    expect(withoutPlus("p=tls-exporter,,n=user,r=abc")).toEqual(mismatch);
  });

  test("that a client could have made and was not offered is told by y, and the server that did offer it refuses", () => {
    const honest = talk(false, exporter, exporter);
    expect(honest.messages[0]).toMatch(/^y,,/u);
    expect(honest.server).toMatchObject({ type: "verified" });
    expect(talk(false, exporter, { ...exporter, plusOffered: true }).server).toEqual(mismatch);
  });

  test("is not spoken of by a client that has none, or that was offered it and does without", () => {
    expect(talk(false, {}, { ...exporter, plusOffered: true }).messages[0]).toMatch(/^n,,/u);
    expect(talk(false, {}, { ...exporter, plusOffered: true }).server).toMatchObject({ type: "verified" });
    expect(talk(false, { ...exporter, plusOffered: true }, {}).messages[0]).toMatch(/^n,,/u);
  });
});
