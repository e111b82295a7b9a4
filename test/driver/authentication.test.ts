// AUTH on a server of the driver: what handlers and the store of keys answer the mechanisms, as the client hears it.

import type {
  ClientCredentials,
  CryptoOperation,
  MechanismName,
  ScramKeys,
  ServerMechanism,
  ServerStep,
} from "@carteiro/core";
import {
  accept,
  deriveKeys,
  disconnect,
  memoryKeyStore,
  reject,
  webCompute,
  type KeyStore,
  type ServerOptions,
} from "@carteiro/driver";
import { describe, expect, test } from "vitest";
import { clientMechanisms, serverMechanisms } from "../../packages/core/src/sasl/mechanisms.ts";
import { encodeBase64 } from "../../packages/core/src/sasl/base64.ts";
import { executor } from "../support/crypto.ts";
import { keysOf } from "../support/house.ts";
import { memoryServer } from "../support/memory-server.ts";
import type { WirePeer } from "../support/wire-peer.ts";

const iterations = 16;
const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = (user: string, password: string, other = "") => `AUTH PLAIN ${base64(`${other}\0${user}\0${password}`)}`;

async function storeOf(users: Readonly<Record<string, string>>): Promise<KeyStore> {
  const keys = Object.entries(users).map(async ([user, password]) => {
    return [user, await deriveKeys(password, { iterations })] as const;
  });
  return memoryKeyStore(Object.fromEntries(await Promise.all(keys)));
}

/** Says AUTH and what the mechanism says, and gives the last reply. */
async function authenticate(peer: WirePeer, name: MechanismName, credentials: ClientCredentials): Promise<string> {
  const exchange = clientMechanisms[name].start(credentials, { iterations: { minimum: 1, maximum: 20_000 } });
  const execute = executor("a client");
  const settled = (first: ReturnType<typeof exchange.begin>) => {
    let step = first;
    while (step.type === "computing") step = exchange.computed(execute(step.operation));
    return step;
  };
  const begun = settled(exchange.begin());
  const initial = begun.type === "responded" ? ` ${encodeBase64(begun.response) || "="}` : "";
  let reply = (await peer.ask(`AUTH ${name}${initial}`)) ?? "";
  while (reply.startsWith("334")) {
    const step = settled(exchange.respond(Buffer.from(reply.slice(4), "base64")));
    reply = (await peer.ask(step.type === "responded" ? encodeBase64(step.response) : "*")) ?? "";
  }
  return reply;
}

/** A server, and a client that has said EHLO. */
async function greeted(options: Partial<ServerOptions>) {
  const rig = memoryServer(options);
  return { ...rig, client: await rig.after() };
}

/** Names of the mechanisms that EHLO announces. */
async function announced(options: Partial<ServerOptions>): Promise<readonly string[]> {
  const { connect } = memoryServer(options);
  const client = connect();
  await client.reply();
  const lines = ((await client.ask("EHLO client.example.org")) ?? "").split("\n");
  const [, ...names] = (lines.find((line) => line.slice(4).startsWith("AUTH ")) ?? "").slice(4).split(" ");
  return names;
}

const inClear = { allowInClear: true };

describe("a store of keys", () => {
  const passwords = { ana: "pencil", "bia@example.org": "räksmörgås" };

  test.each(["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"] as const)(
    "logs users in by %s",
    async (mechanism) => {
      const users = await storeOf(passwords);
      for (const [user, password] of Object.entries(passwords)) {
        const { client } = await greeted({
          authentication: { ...inClear, users },
          onMail: ({ session }) => accept(session.identity ?? ""),
        });
        expect(await authenticate(client, mechanism, { user, password })).toBe("235 2.7.0 Authentication succeeded");
        expect(await client.ask("MAIL FROM:<>")).toBe(`250 2.1.0 ${user}`);
      }
    },
  );

  test.each(["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const)(
    "refuses wrong passwords, unknown users and other identities in the same words by %s",
    async (mechanism) => {
      const users = await storeOf(passwords);
      const tries: readonly ClientCredentials[] = [
        { user: "ana", password: "eraser" },
        { user: "ana", password: "" },
        { user: "nobody", password: "pencil" },
        { user: "bia@example.org", password: "pencil" },
        ...(mechanism === "LOGIN" ? [] : [{ user: "ana", password: "pencil", authorizationIdentity: "root" }]),
      ];
      for (const credentials of tries.filter((each) => !("password" in each) || each.password !== "")) {
        const { client, told } = await greeted({ authentication: { ...inClear, users } });
        const text =
          "authorizationIdentity" in credentials && mechanism === "PLAIN" ? "Acting for another" : "Credentials";
        expect(await authenticate(client, mechanism, credentials)).toContain(`535 5.7.8 ${text}`);
        const { user } = credentials as { readonly user: string };
        expect(told).toContainEqual(expect.objectContaining({ name: "authenticationFailed", mechanism, user }));
      }
    },
  );

  test("takes as much work for a user who does not exist", async () => {
    const users = await storeOf(passwords);
    const work: string[][] = [];
    for (const user of ["ana", "nobody"]) {
      const done: string[] = [];
      const compute = (operation: CryptoOperation) => {
        if (operation.type === "pbkdf2")
          done.push(`${operation.hash} ${operation.salt.length} ${operation.iterations}`);
        return webCompute(operation);
      };
      const rig = memoryServer({ authentication: { ...inClear, users } }, { compute });
      const client = await rig.after();
      expect(await client.ask(plain(user, "wrong"))).toContain("535");
      work.push(done);
    }
    expect(work).toEqual([["SHA-512 16 16"], ["SHA-512 16 16"]]);
  });

  test("is offered by SCRAM with the hashes that all users have keys for, and by PLAIN and LOGIN", async () => {
    const users = memoryKeyStore({
      ana: await deriveKeys("pencil", { iterations, hashes: ["SHA-1", "SHA-256"] }),
      bia: await deriveKeys("pencil", { iterations, hashes: ["SHA-256", "SHA-512"] }),
    });
    expect(users).toMatchObject({ hashes: ["SHA-256"], iterations });
    expect(await announced({ authentication: { users } })).toEqual([]);
    expect(await announced({ authentication: { ...inClear, users } })).toEqual(["SCRAM-SHA-256", "PLAIN", "LOGIN"]);
  });

  test("refuses users without a hash in common, and passwords that are none", async () => {
    const [ana, bia] = await Promise.all(
      (["SHA-1", "SHA-256"] as const).map((hash) => deriveKeys("pencil", { iterations, hashes: [hash] })),
    );
    expect(() => memoryKeyStore({ ana: ana ?? {}, bia: bia ?? {} })).toThrow(RangeError);
    for (const password of ["", "a\0b", "\u{AD}", "\u{E000}"])
      await expect(deriveKeys(password, { iterations })).rejects.toThrow(RangeError);
  });

  test("knows users by their prepared names, and by no names of objects", async () => {
    const users = await storeOf({ Ⅸ: "pencil" });
    const { client } = await greeted({ authentication: { ...inClear, users } });
    expect(await client.ask(plain("__proto__", "pencil"))).toContain("535");
    expect(await client.ask(plain("IX", "pencil"))).toContain("235");
  });

  test.each(["SCRAM-SHA-256", "PLAIN", "LOGIN"] as const)(
    "gives a user one identity by %s, however the name is spelt",
    async (mechanism) => {
      const users = await storeOf({ ana: "pencil" });
      for (const user of ["ana", "a\u{AD}na", "ａna"]) {
        const { client } = await greeted({
          authentication: { ...inClear, users },
          onMail: ({ session }) => accept(session.identity ?? ""),
        });
        expect(await authenticate(client, mechanism, { user, password: "pencil" })).toContain("235");
        expect(await client.ask("MAIL FROM:<>")).toBe("250 2.1.0 ana");
      }
    },
  );

  const key = new Uint8Array(32);
  const good = { salt: key, iterations: 1, storedKey: key, serverKey: key };
  test.each([
    { ...good, iterations: 0 },
    { ...good, iterations: 1.5 },
    { ...good, iterations: NaN },
    { ...good, iterations: 2 ** 31 },
    { ...good, salt: new Uint8Array(0) },
    { ...good, storedKey: new Uint8Array(64) },
    { ...good, serverKey: new Uint8Array(0) },
    { "SHA-256": good },
    null,
  ])("with keys that are none lets nobody in, and that is told: %j", async (given) => {
    const keys = () => given as ScramKeys;
    const users: KeyStore = { hashes: ["SHA-256"], iterations, keys };
    for (const command of [plain("ana", "pencil"), `AUTH SCRAM-SHA-256 ${base64("n,,n=ana,r=abc")}`]) {
      const { client, errors } = await greeted({ authentication: { ...inClear, users } });
      expect(await client.ask(command)).toBe("451 4.3.0 Local error in processing; try again later");
      expect(errors()).toEqual([expect.stringContaining("TypeError: authentication.users")]);
    }
  });

  test.each([
    { iterations: 0 },
    { iterations: 2 ** 31 },
    { iterations: 1.5 },
    { hashes: [] },
    { hashes: ["MD5" as "SHA-1"] },
  ] satisfies Partial<KeyStore>[])("that makes no sense is refused: %j", (wrong) => {
    const users: KeyStore = { hashes: ["SHA-256"], iterations, keys: () => undefined, ...wrong };
    expect(() => memoryServer({ authentication: { users } })).toThrow(RangeError);
  });

  test("lets nobody act for another, and so is refused together with proxy", async () => {
    const users = await storeOf({ ana: "pencil" });
    expect(() => memoryServer({ authentication: { users, proxy: true } })).toThrow(TypeError);
  });

  test("takes no keys of more iterations than can be computed", async () => {
    for (const wrong of [0, 2 ** 31, NaN])
      await expect(deriveKeys("pencil", { iterations: wrong })).rejects.toThrow(RangeError);
  });

  test("salts each user and each derivation anew", async () => {
    const [first, second] = await Promise.all([
      deriveKeys("pencil", { iterations }),
      deriveKeys("pencil", { iterations }),
    ]);
    const salts = [first, second].flatMap((keys) =>
      Object.values(keys).map(({ salt }) => Buffer.from(salt).toString("hex")),
    );
    expect(new Set(salts).size).toBe(6);
  });
});

describe("the mechanisms that a server offers", () => {
  const all = {
    onAuthenticate: () => accept(),
    scramKeys: () => undefined,
    cramSecret: () => undefined,
    onToken: () => undefined,
    onExternal: () => undefined,
    onAnonymous: () => undefined,
  };

  test.each([
    [{ onAuthenticate: all.onAuthenticate }, ["PLAIN", "LOGIN"]],
    [{ scramKeys: all.scramKeys }, ["SCRAM-SHA-256"]],
    [{ onToken: all.onToken }, ["OAUTHBEARER", "XOAUTH2"]],
    [{ onAnonymous: all.onAnonymous }, ["ANONYMOUS"]],
    // There is no certificate.
    [{ onExternal: all.onExternal }, []],
    [{ cramSecret: all.cramSecret, onAnonymous: all.onAnonymous }, ["ANONYMOUS"]],
    [all, ["SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN", "ANONYMOUS"]],
    [{}, []],
  ] satisfies [Partial<ServerOptions>, string[]][])("follow from the handlers: %j", async (handlers, names) => {
    const authentication = Object.keys(handlers).length === 0 ? {} : { authentication: inClear };
    expect(await announced({ ...handlers, ...authentication })).toEqual(names);
  });

  test("are those that are named, in that order", async () => {
    const mechanisms = ["CRAM-MD5", "PLAIN", "SCRAM-SHA-1"] as const;
    expect(await announced({ ...all, authentication: { ...inClear, mechanisms } })).toEqual([...mechanisms]);
  });

  test.each([
    ["EXTERNAL", "onExternal"],
    ["SCRAM-SHA-256-PLUS", "scramKeys"],
    ["OAUTHBEARER", "onToken"],
    ["XOAUTH2", "onToken"],
    ["CRAM-MD5", "cramSecret"],
    ["PLAIN", "onAuthenticate"],
    ["ANONYMOUS", "onAnonymous"],
  ] as const)("are none without their handler: %s", (mechanism, handler) => {
    const { [handler]: _, ...others } = all;
    const named = { ...others, authentication: { mechanisms: [mechanism] } };
    expect(() => memoryServer(named)).toThrow(new RegExp(`${mechanism} without ${handler}`));
  });

  test("are none where nobody checks credentials, or two do", async () => {
    const users = await storeOf({ ana: "pencil" });
    expect(() => memoryServer({ authentication: {} })).toThrow(TypeError);
    expect(() => memoryServer({ authentication: { users }, onAuthenticate: all.onAuthenticate })).toThrow(TypeError);
    expect(() => memoryServer({ authentication: { users }, scramKeys: all.scramKeys })).toThrow(TypeError);
  });
});

/** EXTERNAL for those without a certificate. */
const trusting: ServerMechanism = {
  ...serverMechanisms({ hostname: "a.example", secret: new Uint8Array(32) }).EXTERNAL,
  name: "CERTIFIED",
};

describe("a mechanism of one's own", () => {
  const own = (step: () => unknown): ServerMechanism => {
    const play = step as () => ServerStep;
    const start = () => ({ step: play, computed: play, answered: play });
    return { name: "X-OWN", clear: false, channelBound: false, start };
  };
  const verified = (identity?: unknown) => ({ type: "verified", identity });
  const fail = (): never => {
    throw new Error("the card reader is gone");
  };

  test.each([
    ["throws", fail],
    ["says nothing", () => undefined],
    ["says nonsense", () => ({ type: "nonsense" })],
    ["challenges with text", () => ({ type: "challenged", challenge: "abc" })],
    ["has verified nobody", () => verified()],
    ["has verified no name", () => verified({ mechanism: "X-OWN" })],
    ["has verified an empty name", () => verified({ mechanism: "X-OWN", user: "" })],
    ["has verified a name of two lines", () => verified({ mechanism: "X-OWN", user: "a\r\nb" })],
  ])("that %s lets nobody in, and that is told", async (_, step) => {
    for (const proxy of [false, true]) {
      const { client, errors } = await greeted({ authentication: { ...inClear, proxy, mechanisms: [own(step)] } });
      expect(await client.ask("AUTH X-OWN")).toContain("454 4.7.0");
      expect(errors()).toHaveLength(1);
      expect(await client.ask("NOOP")).toContain("250");
    }
  });

  test("that cannot start lets nobody in, and that is told", async () => {
    const mechanisms = [{ ...own(fail), start: fail }];
    const { client, errors } = await greeted({ authentication: { ...inClear, mechanisms } });
    expect(await client.ask("AUTH X-OWN")).toContain("454 4.7.0");
    expect(errors()).toEqual(["Error: the card reader is gone"]);
  });

  test("lets clients act for others only where that is allowed", async () => {
    const mechanisms = [own(() => verified({ mechanism: "X-OWN", user: "ana", authorizationIdentity: "root" }))];
    const refused = await greeted({ authentication: { ...inClear, mechanisms } });
    expect(await refused.client.ask("AUTH X-OWN")).toContain("535 5.7.8");
    const allowed = await greeted({ authentication: { ...inClear, mechanisms, proxy: true } });
    expect(await allowed.client.ask("AUTH X-OWN")).toContain("235");
  });

  test("has a name in upper case", () => {
    const mechanisms = [{ ...own(fail), name: "x-own" }];
    expect(() => memoryServer({ authentication: { mechanisms } })).toThrow(RangeError);
  });
});

describe("handlers of mechanisms", () => {
  const keys = keysOf({ hash: "SHA-256", password: "pencil", iterations });
  const credentials = { user: "ana", password: "pencil" };

  test("scramKeys gives a user's keys, or nobody's", async () => {
    const asked: unknown[] = [];
    const { client } = await greeted({
      authentication: inClear,
      scramKeys({ session: _, signal: __, ...question }) {
        asked.push(question);
        return question.user === "ana" ? keys : undefined;
      },
    });
    expect(await authenticate(client, "SCRAM-SHA-256", { ...credentials, user: "eva" })).toContain("535 5.7.8");
    expect(await authenticate(client, "SCRAM-SHA-256", credentials)).toContain("235 2.7.0");
    expect(asked).toEqual([
      { mechanism: "SCRAM-SHA-256", hash: "SHA-256", user: "eva" },
      { mechanism: "SCRAM-SHA-256", hash: "SHA-256", user: "ana" },
    ]);
  });

  test("scramKeys lets a user act for another where that is allowed, and it allows it", async () => {
    const other = { ...credentials, authorizationIdentity: "root" };
    const scramKeys: ServerOptions["scramKeys"] = ({ authorizationIdentity }) => ({
      ...keys,
      denied: authorizationIdentity === "god",
    });
    const without = await greeted({ authentication: inClear, scramKeys });
    expect(await authenticate(without.client, "SCRAM-SHA-256", other)).toContain("535");
    const { client } = await greeted({
      scramKeys,
      authentication: { ...inClear, proxy: true },
      onMail: ({ session }) => accept(session.identity ?? ""),
    });
    expect(await authenticate(client, "SCRAM-SHA-256", { ...other, authorizationIdentity: "god" })).toContain("535");
    expect(await authenticate(client, "SCRAM-SHA-256", other)).toContain("235");
    expect(await client.ask("MAIL FROM:<>")).toBe("250 2.1.0 root");
  });

  test.each(["OAUTHBEARER", "XOAUTH2"] as const)(
    "onToken says whom a token authenticates, or why it does not, by %s",
    async (mechanism) => {
      const { client } = await greeted({
        authentication: inClear,
        onToken: ({ token }) =>
          token === "fresh" ? "ana" : token === "stale" ? { status: "invalid_token" } : undefined,
      });
      for (const token of ["stale", "unknown"])
        expect(await authenticate(client, mechanism, { user: "ana", token })).toContain("535 5.7.8");
      // Somebody else's token.
      expect(await authenticate(client, mechanism, { user: "bia", token: "fresh" })).toContain("535 5.7.8");
      expect(await authenticate(client, mechanism, { user: "ana", token: "fresh" })).toContain("235");
    },
  );

  test("onToken may say why in so many words, and the client hears it", async () => {
    const { client } = await greeted({
      authentication: inClear,
      onToken: () => ({ status: "insufficient_scope", scope: "mail" }),
    });
    const reply = (await client.ask(`AUTH OAUTHBEARER ${base64("n,,\x01auth=Bearer a\x01\x01")}`)) ?? "";
    expect(JSON.parse(Buffer.from(reply.slice(4), "base64").toString())).toEqual({
      status: "insufficient_scope",
      scope: "mail",
    });
    expect(await client.ask("AQ==")).toContain("535 5.7.8");
  });

  test("onAnonymous names nobody, cramSecret gives a password", async () => {
    const { client } = await greeted({
      authentication: inClear,
      onAnonymous: ({ trace }) => (trace === "spam" ? undefined : "guest"),
      onMail: ({ session }) => accept(session.identity ?? ""),
    });
    expect(await authenticate(client, "ANONYMOUS", { anonymous: true, trace: "spam" })).toContain("535");
    expect(await authenticate(client, "ANONYMOUS", { anonymous: true })).toContain("235");
    expect(await client.ask("MAIL FROM:<>")).toBe("250 2.1.0 guest");
    const compute = async (operation: CryptoOperation) => executor()(operation);
    const cram = { authentication: { ...inClear, mechanisms: ["CRAM-MD5"] as const }, cramSecret: () => "pencil" };
    const other = await memoryServer(cram, { compute }).after();
    expect(await authenticate(other, "CRAM-MD5", { user: "ana", password: "eraser" })).toContain("535");
    expect(await authenticate(other, "CRAM-MD5", credentials)).toContain("235");
    // WebCrypto has no MD5.
    const without = await memoryServer(cram).after();
    expect(await authenticate(without, "CRAM-MD5", credentials)).toContain("454 4.7.0");
  });

  const unfit = [false, true, 0, NaN, "", "a\0b", "a\r\nb", [], {}, null, accept()];
  test.each(
    (
      [
        ["onToken", "XOAUTH2", base64("user=ana\x01auth=Bearer a\x01\x01")],
        ["onToken", "OAUTHBEARER", base64("n,,\x01auth=Bearer a\x01\x01")],
        ["onAnonymous", "ANONYMOUS", "="],
        ["onExternal", "EXTERNAL", "="],
        ["cramSecret", "CRAM-MD5", undefined],
      ] as const
    ).flatMap((asked) => unfit.map((answer) => [...asked, answer] as const)),
  )("%s by %s says no yes by mistake: %s %j", async (handler, mechanism, initial, answer) => {
    const compute = async (operation: CryptoOperation) => executor()(operation);
    const rig = memoryServer(
      {
        authentication: { ...inClear, proxy: true, mechanisms: mechanism === "EXTERNAL" ? [trusting] : [mechanism] },
        [handler]: () => answer,
      },
      { compute },
    );
    const client = await rig.after();
    const reply = await client.ask(
      `AUTH ${mechanism === "EXTERNAL" ? "CERTIFIED" : mechanism}${initial === undefined ? "" : ` ${initial}`}`,
    );
    const last = initial === undefined ? await client.ask(base64(`ana ${"0".repeat(32)}`)) : reply;
    expect(last).toBe("451 4.3.0 Local error in processing; try again later");
    expect(rig.errors()).toEqual([expect.stringContaining(`TypeError: ${handler}`)]);
  });

  const asking: readonly (readonly [keyof ServerOptions, string])[] = [
    ["scramKeys", `AUTH SCRAM-SHA-256 ${base64("n,,n=ana,r=abc")}`],
    ["onToken", `AUTH XOAUTH2 ${base64("user=ana\x01auth=Bearer a\x01\x01")}`],
    ["onAnonymous", "AUTH ANONYMOUS ="],
  ];

  test.each(asking)(
    "%s that throws, or answers what is none, answers 451, and that is told",
    async (handler, command) => {
      for (const act of [
        () => {
          throw new Error("the directory is down");
        },
        () => Promise.reject(new Error("the directory is down")),
        () => reject(250, "2.0.0", "Fine"),
      ]) {
        const { client, errors } = await greeted({ authentication: inClear, [handler]: act });
        expect(await client.ask(command)).toBe("451 4.3.0 Local error in processing; try again later");
        expect(errors()).toHaveLength(1);
        expect(await client.ask("NOOP")).toContain("250");
      }
    },
  );

  test("scramKeys with keys that are none answers 451, and that is told", async () => {
    const { client, errors } = await greeted({
      authentication: inClear,
      scramKeys: () => ({ ...keys, salt: new Uint8Array(0) }),
    });
    expect(await client.ask(`AUTH SCRAM-SHA-256 ${base64("n,,n=ana,r=abc")}`)).toContain("451 4.3.0");
    expect(errors()).toHaveLength(1);
  });

  test.each(asking)("%s may refuse in its own words, and disconnect", async (handler, command) => {
    const refusing = await greeted({ authentication: inClear, [handler]: async () => reject(454, "4.7.0", "Not now") });
    expect(await refusing.client.ask(command)).toBe("454 4.7.0 Not now");
    expect(await refusing.client.ask("NOOP")).toContain("250");
    const closing = await greeted({ authentication: inClear, [handler]: () => disconnect(421, "4.7.0", "Go") });
    expect(await closing.client.ask(command)).toBe("421 4.7.0 Go");
    expect(await closing.client.line()).toBeUndefined();
  });

  test.each(asking)("%s is told when its answer is not wanted any more", async (handler, command) => {
    const signals: AbortSignal[] = [];
    let answer: (value: undefined) => void = () => undefined;
    const { client, clock, errors } = await greeted({
      authentication: inClear,
      [handler]: ({ signal }: { readonly signal: AbortSignal }) => {
        signals.push(signal);
        return new Promise<undefined>((resolve) => (answer = resolve));
      },
    });
    const refused = client.ask(command);
    // What WebCrypto computes before takes its time, which is not the clock's.
    while (signals.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(240_000);
    expect(await refused).toContain("454 4.7.0");
    expect(signals[0]?.aborted).toBe(true);
    answer(undefined);
    expect(await client.ask("NOOP")).toContain("250");
    expect(errors()).toEqual([]);
  });
});

describe("failed authentications", () => {
  test("are told with whom the client claimed to be, and counted against its address whatever the mechanism", async () => {
    const users = await storeOf({ ana: "pencil" });
    const options = {
      authentication: { ...inClear, users },
      rates: { failedAuthentications: { most: 2, within: 60_000 } },
    };
    const rig = memoryServer(options);
    const client = await rig.after();
    expect(await authenticate(client, "SCRAM-SHA-256", { user: "ana", password: "eraser" })).toContain("535");
    expect(await client.ask(plain("eva", "eraser"))).toContain("535");
    expect(await authenticate(client, "SCRAM-SHA-256", { user: "ana", password: "pencil" })).toContain("454 4.7.0");
    const failures = rig.told.flatMap((event) => (event.name === "authenticationFailed" ? [event] : []));
    expect(failures.map(({ mechanism, user, reply }) => [mechanism, user, reply.code])).toEqual([
      ["SCRAM-SHA-256", "ana", 535],
      ["PLAIN", "eva", 535],
      ["SCRAM-SHA-256", "ana", 454],
    ]);
  });

  test("tell of the application's own mechanism, too", async () => {
    const own: ServerMechanism = {
      name: "X-OWN",
      clear: false,
      channelBound: false,
      start: () => {
        const failed = { type: "failed", reason: "credentials", user: "me" } as const;
        return { step: () => failed, computed: () => failed, answered: () => failed };
      },
    };
    const { client, told } = await greeted({ authentication: { ...inClear, mechanisms: [own] } });
    expect(await client.ask("AUTH X-OWN")).toContain("535");
    expect(told).toContainEqual(
      expect.objectContaining({ name: "authenticationFailed", mechanism: "X-OWN", user: "me" }),
    );
  });
});
