// SIZE (RFC 1870): the largest message announced, and the client's own estimate at MAIL.

import { reply } from "../grammar/reply.ts";
import type { Extension } from "./extension.ts";

/** RFC 1870 §4: size-value = 1*20DIGIT. */
const longestValue = 20;

const malformed = reply(501, "5.5.4", "SIZE takes 1 to 20 digits");
const tooLarge = reply(552, "5.3.4", "Message is larger than this server takes");

export const size: Extension = {
  /** `SIZE 0` says that there is no fixed limit. */
  keyword: "SIZE",
  announce: ({ messageSize }) => `SIZE ${messageSize ?? 0}`,
  mailParameters: {
    SIZE(value, { messageSize }) {
      const octets = parseSize(value);
      if (octets === undefined) return { refused: malformed };
      if (messageSize !== undefined && octets > BigInt(messageSize)) return { refused: tooLarge };
      return { typed: { size: Number(octets) } };
    },
  },
};

/** size-value = 1*20DIGIT (RFC 1870 §4), more than a `number` can hold. `undefined` for anything else. */
export function parseSize(value: string | undefined): bigint | undefined {
  if (value === undefined || value.length === 0 || value.length > longestValue) return undefined;
  for (let at = 0; at < value.length; at += 1) {
    const digit = value.charCodeAt(at);
    if (digit < 0x30 || digit > 0x39) return undefined;
  }
  return BigInt(value);
}
