// The one loop that drives any session over any transport. It knows no SMTP: it carries out effects, hands on events,
// reads only while the session wants input, reads while it writes, and passes time in.

import type { CryptoOperation, Effect, Input, Instant, Output, Session } from "@carteiro/core";
import { promised, webCompute } from "./compute.ts";
import type { DriveOptions, SessionListener } from "./drive-options.ts";
import { Outgoing } from "./outgoing.ts";
import type { Own, Receiver, Transport } from "./transport.ts";

const settled = Promise.resolve();

/** Milliseconds for the last words to leave once the session is over. */
const leaving = 30_000;
/** Milliseconds that the connection is then kept, so that the last words reach a peer that is still sending. */
const lingering = 1_000;

export class Drive<Intent, Event> implements Receiver {
  /** What broke the connection, where something did. */
  error: unknown;

  readonly #session: Session<Intent, Event>;
  readonly #transport: Transport;
  readonly #listener: SessionListener<Event>;
  readonly #options: DriveOptions;
  readonly #outgoing: Outgoing;
  #pumping = false;
  /** Something has happened while the session was being drained, and after it was found idle. */
  #news = false;
  #listening = false;
  #reading = false;
  #pauses = 0;
  #ended = false;
  /** While octets are lent. */
  #own: Own | undefined;
  #timer: { readonly at: Instant; readonly cancel: () => void } | undefined;
  #securing = false;
  /** The session has said `close`. */
  #closing = false;
  /** All that was to be said has been said, and our side is ended. */
  #lingering = false;
  /** Once it is closing: when it is given up. */
  #givenUpAt: Instant = 0;
  #broken = false;
  #finished = false;
  #over = false;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;

  constructor(
    session: Session<Intent, Event>,
    transport: Transport,
    listener: SessionListener<Event>,
    options: DriveOptions,
  ) {
    this.#session = session;
    this.#transport = transport;
    this.#listener = listener;
    this.#options = options;
    this.#outgoing = new Outgoing(transport, options.clock, this);
  }

  /** Settles once the connection is closed and everything has been told; never rejects. */
  get closed(): Promise<void> {
    if (this.#over) return settled;
    return (this.#closed ??= new Promise((resolve) => (this.#resolveClosed = resolve)));
  }

  /** Begins. To be called once, when events may come. */
  start(): void {
    this.#transport.attach(this);
    this.#pump();
  }

  /** Hands an intent to the session; throws what it throws. Events may be told before this returns. */
  submit(intent: Intent): void {
    this.#session.submit(intent, this.#options.clock.now());
    this.#pump();
  }

  /**
   * Settles when more may be submitted without piling up: the transport has taken all but a last write that is not yet
   * full, or the connection is broken.
   */
  flushed(): Promise<void> {
    return this.#outgoing.flushed();
  }

  /** Octets that an event tells of, good for longer than the call of `onEvent`. */
  lasting(bytes: Uint8Array): Uint8Array {
    return this.#own === undefined ? bytes : this.#own(bytes);
  }

  /** Ends at once, without a farewell. */
  destroy(reason?: unknown): void {
    this.#break(reason);
  }

  // Out of the session.

  /** Carries out what the session has to say until it is idle, then waits for what it wants. */
  #pump(): void {
    // An event's taker may submit an intent: the loop below is already running then, and goes on with the outcome.
    if (this.#pumping || this.#finished) return;
    this.#pumping = true;
    try {
      for (let output = this.#session.poll(); this.#carryOut(output); output = this.#session.poll());
    } catch (error) {
      // A session that throws is not one to be driven any further.
      this.error ??= error;
      this.#finish();
    }
    this.#pumping = false;
    if (this.#broken) this.#finish();
  }

  /** Whether there may be more. */
  #carryOut(output: Output<Event>): boolean {
    switch (output.kind) {
      case "event":
        this.#tell(output.event);
        return true;
      case "effect":
        if (!this.#broken) this.#effect(output.effect);
        return true;
      case "idle":
        if (this.#closing || this.#broken) return false;
        this.#news = false;
        this.#rest(output.wants, output.deadline);
        // What has come or broken just now is still to be told.
        return this.#news;
    }
  }

  #tell(event: Event): void {
    try {
      const pending = this.#listener.onEvent(event);
      if (pending !== undefined) this.#pauseUntil(pending);
    } catch (error) {
      this.#break(error);
    }
  }

  #pauseUntil(pending: Promise<void>): void {
    this.#pauses += 1;
    if (this.#pauses === 1) this.#session.handle({ type: "paused" }, this.#options.clock.now());
    const goOn = () => {
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#happened({ type: "resumed" });
    };
    pending.then(goOn, (error: unknown) => {
      this.#break(error);
      goOn();
    });
  }

  #effect(effect: Effect): void {
    switch (effect.type) {
      case "write":
        return this.#outgoing.write(effect.bytes);
      case "startTls":
        return this.#startTls(effect.unread);
      case "compute":
        return this.#compute(effect.computation, effect.operation);
      case "close":
        return this.#close();
    }
  }

  #rest(wants: "input" | "intent" | "either" | "nothing", deadline: Instant | undefined): void {
    this.#setTimer(deadline);
    this.#listening = wants === "input" || wants === "either";
    // The application's next word may bring more to say; the peer's will not come before it has heard this.
    if (wants === "intent" || wants === "either") this.#outgoing.flushSoon();
    else this.#outgoing.flush();
    this.#read();
  }

  // Into the session.

  #happened(input: Input): void {
    if (this.#finished) return;
    try {
      this.#session.handle(input, this.#options.clock.now());
    } catch (error) {
      this.error ??= error;
      this.#finish();
    }
    this.#news = true;
    this.#pump();
  }

  /** For the transport. */
  received(bytes: Uint8Array): void {
    this.#reading = false;
    if (this.#closing) this.#read();
    else this.#happened({ type: "received", bytes, lent: this.#own !== undefined });
  }

  /** For the transport. */
  lent(bytes: Uint8Array, own: Own): void {
    // While the session is being drained it looks at nothing new.
    if (this.#options.takesLent !== true || this.#pumping) return this.received(own(bytes));
    this.#own = own;
    this.received(bytes);
    this.#own = undefined;
  }

  /** For the transport. */
  ended(): void {
    this.#reading = false;
    this.#ended = true;
    if (!this.#closing) this.#happened({ type: "ended" });
    else if (this.#lingering) this.#finish();
  }

  /** For the transport. */
  broken(error: unknown): void {
    this.#break(error);
  }

  #read(): void {
    if (this.#reading || this.#ended || this.#broken || !this.#mayRead()) return;
    this.#reading = true;
    try {
      this.#transport.read()?.catch((error: unknown) => this.#break(error));
    } catch (error) {
      this.#break(error);
    }
  }

  #mayRead(): boolean {
    // Closing with unread input resets the connection, and may take the last words with it.
    if (this.#closing) return true;
    return this.#listening && this.#pauses === 0 && this.#outgoing.unsent <= (this.#options.unsentLimit ?? Infinity);
  }

  /** The connection is gone, both ways. */
  #break(error: unknown): void {
    if (this.#broken || this.#finished) return;
    this.#broken = true;
    this.#outgoing.end();
    // What breaks after the end breaks nothing.
    if (!this.#closing) this.error ??= error;
    this.#transport.destroy();
    this.#happened({ type: "broken" });
  }

  /** For the outgoing. */
  left(): void {
    this.#read();
  }

  // What takes time.

  #compute(computation: number, operation: CryptoOperation): void {
    const compute = this.#options.compute ?? webCompute;
    promised(() => compute(operation)).then(
      (result) => this.#happened({ type: "computed", computation, result }),
      () => this.#happened({ type: "computed", computation }),
    );
  }

  #startTls(unread: Uint8Array | undefined): void {
    this.#securing = true;
    this.#outgoing.flush();
    const secured = this.#outgoing.flushed().then(() => this.#transport.startTls(unread));
    secured.then(
      (tls) => {
        this.#securing = false;
        this.#happened({ type: "secured", tls });
      },
      (error: unknown) => this.#break(error),
    );
  }

  // The end.

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    // In the midst of a handshake there is no channel on which to say anything.
    if (this.#securing) return this.#finish();
    this.#outgoing.flush();
    this.#givenUpAt = this.#options.clock.now() + leaving;
    // Mostly the last words leave at once, and this is the time that the connection is kept then: one timer is enough.
    this.#restartTimer(lingering);
    this.#read();
    const end = () => this.#transport.end();
    const ended = this.#outgoing.unsent === 0 ? promised(end) : this.#outgoing.flushed().then(end);
    ended.then(
      () => this.#linger(),
      () => this.#finish(),
    );
  }

  #linger(): void {
    this.#lingering = true;
    this.#givenUpAt = this.#options.clock.now() + lingering;
    if (this.#ended) this.#finish();
  }

  #finishInTime(): void {
    const left = this.#givenUpAt - this.#options.clock.now();
    if (left <= 0) this.#finish();
    else this.#restartTimer(Math.min(left, lingering));
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = this.#broken = true;
    this.#clearTimer();
    this.#outgoing.end();
    this.#transport.destroy();
    // By then what is going on has been said to its end.
    queueMicrotask(() => {
      this.#over = true;
      this.#listener.onClosed?.();
      this.#resolveClosed?.();
    });
  }

  // Time.

  /** One timer a connection: it is moved only when it would fire too late. One that fires too early finds nothing to do. */
  #setTimer(deadline: Instant | undefined): void {
    if (deadline === undefined || deadline === Infinity) return;
    if (this.#timer !== undefined && this.#timer.at <= deadline) return;
    this.#clearTimer();
    const { clock } = this.#options;
    this.#timer = { at: deadline, cancel: clock.after(deadline - clock.now(), () => this.#timePassed()) };
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #restartTimer(delay: number): void {
    if (this.#finished) return;
    this.#clearTimer();
    this.#setTimer(this.#options.clock.now() + delay);
  }

  #timePassed(): void {
    this.#timer = undefined;
    if (this.#closing) this.#finishInTime();
    else this.#happened({ type: "elapsed" });
  }
}
