// What a connection of a server is given: by the adapter, and by the server that it belongs to.

import type { ServerOrigin, ServerProfile } from "@carteiro/core";
import type { CheckGate } from "./check-gate.ts";
import type { Clock } from "./clock.ts";
import type { CommandHandler } from "./commands.ts";
import type { Compute } from "./compute.ts";
import type { CredentialsDesk } from "./credentials.ts";
import type { Disconnect } from "./decisions.ts";
import type { Emitter } from "./emitter.ts";
import type { RateGuard } from "./rate-guard.ts";
import type { Resolver } from "./resolver.ts";
import type { ServerEvents, ServerOptions } from "./server-options.ts";
import type { SessionBeginning, Witness } from "./witness.ts";

/** What an adapter knows of a connection besides its transport. */
export interface ConnectionOrigin {
  /** Whether a PROXY header comes first. Only for connections from proxies: anybody could claim any address by it. */
  readonly proxied?: boolean;
  /** Whether TLS begins behind that header, before the greeting. Where there is no header, the transport has begun it already. */
  readonly implicitTls?: boolean;
  /** `false`: this transport cannot `startTls`, though others of the server can. STARTTLS is not announced to it. */
  readonly startTls?: boolean;
}

export interface ConnectionContext {
  readonly options: ServerOptions;
  readonly commands: ReadonlyMap<string, CommandHandler>;
  /** Whether a client from there may say who others are. */
  readonly isTrusted: (address: string | undefined) => boolean;
  /** Said instead of asking `onConnection`, where the server takes no more connections. */
  readonly refusal: Disconnect | undefined;
  readonly origin: ConnectionOrigin;
  /** Takes the place of a client that a proxy has named; gives the refusal where there is none left. */
  readonly settle: (address: string | undefined) => Disconnect | undefined;
  readonly profile: ServerProfile;
  readonly witness: (
    session: Pick<SessionBeginning, "now" | "state"> & { readonly origin: ServerOrigin },
  ) => Witness | undefined;
  readonly events: Emitter<ServerEvents>;
  readonly clock: Clock;
  readonly rates: RateGuard;
  readonly checks: CheckGate;
  readonly resolver: Resolver | undefined;
  readonly credentials: CredentialsDesk;
  readonly compute: Compute;
}
