// DELIVERBY (RFC 2852): BY at MAIL.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  deliverBy,
  formatDeliverBy,
  parseDeliverBy,
  parseDeliverByAnnouncement,
} from "../../../packages/core/src/extensions/deliver-by.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { esmtpParameter } from "../../../packages/core/src/grammar/parameters.ts";
import { announced, readMail } from "../../support/extensions.ts";

describe("BY", () => {
  const greatest = 999_999_999;
  const values = fc.oneof(
    fc.record({
      seconds: fc.integer({ min: 1, max: greatest }),
      mode: fc.constant("return" as const),
      trace: fc.boolean(),
    }),
    fc.record({
      seconds: fc.integer({ min: -greatest, max: greatest }),
      mode: fc.constant("notify" as const),
      trace: fc.boolean(),
    }),
  );

  test("is the same after it was formatted and parsed, and can stand in a command", () => {
    fc.assert(
      fc.property(values, fc.boolean(), (value, lower) => {
        const text = formatDeliverBy(value);
        expect(parseDeliverBy(lower ? text.toLowerCase() : text)).toEqual(value);
        expect(esmtpParameter("BY", text).value).toBe(text);
      }),
    );
  });

  test.each([
    ["120;R", { seconds: 120, mode: "return", trace: false }],
    ["+000120;rt", { seconds: 120, mode: "return", trace: true }],
    ["-5;NT", { seconds: -5, mode: "notify", trace: true }],
    ["-0;N", { seconds: 0, mode: "notify", trace: false }],
  ])("%s is read", (text, value) => {
    expect(readMail(deliverBy(), "BY", text)).toEqual({ deliverBy: value });
  });

  test.each([
    undefined,
    "",
    "120",
    "120;",
    ";R",
    "120;X",
    "120;T",
    "120;TR",
    "120;RR",
    "120;RTT",
    "120;R;T",
    "0;R",
    "-1;R",
    "+;R",
    "--1;N",
    "+-1;N",
    "1234567890;R",
    "1e3;R",
    "1.5;N",
    " 1;R",
  ])("refuses %j", (text) => {
    expect(readMail(deliverBy(), "BY", text)).toBe("501 5.5.4");
  });

  test("less than the server's least time is refused for R and taken for N", () => {
    const extension = deliverBy({ minimum: 240 });
    expect(readMail(extension, "BY", "239;R")).toBe("555 5.5.4");
    expect(readMail(extension, "BY", "240;R")).toMatchObject({ deliverBy: { seconds: 240 } });
    expect(readMail(extension, "BY", "1;N")).toMatchObject({ deliverBy: { seconds: 1 } });
  });

  test("is announced with the least time", () => {
    for (const limits of [{}, { minimum: 0 }, { minimum: 240 }]) {
      const parameters = announced(deliverBy(limits), "DELIVERBY");
      expect(parseDeliverByAnnouncement(parameters ?? ["?"])).toEqual(limits);
    }
    expect(parseDeliverByAnnouncement(["240,X,Y"])).toEqual({ minimum: 240 });
    expect(parseDeliverByAnnouncement([",X"])).toEqual({});
    expect(parseDeliverByAnnouncement(["soon"])).toBeUndefined();
  });

  test.each([0, -1, 1.5, 1e9, Number.NaN])("cannot be made of %d seconds for R", (seconds) => {
    expect(() => formatDeliverBy({ seconds, mode: "return", trace: false })).toThrow(InvalidValueError);
  });

  test("cannot be announced with a least time below 0", () => {
    expect(() => deliverBy({ minimum: -1 })).toThrow(InvalidValueError);
  });
});
