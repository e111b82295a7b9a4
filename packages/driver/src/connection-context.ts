// What a connection of a server is given: by the adapter, and by the server that it belongs to.

import type { ServerProfile, ServerSessionOptions } from "@carteiro/core";
import type { CheckGate } from "./check-gate.ts";
import type { CommandHandler } from "./commands.ts";
import type { CredentialsDesk } from "./credentials.ts";
import type { Disconnect } from "./decisions.ts";
import type { DriveOptions } from "./drive-options.ts";
import type { Emitter } from "./emitter.ts";
import type { RateGuard } from "./rate-guard.ts";
import type { Resolver } from "./resolver.ts";
import type { ServerEvents, ServerOptions } from "./server-options.ts";

/** What an adapter knows of a connection besides its transport. */
export interface ConnectionOrigin {
  /** Whether a PROXY header comes first. Only for connections from proxies: anybody could claim any address by it. */
  readonly proxied?: boolean;
  /** Whether TLS begins behind that header, before the greeting. Where there is no header, the transport has begun it already. */
  readonly implicitTls?: boolean;
  /** `false`: this transport cannot `startTls`, though others of the server can. STARTTLS is not announced to it. */
  readonly startTls?: boolean;
}

/** What is a connection's own. */
export interface Admission {
  readonly origin: ConnectionOrigin;
  /** Said instead of asking `onConnection`, where the server takes no more connections. */
  readonly refusal: Disconnect | undefined;
  readonly profile: ServerProfile;
  /** Takes the place of a client that a proxy has named; gives the refusal where there is none left. */
  settle(address: string | undefined): Disconnect | undefined;
  /** The connection is closed. */
  over(): void;
}

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly options: ServerOptions;
  readonly commands: ReadonlyMap<string, CommandHandler>;
  /** Whether a client from there may say who others are. */
  readonly isTrusted: (address: string | undefined) => boolean;
  /** What the sessions are told by the server's options. */
  readonly sessionOptions: ServerSessionOptions;
  readonly events: Emitter<ServerEvents>;
  readonly driving: DriveOptions;
  readonly rates: RateGuard;
  readonly checks: CheckGate;
  readonly resolver: Resolver | undefined;
  readonly credentials: CredentialsDesk;
}
