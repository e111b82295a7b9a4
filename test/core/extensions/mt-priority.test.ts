// MT-PRIORITY (RFC 6710) at MAIL.

import { describe, expect, test } from "vitest";
import {
  formatPriority,
  mtPriority,
  parsePriority,
  parsePriorityAnnouncement,
} from "../../../packages/core/src/extensions/mt-priority.ts";
import { InvalidValueError } from "../../../packages/core/src/grammar/invalid-value-error.ts";
import { announced, readMail } from "../../support/extensions.ts";

describe("MT-PRIORITY", () => {
  test("is the same after it was formatted and parsed, from -9 to 9", () => {
    for (let priority = -9; priority <= 9; priority++) {
      expect(readMail(mtPriority(), "MT-PRIORITY", formatPriority(priority))).toEqual({ priority });
    }
  });

  test.each([undefined, "", "-", "+1", "-0", "00", "01", "10", "-10", "--1", "1.0", "x", "٣"])(
    "refuses %j",
    (value) => {
      expect(readMail(mtPriority(), "MT-PRIORITY", value)).toBe("501 5.5.4");
      expect(parsePriority(value)).toBeUndefined();
    },
  );

  test("is announced with the profile, where there is one", () => {
    for (const policy of [{}, { profile: "STANAG4406" }]) {
      expect(parsePriorityAnnouncement(announced(mtPriority(policy), "MT-PRIORITY") ?? ["?"])).toEqual(policy);
    }
    expect(parsePriorityAnnouncement(["mixer"])).toEqual({ profile: "MIXER" });
    expect(parsePriorityAnnouncement(["a;b"])).toEqual({});
  });

  test.each(["", "A B", "é", "A\r\n", "A".repeat(21)])("cannot be announced with the profile %j", (profile) => {
    expect(() => mtPriority({ profile })).toThrow(InvalidValueError);
  });

  test.each([10, -10, 0.5, Number.NaN])("cannot be made of %d", (priority) => {
    expect(() => formatPriority(priority)).toThrow(InvalidValueError);
  });
});
