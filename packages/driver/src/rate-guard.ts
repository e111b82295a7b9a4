// Holds clients to their rates: asked before the application is, so that what is too much costs it nothing.

import type { ServerDecision } from "@carteiro/core";
import { isPromise } from "./answers.ts";
import { clientKey } from "./client-key.ts";
import type { Clock } from "./clock.ts";
import { disconnect, reject, type Disconnect, type Reject } from "./decisions.ts";
import type { Emitter } from "./emitter.ts";
import { networks } from "./networks.ts";
import { memoryRates, type Rate, type RateOptions, type RateStore, type RateSubject } from "./rates.ts";
import type { ServerEvents, SessionInfo } from "./server-options.ts";

/** Milliseconds that a store is waited for: a client must not feel that it has failed. */
const defaultStoreTimeout = 2_000;

/** Enough for a household whose old password is in every device. */
const defaultFailedAuthentications: Rate = { most: 30, within: 600_000 };

const refusals = {
  connections: disconnect(421, "4.7.0", "Too many connections from your address; try again later"),
  messages: reject(450, "4.7.1", "Too many messages from your address; try again later"),
  recipients: reject(450, "4.7.1", "Too many recipients from your address; try again later"),
  failedAuthentications: reject(454, "4.7.0", "Too many failed authentications from your address; try again later"),
} as const;
const failedBefore = disconnect(421, "4.7.0", ...refusals.failedAuthentications.reply.lines);

type Refusal = Reject | Disconnect | undefined;

export class RateGuard {
  readonly #rates: Readonly<Partial<Record<RateSubject, Rate | undefined>>>;
  readonly #isExempt: (address: string | undefined) => boolean;
  readonly #store: RateStore;
  readonly #storeTimeout: number;
  /** Exchanges of AUTH whose end is not known yet, by client. */
  readonly #open = new Map<string, number>();
  readonly #clock: Clock;
  readonly #events: Emitter<ServerEvents>;

  /**
   * `authenticates`: whether AUTH is offered at all. Throws `RangeError` for a rate or a time that makes no sense,
   * `InvalidValueError` for a network that is none.
   */
  constructor(options: RateOptions, clock: Clock, events: Emitter<ServerEvents>, authenticates: boolean) {
    const { exempt = [], store = memoryRates(), storeTimeout = defaultStoreTimeout } = options;
    const { connections, messages, recipients, failedAuthentications = defaultFailedAuthentications } = options;
    if (!(storeTimeout > 0))
      throw new RangeError(`rates.storeTimeout is ${storeTimeout}: give milliseconds, more than 0`);
    const rates = checked({
      ...(connections && { connections }),
      ...(messages && { messages }),
      ...(recipients && { recipients }),
      ...(failedAuthentications && { failedAuthentications }),
    });
    this.#rates = authenticates ? rates : { ...rates, failedAuthentications: undefined };
    this.#isExempt = networks(exempt);
    this.#store = store;
    this.#storeTimeout = storeTimeout;
    this.#clock = clock;
    this.#events = events;
  }

  /** What is answered in the application's place, if anything; counts the question where it is to be counted. */
  refusal(question: ServerDecision["type"], session: SessionInfo): Refusal | Promise<Refusal> {
    switch (question) {
      case "connectionReceived":
        return after(this.#refusalOf("failedAuthentications", session, 0), (failed) =>
          failed === undefined ? this.#refusalOf("connections", session) : failedBefore,
        );
      case "mailReceived":
        return this.#refusalOf("messages", session);
      case "recipientReceived":
        return this.#refusalOf("recipients", session);
      default:
        return undefined;
    }
  }

  /**
   * Whether there may be one exchange of AUTH more: those that are open may all fail. Where there is no refusal, `end` is
   * to be called once its end is known; where there is one, it has been.
   */
  authentication(session: SessionInfo): { readonly refusal: Refusal | Promise<Refusal>; readonly end: () => void } {
    const client = clientOf(session);
    const ahead = this.#open.get(client) ?? 0;
    this.#open.set(client, ahead + 1);
    let isOpen = true;
    const end = () => {
      if (isOpen) this.#ended(client);
      isOpen = false;
    };
    const refusal = after(this.#refusalOf("failedAuthentications", session, 0, ahead), (given) => {
      if (given !== undefined) end();
      return given;
    });
    return { refusal, end };
  }

  #ended(client: string): void {
    const open = (this.#open.get(client) ?? 0) - 1;
    if (open > 0) this.#open.set(client, open);
    else this.#open.delete(client);
  }

  /** Credentials have been refused. */
  authenticationFailed(session: SessionInfo): void {
    void this.#tooMany("failedAuthentications", session, 1);
  }

  #refusalOf(subject: RateSubject, session: SessionInfo, add: 0 | 1 = 1, ahead = 0): Refusal | Promise<Refusal> {
    if (this.#rates[subject] === undefined) return undefined;
    return after(this.#tooMany(subject, session, add, ahead), (tooMany) => {
      if (!tooMany) return undefined;
      this.#events.emit("rateExceeded", { session, subject });
      return refusals[subject];
    });
  }

  /** Whether one is too many, once `add` of it have been counted, and where there are `ahead` besides. */
  #tooMany(subject: RateSubject, session: SessionInfo, add: 0 | 1, ahead = 0): boolean | Promise<boolean> {
    const rate = this.#rates[subject];
    const { address } = session.remote;
    if (rate === undefined || address === undefined || this.#isExempt(address)) return false;
    const { most, within } = rate;
    const isTooMuch = (sum: number) => number(sum) - add + ahead >= most;
    const failed = (error: unknown): boolean => {
      this.#events.emit("error", { error, session });
      return false;
    };
    try {
      const sum = this.#store.count({ subject, client: clientKey(address), add, within, now: this.#clock.now() });
      return isPromise(sum) ? this.#inTime(sum).then(isTooMuch).catch(failed) : isTooMuch(sum);
    } catch (error) {
      return failed(error);
    }
  }

  /** Rejects where the store does not answer in time. */
  #inTime(sum: Promise<number>): Promise<number> {
    return new Promise((resolve, fail) => {
      const late = () => fail(new Error(`rates.store has not answered within ${this.#storeTimeout} ms`));
      const cancel = this.#storeTimeout === Infinity ? undefined : this.#clock.after(this.#storeTimeout, late);
      sum.then(resolve, fail).finally(() => cancel?.());
    });
  }
}

/** A session without an address is a client by itself. */
export function clientOf({ id, remote: { address } }: SessionInfo): string {
  return address === undefined ? `session ${id}` : clientKey(address);
}

function number(sum: unknown): number {
  if (typeof sum === "number" && !Number.isNaN(sum)) return sum;
  throw new TypeError(`rates.store answered ${String(sum)}: count() gives a number`);
}

/** At once where that is known at once: a store in memory makes no promises. */
function after<Result, Next>(result: Result | Promise<Result>, then: (result: Result) => Next | Promise<Next>) {
  return result instanceof Promise ? result.then(then) : then(result);
}

function checked(rates: Readonly<Partial<Record<RateSubject, Rate>>>): Readonly<Partial<Record<RateSubject, Rate>>> {
  for (const [subject, { most, within }] of Object.entries(rates)) {
    if (!(most >= 1)) throw new RangeError(`rates.${subject}.most is ${most}: give a number of at least 1`);
    if (!(within > 0)) throw new RangeError(`rates.${subject}.within is ${within}: give milliseconds, more than 0`);
  }
  return rates;
}
