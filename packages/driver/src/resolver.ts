// What the driver asks DNS, by whatever the runtime has for it.

export interface Resolver {
  /**
   * The names that an IPv4 or IPv6 address has in DNS (PTR, RFC 1035 §3.5); none is an empty list. Rejects where that
   * cannot be known now. Once the signal is aborted nobody waits for the answer.
   */
  reverse(address: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The addresses of a name in one family (A or AAAA), likewise. */
  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly string[]>;
}
