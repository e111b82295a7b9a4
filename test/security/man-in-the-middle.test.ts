// Our client and our server with somebody between them, who has a connection to each. By SCRAM nothing can be learnt, and
// neither side lets the other in on false pretences; with -PLUS the one in between cannot even hand everything on.

import type { ChannelBindings, MechanismName, TlsInfo } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../packages/core/src/grammar/text.ts";
import { clientMechanisms } from "../../packages/core/src/sasl/mechanisms.ts";
import { join, type Joined, type Joining } from "../support/joined-sessions.ts";

const channel = (name: string): ChannelBindings => ({
  "tls-exporter": encodeUtf8(`exported by ${name}`),
  "tls-server-end-point": encodeUtf8(`certificate of ${name}`),
});
const tls = (name: string, authorized = false): TlsInfo => ({
  protocol: "TLSv1.3",
  authorized,
  channelBindings: channel(name),
});
const same = { client: tls("one"), server: tls("one", true) };
const two = { client: tls("one"), server: tls("other") };
const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
const text = (encoded: string) => Buffer.from(encoded, "base64").toString("latin1");

const password = { user: "user", password: "correct horse" };
const house = { passwords: { user: "correct horse" }, tokens: { t0ken: "user" }, identity: "user", iterations: 4_096 };
const scram: readonly MechanismName[] = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const plus = scram.map((name) => `${name}-PLUS` as MechanismName);

function meet(given: Partial<Joining> = {}): Joined {
  return join({
    client: { credentials: password },
    server: { mechanisms: [...scram, ...plus] },
    house,
    tls: same,
    ...given,
  });
}

/** Whether the client took the server for the one it meant, and the server the client for a user. */
function outcome({ clientEvents, serverEvents }: Joined) {
  const failed = clientEvents.find((event) => event.type === "openingFailed");
  return {
    opened: clientEvents.some(({ type }) => type === "opened"),
    failure: failed?.failure.kind,
    identified: serverEvents.some(({ type }) => type === "authenticated"),
  };
}

const refused = { opened: false, failure: "authRefused", identified: false };
const distrusted = { opened: false, failure: "authUntrusted", identified: false };
const welcome = { opened: true, failure: undefined, identified: true };

describe("nobody in between", () => {
  const credentials = (name: string): Joining["client"]["credentials"] => {
    if (name === "EXTERNAL") return { external: true };
    if (name === "ANONYMOUS") return { anonymous: true, trace: "nobody" };
    return name.includes("OAUTH") ? { user: "user", token: "t0ken" } : password;
  };

  test.each(Object.keys(clientMechanisms) as MechanismName[])("our client and our server agree by %s", (name) => {
    const joined = meet({
      client: { credentials: credentials(name) ?? password, mechanisms: [name] },
      server: { mechanisms: [name] },
    });
    expect(outcome(joined)).toEqual(welcome);
    expect(joined.serverEvents).toContainEqual(expect.objectContaining({ type: "authenticated", mechanism: name }));
  });

  test("our client takes the strongest of all that our server offers, whatever its order", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...scram, ...plus, "PLAIN", "LOGIN"] as MechanismName[], { minLength: 1 }),
        (mechanisms) => {
          const joined = meet({ server: { mechanisms } });
          expect(outcome(joined)).toEqual(welcome);
          const order = [
            "SCRAM-SHA-512-PLUS",
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-512",
            "SCRAM-SHA-256",
            "SCRAM-SHA-1",
            "PLAIN",
            "LOGIN",
          ];
          const best = order.find((name) => mechanisms.includes(name as MechanismName));
          expect(joined.serverEvents).toContainEqual(
            expect.objectContaining({ type: "authenticated", mechanism: best }),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  test("our client that gets a fresh token after a stale one is let in on the same connection", () => {
    const onDemand = [
      { user: "user", token: "stale" },
      { user: "user", token: "t0ken" },
    ];
    for (const mechanisms of [["OAUTHBEARER"], ["XOAUTH2"]] as const)
      expect(outcome(meet({ client: { credentials: "onDemand" }, server: { mechanisms }, onDemand }))).toEqual(welcome);
  });
});

describe("somebody in between who hands everything on", () => {
  test.each(plus)("is found out by %s", (name) => {
    expect(outcome(meet({ tls: two, server: { mechanisms: [name] } }))).toEqual(refused);
  });

  test("is found out where only the certificate can be told", () => {
    const binding = (end: string) => ({ channelBindings: { "tls-server-end-point": encodeUtf8(end) } });
    const server = { mechanisms: ["SCRAM-SHA-256-PLUS"] } as const;
    const between = { client: binding("a"), server: { channelBindings: channel("b") } };
    expect(outcome(meet({ tls: between, server }))).toEqual(refused);
    const alone = { client: binding("a"), server: binding("a") };
    expect(outcome(meet({ tls: alone, server }))).toEqual(welcome);
  });

  test("cannot take -PLUS out of the offer: y", () => {
    const fromServer = (line: string) => (line.includes("AUTH ") ? line.replaceAll(/ SCRAM-\S+-PLUS/g, "") : line);
    const joined = meet({ tls: two, fromServer });
    expect(outcome(joined)).toEqual(refused);
    expect(joined.said.find((line) => line.startsWith("C: AUTH"))).toContain(
      `AUTH SCRAM-SHA-512 ${base64("y,,n=")}`.slice(0, -2),
    );
  });

  test("cannot take -PLUS out of the offer and the y out of the answer", () => {
    const joined = meet({
      tls: two,
      fromServer: (line) => (line.includes("AUTH ") ? line.replaceAll(/ SCRAM-\S+-PLUS/g, "") : line),
      fromClient: (line) => {
        const [auth, name, first = ""] = line.split(" ");
        return auth === "AUTH" ? `AUTH ${name} ${base64(text(first).replace("y,,", "n,,"))}` : line;
      },
    });
    expect(outcome(joined)).toEqual(refused);
  });
});

describe("somebody in between who does not know the password", () => {
  const server = { mechanisms: ["SCRAM-SHA-256"] } as const;
  const challenges = (change: (message: string) => string) => (line: string) =>
    line.startsWith("334 ") ? `334 ${base64(change(text(line.slice(4))))}` : line;

  test("cannot say 235 at any time before the proof", () => {
    for (const nth of [1, 2]) {
      let replies = 0;
      const fromServer = (line: string) => (line.startsWith("334") && (replies += 1) === nth ? "235 Welcome" : line);
      expect(outcome(meet({ server, fromServer }))).toMatchObject({ opened: false, failure: "authUntrusted" });
    }
  });

  test("cannot make up the server's signature", () => {
    const fromServer = challenges((message) => (message.startsWith("v=") ? `v=${base64("x".repeat(32))}` : message));
    expect(outcome(meet({ server, fromServer }))).toEqual(distrusted);
  });

  test("cannot change a nonce, a salt, or the number of iterations", () => {
    const changes: readonly (readonly [(message: string) => string, object])[] = [
      [(message) => message.replace("r=", "r=x"), distrusted],
      [(message) => message.replace(",s=", "x,s="), refused],
      [(message) => message.replace(/s=[^,]*/, `s=${base64("another salt")}`), refused],
      [(message) => message.replace("i=4096", "i=4097"), refused],
      [(message) => message.replace("i=4096", "i=1"), distrusted],
      [(message) => message.replace("i=4096", "i=2000000"), distrusted],
      [(message) => message.replace("i=4096", "i=2000000000"), { ...refused, failure: "protocol" }],
    ];
    for (const [change, expected] of changes)
      expect(outcome(meet({ server, fromServer: challenges(change) }))).toEqual(expected);
  });

  test("cannot use a proof that was made for another exchange", () => {
    const isProof = (line: string) => text(line).startsWith("c=");
    const first = meet({ server });
    const proof = first.said.map((line) => line.slice("C: ".length)).find(isProof) ?? "";
    expect(outcome(first)).toEqual(welcome);
    // The client draws the same nonce again; the server does not.
    const again = meet({ server, seed: "another", fromClient: (line) => (isProof(line) ? proof : line) });
    expect(outcome(again)).toEqual(refused);
    expect(outcome(meet({ server, fromClient: (line) => (isProof(line) ? proof : line) }))).toEqual(welcome);
  });

  test("whatever octet of the exchange is changed, nobody is let in who should not be", () => {
    let spoilt = 0;
    fc.assert(
      fc.property(
        fc.constantFrom("client", "server"),
        fc.nat(2),
        fc.nat(200),
        fc.integer({ min: 1, max: 127 }),
        (side, nth, at, flip) => {
          let messages = 0;
          const spoil = (line: string): string => {
            const [head = "", name = "", initial] = line.split(" ");
            const encoded =
              head === "AUTH" ? initial : head === "334" ? name : /^[A-Za-z0-9+/=]{8,}$/.test(line) ? line : undefined;
            if (encoded === undefined || encoded === "" || messages++ !== nth) return line;
            const octets = Buffer.from(encoded, "base64");
            const index = at % octets.length;
            octets[index] = (octets[index] ?? 0) ^ flip;
            spoilt += 1;
            return line.replace(encoded, octets.toString("base64"));
          };
          const before = spoilt;
          const joined = meet({ server, ...(side === "client" ? { fromClient: spoil } : { fromServer: spoil }) });
          if (spoilt === before) return;
          // What the server had proven by then is not taken back: the last message is its signature.
          expect(outcome(joined).opened).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
    expect(spoilt).toBeGreaterThan(100);
  });
});
