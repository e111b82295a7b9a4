// What DNS says of a client: looked up when a handler asks, once a session, and given up with the session.

import { helloName } from "@carteiro/core";
import { abortable } from "./abortable.ts";
import type { Clock } from "./clock.ts";
import { parseIp, type IpAddress } from "./networks.ts";
import type { Resolver } from "./resolver.ts";

/**
 * Facts about the client, from DNS. Neither method rejects: a failure is `temporary`, and then only what is said to be
 * so is sure. Answers within 10 seconds, and the same for the whole session, unless address or name change.
 */
export interface ClientFacts {
  /** What the client's address is called. */
  reverseDns(): Promise<ReverseDns>;
  /** What is behind the name given with HELO or EHLO, in `onHello` the one to decide on; `undefined` before that. */
  hello(): Promise<HelloFacts | undefined>;
}

export interface ReverseDns {
  /** The first ten names of the address (PTR), in lower case; what is no domain name is left out. Anybody can claim any. */
  readonly names: readonly string[];
  /** Those of them that resolve to the address: such a name is its owner's. */
  readonly confirmed: readonly string[];
  /** DNS could not be asked, or has not answered everything; there may be more. */
  readonly temporary: boolean;
}

export interface HelloFacts {
  /** As the client gave it. */
  readonly name: string;
  /** Whether it is an address literal, `[192.0.2.1]` (RFC 5321 §4.1.3). */
  readonly literal: boolean;
  /** Whether it has an address. A literal has its own. */
  readonly resolves: boolean;
  /** Whether that, or one of them, is the client's. */
  readonly matches: boolean;
  /** DNS could not be asked, or has not answered everything: what is false may be true. */
  readonly temporary: boolean;
}

export interface FactsContext {
  readonly resolver: Resolver | undefined;
  readonly clock: Clock;
  /** The client's address, as it is known now. */
  readonly address: () => string | undefined;
  /** The name from HELO or EHLO, as it is known now. */
  readonly name: () => string | undefined;
}

/** Whoever owns the address chooses how many names it has. */
const mostNames = 10;
/** Milliseconds for all that one answer needs. */
const lookupTime = 10_000;

export class SessionFacts implements ClientFacts {
  readonly #context: FactsContext;
  readonly #lookups = new Set<Lookup>();
  #ended = false;
  #reverse: Known<ReverseDns> | undefined;
  #hello: Known<HelloFacts> | undefined;

  constructor(context: FactsContext) {
    this.#context = context;
  }

  reverseDns(): Promise<ReverseDns> {
    const address = this.#context.address();
    const key = address ?? "";
    if (this.#reverse?.key !== key)
      this.#reverse = { key, facts: this.#lookUp((lookup) => reverseDns(address, lookup)) };
    return this.#reverse.facts;
  }

  async hello(): Promise<HelloFacts | undefined> {
    const name = this.#context.name();
    if (name === undefined) return undefined;
    const address = this.#context.address();
    const key = `${name} ${address}`;
    if (this.#hello?.key !== key)
      this.#hello = { key, facts: this.#lookUp((lookup) => helloFacts(name, address, lookup)) };
    return this.#hello.facts;
  }

  /** The session is over: what is still looked up is given up. */
  end(): void {
    this.#ended = true;
    for (const lookup of this.#lookups) lookup.giveUp();
  }

  async #lookUp<Facts>(look: (lookup: Lookup) => Promise<Facts>): Promise<Facts> {
    const { resolver, clock } = this.#context;
    const lookup = new Lookup(resolver);
    if (this.#ended) lookup.giveUp();
    this.#lookups.add(lookup);
    const cancel = clock.after(lookupTime, () => lookup.giveUp());
    const facts = await look(lookup);
    cancel();
    this.#lookups.delete(lookup);
    return facts;
  }
}

interface Known<Facts> {
  readonly key: string;
  readonly facts: Promise<Facts>;
}

/** The questions that one answer takes. */
class Lookup {
  /** Whether one of them failed. */
  temporary = false;
  readonly #resolver: Resolver | undefined;
  readonly #end = new AbortController();

  constructor(resolver: Resolver | undefined) {
    this.#resolver = resolver;
  }

  giveUp(): void {
    this.#end.abort();
  }

  names(address: string): Promise<readonly string[]> {
    return this.#ask((resolver, signal) => resolver.reverse(address, signal));
  }

  addresses(name: string, family: 4 | 6): Promise<readonly string[]> {
    return this.#ask((resolver, signal) => resolver.addresses(name, family, signal));
  }

  async #ask(question: (resolver: Resolver, signal: AbortSignal) => Promise<readonly string[]>) {
    const { signal } = this.#end;
    try {
      signal.throwIfAborted();
      const answer = this.#resolver && (await abortable(question(this.#resolver, signal), signal));
      if (Array.isArray(answer)) return answer;
    } catch {
      // What failed is all that there is to say of it.
    }
    this.temporary = true;
    return [];
  }
}

async function reverseDns(address: string | undefined, lookup: Lookup): Promise<ReverseDns> {
  const ip = address === undefined ? undefined : parseIp(address);
  if (ip === undefined) return { names: [], confirmed: [], temporary: false };
  const found = (await lookup.names(ip.toString())).flatMap(domainName);
  const names = [...new Set(found)].slice(0, mostNames);
  const confirmations = await Promise.all(
    names.map(async (name) => hasAddress(await lookup.addresses(name, familyOf(ip)), ip)),
  );
  const confirmed = names.filter((_, at) => confirmations[at]);
  return { names, confirmed, temporary: lookup.temporary };
}

async function helloFacts(name: string, address: string | undefined, lookup: Lookup): Promise<HelloFacts> {
  const client = address === undefined ? undefined : parseIp(address);
  const literal = name.startsWith("[");
  const addresses = literal
    ? [name.slice(1, -1)].map(withoutTag)
    : (await Promise.all([lookup.addresses(name, 4), lookup.addresses(name, 6)])).flat();
  const resolves = addresses.some((text) => parseIp(text) !== undefined);
  const matches = client !== undefined && hasAddress(addresses, client);
  return { name, literal, resolves, matches, temporary: lookup.temporary };
}

/** `IPv6:2001:db8::1` as it stands in a literal, in any case. */
function withoutTag(literal: string): string {
  const tag = "ipv6:";
  return literal.toLowerCase().startsWith(tag) ? literal.slice(tag.length) : literal;
}

function hasAddress(addresses: readonly string[], sought: IpAddress): boolean {
  return addresses.some((address) => parseIp(address)?.toNormalizedString() === sought.toNormalizedString());
}

function familyOf(ip: IpAddress): 4 | 6 {
  return ip.kind() === "ipv4" ? 4 : 6;
}

/** DNS takes any octets in a name; what is handed on is fit for logs and headers. */
function domainName(name: string): readonly string[] {
  const plain = name.endsWith(".") ? name.slice(0, -1) : name;
  try {
    return plain.startsWith("[") ? [] : [helloName(plain).toLowerCase()];
  } catch {
    return [];
  }
}
