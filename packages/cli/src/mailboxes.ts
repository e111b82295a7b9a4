// Who is at home here: the local domains, the users in them, and which of their mailboxes an address reaches.

import { createHmac } from "node:crypto";

import { defaultIterations, type ScramKeys } from "@carteiro/core";

import { asciiDomain } from "./domains.ts";
import { parseStoredPassword, passwordKinds, passwordMatches, scramKeys, type StoredPassword } from "./passwords.ts";

/** A mailbox in its one canonical spelling: lower case, the domain in A-labels. */
export interface LocalMailbox {
  readonly localPart: string;
  readonly domain: string;
  /** `localPart@domain`. */
  readonly address: string;
}

export interface UserOptions {
  /** `local-part@domain`, the local part without quotes. */
  readonly address: string;
  /** In clear, as `scrypt:SALT:HASH` or as `SCRAM-SHA-256$…`. Without one the mailbox receives, and nobody can log in to it. */
  readonly password?: string | undefined;
}

export interface MailboxesOptions {
  readonly domains: readonly string[];
  readonly users: readonly UserOptions[];
}

interface Account {
  readonly mailbox: LocalMailbox;
  readonly password: StoredPassword | undefined;
}

/**
 * The mailboxes of this server. Domains are compared without regard to case and to A-label or U-label. So are local
 * parts to case, which is this server's own policy (RFC 5321 §2.4 leaves it to the receiving host).
 */
export class Mailboxes {
  readonly #domains: readonly string[];
  readonly #accounts: ReadonlyMap<string, Account>;
  readonly #decoy: StoredPassword;
  /** By address, once they have been derived. */
  #keys: ReadonlyMap<string, ScramKeys> | undefined;

  /** Throws `RangeError` naming the domain, address or password that is none, or the user who is not local or there twice. */
  constructor(options: MailboxesOptions) {
    this.#domains = options.domains.map(localDomain);
    const accounts = options.users.map((user) => this.#account(user));
    this.#accounts = byAddress(accounts);
    const passwords = accounts.flatMap(({ password }) => password ?? []);
    // Every answer takes as long as that about the password which takes longest to compare with.
    this.#decoy =
      passwords.toSorted((first, second) => costOf(second) - costOf(first))[0] ?? parseStoredPassword("a decoy");
  }

  /** The mailboxes there are, in the order of the users. */
  get all(): readonly LocalMailbox[] {
    return [...this.#accounts.values()].map(({ mailbox }) => mailbox);
  }

  /** Whether mail for this domain, as a command names it, is delivered here. */
  isLocal(domain: string): boolean {
    const ascii = asciiDomain(domain);
    return ascii !== undefined && this.#domains.includes(ascii);
  }

  /**
   * The mailbox that a recipient reaches, or `undefined`: answer 550 5.1.1 if its domain is local, else 550 5.7.1.
   * An exact match wins; else `user+tag` and `user+` reach `user` (RFC 5233 calls it the detail); else `postmaster` (in a
   * local domain, or with the domain `""` of `RCPT TO:<Postmaster>`) reaches the first user there (RFC 5321 §4.5.1).
   */
  find(recipient: { readonly localPart: string; readonly domain: string }): LocalMailbox | undefined {
    const wanted = localName(recipient.localPart);
    const domain =
      recipient.domain === "" && wanted === "postmaster" ? this.#domains[0] : asciiDomain(recipient.domain);
    if (domain === undefined || !this.#domains.includes(domain)) return undefined;
    for (let name = wanted; name !== ""; name = withoutDetail(name)) {
      const mailbox = this.#accounts.get(`${name}@${domain}`)?.mailbox;
      if (mailbox !== undefined) return mailbox;
      if (name === "postmaster") return this.#postmaster(domain);
    }
    return undefined;
  }

  /**
   * The mailbox whose user and password these are, else `undefined`. The user is named by the address, or in the first
   * domain by the local part alone; a detail (`user+tag`) names nobody. An unknown user costs the same time as a known one.
   */
  async authenticate(user: string, password: string): Promise<LocalMailbox | undefined> {
    const account = this.#accounts.get(this.#userName(user));
    const stored = account?.password ?? this.#decoy;
    // A password in clear among hashed ones must not be told by its quick answer.
    const delay = costOf(stored) < costOf(this.#decoy);
    const [matches] = await Promise.all([
      passwordMatches(stored, password),
      delay ? passwordMatches(this.#decoy, password) : undefined,
    ]);
    return matches && account?.password !== undefined ? account.mailbox : undefined;
  }

  /** Whether all users can log in by SCRAM: a client that is offered it does not try anything else. */
  get offersScram(): boolean {
    return this.#keys !== undefined;
  }

  /**
   * Makes the keys of SCRAM-SHA-256 of passwords in clear. Where one is hashed by scrypt, or cannot have any keys, there are
   * none at all. `secret` makes the salts, so that they stay the same as long as it does.
   */
  async deriveKeys(secret: Uint8Array): Promise<void> {
    const withPassword = Array.from(this.#accounts, ([address, { password }]) => ({ address, password })).filter(
      ({ password }) => password !== undefined,
    );
    const derived = withPassword.map(
      async ({ address, password }) => [address, await keysOf(password, address, secret)] as const,
    );
    const all = await Promise.all(derived);
    const keys = all.flatMap(([address, found]) => (found === undefined ? [] : [[address, found] as const]));
    this.#keys = keys.length === all.length ? new Map(keys) : undefined;
  }

  /** The keys of the user so named, or nothing. The user is named as for `authenticate`. */
  scramKeys(user: string): ScramKeys | undefined {
    return this.#keys?.get(this.#userName(user));
  }

  #account({ address, password }: UserOptions): Account {
    const at = address.lastIndexOf("@");
    const localPart = localName(address.slice(0, Math.max(at, 0)));
    const domain = asciiDomain(address.slice(at + 1));
    if (localPart === "" || domain === undefined) throw new RangeError(`${address} is no address`);
    if (!this.#domains.includes(domain)) throw new RangeError(`${address} is in none of the local domains`);
    const mailbox = { localPart, domain, address: `${localPart}@${domain}` };
    return { mailbox, password: password === undefined ? undefined : parseStoredPassword(password) };
  }

  #postmaster(domain: string): LocalMailbox | undefined {
    return this.all.find((mailbox) => mailbox.domain === domain) ?? this.all[0];
  }

  #userName(user: string): string {
    const at = user.lastIndexOf("@");
    if (at < 0) return `${localName(user)}@${this.#domains[0] ?? ""}`;
    return `${localName(user.slice(0, at))}@${asciiDomain(user.slice(at + 1)) ?? ""}`;
  }
}

function costOf({ kind }: StoredPassword): number {
  return passwordKinds.indexOf(kind);
}

async function keysOf(
  password: StoredPassword | undefined,
  address: string,
  secret: Uint8Array,
): Promise<ScramKeys | undefined> {
  if (password?.kind !== "clear") return password?.kind === "scram" ? password.keys : undefined;
  const salt = createHmac("sha256", secret).update(`salt of ${address}`).digest().subarray(0, 16);
  return scramKeys(password.password, { salt: Uint8Array.from(salt), iterations: defaultIterations }).catch(
    () => undefined,
  );
}

function byAddress(accounts: readonly Account[]): ReadonlyMap<string, Account> {
  const map = new Map<string, Account>();
  for (const account of accounts) {
    const { address } = account.mailbox;
    if (map.has(address)) throw new RangeError(`${address} is there twice`);
    map.set(address, account);
  }
  return map;
}

function localDomain(domain: string): string {
  const ascii = asciiDomain(domain);
  if (ascii === undefined) throw new RangeError(`${domain} is no domain name`);
  return ascii;
}

function localName(localPart: string): string {
  return localPart.normalize("NFC").toLowerCase();
}

/** The name before its last `+`, or nothing. */
function withoutDetail(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf("+"), 0));
}
