// What handlers see of a connection: a view that stays up to date, and shows no more than that.

import type { SessionInfo } from "./server-options.ts";

/** What of a session changes. */
type Changing = Omit<SessionInfo, "id">;

export function describeSession(id: string, connection: Changing): SessionInfo {
  return {
    id,
    get remote() {
      return connection.remote;
    },
    get local() {
      return connection.local;
    },
    get assumed() {
      return connection.assumed;
    },
    get hello() {
      return connection.hello;
    },
    get tls() {
      return connection.tls;
    },
    get identity() {
      return connection.identity;
    },
    get state() {
      return connection.state;
    },
    get facts() {
      return connection.facts;
    },
  };
}
