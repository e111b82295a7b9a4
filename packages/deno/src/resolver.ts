// Questions to DNS by Deno's own resolver.

import type { Resolver } from "@carteiro/driver";

export interface ResolverOptions {
  /** The DNS server to ask. Default: those of the system. */
  readonly nameServer?: { readonly ipAddr: string; readonly port?: number };
}

/** Asks DNS. What `session.facts` uses unless the server is given another `resolver`. */
export function dnsResolver(options: ResolverOptions = {}): Resolver {
  const ask = async (name: string, type: "A" | "AAAA" | "PTR", signal: AbortSignal): Promise<readonly string[]> => {
    try {
      return await Deno.resolveDns(name, type, { ...options, signal });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  };
  return {
    reverse: (address, signal) => ask(reverseName(address), "PTR", signal),
    addresses: (name, family, signal) => ask(name, family === 4 ? "A" : "AAAA", signal),
  };
}

/** `1.2.0.192.in-addr.arpa` (RFC 1035 §3.5), or the nibbles of an IPv6 address under `ip6.arpa` (RFC 3596 §2.5). */
export function reverseName(address: string): string {
  if (!address.includes(":")) return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  const [head = "", tail] = address.split("::");
  const [first, last] = [groups(head), groups(tail ?? "")];
  const all =
    tail === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  const nibbles = all.map((group) => group.padStart(4, "0")).join("");
  return `${Array.from(nibbles).toReversed().join(".")}.ip6.arpa`;
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
