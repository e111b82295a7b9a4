// EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): the mechanisms in which nothing is proven on the way.

import { describe, expect, test } from "vitest";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { clientDialogue, converse, serverDialogue, servers, textOf } from "./conversation.ts";

describe("EXTERNAL", () => {
  const talk = (authorizationIdentity: string | undefined, identity?: string) =>
    converse({
      server: servers.EXTERNAL,
      client: clientMechanisms.EXTERNAL,
      credentials: { external: true, ...(authorizationIdentity !== undefined && { authorizationIdentity }) },
      house: identity === undefined ? {} : { identity },
    });

  test("says as whom the client wants to act, and the application who it is", () => {
    expect(talk("fred@example.com", "cn=joe").messages).toEqual(["fred@example.com"]);
    expect(talk("fred@example.com", "cn=joe").server).toEqual({
      type: "verified",
      identity: { mechanism: "EXTERNAL", user: "cn=joe", authorizationIdentity: "fred@example.com" },
    });
  });

  test("says nothing where the certificate says it all", () => {
    expect(talk(undefined, "joe").messages).toEqual([""]);
    expect(talk(undefined, "joe").server).toEqual({
      type: "verified",
      identity: { mechanism: "EXTERNAL", user: "joe" },
    });
    expect(servers.EXTERNAL.start({}).step(new Uint8Array(0))).toEqual({
      type: "externalReceived",
      mechanism: "EXTERNAL",
    });
  });

  test("fails where the application says so", () => {
    expect(talk("fred").server).toEqual({ type: "failed", reason: "credentials", user: "fred" });
    expect(talk(undefined).server).toEqual({ type: "failed", reason: "credentials" });
  });

  test("asks a client that sent nothing with AUTH", () => {
    expect(textOf(serverDialogue(servers.EXTERNAL, {})(undefined))).toBe("");
  });

  test.each(["a\0b", Uint8Array.of(0xff)])("%j is garbled", (message) => {
    expect(serverDialogue(servers.EXTERNAL, { identity: "joe" })(message)).toEqual({ type: "garbled" });
  });

  test("client does not begin with NUL in the identity", () => {
    expect(talk("\0").client).toMatchObject({ type: "failed", reason: "credentials" });
  });
});

describe("ANONYMOUS", () => {
  const talk = (trace: string | undefined, identity?: string) =>
    converse({
      server: servers.ANONYMOUS,
      client: clientMechanisms.ANONYMOUS,
      credentials: { anonymous: true, ...(trace !== undefined && { trace }) },
      house: identity === undefined ? {} : { identity },
    });

  test("leaves a trace, as in RFC 4505 §3, or none", () => {
    expect(talk("sirhc", "anonymous").messages).toEqual([Buffer.from("c2lyaGM=", "base64").toString()]);
    expect(talk(undefined, "anonymous").messages).toEqual([""]);
    expect(servers.ANONYMOUS.start({}).step(Buffer.from("sirhc"))).toEqual({
      type: "anonymousReceived",
      mechanism: "ANONYMOUS",
      trace: "sirhc",
    });
  });

  test("ends as the application decides", () => {
    expect(talk("sirhc", "guest").server).toEqual({
      type: "verified",
      identity: { mechanism: "ANONYMOUS", user: "guest" },
    });
    expect(talk("sirhc").server).toEqual({ type: "failed", reason: "credentials" });
  });

  test.each(["a\0", "a\r\nb", "x".repeat(256), Uint8Array.of(0xff)])("%j is garbled", (trace) => {
    expect(serverDialogue(servers.ANONYMOUS, { identity: "guest" })(trace)).toEqual({ type: "garbled" });
  });

  test.each(["a\r\nb", "x".repeat(256)])("client does not begin with %j", (trace) => {
    expect(clientDialogue(clientMechanisms.ANONYMOUS, { anonymous: true, trace })(undefined)).toMatchObject({
      type: "failed",
      reason: "credentials",
    });
  });
});
