// Holds clients to their rates: asked before the application is, so that what is too much costs it nothing.

import type { ServerDecision } from "@carteiro/core";
import { clientKey } from "./client-key.ts";
import type { Clock } from "./clock.ts";
import { disconnect, reject, type Disconnect, type Reject } from "./decisions.ts";
import type { Emitter } from "./emitter.ts";
import { networks } from "./networks.ts";
import { memoryRates, type Rate, type RateOptions, type RateStore, type RateSubject } from "./rates.ts";
import type { ServerEvents, SessionInfo } from "./server-options.ts";

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
  readonly #rates: Readonly<Partial<Record<RateSubject, Rate>>>;
  readonly #isExempt: (address: string | undefined) => boolean;
  readonly #store: RateStore;
  readonly #clock: Clock;
  readonly #events: Emitter<ServerEvents>;

  /** Throws `RangeError` for a rate that makes no sense, `InvalidValueError` for a network that is none. */
  constructor(options: RateOptions, clock: Clock, events: Emitter<ServerEvents>) {
    const { exempt = [], store = memoryRates(), failedAuthentications = defaultFailedAuthentications } = options;
    const { connections, messages, recipients } = options;
    this.#rates = checked({
      ...(connections && { connections }),
      ...(messages && { messages }),
      ...(recipients && { recipients }),
      ...(failedAuthentications && { failedAuthentications }),
    });
    this.#isExempt = networks(exempt);
    this.#store = store;
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
      case "authenticationReceived":
        return this.#refusalOf("failedAuthentications", session, 0);
      case "mailReceived":
        return this.#refusalOf("messages", session);
      case "recipientReceived":
        return this.#refusalOf("recipients", session);
      default:
        return undefined;
    }
  }

  /** Credentials have been refused. */
  authenticationFailed(session: SessionInfo): void {
    void this.#tooMany("failedAuthentications", session, 1);
  }

  #refusalOf(subject: RateSubject, session: SessionInfo, add: 0 | 1 = 1): Refusal | Promise<Refusal> {
    return after(this.#tooMany(subject, session, add), (tooMany) => {
      if (!tooMany) return undefined;
      this.#events.emit("rateExceeded", { session, subject });
      return refusals[subject];
    });
  }

  /** Whether one is too many, once `add` of it have been counted. */
  #tooMany(subject: RateSubject, session: SessionInfo, add: 0 | 1): boolean | Promise<boolean> {
    const rate = this.#rates[subject];
    const { address } = session.remote;
    if (rate === undefined || address === undefined || this.#isExempt(address)) return false;
    const { most, within } = rate;
    const failed = (error: unknown): boolean => {
      this.#events.emit("error", { error, session });
      return false;
    };
    try {
      const question = { subject, client: clientKey(address), add, within, now: this.#clock.now() };
      const sum = this.#store.count(question);
      if (typeof sum === "number") return sum - add >= most;
      return Promise.resolve(sum)
        .then((counted) => counted - add >= most)
        .catch(failed);
    } catch (error) {
      return failed(error);
    }
  }
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
