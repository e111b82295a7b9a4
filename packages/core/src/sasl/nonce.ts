// A word that nobody used before, made from random octets.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Random octets to draw for a nonce: 6 bits of each count, 144 in all. */
export const nonceOctets = 24;

/** A nonce of as many characters as there are random octets. */
export function nonceOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => alphabet.charAt(octet & 63)).join("");
}
