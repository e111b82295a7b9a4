// A world for tests: hosts, a network and a clock, in memory. From one seed everything in it happens in the same order and to the
// same octet, and days go by in milliseconds.

import type { Compute } from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import { computeWith } from "./compute.ts";
import { Host } from "./host.ts";
import { Network, type LinkQualities, type OpenConnection, type Overheard } from "./network.ts";
import { Random } from "./random.ts";

export interface WorldOptions {
  /** A whole number, of which 32 bits count. Default: 0. */
  readonly seed?: number;
  /** What the clock says at the beginning. Default: 2025-01-01. */
  readonly date?: Date;
  /** All links that `network.link` does not speak of. Default: 1 ms both ways. */
  readonly link?: LinkQualities;
  /** Sees all that passes. */
  readonly tap?: (said: Overheard) => void;
}

export interface RunBodyOptions {
  /** Virtual milliseconds after which to give up. Default: 30 days. */
  readonly within?: number;
}

/** A body did not come to its end: the message says who waits for what. */
export class WorldError extends Error {
  override readonly name = "WorldError";
}

export function world(options: WorldOptions = {}): World {
  return new World(options);
}

const thirtyDays = 30 * 24 * 3_600_000;

export class World {
  readonly clock: VirtualClock;
  readonly network: Network;
  /** For the test's own choices. */
  readonly random: Random;
  /** What computes at once and from the seed: for sessions that are not made by a host's `connect` or `createServer`. */
  readonly compute: Compute;
  /** Settles when so many virtual milliseconds have gone by. Rejects with the signal's reason. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly #hosts = new Map<string, Host>();
  readonly #hostsRandom: Random;

  constructor({ seed = 0, date, link = { latency: 1 }, tap }: WorldOptions) {
    const random = new Random(seed);
    this.#hostsRandom = random.fork();
    this.random = random.fork();
    this.clock = new VirtualClock(date);
    this.compute = computeWith(random.fork());
    this.network = new Network({ clock: this.clock, link, ...(tap && { tap }) });
    this.sleep = (milliseconds, signal) => sleep(this.clock, milliseconds, signal);
  }

  /** The host of that name, with `connect`, `createPool` and `createServer`. */
  host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const { network, clock, compute } = this;
    const host = new Host(name, { network, clock, compute, random: this.#hostsRandom });
    this.#hosts.set(name, host);
    return host;
  }

  /**
   * Lets a body happen, with time moving on as far as it takes; gives what it gives, and rejects as it does. Rejects with `WorldError`
   * where it can never come to its end, since nothing is left to happen, or has not within the time given. In the body just
   * `await`; one body at a time.
   */
  async run<Result>(
    body: (world: World) => Result | Promise<Result>,
    { within = thirtyDays }: RunBodyOptions = {},
  ): Promise<Result> {
    let isOver = false;
    const outcome = (async () => body(this))();
    const over = outcome.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    await this.clock.run({ until: over, within });
    if (isOver) return outcome;
    const why =
      this.clock.timers > 0
        ? `The body has not come to its end within ${within} virtual milliseconds.`
        : `Nothing is left to happen at ${this.clock.now()} virtual milliseconds, and the body still waits.`;
    throw new WorldError(`${why}\n${this.#whoWaits()}`);
  }

  #whoWaits(): string {
    const open = this.network.connections.map((each) => `  ${described(each)}`);
    if (open.length > 0) return `Connections that are open:\n${open.join("\n")}`;
    return "No connection is open: it waits for what is not of this world, such as the runtime's own timers or sockets, or for a promise of its own.";
  }
}

function sleep(clock: VirtualClock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function described({ from, to, since, last }: OpenConnection): string {
  const ends = [
    [from, last.from],
    [to, last.to],
  ] as const;
  const sides = ends.map(([{ name, end }, said]) => {
    const waits = end.destroyed
      ? "has closed"
      : { read: "waits for octets", write: "waits until it may write", none: "does not read" }[end.waitsTo ?? "none"];
    return `${name} ${waits}, and ${said === undefined ? "has said nothing" : `said last ${lastLine(said)}`}`;
  });
  return `${from.name}:${from.port} to ${to.name}:${to.port}, since ${since}: ${sides.join("; ")}`;
}

const shown = 80;

/** The last line, or the end of it. */
function lastLine(octets: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(octets.subarray(-4 * shown)).trimEnd();
  return JSON.stringify(text.slice(text.lastIndexOf("\n") + 1).slice(-shown));
}
