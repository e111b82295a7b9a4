// Addresses of connections as the rest of the world writes them. For adapters.

const mappedPrefix = "::ffff:";

/** An IPv4 address that a dual-stack socket shows as mapped into IPv6 (RFC 4291 section 2.5.5.2) as plain IPv4. */
export function plainAddress(address: string | undefined): string | undefined {
  const isMapped = address?.startsWith(mappedPrefix) === true && address.includes(".");
  return isMapped ? address.slice(mappedPrefix.length) : address;
}
