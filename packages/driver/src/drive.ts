// The one loop that drives any session over any transport. It knows no SMTP: it carries out effects, hands on events,
// reads only while the session wants input, reads while it writes, and passes time in.

import type { Input, Instant, Output, Session } from "@carteiro/core";
import type { Clock } from "./clock.ts";
import type { Transport } from "./transport.ts";

export interface DriveOptions<Event> {
  readonly clock: Clock;
  /** Takes each event, in order. While a promise it returned is pending, nothing more is polled or read. */
  readonly onEvent: (event: Event) => void | Promise<void>;
}

/** Octets written and not yet taken by the transport at which reading stops: a peer that reads nothing is not served. */
const writeBacklog = 1_048_576;

/** Milliseconds that a closed connection is kept, so that the last reply reaches a peer that is still sending. */
const lingering = 1_000;

export class Drive<Intent, Event> {
  /** Settles once the connection is closed and everything has been told; never rejects. */
  readonly closed: Promise<void>;
  /** What broke the connection, where something did. */
  error: unknown;

  readonly #session: Session<Intent, Event>;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #onEvent: DriveOptions<Event>["onEvent"];
  #resolveClosed: () => void = () => undefined;

  #pumping = false;
  #held = false;
  #reading = false;
  #ended = false;
  #closing = false;
  #unsent = 0;
  #flushing: Promise<void> = Promise.resolve();
  #timer: { readonly at: Instant; readonly cancel: () => void } | undefined;

  constructor(session: Session<Intent, Event>, transport: Transport, { clock, onEvent }: DriveOptions<Event>) {
    this.#session = session;
    this.#transport = transport;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  /** Begins. To be called once, when events may come. */
  start(): void {
    this.#pump();
  }

  /** Hands an intent to the session; throws what it throws. Events may be told before this returns. */
  submit(intent: Intent): void {
    this.#session.submit(intent, this.#clock.now());
    this.#pump();
  }

  /** Settles when all that was written so far has been taken by the transport, or the connection is broken. */
  flushed(): Promise<void> {
    return this.#flushing;
  }

  /** Ends at once, without a farewell. */
  destroy(reason?: unknown): void {
    this.#broken(reason);
  }

  /** Carries out what the session has to say until it is idle, then waits for what it wants. */
  #pump(): void {
    // An event's taker may submit an intent: the loop below is already running then, and goes on with the outcome.
    if (this.#pumping || this.#held) return;
    this.#pumping = true;
    try {
      for (let output = this.#session.poll(); this.#carryOut(output); output = this.#session.poll());
    } catch (error) {
      this.destroy(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** Whether more may be polled now. */
  #carryOut(output: Output<Event>): boolean {
    switch (output.kind) {
      case "event":
        return this.#tell(output.event);
      case "idle":
        this.#setTimer(output.deadline);
        if (output.wants === "input" || output.wants === "either") this.#read();
        return false;
      case "effect":
        switch (output.effect.type) {
          case "write":
            this.#write(output.effect.bytes);
            return true;
          case "startTls":
            void this.#startTls();
            return true;
          case "close":
            void this.#close();
            return true;
        }
    }
  }

  #tell(event: Event): boolean {
    const pending = this.#onEvent(event);
    if (pending === undefined) return true;
    this.#held = true;
    const goOn = () => {
      this.#held = false;
      this.#pump();
    };
    pending.then(goOn, (error: unknown) => {
      this.destroy(error);
      goOn();
    });
    return false;
  }

  #read(): void {
    if (this.#reading || this.#ended || this.#closing || this.#unsent > writeBacklog) return;
    this.#reading = true;
    this.#transport.read().then(
      (bytes) => {
        this.#reading = false;
        if (bytes === undefined) return this.#end();
        this.#happened({ type: "received", bytes });
      },
      (error: unknown) => {
        this.#reading = false;
        this.#broken(error);
      },
    );
  }

  #write(bytes: Uint8Array): void {
    const pending = this.#transport.write(bytes);
    if (pending === undefined) return;
    this.#unsent += bytes.length;
    const settled = pending.then(
      () => {
        this.#unsent -= bytes.length;
        this.#pump();
      },
      (error: unknown) => this.#broken(error),
    );
    this.#flushing = this.#flushing.then(() => settled);
  }

  async #startTls(): Promise<void> {
    try {
      await this.#flushing;
      const tls = await this.#transport.startTls();
      this.#happened({ type: "secured", tls });
    } catch (error) {
      this.#broken(error);
    }
  }

  #broken(error: unknown): void {
    // What breaks after the end breaks nothing.
    if (!this.#closing) this.error ??= error;
    this.#transport.destroy();
    this.#ended = true;
    this.#happened({ type: "broken" });
  }

  /** The peer says no more. */
  #end(): void {
    this.#ended = true;
    this.#happened({ type: "ended" });
  }

  #happened(input: Input): void {
    this.#session.handle(input, this.#clock.now());
    this.#pump();
  }

  async #close(): Promise<void> {
    this.#closing = true;
    this.#setTimer(undefined);
    const cancel = this.#clock.after(lingering, () => this.#transport.destroy());
    try {
      await this.#flushing;
      await this.#transport.end();
      // Closing with unread input resets the connection and may take the last reply with it.
      while (!this.#ended && !this.#reading && (await this.#transport.read()) !== undefined);
    } catch {
      // The peer has gone already.
    }
    cancel();
    this.#transport.destroy();
    this.#resolveClosed();
  }

  /** One timer a connection: it is moved only when it fires too early, not at every command. */
  #setTimer(deadline: Instant | undefined): void {
    const timer = this.#timer;
    if (deadline !== undefined && timer !== undefined && timer.at <= deadline) return;
    timer?.cancel();
    this.#timer = undefined;
    if (deadline === undefined) return;
    const cancel = this.#clock.after(deadline - this.#clock.now(), () => this.#timePassed());
    this.#timer = { at: deadline, cancel };
  }

  #timePassed(): void {
    this.#timer = undefined;
    this.#happened({ type: "elapsed" });
  }
}
