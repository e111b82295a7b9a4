// What all mechanisms have in common: their order, whose credentials they take, and that nothing unsettles them.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { identityOf, type ClientCredentials } from "../../../packages/core/src/sasl/credentials.ts";
import type { ServerAnswer } from "../../../packages/core/src/sasl/mechanism.ts";
import {
  clientMechanisms,
  defaultClientMechanisms,
  serverMechanisms,
  strengthOrder,
  strongest,
  type MechanismName,
} from "../../../packages/core/src/sasl/mechanisms.ts";
import { times } from "../../support/arbitraries.ts";
import { keysOf, servers } from "./conversation.ts";

const tls = { secure: true, channelBinding: true };
const clear = { secure: false, channelBinding: false };
const password = { user: "user", password: "pencil" };

const fitting = (credentials: ClientCredentials) =>
  defaultClientMechanisms.filter((mechanism) => mechanism.takes(credentials));

describe("the strongest mechanism", () => {
  const choose = (offered: readonly string[], circumstances: typeof tls, credentials: ClientCredentials = password) =>
    strongest(offered, fitting(credentials), circumstances)?.name;

  test.each<[string, typeof tls, string | undefined]>([
    ["PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS", tls, "SCRAM-SHA-256-PLUS"],
    ["PLAIN LOGIN SCRAM-SHA-1-PLUS SCRAM-SHA-512", tls, "SCRAM-SHA-1-PLUS"],
    ["PLAIN LOGIN SCRAM-SHA-1-PLUS SCRAM-SHA-512", { secure: true, channelBinding: false }, "SCRAM-SHA-512"],
    ["LOGIN PLAIN", tls, "PLAIN"],
    ["login plain", tls, "PLAIN"],
    ["LOGIN", tls, "LOGIN"],
    ["LOGIN PLAIN", clear, undefined],
    ["LOGIN PLAIN SCRAM-SHA-1", clear, "SCRAM-SHA-1"],
    ["CRAM-MD5", tls, undefined],
    ["XOAUTH2 EXTERNAL ANONYMOUS GSSAPI", tls, undefined],
    ["", tls, undefined],
  ])("of %j on %j is %s", (offered, circumstances, name) => {
    expect(choose(offered.split(" "), circumstances)).toBe(name);
  });

  test("for a token is OAUTHBEARER, and none without TLS", () => {
    const token = { user: "user", token: "abc" };
    expect(choose(["XOAUTH2", "OAUTHBEARER", "PLAIN"], tls, token)).toBe("OAUTHBEARER");
    expect(choose(["XOAUTH2", "OAUTHBEARER", "PLAIN"], clear, token)).toBeUndefined();
  });

  test("is an application's own before all others", () => {
    const own = { name: "X-OWN", clear: false, channelBound: false };
    expect(strongest(strengthOrder.concat().map(String).concat("X-OWN"), [...defaultClientMechanisms, own], tls)).toBe(
      own,
    );
  });

  test("is offered, available, and no weaker than any other that is fit", () => {
    const some = fc.subarray([...strengthOrder]);
    fc.assert(
      fc.property(some, some, fc.boolean(), fc.boolean(), (offered, available, secure, channelBinding) => {
        const chosen = strongest(
          offered,
          available.map((name) => clientMechanisms[name]),
          { secure, channelBinding },
        )?.name;
        const isFit = (name: MechanismName) =>
          (secure || !clientMechanisms[name].clear) && (channelBinding || !name.endsWith("-PLUS"));
        const fit = strengthOrder.filter((name) => offered.includes(name) && available.includes(name) && isFit(name));
        expect(chosen).toBe(fit.at(0));
      }),
      times(5),
    );
  });
});

describe("mechanisms", () => {
  test("are the same on both sides, by their own names", () => {
    for (const name of strengthOrder) {
      const { clear, channelBound } = clientMechanisms[name];
      expect(servers[name]).toMatchObject({ name, clear, channelBound });
      expect(clientMechanisms[name].name).toBe(name);
      expect(channelBound).toBe(name.endsWith("-PLUS"));
    }
    expect(Object.keys(servers).toSorted()).toEqual(strengthOrder.toSorted());
  });

  test("that show a password or a token are marked", () => {
    expect(strengthOrder.filter((name) => servers[name].clear)).toEqual(["OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"]);
  });

  test("of a server need a secret that nobody guesses", () => {
    const make = (length: number) => () => serverMechanisms({ hostname: "mx", secret: new Uint8Array(length) });
    expect(make(31)).toThrow(RangeError);
    expect(make(32)).not.toThrow();
  });

  test("take the credentials of their kind, and fail with others", () => {
    const kinds: readonly [ClientCredentials, RegExp, string][] = [
      [password, /^(SCRAM|CRAM|PLAIN|LOGIN)/u, "user"],
      [{ ...password, authorizationIdentity: "boss" }, /^(SCRAM|PLAIN)/u, "boss"],
      [{ user: "user", token: "abc" }, /OAUTH/u, "user"],
      [{ external: true }, /^EXTERNAL$/u, ""],
      [{ external: true, authorizationIdentity: "boss" }, /^EXTERNAL$/u, "boss"],
      [{ anonymous: true, trace: "me" }, /^ANONYMOUS$/u, ""],
    ];
    for (const [credentials, pattern, identity] of kinds) {
      expect(identityOf(credentials)).toBe(identity);
      for (const name of strengthOrder) {
        expect(clientMechanisms[name].takes(credentials)).toBe(pattern.test(name));
        const first = clientMechanisms[name].start(credentials, {}).begin();
        if (!pattern.test(name)) expect(first).toMatchObject({ type: "failed", reason: "credentials" });
      }
    }
  });
});

describe("whatever comes", () => {
  const scraps = fc
    .array(
      fc.constantFrom(
        ..."n,, y,, p=tls-exporter,, a=x, n=user ,r= abc ,s= QSXC ,i=4096 c=biws ,p= ,m=x v= e= = , \0 \x01 user= auth=Bearer".split(
          " ",
        ),
        "\x01auth=Bearer abc",
        "{}",
        "\u00e9",
        " ",
      ),
      { maxLength: 8 },
    )
    .map((parts) => encodeUtf8(parts.join("")));
  const octets = fc.oneof(fc.uint8Array({ maxLength: 70 }), scraps);
  const keys = keysOf({ hash: "SHA-1", password: "pencil", iterations: 1 });
  const answers: fc.Arbitrary<ServerAnswer> = fc.oneof(
    fc.record({ type: fc.constant("keysFound" as const), keys: fc.constantFrom(keys, undefined) }),
    fc.record({ type: fc.constant("secretFound" as const), secret: fc.constantFrom("pencil", "", undefined) }),
    fc.record({ type: fc.constant("tokenChecked" as const), user: fc.constantFrom("user", undefined) }),
    fc.record({ type: fc.constant("identityDecided" as const), user: fc.constantFrom("user", undefined) }),
  );
  const bindings = { channelBindings: { "tls-exporter": Uint8Array.of(1) } };
  const given = fc.option(octets, { nil: undefined, freq: 6 });
  const calls = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ call: fc.constant("step" as const), given }) },
      { weight: 3, arbitrary: fc.record({ call: fc.constant("computed" as const), given }) },
      { weight: 2, arbitrary: fc.record({ call: fc.constant("answered" as const), given: answers }) },
    ),
    { maxLength: 10 },
  );
  type Call = typeof calls extends fc.Arbitrary<(infer One)[]> ? One : never;
  const ends = ["identified", "verified", "failed", "garbled"];

  test.each(strengthOrder)("a server of %s does not throw, and stays at its end", (name) => {
    fc.assert(
      fc.property(calls, (sequence) => {
        const exchange = servers[name].start(bindings);
        let ended = false;
        const make = (call: Call) => {
          if (call.call === "answered") return exchange.answered(call.given);
          return call.call === "step" ? exchange.step(call.given) : exchange.computed(call.given);
        };
        for (const call of sequence) {
          const step = make(call);
          if (ended) expect(step).toEqual({ type: "garbled" });
          ended ||= ends.includes(step.type);
        }
      }),
      times(3),
    );
  });

  test.each(strengthOrder)("a client of %s does not throw, and stays at its end", (name) => {
    const credentials: readonly ClientCredentials[] = [
      password,
      { user: "user", token: "abc" },
      { external: true },
      { anonymous: true },
    ];
    fc.assert(
      fc.property(calls, fc.constantFrom(...credentials), (sequence, some) => {
        const exchange = clientMechanisms[name].start(some, bindings);
        let failed = exchange.begin().type === "failed";
        for (const { call, given: input } of sequence) {
          if (call === "answered") continue;
          const step = call === "step" ? exchange.respond(input ?? new Uint8Array(0)) : exchange.computed(input);
          if (failed) expect(step.type).toBe("failed");
          failed ||= step.type === "failed";
        }
      }),
      times(3),
    );
  });

  test.each(strengthOrder)("a client of %s begins once", (name) => {
    const kinds = [password, { user: "user", token: "abc" }, { external: true as const }, { anonymous: true as const }];
    const credentials = kinds.find((some) => clientMechanisms[name].takes(some)) ?? password;
    const exchange = clientMechanisms[name].start(credentials, bindings);
    expect(exchange.begin().type).not.toBe("failed");
    expect(exchange.begin().type).toBe("failed");
  });

  test("what the driver or the application says unasked ends an exchange", () => {
    const challenged = () => {
      const exchange = servers.LOGIN.start({});
      exchange.step(undefined);
      return exchange;
    };
    expect(challenged().computed(new Uint8Array(1))).toEqual({ type: "garbled" });
    expect(challenged().computed(undefined)).toEqual({ type: "garbled" });
    expect(challenged().answered({ type: "identityDecided", user: "x" })).toEqual({ type: "garbled" });
    expect(challenged().step(undefined)).toEqual({ type: "garbled" });
  });
});
