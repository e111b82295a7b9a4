// PRDR, as Exim has it, at MAIL.

import { expect, test } from "vitest";
import { prdr } from "../../../packages/core/src/extensions/prdr.ts";
import { announced, readMail } from "../../support/extensions.ts";

test("PRDR is announced and taken without a value", () => {
  expect(announced(prdr, "PRDR")).toEqual([]);
  expect(readMail(prdr, "PRDR")).toEqual({ prdr: true });
  expect(readMail(prdr, "PRDR", "1")).toBe("501 5.5.4");
});
