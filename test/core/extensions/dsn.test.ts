// DSN (RFC 3461, RFC 6533): RET and ENVID at MAIL, NOTIFY and ORCPT at RCPT.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dsn,
  formatEnvid,
  formatNotify,
  formatOriginalRecipient,
  type NotifyCondition,
  parseEnvid,
  parseNotify,
  parseOriginalRecipient,
  parseRet,
} from "../../../packages/core/src/extensions/dsn.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { esmtpParameter } from "../../../packages/core/src/grammar/parameters.ts";
import { times } from "../../support/arbitraries.ts";
import { announced, readMail, readRecipient } from "../../support/extensions.ts";

const printable = fc
  .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 })
  .filter((text) => !/[^ -~]/.test(text));

test("DSN is announced without parameters", () => {
  expect(announced(dsn, "DSN")).toEqual([]);
});

describe("RET", () => {
  test.each(["FULL", "HDRS", "full", "Hdrs"])("takes %s", (value) => {
    expect(readMail(dsn, "RET", value)).toEqual({ ret: value.toUpperCase() });
  });

  test.each([undefined, "", "BODY", "FULL ", "HDR", "HDRſ", "FULL,HDRS"])("refuses %j", (value) => {
    expect(readMail(dsn, "RET", value)).toBe("501 5.5.4");
    expect(parseRet(value)).toBeUndefined();
  });
});

describe("ENVID", () => {
  test("is the same after it was formatted and parsed, and can stand in a command", () => {
    fc.assert(
      fc.property(printable, (envid) => {
        const value = formatEnvid(envid);
        expect(parseEnvid(value)).toBe(envid);
        expect(esmtpParameter("ENVID", value).value).toBe(value);
      }),
    );
  });

  test("of RFC 3461's example is read", () => {
    expect(readMail(dsn, "ENVID", "QQ314159")).toEqual({ envid: "QQ314159" });
    expect(readMail(dsn, "ENVID", "a+3Db+2Bc+20d")).toEqual({ envid: "a=b+c d" });
  });

  test.each([undefined, "", "a=b", "a+2b", "a+", "+00", "a+00b", "+0D+0A", "+09", "+7F", "é", "+C3+A9", "a b"])(
    "refuses %j",
    (value) => {
      expect(readMail(dsn, "ENVID", value)).toBe("501 5.5.4");
    },
  );

  test.each(["", "é", "a\tb", "a\r\nRCPT", "x".repeat(101), " ".repeat(34)])("cannot be made of %j", (envid) => {
    expect(() => formatEnvid(envid)).toThrow(InvalidValueError);
  });
});

describe("NOTIFY", () => {
  const lists = fc.shuffledSubarray<NotifyCondition>(["SUCCESS", "FAILURE", "DELAY"]);

  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(lists, fc.boolean(), (notify, lower) => {
        const value = formatNotify(notify);
        expect(parseNotify(lower ? value.toLowerCase() : value)).toEqual(notify);
      }),
    );
  });

  test("takes nothing but what formats to the same", () => {
    const parts = fc.array(fc.constantFrom("NEVER", "success", "FAILURE", "DELAY", "", " ", "OTHER"), { maxLength: 4 });
    fc.assert(
      fc.property(parts, (words) => {
        const value = words.join(",");
        const notify = parseNotify(value);
        if (notify !== undefined) expect(formatNotify(notify)).toBe(value.toUpperCase());
      }),
      times(5),
    );
  });

  test("is empty for NEVER, which stands alone", () => {
    expect(readRecipient(dsn, "NOTIFY", "never")).toEqual({ notify: [] });
  });

  test.each([
    undefined,
    "",
    "NEVER,SUCCESS",
    "SUCCESS,NEVER",
    "SUCCESS,SUCCESS",
    "SUCCESS,",
    "FAıLURE",
    "SUCCESS;DELAY",
    "RELAY",
  ])("refuses %j", (value) => {
    expect(readRecipient(dsn, "NOTIFY", value)).toBe("501 5.5.4");
  });

  test("cannot be made of a condition given twice", () => {
    expect(() => formatNotify(["DELAY", "DELAY"])).toThrow(InvalidValueError);
  });
});

describe("ORCPT", () => {
  const unicode = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((text) => !/[\0-\x1f\x7f-\x9f]/.test(text));
  const recipients = fc.oneof(
    fc.record({ addressType: fc.constantFrom("rfc822", "x400", "x-a+b"), address: printable }),
    fc.record({ addressType: fc.constant("utf-8"), address: unicode }),
  );

  test("is the same after it was formatted and parsed, and can stand in a command", () => {
    fc.assert(
      fc.property(recipients, fc.boolean(), (recipient, utf8) => {
        const value = formatOriginalRecipient(recipient, utf8);
        expect(parseOriginalRecipient(value)).toEqual(recipient);
        expect(esmtpParameter("ORCPT", value, { utf8 }).value).toBe(value);
      }),
      times(3),
    );
  });

  test.each([
    ["rfc822;Bob@Example.COM", "rfc822", "Bob@Example.COM"],
    ["RFC822;George+20;Tax@Tax-ME.GOV", "rfc822", "George ;Tax@Tax-ME.GOV"],
    ["rfc822;a+2Bb@example.org", "rfc822", "a+b@example.org"],
    ["utf-8;jos\\x{E9}@example.org", "utf-8", "josé@example.org"],
    ["UTF-8;josé\\x{2B}x@example.org", "utf-8", "josé+x@example.org"],
  ])("%s is read", (value, addressType, address) => {
    expect(readRecipient(dsn, "ORCPT", value)).toEqual({ originalRecipient: { addressType, address } });
  });

  test.each([
    undefined,
    "",
    "rfc822",
    "rfc822;",
    ";a@b",
    "rfc 822;a@b",
    "rfc(822);a@b",
    "rfc=822;a@b",
    "rfc822;a+00@b",
    "rfc822;a+2b@b",
    "rfc822;a=b",
    "rfc822;é@b",
    "rfc822;+C3+A9@b",
    "rfc822;a+0D+0ARCPT@b",
    "utf-8;",
    "utf-8;a+2Bb@c",
    "utf-8;a=b",
    "utf-8;\\x{0D}",
    "utf-8;\\x{00}",
    "ütf-8;a@b",
  ])("refuses %j", (value) => {
    expect(readRecipient(dsn, "ORCPT", value)).toBe("501 5.5.4");
  });

  test.each([
    ["rfc822", "é@example.org"],
    ["rfc822", "a\r\nb"],
    ["rfc822", ""],
    ["rfc822", "x".repeat(501)],
    ["rfc822;x", "a@b"],
    ["a=b", "a@b"],
    ["", "a@b"],
    ["utf-8", ""],
    ["utf-8", "a\nb"],
    ["utf-8", "é".repeat(100)],
  ])("cannot be made of %j and %j", (addressType, address) => {
    expect(() => formatOriginalRecipient({ addressType, address })).toThrow(InvalidValueError);
  });
});
