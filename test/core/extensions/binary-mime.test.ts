// BINARYMIME (RFC 3030): BODY at MAIL.

import { describe, expect, test } from "vitest";
import { binaryMime } from "../../../packages/core/src/extensions/binary-mime.ts";
import { announced, readMail } from "../../support/extensions.ts";

describe("BINARYMIME", () => {
  test.each(["7BIT", "8BITMIME", "BINARYMIME", "BinaryMime"])("takes BODY=%s", (value) => {
    expect(readMail(binaryMime, "BODY", value)).toEqual({ body: value.toUpperCase() });
  });

  test.each([undefined, "", "BINARY", "8BITMIME ", "BıNARYMIME"])("refuses BODY=%j", (value) => {
    expect(readMail(binaryMime, "BODY", value)).toBe("501 5.5.4");
  });

  test("is announced without parameters", () => {
    expect(announced(binaryMime, "BINARYMIME")).toEqual([]);
  });
});
