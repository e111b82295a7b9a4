// Which addresses are at home, which mailbox they reach, and who may log in.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Mailboxes } from "../../packages/cli/src/mailboxes.ts";
import {
  hashPassword,
  parseStoredPassword,
  passwordMatches,
  scramKeys,
  scramPassword,
} from "../../packages/cli/src/passwords.ts";

const mailboxes = new Mailboxes({
  domains: ["example.org", "BÜCHER.example", "empty.example"],
  users: [
    { address: "Ana@Example.org", password: "correct horse" },
    { address: "bia@example.org" },
    { address: "bia+list@example.org" },
    { address: "jo@bücher.example", password: "wrong:horse" },
  ],
});

const reached = (localPart: string, domain = "example.org") => mailboxes.find({ localPart, domain })?.address;

/** The text with some letters in the other case. */
const inAnyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) =>
      Array.from(text, (letter, index) => (upper[index] === true ? letter.toUpperCase() : letter)).join(""),
    );

describe("local domains", () => {
  test("a domain is local in any case", () => {
    fc.assert(fc.property(inAnyCase("example.org"), (domain) => mailboxes.isLocal(domain)));
  });

  test("a domain is local as U-label and as A-label", () => {
    expect(mailboxes.isLocal("bücher.example")).toBe(true);
    expect(mailboxes.isLocal("xn--bcher-kva.example")).toBe(true);
  });

  test.each([
    "example.net",
    "mail.example.org",
    "example.org.",
    "ex%61mple.org",
    "example.org/x",
    "",
    "[127.0.0.1]",
    "x@example.org",
  ])("%j is not local", (domain) => {
    expect(mailboxes.isLocal(domain)).toBe(false);
    expect(reached("ana", domain)).toBeUndefined();
  });
});

describe("recipients", () => {
  test("a local part reaches its mailbox in any case", () => {
    fc.assert(fc.property(inAnyCase("ana"), (localPart) => reached(localPart) === "ana@example.org"));
  });

  test("user+tag reaches user, whatever the tag, an empty one included", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (tag) => reached(`ana+${tag}`) === "ana@example.org"));
  });

  test("an exact match and the longest configured name win over user+tag", () => {
    expect(reached("bia+list")).toBe("bia+list@example.org");
    expect(reached("bia+list+tag")).toBe("bia+list@example.org");
    expect(reached("bia+other")).toBe("bia@example.org");
  });

  test("an unknown user, an empty local part and a bare tag reach nobody", () => {
    expect(reached("carol")).toBeUndefined();
    expect(reached("")).toBeUndefined();
    expect(reached("+ana")).toBeUndefined();
    expect(reached("ana", "bücher.example")).toBeUndefined();
  });

  test("RFC 5321 §4.5.1: postmaster reaches the first user of its domain, or of all", () => {
    expect(reached("PostMaster")).toBe("ana@example.org");
    expect(reached("postmaster+x", "xn--bcher-kva.example")).toBe("jo@xn--bcher-kva.example");
    expect(reached("postmaster", "empty.example")).toBe("ana@example.org");
    expect(reached("Postmaster", "")).toBe("ana@example.org");
    expect(reached("ana", "")).toBeUndefined();
    expect(reached("postmaster", "example.net")).toBeUndefined();
  });

  test("RFC 5321 §4.5.1: a postmaster mailbox that is configured gets its mail", () => {
    const users = [{ address: "ana@example.org" }, { address: "postmaster@example.org" }];
    const withPostmaster = new Mailboxes({ domains: ["example.org"], users });
    expect(withPostmaster.find({ localPart: "postmaster", domain: "" })?.address).toBe("postmaster@example.org");
  });

  test("a domain or address that is none is refused by name at once", () => {
    expect(() => new Mailboxes({ domains: ["exa mple"], users: [] })).toThrow(/exa mple/);
    for (const address of ["ana", "@example.org", "ana@", "ana@example.net"]) {
      expect(() => new Mailboxes({ domains: ["example.org"], users: [{ address }] })).toThrow(address);
    }
    const twice = [{ address: "ana@example.org" }, { address: "ANA@example.org" }];
    expect(() => new Mailboxes({ domains: ["example.org"], users: twice })).toThrow(/twice/);
  });
});

describe("authentication", () => {
  test("user and password that belong together log in; the user may be a local part of the first domain", async () => {
    for (const user of ["ana@example.org", "ANA@EXAMPLE.ORG", "ana"]) {
      expect((await mailboxes.authenticate(user, "correct horse"))?.address).toBe("ana@example.org");
    }
    expect((await mailboxes.authenticate("jo@bücher.example", "wrong:horse"))?.localPart).toBe("jo");
  });

  test("no other password logs in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), async (password) => {
        fc.pre(password !== "correct horse");
        expect(await mailboxes.authenticate("ana", password)).toBeUndefined();
      }),
    );
  });

  test("an unknown user, a user without password and a tagged user log in with nothing", async () => {
    for (const user of ["carol", "bia", "bia@example.org", "ana+x", "ana@example.net", "", "@", "jo"]) {
      for (const password of ["", "a decoy", "correct horse", "wrong:horse"]) {
        expect(await mailboxes.authenticate(user, password)).toBeUndefined();
      }
    }
  });

  test("a hashed password logs in, and beside it those in clear still do", async () => {
    const users = [
      { address: "ana@example.org", password: await hashPassword("Olá") },
      { address: "bia@example.org", password: "clear" },
      { address: "caio@example.org" },
    ];
    const hashed = new Mailboxes({ domains: ["example.org"], users });
    expect((await hashed.authenticate("ana", "Ola\u0301"))?.localPart).toBe("ana");
    expect((await hashed.authenticate("bia", "clear"))?.localPart).toBe("bia");
    expect(await hashed.authenticate("ana", "clear")).toBeUndefined();
    expect(await hashed.authenticate("caio", "Olá")).toBeUndefined();
    expect(await hashed.authenticate("nobody", "Olá")).toBeUndefined();
  });

  test("among hashed passwords no user is told by a quick answer", async () => {
    const users = [
      { address: "ana@example.org", password: await hashPassword("x") },
      { address: "bia@example.org", password: "y" },
    ];
    const hashed = new Mailboxes({ domains: ["example.org"], users });
    for (const [user, password] of [
      ["ana", "no"],
      ["bia", "no"],
      ["bia", "y"],
      ["nobody", "no"],
    ] as const) {
      const start = performance.now();
      await hashed.authenticate(user, password);
      // Comparing takes microseconds; hashing takes far more than this on any machine.
      expect(performance.now() - start).toBeGreaterThan(5);
    }
  });

  test("the same password is hashed with another salt each time", async () => {
    const [first, second] = await Promise.all([hashPassword("x"), hashPassword("x")]);
    expect(first).not.toBe(second);
    expect(first).toMatch(/^scrypt:[\w-]{22}:[\w-]{43}$/);
    expect(await passwordMatches(parseStoredPassword(first), "x")).toBe(true);
  });

  test("keys of SCRAM in the password's place log in, beside passwords in clear and hashed", async () => {
    const users = [
      { address: "ana@example.org", password: await scramPassword("pencil") },
      { address: "bia@example.org", password: "clear" },
      { address: "caio@example.org", password: await hashPassword("x") },
    ];
    const mixed = new Mailboxes({ domains: ["example.org"], users });
    expect((await mixed.authenticate("ana", "pencil"))?.localPart).toBe("ana");
    expect((await mixed.authenticate("bia", "clear"))?.localPart).toBe("bia");
    expect((await mixed.authenticate("caio", "x"))?.localPart).toBe("caio");
    for (const user of ["ana", "bia", "caio", "nobody"])
      expect(await mixed.authenticate(user, "eraser")).toBeUndefined();
    expect(await mixed.authenticate("ana", "")).toBeUndefined();
  });

  test("each derivation for SCRAM has another salt", async () => {
    const [first, second] = await Promise.all([scramPassword("x"), scramPassword("x")]);
    expect(first).not.toBe(second);
    expect(first).toMatch(/^SCRAM-SHA-256\$10000:[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}$/);
    await expect(scramPassword("\0")).rejects.toThrow(RangeError);
  });

  test.each([
    "",
    "SCRAM-",
    "SCRAM-SHA-1$4096:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "scrypt:",
    "scrypt:abc:def",
    "scrypt:AAAAAAAAAAAAAAAAAAAAAA:AAAA",
  ])("%j is no stored password", (stored) => {
    expect(() => parseStoredPassword(stored)).toThrow(RangeError);
  });
});

describe("SCRAM", () => {
  const secret = new Uint8Array(32);

  test("finds the keys of users by any of their names, and of nobody else", async () => {
    const stored = await scramPassword("pencil");
    const users = [
      { address: "ana@example.org", password: stored },
      { address: "bia@example.org", password: "clear" },
      { address: "caio@example.org" },
    ];
    const mixed = new Mailboxes({ domains: ["example.org"], users });
    expect(mixed.offersScram).toBe(false);
    expect(mixed.scramKeys("ana")).toBeUndefined();
    await mixed.deriveKeys(secret);
    expect(mixed.offersScram).toBe(true);
    for (const user of ["ana", "ANA", "Ana@Example.org"])
      expect({ kind: "scram", keys: mixed.scramKeys(user) }).toEqual(parseStoredPassword(stored));
    const bia = mixed.scramKeys("bia");
    expect(bia && (await scramKeys("clear", bia))).toEqual(bia);
    for (const user of ["caio", "nobody", "ana+x", ""]) expect(mixed.scramKeys(user)).toBeUndefined();
  });

  test("salts passwords in clear the same at every start, and each user's otherwise", async () => {
    const users = ["ana", "bia"].map((name) => ({ address: `${name}@example.org`, password: "same" }));
    const saltsOf = async (own: Uint8Array) => {
      const started = new Mailboxes({ domains: ["example.org"], users });
      await started.deriveKeys(own);
      return ["ana", "bia"].map((name) => Buffer.from(started.scramKeys(name)?.salt ?? []).toString("hex"));
    };
    const salts = await saltsOf(secret);
    expect(await saltsOf(secret)).toEqual(salts);
    const others = await saltsOf(secret.with(0, 1));
    expect(new Set([...salts, ...others]).size).toBe(4);
  });

  test("is offered to all users or to none", async () => {
    for (const password of [await hashPassword("x"), "\u0007bell"]) {
      const users = [
        { address: "ana@example.org", password: "clear" },
        { address: "bia@example.org", password },
      ];
      const mixed = new Mailboxes({ domains: ["example.org"], users });
      await mixed.deriveKeys(secret);
      expect(mixed.offersScram).toBe(false);
      expect(mixed.scramKeys("ana")).toBeUndefined();
    }
  });
});
