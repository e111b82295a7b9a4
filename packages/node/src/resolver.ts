// Questions to DNS by Node's own resolver.

import { Resolver as DnsResolver } from "node:dns/promises";
import type { Resolver } from "@carteiro/driver";

export interface ResolverOptions {
  /** DNS servers, such as `192.0.2.53` or `[2001:db8::53]:5353`. Default: those of the system. */
  readonly servers?: readonly string[];
  /** Milliseconds for the first try of a question; each further one takes longer. Default: 2,000. */
  readonly timeout?: number;
  /** Tries of a question, the first included. Default: 3. */
  readonly tries?: number;
}

/**
 * Asks DNS, and the system's hosts file for the names of an address. What `session.facts` uses unless the server is given
 * another `resolver`. Throws for a server that is no address.
 */
export function dnsResolver({ servers, timeout = 2_000, tries = 3 }: ResolverOptions = {}): Resolver {
  // To cancel, a resolver gives up all its questions: each has one of its own.
  const ask = async (question: (dns: DnsResolver) => Promise<readonly string[]>, signal: AbortSignal) => {
    signal.throwIfAborted();
    const dns = new DnsResolver({ timeout, tries });
    if (servers !== undefined) dns.setServers(servers);
    const cancel = () => dns.cancel();
    signal.addEventListener("abort", cancel);
    try {
      return await question(dns);
    } catch (error) {
      if (isNone(error)) return [];
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
  if (servers !== undefined) new DnsResolver().setServers(servers);
  return {
    reverse: (address, signal) => ask((dns) => dns.reverse(address), signal),
    addresses: (name, family, signal) => ask((dns) => (family === 4 ? dns.resolve4(name) : dns.resolve6(name)), signal),
  };
}

/** The answer is that there is none: no such name, no such record, or no name at all. */
function isNone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOTFOUND" || code === "ENODATA" || code === "EBADNAME";
}
