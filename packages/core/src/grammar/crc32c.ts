// CRC32c (RFC 4960 appendix B): the checksum of a PROXY header.

const polynomial = 0x82f63b78;
const table = Uint32Array.from({ length: 256 }, (_, octet) => remainderOf(octet));

function remainderOf(octet: number): number {
  let remainder = octet;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
  return remainder >>> 0;
}

/** The checksum of the octets, from 0 to 2^32 - 1. */
export function crc32c(octets: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const octet of octets) remainder = (remainder >>> 8) ^ (table[(remainder ^ octet) & 0xff] ?? 0);
  return (remainder ^ 0xffffffff) >>> 0;
}
