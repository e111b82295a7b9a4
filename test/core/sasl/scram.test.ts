// SCRAM (RFC 5802, RFC 7677) by the published exchanges, and each side against the other.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ScramHash } from "../../../packages/core/src/sasl/mechanism.ts";
import { clientMechanisms, serverMechanisms } from "../../../packages/core/src/sasl/mechanisms.ts";
import { saslPrep } from "../../../packages/core/src/sasl/saslprep.ts";
import {
  clientDialogue,
  converse,
  executor,
  iterations,
  keysOf,
  nonceIn,
  octets,
  octetsOfNonce,
  secret,
  serverDialogue,
  servers,
  textOf,
} from "./conversation.ts";

const hashes = ["SHA-1", "SHA-256", "SHA-512"] as const;
const pencil = { user: "user", password: "pencil" };

interface Vector {
  readonly hash: ScramHash;
  readonly from: string;
  readonly clientFirst: string;
  readonly serverFirst: string;
  readonly clientFinal: string;
  readonly serverFinal: string;
}

/** The last is of Apache Qpid's tests: no RFC has one. */
const vectors: readonly Vector[] = [
  {
    hash: "SHA-1",
    from: "RFC 5802 §5",
    clientFirst: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    clientFinal: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    hash: "SHA-256",
    from: "RFC 7677 §3",
    clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    clientFinal:
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
  {
    hash: "SHA-512",
    from: "Qpid",
    clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    serverFirst:
      "r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096",
    clientFinal:
      "c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,p=Hc5yec3NmCD7t+kFRw4/3yD6/F3SQHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
    serverFinal: "v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==",
  },
];

describe("published exchanges", () => {
  test.each(vectors)("client says over $hash what $from says", (vector) => {
    const execute = executor("", octetsOfNonce(nonceIn(vector.clientFirst)));
    const client = clientDialogue(clientMechanisms[`SCRAM-${vector.hash}`], pencil, execute);
    expect(textOf(client(undefined))).toBe(vector.clientFirst);
    const final = client(vector.serverFirst);
    expect(textOf(final)).toBe(vector.clientFinal);
    expect(final).toMatchObject({ done: false });
    expect(client(vector.serverFinal)).toEqual({ type: "responded", response: new Uint8Array(0), done: true });
  });

  test("server says over SHA-1 what RFC 5802 §5 says", () => {
    const [vector] = vectors;
    if (vector === undefined) throw new Error("no vector");
    const salt = octets(Buffer.from("QSXCR+Q6sek8bf92", "base64"));
    const keys = keysOf({ hash: "SHA-1", password: "pencil", salt, iterations: 4096 });
    const execute = executor("", octetsOfNonce("3rfcNHYJY1ZVvWVs7j"));
    const exchange = servers["SCRAM-SHA-1"].start({});
    const settle = (text: string) => {
      let step = exchange.step(Buffer.from(text));
      while (step.type === "computing" || step.type === "keysWanted")
        step =
          step.type === "computing"
            ? exchange.computed(execute(step.operation))
            : exchange.answered({ type: "keysFound", keys });
      return step;
    };
    expect(textOf(settle(vector.clientFirst))).toBe(vector.serverFirst);
    expect(textOf(settle(vector.clientFinal))).toBe(vector.serverFinal);
    expect(settle("")).toEqual({ type: "verified", identity: { mechanism: "SCRAM-SHA-1", user: "user" } });
  });
});

const names = fc.oneof(fc.string({ unit: "grapheme", minLength: 1 }), fc.stringMatching(/^[a-z,=]+$/u));
const usable = names.filter((text) => (saslPrep(text) ?? "") !== "");
const channels = fc.constantFrom("tls-exporter" as const, "tls-server-end-point" as const);

describe("a client and a server", () => {
  test("who know the same password find each other good", () => {
    fc.assert(
      fc.property(
        fc.record({ user: usable, password: usable, hash: fc.constantFrom(...hashes), plus: fc.boolean() }),
        fc.record({
          type: channels,
          data: fc.uint8Array({ minLength: 1 }),
          seed: fc.string(),
          other: fc.option(usable),
        }),
        ({ user, password, hash, plus }, { type, data, seed, other }) => {
          const name = `SCRAM-${hash}${plus ? "-PLUS" : ""}` as const;
          const connection = { channelBindings: { [type]: data }, plusOffered: plus };
          const prepared = saslPrep(user) ?? "";
          const outcome = converse({
            server: servers[name],
            client: clientMechanisms[name],
            credentials: { user, password, ...(other !== null && { authorizationIdentity: other }) },
            house: { passwords: { [prepared]: password } },
            connection: { client: connection, server: connection },
            seed,
          });
          expect(outcome.server).toEqual({
            type: "verified",
            identity: {
              mechanism: name,
              user: prepared,
              ...(other !== null && other !== prepared && { authorizationIdentity: other }),
            },
          });
          expect(outcome.client).toEqual({ type: "responded", response: new Uint8Array(0), done: true });
          expect(outcome.messages).toHaveLength(5);
        },
      ),
    );
  });

  test("who know different passwords do not", () => {
    fc.assert(
      fc.property(usable, usable, fc.constantFrom(...hashes), (password, guess, hash) => {
        fc.pre(saslPrep(password) !== saslPrep(guess));
        const outcome = converse({
          server: servers[`SCRAM-${hash}`],
          client: clientMechanisms[`SCRAM-${hash}`],
          credentials: { user: "user", password: guess },
          house: { passwords: { user: password } },
        });
        expect(outcome.server).toEqual({ type: "failed", reason: "credentials", user: "user" });
        expect(outcome.client).toMatchObject({ done: false });
      }),
    );
  });

  test("a client that sends nothing with AUTH is asked for its first message", () => {
    const server = serverDialogue(servers["SCRAM-SHA-256"], {});
    expect(textOf(server(undefined))).toBe("");
    expect(textOf(server("n,,n=user,r=abc"))).toMatch(/^r=abc/u);
  });
});

describe("unknown users", () => {
  const shapeOf = (user: string, hash: ScramHash, wrong = "wrong") =>
    converse({
      server: servers[`SCRAM-${hash}`],
      client: clientMechanisms[`SCRAM-${hash}`],
      credentials: { user, password: wrong },
      house: { passwords: { alice: "right" } },
    });
  const saltIn = (message = "") => message.split(",s=").at(1);

  test.each(hashes)("are answered over %s as known ones are, and cost as much", (hash) => {
    const known = shapeOf("alice", hash);
    const unknown = shapeOf("mallo", hash);
    expect(unknown.server).toEqual({ type: "failed", reason: "credentials", user: "mallo" });
    expect(unknown.trace).toEqual(known.trace);
    expect(unknown.messages.map(({ length }) => length)).toEqual(known.messages.map(({ length }) => length));
  });

  test("have the same salt each time, and each one another, for each hash another", () => {
    const first = saltIn(shapeOf("mallo", "SHA-256").messages[1]);
    expect(saltIn(shapeOf("mallo", "SHA-256", "other").messages[1])).toBe(first);
    expect(saltIn(shapeOf("trudy", "SHA-256").messages[1])).not.toBe(first);
    expect(saltIn(shapeOf("mallo", "SHA-512").messages[1])).not.toBe(first);
  });

  test("have another salt on a server with another secret", () => {
    const first = (mechanism = servers["SCRAM-SHA-1"]) => textOf(serverDialogue(mechanism, {})("n,,n=mallo,r=abc"));
    const other = serverMechanisms({ hostname: "mx.example.org", secret: secret.toReversed(), iterations });
    expect(saltIn(first())).not.toBe(saltIn(first(other["SCRAM-SHA-1"])));
  });
});
