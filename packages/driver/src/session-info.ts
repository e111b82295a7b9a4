// What handlers see of a connection: a view that stays up to date, and shows no more than that.

import type { ClientFacts } from "./client-facts.ts";
import type { KnownClient } from "./known-client.ts";
import type { SessionInfo } from "./server-options.ts";

/** By accessors of a class: a literal with as many costs each connection a kilobyte. */
export class SessionView implements SessionInfo {
  readonly id: string;
  readonly #client: KnownClient;
  readonly #connection: Pick<SessionInfo, "hello" | "state" | "facts">;

  constructor(id: string, client: KnownClient, connection: Pick<SessionInfo, "hello" | "state" | "facts">) {
    this.id = id;
    this.#client = client;
    this.#connection = connection;
  }

  get remote(): SessionInfo["remote"] {
    return this.#client.remote;
  }

  get local(): SessionInfo["local"] {
    return this.#client.local;
  }

  get proxy(): SessionInfo["proxy"] {
    return this.#client.proxy;
  }

  get assumed(): SessionInfo["assumed"] {
    return this.#client.assumed;
  }

  get hello(): SessionInfo["hello"] {
    return this.#connection.hello;
  }

  get tls(): SessionInfo["tls"] {
    return this.#client.tls;
  }

  get identity(): SessionInfo["identity"] {
    return this.#client.identity;
  }

  get state(): string {
    return this.#connection.state;
  }

  get facts(): ClientFacts {
    return this.#connection.facts;
  }

  /** As it is now, without `facts`, which are not known until they are asked for: for logs. */
  toJSON(): Omit<SessionInfo, "facts"> {
    const { id, remote, local, proxy, assumed, hello, tls, identity, state } = this;
    return { id, remote, local, proxy, assumed, hello, tls, identity, state };
  }

  /** What `console.log` shows in Node, Deno and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON();
  }
}
