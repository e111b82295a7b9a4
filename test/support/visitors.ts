// Clients over memory of one server, from whatever addresses, under a virtual clock.

import { SmtpServer, type ServerOptions } from "@carteiro/driver";
import { pipe, VirtualClock } from "@carteiro/memory";
import { Promised } from "./promised.ts";
import { codesOf } from "./raw-peers.ts";
import { latin1, octetsOf } from "./session-harness.ts";
import { noDelays } from "./no-delays.ts";

/** A client over memory that reads all it is told. */
export class Visitor {
  heard = "";
  ended = false;
  readonly #transport;

  constructor(visit: Visit, address: string | undefined) {
    const addresses = { client: address === undefined ? {} : { address, port: 1_025 } };
    const [client, server] = pipe({ clock: visit.clock, addresses });
    this.#transport = new Promised(client);
    void visit.server.accept(server);
    void this.#listen();
  }

  /** Codes of all replies heard. */
  get codes(): number[] {
    return codesOf(this.heard);
  }

  say(text: string): void {
    void Promise.resolve(this.#transport.write(octetsOf(text))).catch(() => undefined);
  }

  leave(): void {
    this.#transport.destroy();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const bytes = await this.#transport.read().catch(() => undefined);
      if (bytes === undefined) break;
      this.heard += latin1(bytes);
    }
    this.ended = true;
  }
}

/** A server, and the clients that come to it. */
export class Visit {
  readonly clock = new VirtualClock();
  readonly server: SmtpServer;

  constructor(options: Omit<ServerOptions, "hostname"> = {}) {
    const timeouts = { ...noDelays, ...options.timeouts };
    const whole = { hostname: "mx.example.org", ...options, timeouts };
    this.server = new SmtpServer(whole, { clock: this.clock, startTls: false });
  }

  async come(...addresses: readonly (string | undefined)[]): Promise<Visitor[]> {
    const visitors = addresses.map((address) => new Visitor(this, address));
    await this.clock.advance(0);
    return visitors;
  }
}

/** The same address so many times. */
export function many(count: number, address: string | undefined): (string | undefined)[] {
  return Array.from({ length: count }, () => address);
}

/** So many addresses. */
export function distinct(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
}

/** The code of the first reply that each has heard; 0 for none. */
export function codes(visitors: readonly Visitor[]): number[] {
  return visitors.map((visitor) => visitor.codes[0] ?? 0);
}
