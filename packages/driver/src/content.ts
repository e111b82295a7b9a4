// A message's content on its way to a handler, under credit: what is not consumed is not read from the network.

import { Bell } from "./bell.ts";
import { joined } from "./joined.ts";

/** Octets that may wait for the consumer before reading stops. */
const credit = 65_536;
/** Slices under this size are gathered while they wait: what is kept about a slice would weigh more than it does. */
const small = 1_024;
const gathering = 8_192;

type Result = IteratorResult<Uint8Array, undefined>;

interface Consumer {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const over: Result = { done: true, value: undefined };

export class Content implements AsyncIterable<Uint8Array> {
  /** Slices that nobody has taken yet; most are taken as they come. */
  #waiting: Uint8Array[] | undefined;
  #octets = 0;
  #gathered: Uint8Array | undefined;
  #gatheredOctets = 0;
  #state: "open" | "ended" | "discarded" | "failed" = "open";
  #error: unknown;
  #taken = false;
  /** Who waits for a slice, and who waits behind, in order. */
  #consumer: Consumer | undefined;
  #others: Consumer[] | undefined;
  /** There is room again. */
  #room: Bell | undefined;

  /**
   * The content in slices, in order: lines end in CRLF, and the dots of transparency are gone. Once only; to leave the
   * loop early throws the rest away. Throws `ContentRefusedError` or `ContentAbortedError` where the content comes to
   * nothing: what was consumed of it must not be kept.
   */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#taken)
      throw new TypeError("The content has been consumed already: it can be read once; keep bytes() instead");
    this.#taken = true;
    return new Slices(this, () => this.#next());
  }

  #next(): Promise<Result> {
    const slice = this.#take();
    if (slice !== undefined) return Promise.resolve({ done: false, value: slice });
    if (this.#state === "open") return new Promise((resolve, reject) => this.#await({ resolve, reject }));
    return this.#state === "failed" ? Promise.reject(this.#error) : Promise.resolve(over);
  }

  /** The whole content. Mind its size: `limits.messageSize` octets at most. Rejects as the iteration does. */
  async bytes(): Promise<Uint8Array> {
    const slices: Uint8Array[] = [];
    let octets = 0;
    for await (const slice of this) {
      slices.push(slice);
      octets += slice.length;
    }
    return joined(slices, octets);
  }

  /** The whole content as text; octets that are not UTF-8 become U+FFFD. Rejects as the iteration does. */
  async text(): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await this.bytes());
  }

  /** Takes a slice in; a promise means: read no more until it is settled. For the driver. */
  push(slice: Uint8Array): void | Promise<void> {
    if (this.#state !== "open") return;
    const consumer = this.#consumer;
    if (consumer !== undefined) {
      this.#consumer = this.#others?.shift();
      return consumer.resolve({ done: false, value: slice });
    }
    this.#add(slice);
    if (this.#octets >= credit) return (this.#room ??= new Bell()).wait();
  }

  /** All has come. For the driver. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#dismiss();
  }

  /** What has come is worth nothing: a consumer that has not had all of it gets the error. For the driver. */
  fail(error: unknown): void {
    const wholeConsumed = this.#state === "ended" && this.#octets === 0;
    if (wholeConsumed || this.#state === "discarded") return;
    this.#error = error;
    this.#drop("failed");
  }

  /** The rest is not wanted. */
  discard(): void {
    if (this.#state !== "failed") this.#drop("discarded");
  }

  #drop(state: "discarded" | "failed"): void {
    this.#state = state;
    this.#waiting = this.#gathered = undefined;
    this.#octets = this.#gatheredOctets = 0;
    this.#dismiss();
    this.#room?.ring();
  }

  /** Nothing will come any more for those who wait. */
  #dismiss(): void {
    const others = this.#others ?? [];
    const consumers = this.#consumer === undefined ? others : [this.#consumer, ...others];
    this.#consumer = this.#others = undefined;
    for (const { resolve, reject } of consumers) {
      if (this.#state === "failed") reject(this.#error);
      else resolve(over);
    }
  }

  #await(consumer: Consumer): void {
    if (this.#consumer === undefined) this.#consumer = consumer;
    else (this.#others ??= []).push(consumer);
  }

  #take(): Uint8Array | undefined {
    if (this.#octets === 0) return undefined;
    if (this.#waiting === undefined || this.#waiting.length === 0) this.#seal();
    const slice = this.#waiting?.shift();
    if (slice === undefined) return undefined;
    this.#octets -= slice.length;
    if (this.#octets < credit) this.#room?.ring();
    return slice;
  }

  #add(slice: Uint8Array): void {
    const gathers = slice.length < small && this.#octets > 0;
    this.#octets += slice.length;
    if (gathers) return this.#gather(slice);
    this.#seal();
    (this.#waiting ??= []).push(slice);
  }

  #gather(slice: Uint8Array): void {
    if (this.#gatheredOctets + slice.length > gathering) this.#seal();
    this.#gathered ??= new Uint8Array(gathering);
    this.#gathered.set(slice, this.#gatheredOctets);
    this.#gatheredOctets += slice.length;
  }

  /** Nothing more is added to what has been gathered. */
  #seal(): void {
    if (this.#gathered === undefined) return;
    (this.#waiting ??= []).push(this.#gathered.subarray(0, this.#gatheredOctets));
    this.#gathered = undefined;
    this.#gatheredOctets = 0;
  }
}

class Slices implements AsyncIterator<Uint8Array, undefined> {
  readonly #content: Content;
  readonly next: () => Promise<Result>;

  constructor(content: Content, next: () => Promise<Result>) {
    this.#content = content;
    this.next = next;
  }

  return(): Promise<Result> {
    this.#content.discard();
    return Promise.resolve(over);
  }
}
