// BURL (RFC 4468): its argument.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { burl, formatContentReference, parseContentReference } from "../../../packages/core/src/extensions/burl.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { encodeUtf8 } from "../../../packages/core/src/grammar/text.ts";
import { times } from "../../support/arbitraries.ts";
import { countedOctets } from "../../support/counted-octets.ts";
import { announced, argument } from "../../support/extensions.ts";

describe("BURL", () => {
  const example =
    "imap://harry@gryffindor.example.com/outbox;uidvalidity=1078863300/;uid=25;urlauth=submit+harry:internal:91354a473744909de610943775f92038";
  const urls = fc.oneof(
    fc.constant(example),
    fc.webUrl({ withQueryParameters: true }),
    fc.stringMatching(/^[a-z][a-z0-9+.-]{0,4}:([A-Za-z0-9:/?@!$&'()*+,;=._~-]|%[0-9A-F]{2}){0,12}$/),
  );

  test("is the same after it was formatted and parsed", () => {
    fc.assert(
      fc.property(urls, fc.boolean(), (url, last) => {
        const text = formatContentReference({ url, last });
        expect(argument(parseContentReference, text)).toEqual({ ok: true, value: { url, last } });
      }),
      times(3),
    );
  });

  test("takes LAST in any case", () => {
    expect(argument(parseContentReference, "imap:x  last")).toEqual({ ok: true, value: { url: "imap:x", last: true } });
  });

  test.each([
    "",
    "LAST",
    "imap",
    "/path",
    "//host/path",
    "1map:x",
    ":x",
    "imap:x#fragment",
    "imap:a b",
    "imap:%2",
    "imap:%zz",
    "imap:é",
    "imap:<x>",
    "imap:x LASTX",
    "imap:x LAST LAST",
    "imap:x ",
    'imap:"',
    "imap:\\",
  ])("refuses %j", (text) => {
    expect(argument(parseContentReference, text)).toMatchObject({ ok: false });
  });

  test.each(["", "imap", "imap:a b", "imap:x\r\nQUIT", "imap:é", "imap:x LAST"])("cannot be made of %j", (url) => {
    expect(() => formatContentReference({ url, last: false })).toThrow(InvalidValueError);
  });

  test("does not tell the URL in its error, as it may authorise whoever has it", () => {
    expect(() => formatContentReference({ url: "imap:secret x", last: true })).toThrow(/^(?!.*secret)/);
  });

  test("is announced with the servers from which content may come", () => {
    expect(announced(burl(), "BURL")).toEqual([]);
    expect(announced(burl(["imap", "imap://imap.example.org"]), "BURL")).toEqual(["imap", "imap://imap.example.org"]);
    for (const source of ["", "http://example.org", "imap://", "imap://a b", "imap x"]) {
      expect(() => burl([source])).toThrow(InvalidValueError);
    }
  });
});

test.each([`a:${"%20".repeat(7_000)}`, "a".repeat(20_000), `a:${" ".repeat(20_000)}`])(
  "the argument is looked at a few times an octet",
  (text) => {
    const counted = countedOctets(encodeUtf8(text));
    parseContentReference(counted.octets, 0, text.length);
    expect(counted.looks()).toBeLessThan(text.length * 12);
  },
);
