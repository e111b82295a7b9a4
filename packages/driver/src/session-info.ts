// What handlers see of a connection: a view that stays up to date, and shows no more than that.

import type { KnownClient } from "./known-client.ts";
import type { SessionInfo } from "./server-options.ts";

export function describeSession(
  id: string,
  client: KnownClient,
  connection: Pick<SessionInfo, "state" | "facts">,
): SessionInfo {
  return {
    id,
    get remote() {
      return client.remote;
    },
    get local() {
      return client.local;
    },
    get proxy() {
      return client.proxy;
    },
    get assumed() {
      return client.assumed;
    },
    get hello() {
      return client.hello;
    },
    get tls() {
      return client.tls;
    },
    get identity() {
      return client.identity;
    },
    get state() {
      return connection.state;
    },
    get facts() {
      return connection.facts;
    },
  };
}
