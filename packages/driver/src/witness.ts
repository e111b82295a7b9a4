// Lets somebody see all that goes into a session and comes out of it, so that it can be recorded, and replayed elsewhere.

import type {
  ClientEvent,
  ClientIntent,
  ClientSessionOptions,
  Input,
  Instant,
  Output,
  ServerEvent,
  ServerIntent,
  ServerOrigin,
  ServerSessionOptions,
  Session,
  TlsInfo,
} from "@carteiro/core";

/** What a session begins with: all that it takes to begin it anew. */
export type SessionBeginning =
  | {
      readonly role: "server";
      readonly options: ServerSessionOptions;
      readonly origin: ServerOrigin;
      readonly now: Instant;
      /** The chart's state at present. */
      readonly state: () => string;
    }
  | {
      readonly role: "client";
      readonly options: ClientSessionOptions;
      readonly origin: { readonly tls?: TlsInfo };
      readonly now: Instant;
      readonly state: () => string;
    };

/**
 * Is told of each call of a session, in order, once it has returned. What it is told is the session's own, secrets among it: not
 * to be changed, and octets not to be kept, since their array may be used again. One that throws ends the session.
 */
export interface Witness {
  handled(input: Input, now: Instant): void;
  /** `error`: what the session threw. */
  submitted(intent: ServerIntent | ClientIntent, now: Instant, error?: unknown): void;
  polled(output: Output<ServerEvent | ClientEvent>): void;
}

/** Asked when a session begins; gives nobody for one that need not be seen. */
export type FindWitness = (beginning: SessionBeginning) => Witness | undefined;

/** The session itself, where nobody looks on; else one that does the same under the eyes of the witness. */
export function witnessed<Intent extends ServerIntent | ClientIntent, Event extends ServerEvent | ClientEvent>(
  session: Session<Intent, Event>,
  witness: Witness | undefined,
): Session<Intent, Event> {
  return witness === undefined ? session : new WitnessedSession(session, witness);
}

class WitnessedSession<
  Intent extends ServerIntent | ClientIntent,
  Event extends ServerEvent | ClientEvent,
> implements Session<Intent, Event> {
  readonly #session: Session<Intent, Event>;
  readonly #witness: Witness;

  constructor(session: Session<Intent, Event>, witness: Witness) {
    this.#session = session;
    this.#witness = witness;
  }

  handle(input: Input, now: Instant): void {
    this.#session.handle(input, now);
    this.#witness.handled(input, now);
  }

  submit(intent: Intent, now: Instant): void {
    try {
      this.#session.submit(intent, now);
    } catch (error) {
      this.#witness.submitted(intent, now, error);
      throw error;
    }
    this.#witness.submitted(intent, now);
  }

  poll(): Output<Event> {
    const output = this.#session.poll();
    this.#witness.polled(output);
    return output;
  }
}
