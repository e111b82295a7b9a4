// Addresses and paths: RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3.

import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AddressOptions,
  addressLimits,
  formatPath,
  forwardPath,
  isAscii,
  mailbox,
  parseForwardPath,
  parseReversePath,
  reversePath,
} from "../../../packages/core/src/grammar/address.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import {
  addressLiterals,
  anyOf,
  hasControl,
  domains,
  forwardPaths,
  localParts,
  quoted,
  reversePaths,
  times,
} from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";

const unlimited = { localPartLimit: 100_000, domainLimit: 100_000, pathLimit: 100_000 };

function parse(text: string, options: AddressOptions = {}) {
  const octets = encodeUtf8(text);
  return parseForwardPath(octets, 0, octets.length, options);
}

function kindOf(text: string, options: AddressOptions = {}): string {
  const parsed = parse(text, options);
  return parsed.ok ? "ok" : parsed.kind;
}

function addressIn(text: string, options: AddressOptions = {}): string {
  const parsed = parse(text, options);
  return parsed.ok ? parsed.value.address : `not parsed: ${parsed.problem}`;
}

describe("paths, RFC 5321 §4.1.2", () => {
  test("a reverse-path is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(reversePaths(true), (path) => {
        const octets = encodeUtf8(formatPath(path));
        expect(parseReversePath(octets, 0, octets.length, { utf8: true })).toEqual({
          ok: true,
          value: path,
          next: octets.length,
        });
      }),
    );
  });

  test("a forward-path is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(forwardPaths(true), (path) => {
        expect(parse(formatPath(path), { utf8: true })).toMatchObject({ ok: true, value: path });
      }),
    );
  });

  test("an address means the same however its local part is quoted, and has one spelling", () => {
    fc.assert(
      fc.property(localParts(true), domains(true), fc.boolean(), (localPart, domain, extra) => {
        const lower = domain.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        const once = parse(`<${quoted(localPart, extra)}@${domain}>`, { utf8: true });
        expect(once).toMatchObject({ ok: true, value: { localPart, domain: lower } });
        const again = mailbox(`${quoted(localPart, !extra)}@${lower}`);
        expect(once).toMatchObject({ value: again });
      }),
    );
  });

  test("a path whose address parses never holds what could end it early", () => {
    const hostile = fc
      .array(fc.oneof(anyOf('<>@"\\ .,:[]()\r\n\0a1-é'), fc.constantFrom("<a@b>", '"a b"@c')), {
        maxLength: 12,
        size: "max",
      })
      .map((parts) => `<${parts.join("")}>`);
    fc.assert(
      fc.property(hostile, (text) => {
        const parsed = parse(text, { utf8: true });
        if (!parsed.ok) return;
        const formatted = formatPath(parsed.value);
        expect(hasControl(formatted)).toBe(false);
        expect(parse(formatted, { utf8: true })).toMatchObject({ ok: true, next: encodeUtf8(formatted).length });
      }),
      times(20),
    );
  });

  test.each([
    ["<Smith@bar.com>", "Smith@bar.com"],
    ["<@hosta.int,@jkl.org:userc@d.bar.org>", "userc@d.bar.org"],
    ["<@a:b@c>", "b@c"],
    ['<"Joe.\\\\Blow"@EXAMPLE.com>', '"Joe.\\\\Blow"@example.com'],
    ['<"Fred Bloggs"@example.com>', '"Fred Bloggs"@example.com'],
    ['<"john"@example.com>', "john@example.com"],
    ['<"\\j\\o\\h\\n"@example.com>', "john@example.com"],
    ['<"a@b"@example.com>', '"a@b"@example.com'],
    ['<"a> ORCPT=x"@d>', '"a> ORCPT=x"@d'],
    ['<".a"@b>', '".a"@b'],
    ["<user+mailbox/department=shipping@example.com>", "user+mailbox/department=shipping@example.com"],
    ["<!#$%&'*+-/=?^_`{|}~@example.com>", "!#$%&'*+-/=?^_`{|}~@example.com"],
    ["<a@localhost>", "a@localhost"],
    ["<a@1>", "a@1"],
    ["<a@192.0.2.1>", "a@192.0.2.1"],
    ["<a@xn--bcher-kva.example>", "a@xn--bcher-kva.example"],
  ])("%s is taken as %s", (text, address) => {
    expect(addressIn(text)).toBe(address);
  });

  test.each([
    "",
    "<",
    "<>",
    "a@b",
    "<a>",
    "<a@>",
    "<@b>",
    "<a@b",
    "<a@b.>",
    "<a@.b>",
    "<a@b..c>",
    "<a@-b>",
    "<a@b->",
    "<a@b-.c>",
    "<a@b_c>",
    "<.a@b>",
    "<a.@b>",
    "<a..b@c>",
    "<a b@c>",
    "< a@b>",
    "<a@b >",
    "<a@b@c>",
    "<a@good(x)evil>",
    "<a(x)@b>",
    '<""@b>',
    '<"a@b>',
    '<"a"b@c>',
    '<a"b"@c>',
    '<"a\\"@b>',
    '<"a\r\nb"@c>',
    '<"a\\\r"@c>',
    '<"a\tb"@c>',
    "<a\0@b>",
    "<a@b\0>",
    "<<a@b>>",
    "<@a b@c>",
    "<@a,b:c@d>",
    "<@a,xb:c@d>",
    "<@a,:c@d>",
    "<@a:>",
    "<@[192.0.2.1]:b@c>",
    "<@a:postmaster>",
    "<postmasters>",
    "<postmaster@>",
    `<a@${"b".repeat(64)}>`,
  ])("%j is not taken", (text) => {
    expect(kindOf(text)).toBe("syntax");
  });

  test("what follows the path is left to the caller", () => {
    expect(parse("<a@b>x")).toMatchObject({ ok: true, next: 5 });
    expect(parse('<"a> SIZE=1"@b> SIZE=2')).toMatchObject({ ok: true, next: 15 });
  });

  test("nothing from the end on is looked at", () => {
    const octets = encodeUtf8("x<user@example.org>");
    for (let end = 1; end < octets.length; end++) {
      expect(parseForwardPath(octets, 1, end), `end ${end}`).toMatchObject({ ok: false });
      expect(parseReversePath(octets, 1, end), `end ${end}`).toMatchObject({ ok: false });
    }
    expect(parseForwardPath(octets, 1, octets.length)).toMatchObject({ ok: true });
  });
});

describe("the null reverse-path and the postmaster", () => {
  test("<> is a reverse-path and no forward-path", () => {
    expect(parseReversePath(encodeUtf8("<>"), 0, 2)).toEqual({ ok: true, value: null, next: 2 });
    expect(kindOf("<>")).toBe("syntax");
    expect(formatPath(null)).toBe("<>");
  });

  test("<Postmaster> is a forward-path in any case, as it was sent, and no reverse-path", () => {
    expect(parse("<PostMaster>")).toEqual({
      ok: true,
      value: { address: "PostMaster", localPart: "PostMaster", domain: "" },
      next: 12,
    });
    expect(parseReversePath(encodeUtf8("<Postmaster>"), 0, 12)).toMatchObject({ ok: false });
  });
});

describe("address literals, RFC 5321 §4.1.3", () => {
  test.each([
    ["[192.0.2.1]", "[192.0.2.1]"],
    ["[0.0.0.0]", "[0.0.0.0]"],
    ["[255.255.255.255]", "[255.255.255.255]"],
    ["[IPv6:2001:DB8::1]", "[IPv6:2001:db8::1]"],
    ["[ipv6:1:2:3:4:5:6:7:8]", "[IPv6:1:2:3:4:5:6:7:8]"],
    ["[IPv6:::]", "[IPv6:::]"],
    ["[IPv6:::1]", "[IPv6:::1]"],
    ["[IPv6:1::]", "[IPv6:1::]"],
    ["[IPv6:1:2:3::4:5:6]", "[IPv6:1:2:3::4:5:6]"],
    ["[IPv6:::ffff:192.0.2.1]", "[IPv6:::ffff:192.0.2.1]"],
    ["[IPv6:1:2:3:4:5:6:192.0.2.1]", "[IPv6:1:2:3:4:5:6:192.0.2.1]"],
    ["[x-tag:Any.(Thing)!]", "[x-tag:Any.(Thing)!]"],
  ])("%s is taken as %s", (literal, canonical) => {
    expect(parse(`<a@${literal}>`)).toMatchObject({ ok: true, value: { domain: canonical } });
  });

  test.each([
    "[]",
    "[192.0.2.1",
    "[192.0.2]",
    "[192.0.2.1.5]",
    "[192.0.2.256]",
    "[192.0.2.01]",
    "[192.0.2.0x1]",
    "[192.0.2.]",
    "[ 192.0.2.1]",
    "[1]",
    "[IPv6:]",
    "[IPv6:1]",
    "[IPv6::1]",
    "[IPv6:1:]",
    "[IPv6:1:::2]",
    "[IPv6:1::2::3]",
    "[IPv6:12345::]",
    "[IPv6:1:2:3:4:5:6:7]",
    "[IPv6:1:2:3:4:5:6:7:8:9]",
    "[IPv6:1:2:3:4::5:6:7]",
    "[IPv6:g::]",
    "[IPv6:192.0.2.1]",
    "[IPv6:::192.0.2.1:1]",
    "[IPv6:1:2:3:4:5:6:7:192.0.2.1]",
    "[IPv6:1:2:3::4:5:192.0.2.1]",
    "[IPv6:fe80::1%eth0]",
    "[2001:db8::1",
    "[tag:]",
    "[-:x]",
    "[tag-:x]",
    "[:x]",
    "[tag:a b]",
    "[tag:a[b]",
    "[tag:a\\b]",
    "[tag:a]b]",
    "[192.0.2.1].example",
  ])("%j is not taken", (literal) => {
    expect(kindOf(`<a@${literal}>`)).toBe("syntax");
  });

  test("an IPv6 literal that is taken is an IPv6 address to Node as well", () => {
    const nearly = fc.array(fc.constantFrom("1", "ab", "ffff", ":", "::", "1.2.3.4", "12345", "."), { maxLength: 17 });
    fc.assert(
      fc.property(nearly, (parts) => {
        const address = parts.join("");
        if (kindOf(`<a@[IPv6:${address}]>`) === "ok") expect(isIPv6(address)).toBe(true);
      }),
      times(20),
    );
  });

  test("an IPv6 address to Node is taken unless its :: stands for one group alone", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const groups = address.split(":").filter((group) => group !== "");
        const count = groups.length + (address.includes(".") ? 1 : 0);
        const isTaken = isIPv6(address) && !(address.includes("::") && count > 6);
        expect(kindOf(`<a@[IPv6:${address}]>`)).toBe(isTaken ? "ok" : "syntax");
      }),
    );
  });

  test("literals are the same after they were formatted and parsed", () => {
    fc.assert(
      fc.property(addressLiterals, (literal) => {
        const address = mailbox(`a@${literal}`);
        expect(parse(`<${address.address}>`)).toMatchObject({ ok: true, value: address });
      }),
    );
  });
});

describe("internationalised addresses, RFC 6531 §3.3", () => {
  test.each(["<jürgen@example.org>", '<"j ü"@example.org>', "<a@bücher.example>", "<@bücher.example:a@b>"])(
    "%s needs SMTPUTF8",
    (text) => {
      expect(kindOf(text)).toBe("utf8");
      expect(kindOf(text, { utf8: true })).toBe("ok");
    },
  );

  test("an address that is wrong with SMTPUTF8 too is a syntax error", () => {
    expect(kindOf("<jürgen@>")).toBe("syntax");
    expect(kindOf("<jürgen@-b>", { utf8: true })).toBe("syntax");
    expect(kindOf('<"\\ü"@b>', { utf8: true })).toBe("syntax");
  });

  test.each([
    ["overlong", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["cut short", [0xe4, 0xb8]],
    ["Latin-1", [0xe9]],
    ["a control character", [0xc2, 0x85]],
  ])("%s is not taken for UTF-8", (_, octets) => {
    for (const [before, after] of [
      ["<", "@b>"],
      ["<a@", ".c>"],
      ['<"', '"@b>'],
    ] as const) {
      const path = Uint8Array.from([...encodeUtf8(before), ...octets, ...encodeUtf8(after)]);
      expect(parseForwardPath(path, 0, path.length, { utf8: true })).toMatchObject({ ok: false, kind: "syntax" });
    }
  });

  test("only letters of ASCII are folded in a domain: the Kelvin sign is no k", () => {
    expect(mailbox("a@\u212aK.example").domain).toBe("\u212ak.example");
  });

  test("an address knows whether it is ASCII", () => {
    expect([mailbox("a@b"), mailbox("é@b"), mailbox("a@é"), null].map(isAscii)).toEqual([true, false, false, true]);
  });
});

/** A domain of so many octets. */
function long(length: number): string {
  return "b".repeat(60).concat(".").repeat(10).slice(0, length);
}

describe("limits, RFC 5321 §4.5.3.1", () => {
  test("what the RFC demands at least is accepted: 64 before the at sign, 255 behind it, 256 for a path", () => {
    expect(kindOf(`<${"a".repeat(64)}@${long(100)}>`)).toBe("ok");
    expect(kindOf(`<a@${long(255)}>`, { pathLimit: 300 })).toBe("ok");
    expect(kindOf(`<${"a".repeat(54)}@${long(199)}>`)).toBe("ok");
  });

  test("a local part beyond 64 octets is accepted unless that is asked for", () => {
    const path = `<${"a".repeat(65)}@b>`;
    expect(kindOf(path)).toBe("ok");
    expect(kindOf(path, { localPartLimit: 64 })).toBe("tooLong");
    expect(kindOf(`<${"a".repeat(64)}@b>`, { localPartLimit: 64 })).toBe("ok");
  });

  test("one octet beyond a limit is too long", () => {
    expect(kindOf(`<${"a".repeat(55)}@${long(199)}>`)).toBe("tooLong");
    expect(kindOf(`<a@${long(256)}>`, { pathLimit: 300 })).toBe("tooLong");
    expect(kindOf(`<a@${long(255)}>`, { pathLimit: 300, domainLimit: 254 })).toBe("tooLong");
  });

  test("a caller's address has the default limits", () => {
    expect(() => mailbox(`${"a".repeat(addressLimits.pathLimit)}@b`)).toThrow(InvalidValueError);
  });
});

describe("addresses of the caller's", () => {
  test.each([
    "",
    "a",
    "<a@b>",
    "Joe <a@b>",
    "a@b ",
    " a@b",
    "a@b\r\nRCPT TO:<c@d>",
    "a@b> SIZE=1",
    "a\ud800@b",
    "a@b,c@d",
  ])("mailbox refuses %j, naming it", (text) => {
    expect(() => mailbox(text)).toThrow(InvalidValueError);
    expect(() => mailbox(text)).toThrow(JSON.stringify(text));
  });

  test("reversePath takes null and <> for the null path, and not a sender that was forgotten", () => {
    expect([null, "<>"].map(reversePath)).toEqual([null, null]);
    expect(() => reversePath("")).toThrow(InvalidValueError);
    expect(reversePath("a@b")).toEqual(mailbox("a@b"));
    expect(() => reversePath("postmaster")).toThrow(InvalidValueError);
  });

  test("forwardPath takes postmaster alone", () => {
    expect(forwardPath("Postmaster")).toEqual({ address: "Postmaster", localPart: "Postmaster", domain: "" });
    expect(forwardPath("a@B")).toEqual(mailbox("a@b"));
    expect(() => forwardPath("hostmaster")).toThrow(InvalidValueError);
  });

  test("addresses are plain data", () => {
    const address = mailbox('"j s"@b');
    expect(JSON.parse(JSON.stringify(address))).toEqual({ address: '"j s"@b', localPart: "j s", domain: "b" });
  });
});

describe("hostile paths", () => {
  const pieces = [
    "<",
    "<a@b",
    "<@a,@a:",
    '<"',
    '<"\\\\',
    "<a.",
    "<a@b.",
    "<a@[IPv6:1:",
    "<a@[x:",
    "<@a",
    "<é",
    '<"a"@',
  ];

  test.each(pieces)("a path of %j without end is read once and a little more", (piece) => {
    for (const ending of ["", "x", '"@b>', "@c>"]) {
      const tail = piece.slice(1);
      const source = encodeUtf8(piece + (tail === "" ? piece : tail).repeat(10_000) + ending);
      const { octets, looks } = countedOctets(source);
      parseForwardPath(octets, 0, octets.length, { utf8: true, ...unlimited });
      expect(looks()).toBeLessThan(source.length * 12);
    }
  });
});
