// Values of XCLIENT's and XFORWARD's attributes for properties.

import fc from "fast-check";
import type { Unavailable } from "../../packages/core/src/extensions/attributes.ts";
import { ipAddresses } from "./proxy-headers.ts";

export const permanently: Unavailable = { unavailable: "permanently" };
export const temporarily: Unavailable = { unavailable: "temporarily" };

export function orUnavailable<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | Unavailable> {
  return fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.constant(permanently) });
}

export const names = fc.stringMatching(/^[!#-'*+\--:=?-[\]-~]{1,20}$/);
export const addresses = fc.oneof(ipAddresses(4), ipAddresses(16));
export const ports = orUnavailable(fc.nat(65_535));
