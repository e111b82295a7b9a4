// How often one client may do a thing within a time: what an application says of it, where the counts are kept, and a store
// of them in memory.

import type { Instant } from "@carteiro/core";

/**
 * What is counted: connections; MAIL and RCPT, whether or not they are accepted; and authentications refused for their
 * credentials.
 */
export type RateSubject = "connections" | "messages" | "recipients" | "failedAuthentications";

export interface Rate {
  /** What is beyond so many is refused. */
  readonly most: number;
  /** Milliseconds. The time begins with the first that is counted, and once it is over counting begins anew. */
  readonly within: number;
}

export interface RateOptions {
  /** Connections, those refused for it included. Beyond: 421 4.7.0 in place of the greeting. Default: any number. */
  readonly connections?: Rate;
  /** MAILs. Beyond: 450 4.7.1. Default: any number. */
  readonly messages?: Rate;
  /** RCPTs. Beyond: 450 4.7.1. Default: any number. */
  readonly recipients?: Rate;
  /**
   * Refused credentials. Once there are so many: 421 4.7.0 in place of the greeting, and 454 4.7.0 to AUTH in the sessions
   * that are open. Exchanges that are not over count, too, as far as 454 is concerned: all of them may fail. Default: 30 in
   * 10 minutes; `false`: any number.
   */
  readonly failedAuthentications?: Rate | false;
  /** Addresses and CIDR blocks whose clients are not counted. Default: none, not even loopback. */
  readonly exempt?: readonly string[];
  /** Where the counts are kept. Default: `memoryRates()`, the server's own. */
  readonly store?: RateStore;
  /** Milliseconds that the store is waited for. Default: 2,000. */
  readonly storeTimeout?: number;
}

export interface RateQuestion {
  readonly subject: RateSubject;
  /** An IPv4 address, or the /64 of an IPv6 address such as `2001:db8::/64`. */
  readonly client: string;
  /** How many are added before the answer; 0 only asks. */
  readonly add: number;
  /** Milliseconds that a count lasts from the first that it counts. */
  readonly within: number;
  /** The server's time, in milliseconds. */
  readonly now: Instant;
}

/**
 * Keeps counts; may be shared by servers. With Redis it is INCRBY, and PEXPIRE where that has made the key. One that throws
 * or rejects, does not answer within `storeTimeout`, or answers what is no number makes an `error` event, and the client is
 * let through.
 */
export interface RateStore {
  /** How many there were within the time, those just added included. */
  count(question: RateQuestion): number | Promise<number>;
}

export interface MemoryRatesOptions {
  /** Clients kept for each subject; beyond, the one whose time began first is forgotten. Default: 50,000. */
  readonly clients?: number;
}

/** Counts in this process's memory, about 200 octets a client, until their time is over or room is needed. Throws `RangeError`. */
export function memoryRates({ clients = 50_000 }: MemoryRatesOptions = {}): RateStore {
  if (!(clients >= 1)) throw new RangeError(`clients is ${clients}: give a number of at least 1`);
  const counts: Record<RateSubject, Counts> = {
    connections: new Map(),
    messages: new Map(),
    recipients: new Map(),
    failedAuthentications: new Map(),
  };
  return { count: (question) => count(counts[question.subject], question, clients) };
}

/** By client, in the order in which their times began. */
type Counts = Map<string, { sum: number; readonly until: Instant }>;

function count(counts: Counts, { client, add, within, now }: RateQuestion, room: number): number {
  const known = counts.get(client);
  if (known !== undefined && now < known.until) return (known.sum += add);
  if (add === 0) return 0;
  counts.delete(client);
  makeRoom(counts, now, room);
  counts.set(client, { sum: add, until: now + within });
  return add;
}

/** Forgets what is over, and one more where there is no room yet. */
function makeRoom(counts: Counts, now: Instant, room: number): void {
  for (const [client, { until }] of counts) {
    if (now < until && counts.size < room) return;
    counts.delete(client);
  }
}
