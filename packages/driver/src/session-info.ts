// What handlers see of a connection: a view that stays up to date, and shows no more than that.

import type { SessionInfo } from "./server-options.ts";
import type { Transport } from "./transport.ts";

/** What of a session changes. */
type Changing = Omit<SessionInfo, "id" | "remote" | "local">;

export function describeSession(id: string, { remote, local }: Transport, connection: Changing): SessionInfo {
  return {
    id,
    remote,
    local,
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
