// How much may still be sent in a session whose server announced LIMITS (RFC 9422).

import { parseLimits, type SessionLimits } from "../extensions/limits.ts";
import type { Mailbox } from "../grammar/address.ts";
import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import { LocalProtocolError } from "../session.ts";

/** Recipients by their places in a list. */
export interface Division {
  /** One transaction each, in order. */
  readonly transactions: readonly (readonly number[])[];
  /** Those that the server takes in another session only. */
  readonly beyond: readonly number[];
}

interface Addressed {
  readonly recipient: Mailbox;
}

const noLimits: SessionLimits = {};

export class Allowance {
  #limits: SessionLimits = noLimits;
  #transactions = 0;
  /** Of the recipients so far: RCPTDOMAINMAX counts them over the session (RFC 9422 §4.3). */
  readonly #domains = new Set<string>();

  /** The server has said what it offers: limits may differ before and after STARTTLS and AUTH. */
  announced(capabilities: Capabilities): void {
    const limits = findCapability(capabilities, "LIMITS");
    this.#limits = limits === undefined ? noLimits : parseLimits(limits.parameters);
  }

  /** Whether no transaction may be begun any more. */
  get spent(): boolean {
    return this.#transactions >= (this.#limits.mailMax ?? Infinity);
  }

  /** Divides recipients into as few transactions as the server takes them in; `undefined`: all go in one. Nothing is counted yet. */
  divide(recipients: readonly Addressed[]): Division | undefined {
    if (this.#limits === noLimits) return undefined;
    const { mailMax = Infinity, rcptMax = Infinity } = this.#limits;
    const { within, beyond } = this.#byDomain(recipients);
    const transactions: number[][] = [];
    for (const place of within) {
      const last = transactions.at(-1);
      if (last !== undefined && last.length < rcptMax) last.push(place);
      else if (transactions.length < mailMax - this.#transactions) transactions.push([place]);
      else beyond.push(place);
    }
    if (transactions.length <= 1 && beyond.length === 0) return undefined;
    return { transactions, beyond: beyond.toSorted((one, other) => one - other) };
  }

  #byDomain(recipients: readonly Addressed[]): { within: number[]; beyond: number[] } {
    const { rcptDomainMax = Infinity } = this.#limits;
    const domains = new Set(this.#domains);
    const within: number[] = [];
    const beyond: number[] = [];
    for (const [place, { recipient }] of recipients.entries()) {
      const isTaken = domains.has(recipient.domain) || domains.size < rcptDomainMax;
      if (isTaken) domains.add(recipient.domain);
      (isTaken ? within : beyond).push(place);
    }
    return { within, beyond };
  }

  /** Counts a transaction. Throws `LocalProtocolError` where it is beyond what the server takes. */
  begin(recipients: readonly Addressed[]): void {
    if (this.#limits === noLimits) return;
    const { mailMax, rcptMax = Infinity, rcptDomainMax } = this.#limits;
    if (this.spent)
      throw new LocalProtocolError(`send: the server takes ${mailMax} transactions in a session (LIMITS)`);
    if (recipients.length > rcptMax) {
      throw new LocalProtocolError(
        `${recipients.length} recipients: the server takes ${rcptMax} in a transaction (LIMITS)`,
      );
    }
    if (this.#byDomain(recipients).beyond.length > 0) {
      throw new LocalProtocolError(`recipients: the server takes ${rcptDomainMax} domains in a session (LIMITS)`);
    }
    this.#transactions += 1;
    for (const { recipient } of recipients) this.#domains.add(recipient.domain);
  }
}
