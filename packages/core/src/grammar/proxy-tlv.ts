// Type, length, value: the frame of what stands behind the addresses in a PROXY header, on both of its levels.

import { joinOctets } from "./octets.ts";
import { InvalidValueError, shown } from "./invalid-value-error.ts";
import { decodePrintable } from "./printable.ts";
import { encodeUtf8, isAsciiText } from "./text.ts";

/** A value that is not known here, as it was sent. */
export interface ProxyTlv {
  /** 0 to 255. */
  readonly type: number;
  /** A view of the header. */
  readonly value: Uint8Array;
}

const longestValue = 0xffff;

/**
 * The values from `at` to `end`, or `undefined` where the last one is cut off.
 *
 *     TLV = OCTET 2OCTET *OCTET     ; type, length of the value, value
 */
export function splitTlvs(octets: Uint8Array, at: number, end: number): readonly ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  for (let index = at; index < end;) {
    const valueAt = index + 3;
    const next = valueAt + (((octets[index + 1] ?? 0) << 8) | (octets[index + 2] ?? 0));
    if (valueAt > end || next > end) return undefined;
    tlvs.push({ type: octets[index] ?? 0, value: octets.subarray(valueAt, next) });
    index = next;
  }
  return tlvs;
}

/** Throws `InvalidValueError` for a value over 65,535 octets. */
export function formatTlv(type: number, value: Uint8Array): Uint8Array {
  if (value.length > longestValue) {
    throw new InvalidValueError(`PROXY TLV ${type}`, "Its value is too long", `Pass at most ${longestValue} octets`);
  }
  return joinOctets([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value]);
}

export type TextEncoding = "ascii" | "utf8";

/** The text of a value, or `undefined` where it is not in that encoding or has a control character. */
export function readTlvText(value: Uint8Array, encoding: TextEncoding): string | undefined {
  const text = decodePrintable(value);
  return text !== undefined && (encoding === "utf8" || isAsciiText(text)) ? text : undefined;
}

/** No octets for `undefined`. Throws `InvalidValueError` for what does not read back. */
export function formatTlvText(type: number, text: string | undefined, encoding: TextEncoding): Uint8Array {
  if (text === undefined) return new Uint8Array(0);
  const value = encodeUtf8(text);
  if (readTlvText(value, encoding) === text) return formatTlv(type, value);
  throw new InvalidValueError(
    `PROXY TLV ${type} with ${shown(text)}`,
    `It is not printable ${encoding === "ascii" ? "ASCII" : "text"}`,
    "Pass text of one line",
  );
}
