// SCRAM in a hostile world: messages that are none, and messages that somebody in between has changed.

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clientMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import type { ScramKeysRequest } from "../../../packages/core/src/sasl/scram-keys.ts";
import { times } from "../../support/arbitraries.ts";
import {
  clientDialogue,
  converse,
  executor,
  iterations,
  secret,
  octetsOfNonce,
  serverDialogue,
  servers,
  textOf,
} from "./conversation.ts";

/** The proof of a client, by RFC 5802 §3 and Node alone. */
function proofOf(request: ScramKeysRequest & { readonly salt: Uint8Array }, authMessage: string): string {
  const { password, salt, iterations: count = 0 } = request;
  const salted = pbkdf2Sync(password, salt, count, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = createHmac("sha256", storedKey).update(authMessage).digest();
  return Buffer.from(clientKey.map((octet, index) => octet ^ (signature[index] ?? 0))).toString("base64");
}

const house = { passwords: { user: "pencil" } };
const pencil = { user: "user", password: "pencil" };

describe("a client's first message is garbled", () => {
  test.each([
    ["when it is empty", ""],
    ["without a header", "n=user,r=abc"],
    ["with a flag that there is not", "x,,n=user,r=abc"],
    ["with a flag by the name of a property", "constructor,,n=user,r=abc"],
    ["with a header of another standard", "F,n,,n=user,r=abc"],
    ["with p and no type", "p=,,n=user,r=abc"],
    ["with n and a type", "n=tls-exporter,,n=user,r=abc"],
    ["with an identity that is not marked", "n,boss,n=user,r=abc"],
    ["with an empty identity", "n,a=,n=user,r=abc"],
    ["with an identity that is not encoded", "n,a=a=b,n=user,r=abc"],
    ["with a demand to understand an extension", "n,,m=x,n=user,r=abc"],
    ["with such a demand at the end", "n,,n=user,r=abc,m=x"],
    ["with a second nonce", "n,,n=user,r=abc,r=abc"],
    ["without a user", "n,,r=abc"],
    ["with an empty user", "n,,n=,r=abc"],
    ["with a user that SASLprep leaves nothing of", "n,,n=\u00ad,r=abc"],
    ["with a control character in the user", "n,,n=us\x07er,r=abc"],
    ["with NUL in the user", "n,,n=us\0er,r=abc"],
    ["with an equals sign in the user", "n,,n=us=er,r=abc"],
    ["with a code in lower case", "n,,n=us=2cer,r=abc"],
    ["without a nonce", "n,,n=user"],
    ["with an empty nonce", "n,,n=user,r="],
    ["with a space in the nonce", "n,,n=user,r=a b"],
    ["with a nonce beyond ASCII", "n,,n=user,r=é"],
    ["with an endless nonce", `n,,n=user,r=${"a".repeat(1_025)}`],
    ["with NUL in the identity", "n,a=bo\0ss,n=user,r=abc"],
    ["with NUL in an extension", "n,,n=user,r=abc,x=\0"],
    ["with user and nonce in the wrong order", "n,,r=abc,n=user"],
    ["with an extension that is none", "n,,n=user,r=abc,xyz"],
    ["with an extension without a value", "n,,n=user,r=abc,x="],
    ["with an empty extension", "n,,n=user,r=abc,"],
    ["with an extension by a digit", "n,,n=user,r=abc,1=x"],
    ["when it is not UTF-8", Uint8Array.of(0x6e, 0x2c, 0x2c, 0x6e, 0x3d, 0xff)],
  ])("%s", (_, message) => {
    expect(serverDialogue(servers["SCRAM-SHA-256"], house)(message)).toEqual({ type: "garbled" });
  });

  test.each(["n,,n=user,r=abc,x=y", "n,,n=user,r=abc,x=y,Z==", "y,a=b,n=user,r=!~"])("but not as %s", (message) => {
    expect(serverDialogue(servers["SCRAM-SHA-256"], house)(message).type).toBe("challenged");
  });
});

describe("a client's last message is garbled", () => {
  const proof = Buffer.alloc(32).toString("base64");
  const nonce = "abc012";
  const answered = (message: string | Uint8Array) => {
    const server = serverDialogue(servers["SCRAM-SHA-256"], house, executor("", octetsOfNonce("012")));
    server("n,,n=user,r=abc");
    return server(message);
  };

  test.each([
    ["when it is empty", ""],
    ["without a proof", `c=biws,r=${nonce}`],
    ["with an empty proof", `c=biws,r=${nonce},p=`],
    ["with a proof that is too short", `c=biws,r=${nonce},p=AAAA`],
    ["with a proof that is not base64", `c=biws,r=${nonce},p=${proof.replace("=", "*")}`],
    ["with something after the proof", `c=biws,r=${nonce},p=${proof},x=y`],
    ["with two proofs", `c=biws,r=${nonce},p=${proof},p=${proof}`],
    ["without a binding", `r=${nonce},p=${proof}`],
    ["with a binding that is not base64", `c=biw,r=${nonce},p=${proof}`],
    ["with binding and nonce in the wrong order", `r=${nonce},c=biws,p=${proof}`],
    ["with a demand to understand an extension", `c=biws,r=${nonce},m=x,p=${proof}`],
    ["when it is not UTF-8", Uint8Array.of(0x63, 0x3d, 0xff)],
  ])("%s", (_, message) => {
    expect(answered(message)).toEqual({ type: "garbled" });
  });

  test("but refused with another nonce, though the proof be right", () => {
    const end = (final: string) => {
      const execute = executor("", octetsOfNonce("012"));
      const server = serverDialogue(servers["SCRAM-SHA-256"], house, execute);
      const authMessage = `n=user,r=abc,${textOf(server("n,,n=user,r=abc"))},c=biws,r=${final}`;
      const keys = { hash: "SHA-256" as const, salt: secret.subarray(0, 16), iterations, password: "pencil" };
      return server(`c=biws,r=${final},p=${proofOf(keys, authMessage)}`).type;
    };
    expect(end(nonce)).toBe("challenged");
    expect(end("abc013")).toBe("failed");
    expect(end("abc")).toBe("failed");
  });

  test("but refused with another header, as for another connection", () => {
    const header = Buffer.from("y,,").toString("base64");
    expect(answered(`c=${header},r=${nonce},p=${proof}`)).toMatchObject({ type: "failed", reason: "channelBinding" });
    const shorter = Buffer.from("n,").toString("base64");
    expect(answered(`c=${shorter},r=${nonce},p=${proof}`)).toMatchObject({ type: "failed", reason: "channelBinding" });
  });
});

describe("a client cancels at a challenge", () => {
  const begun = () => {
    const client = clientDialogue(clientMechanisms["SCRAM-SHA-256"], pencil, executor("", octetsOfNonce("abc")));
    client(undefined);
    return client;
  };

  test.each([
    "",
    "r=abc1,s=QSXC",
    "r=abc1,s=,i=4096",
    "r=abc1,s=QSX,i=4096",
    "s=QSXC,r=abc1,i=4096",
    "m=x,r=abc1,s=QSXC,i=4096",
    "r=abc1,s=QSXC,i=4096,m=x",
    "r=abc1,s=QSXC,i=0",
    "r=abc1,s=QSXC,i=04096",
    "r=abc1,s=QSXC,i=-4096",
    "r=abc1,s=QSXC,i=4096.5",
    "r=abc1,s=QSXC,i=4e3",
    "r=abc1,s=QSXC,i=9999999999",
    "r=abc 1,s=QSXC,i=4096",
    "e=other-error",
    Uint8Array.of(0x72, 0x3d, 0xff),
  ])("%j in place of the server's first message", (challenge) => {
    expect(begun()(challenge)).toEqual({ type: "failed", reason: "challenge" });
  });

  test.each(["", "v=", "v=*", "v", "x=y", "m=x,v=AAAA", "v=AAAA,m=x", Uint8Array.of(0x76, 0x3d, 0xff)])(
    "%j in place of the server's last message",
    (challenge) => {
      const client = begun();
      client("r=abc1,s=QSXC,i=4096");
      expect(client(challenge)).toEqual({ type: "failed", reason: "challenge" });
    },
  );

  test("that follows the exchange's end", () => {
    const server = serverDialogue(servers["SCRAM-SHA-256"], house);
    const client = clientDialogue(clientMechanisms["SCRAM-SHA-256"], pencil, executor(), {
      iterations: { minimum: 1, maximum: 10 },
    });
    const final = client(textOf(server(textOf(client(undefined)))));
    expect(client(textOf(server(textOf(final))))).toMatchObject({ done: true });
    expect(client("")).toEqual({ type: "failed", reason: "challenge" });
  });
});

describe("somebody in between", () => {
  const changes = fc.record({
    way: fc.constantFrom("flip", "insert", "remove", "cut", "swap"),
    place: fc.nat(),
    octet: fc.integer({ min: 1, max: 255 }),
  });

  const change = (message: Uint8Array, { way, place, octet }: { way: string; place: number; octet: number }) => {
    const octets = [...message];
    const at = place % Math.max(1, octets.length);
    if (way === "insert" || octets.length === 0) octets.splice(at, 0, octet);
    else if (way === "remove") octets.splice(at, 1);
    else if (way === "cut") octets.length = at;
    else octets[at] = way === "flip" ? (octets[at] ?? 0) ^ octet : (octets[at] ?? 0) ^ 0x20;
    return Uint8Array.from(octets);
  };

  test("who changes any message makes both sides fail", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("SHA-1" as const, "SHA-256" as const, "SHA-512" as const),
        fc.boolean(),
        fc.nat(4),
        changes,
        fc.string(),
        (hash, plus, number, how, seed) => {
          const name = `SCRAM-${hash}${plus ? "-PLUS" : ""}` as const;
          const connection = { channelBindings: { "tls-exporter": Uint8Array.of(1, 2, 3) }, plusOffered: plus };
          const { server, client } = converse({
            server: servers[name],
            client: clientMechanisms[name],
            credentials: { ...pencil, authorizationIdentity: "boss" },
            house,
            connection: { client: connection, server: connection },
            seed,
            tamper: (message, index) => (index === number ? change(message, how) : message),
          });
          expect(server.type).not.toBe("verified");
          // The last message is the client's; it has then seen the server's proof, and waits for a 235 in vain.
          const believes = client.type === "responded" && client.done;
          expect(believes).toBe(number === 4);
        },
      ),
      times(10),
    );
  });

  test("who changes nothing does no harm", () => {
    const { server } = converse({
      server: servers["SCRAM-SHA-1"],
      client: clientMechanisms["SCRAM-SHA-1"],
      credentials: pencil,
      house,
      tamper: (message) => message.slice(),
    });
    expect(server.type).toBe("verified");
  });

  test("who does not know the password cannot pass for the server", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (guess, seed) => {
        fc.pre(guess !== "pencil");
        const { client } = converse({
          server: servers["SCRAM-SHA-256"],
          client: clientMechanisms["SCRAM-SHA-256"],
          credentials: pencil,
          house: { passwords: { user: `x${guess}` } },
          seed,
        });
        expect(client).toMatchObject({ done: false });
      }),
    );
  });
});
