// Return-Path and Received: their grammar, and that nothing a peer says breaks out of its place in them.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  addressLiteral,
  formatDate,
  received,
  returnPath,
  withProtocol,
  type ReceivedOptions,
} from "../../packages/cli/src/trace-fields.ts";

const usual: ReceivedOptions = {
  hello: "mail.example.net",
  remoteAddress: "192.0.2.1",
  hostname: "mx.example.org",
  protocol: "ESMTPS",
  id: "4f2a",
  recipient: "<ana@example.org>",
  tls: { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
  date: new Date(Date.UTC(2026, 10, 21, 21, 12, 29)),
};

/** The field on one line (RFC 5322 §2.2.3). */
function unfolded(field: string): string {
  expect(field.endsWith("\r\n")).toBe(true);
  const lines = field.slice(0, -2).split("\r\n");
  for (const line of lines.slice(1)) expect(line).toMatch(/^ +\S/);
  return lines.map((line) => line.trim()).join(" ");
}

/** The field without its comments (RFC 5322 §3.2.2): parentheses nest, and a backslash quotes what follows. */
function withoutComments(field: string): string {
  let depth = 0;
  let outside = "";
  for (let index = 0; index < field.length; index++) {
    const character = field.charAt(index);
    if (character === "(") depth++;
    if (depth === 0) outside += character;
    if (character === "\\" && depth > 0) index++;
    if (character === ")") depth--;
    expect(depth).toBeGreaterThanOrEqual(0);
  }
  expect(depth).toBe(0);
  return outside
    .split(" ")
    .filter((word) => word !== "")
    .join(" ");
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("(", ")", "\\", "\r", "\n", " ", ";", "\0", "é", "a", "[", "]", ":", "\t") }),
  fc.string({ unit: fc.constantFrom("a", "("), minLength: 1000, maxLength: 3000 }),
  fc.string({ unit: fc.constantFrom("a", "(", " "), minLength: 200, maxLength: 2000 }),
);

describe("Received (RFC 5321 §4.4)", () => {
  test("server writes who, by whom, how, its id, for whom and when", () => {
    expect(received(usual)).toBe(
      [
        "Received: from mail.example.net ([192.0.2.1])",
        "    by mx.example.org with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384) id 4f2a",
        "    for <ana@example.org>;",
        "    Sat, 21 Nov 2026 21:12:29 +0000",
        "",
      ].join("\r\n"),
    );
  });

  test("server names an address literal and the address that it really saw", () => {
    const field = received({ ...usual, hello: "[IPv6:2001:db8::2]", remoteAddress: "2001:db8::1" });
    expect(unfolded(field)).toContain("from [IPv6:2001:db8::2] ([IPv6:2001:db8::1]) by");
  });

  test("server puts an EHLO name that is no domain into a comment", () => {
    const field = received({ ...usual, hello: "my_pc (home)" });
    expect(unfolded(field)).toContain(String.raw`from [192.0.2.1] ([192.0.2.1]) (hello my_pc \(home\)) by`);
  });

  test("server over a Unix socket has no address to name", () => {
    const field = received({
      ...usual,
      remoteAddress: undefined,
      tls: undefined,
      recipient: undefined,
      protocol: "LMTP",
    });
    expect(unfolded(field)).toBe(
      "Received: from mail.example.net by mx.example.org with LMTP id 4f2a; Sat, 21 Nov 2026 21:12:29 +0000",
    );
  });

  test("whatever the peer says, the field keeps its structure, its lines and its one line end", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (hello, cipher, remoteAddress) => {
        const field = received({ ...usual, hello, remoteAddress, tls: { protocol: "TLSv1.3", cipher } });
        const line = unfolded(field);
        expect(line).toMatch(/^[ -~]*$/);
        expect(withoutComments(line)).toMatch(
          /^Received: from \S+ by mx\.example\.org with ESMTPS id 4f2a for <ana@example\.org>; Sat, 21 Nov 2026 21:12:29 \+0000$/,
        );
      }),
    );
  });

  test("lines stay under 78 characters unless one word alone is longer, and under 998 always", () => {
    const names = fc.oneof(anyText, fc.domain());
    fc.assert(
      fc.property(names, fc.domain(), fc.emailAddress(), (hello, hostname, recipient) => {
        const field = received({ ...usual, hello, hostname, recipient: `<${recipient}>` });
        for (const line of field.split("\r\n")) {
          expect(line.length).toBeLessThan(998);
          if (line.length >= 78) expect(line.trim()).not.toContain(" ");
        }
      }),
    );
  });

  test("a control character in a value of our own is refused", () => {
    for (const bad of ["<a@b>\r\nX: y", "<a@b>\n", "\0", "\u007f"]) {
      expect(() => received({ ...usual, recipient: bad })).toThrow(TypeError);
      expect(() => returnPath(bad)).toThrow(TypeError);
    }
  });
});

describe("Return-Path (RFC 5321 §4.4)", () => {
  test("server writes the reverse-path as it was given, the null one too", () => {
    expect(returnPath("<ana@example.org>")).toBe("Return-Path: <ana@example.org>\r\n");
    expect(returnPath("<>")).toBe("Return-Path: <>\r\n");
    expect(returnPath("<jürgen@bücher.example>")).toBe("Return-Path: <jürgen@bücher.example>\r\n");
  });
});

describe("the with keyword (RFC 3848, RFC 6531 §4.3)", () => {
  const plain = { extended: true, secure: false, authenticated: false, utf8: false };
  test.each([
    ["SMTP", { ...plain, extended: false }],
    ["ESMTP", plain],
    ["ESMTPA", { ...plain, authenticated: true }],
    ["ESMTPS", { ...plain, secure: true }],
    ["ESMTPSA", { ...plain, secure: true, authenticated: true }],
    ["UTF8SMTP", { ...plain, utf8: true }],
    ["UTF8SMTPA", { ...plain, utf8: true, authenticated: true }],
    ["UTF8SMTPS", { ...plain, utf8: true, secure: true }],
    ["UTF8SMTPSA", { ...plain, utf8: true, secure: true, authenticated: true }],
    ["LMTP", { ...plain, lmtp: true }],
    ["LMTPSA", { ...plain, lmtp: true, secure: true, authenticated: true }],
    ["UTF8LMTPS", { ...plain, lmtp: true, utf8: true, secure: true }],
    // HELO within implicit TLS: no keyword is registered for it.
    ["SMTP", { ...plain, extended: false, secure: true }],
  ] as const)("%s", (keyword, session) => {
    expect(withProtocol(session)).toBe(keyword);
  });
});

describe("dates and address literals", () => {
  test("a date has a numeric zone and two digits of day (RFC 5322 §3.3)", () => {
    expect(formatDate(new Date(0))).toBe("Thu, 01 Jan 1970 00:00:00 +0000");
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(Date.UTC(2100, 0)), noInvalidDate: true }), (date) => {
        expect(Date.parse(formatDate(date))).toBe(Math.floor(date.getTime() / 1000) * 1000);
      }),
    );
  });

  test.each([
    ["192.0.2.1", "[192.0.2.1]"],
    ["2001:db8::1", "[IPv6:2001:db8::1]"],
    ["::FFFF:192.0.2.1", "[192.0.2.1]"],
    ["fe80::1%eth0", "[IPv6:fe80::1]"],
    ["localhost", undefined],
    ["", undefined],
  ])("the address %j is written %j", (address, literal) => {
    expect(addressLiteral(address)).toBe(literal);
  });
});
