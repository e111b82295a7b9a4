// The test inbox in memory: no port, and any clock.

import {
  openClient,
  systemClock,
  type ClientOptions,
  type Clock,
  type SmtpClient,
  type Transport,
} from "@carteiro/driver";
import { pipe, type PipeOptions } from "@carteiro/memory";
import { Inbox, type InboxOptions } from "./inbox.ts";

export interface TestServerOptions extends InboxOptions {
  /**
   * Default: real time. A virtual clock stands still but while it settles something: what is sent, `await
   * clock.settle(client.send(…))`, and likewise a message that may not come, `await clock.settle(inbox.message(…))`.
   */
  readonly clock?: Clock;
  /** Whether STARTTLS is offered, by the stand-in for TLS of @carteiro/memory. Default: no. */
  readonly startTls?: boolean;
  /** Latency and the like. */
  readonly pipe?: Omit<PipeOptions, "clock">;
}

/** A test inbox that clients of Carteiro's reach in memory. For other clients use the one of `@carteiro/testing/node`. */
export async function testServer(options: TestServerOptions = {}): Promise<MemoryInbox> {
  return new MemoryInbox(options);
}

export class MemoryInbox extends Inbox {
  readonly #clock: Clock;
  readonly #pipe: Omit<PipeOptions, "clock">;
  readonly #clientOptions: ClientOptions;

  constructor({ clock = systemClock, startTls = false, pipe: pipeOptions = {}, ...options }: TestServerOptions) {
    super(options, { clock, startTls });
    this.#clock = clock;
    this.#pipe = pipeOptions;
    this.#clientOptions = { allowAuthInClear: true, ...(!startTls && { startTls: "never" }) };
  }

  /**
   * Opens a client's session, which logs in without TLS, too, unless the options say otherwise. Rejects as `openClient` does, and
   * with `ECONNREFUSED` where the inbox is closed.
   */
  async connect(options: ClientOptions = {}): Promise<SmtpClient> {
    return openClient(this.transport(), { ...this.#clientOptions, ...options }, this.#clock);
  }

  /**
   * The client's end of a new connection: for `openClient`, for a pool's `connect`, for a peer of the test's own. Throws
   * `ECONNREFUSED`, as a socket has it, where the inbox is closed.
   */
  transport(): Transport {
    if (this.isClosed) throw Object.assign(new Error("The inbox is closed: nobody listens"), { code: "ECONNREFUSED" });
    const [client, server] = pipe({ ...this.#pipe, clock: this.#clock });
    void this.server.accept(server);
    return client;
  }
}
