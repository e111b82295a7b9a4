// All mechanisms, both sides, in the order of their strength.

import { anonymousClient, anonymousServer } from "./anonymous.ts";
import { cramMd5Client, cramMd5Server } from "./cram-md5.ts";
import { externalClient, externalServer } from "./external.ts";
import { loginClient, loginServer } from "./login.ts";
import type { ClientMechanism, MechanismTraits, ScramHash, ServerMechanism } from "./mechanism.ts";
import { oauthBearerClient, oauthBearerServer, xoauth2Client, xoauth2Server } from "./oauth.ts";
import { plainClient, plainServer } from "./plain.ts";
import { scramClient } from "./scram-client.ts";
import { defaultIterations } from "./scram-keys.ts";
import { scramServer } from "./scram-server.ts";

export type MechanismName =
  | `SCRAM-${ScramHash}`
  | `SCRAM-${ScramHash}-PLUS`
  | "EXTERNAL"
  | "OAUTHBEARER"
  | "XOAUTH2"
  | "CRAM-MD5"
  | "PLAIN"
  | "LOGIN"
  | "ANONYMOUS";

/**
 * The strongest first. Bound to the connection comes before a better hash: it alone withstands somebody in between who
 * holds a certificate. What shows nothing that is worth stealing comes before tokens, which expire, and these before
 * passwords; CRAM-MD5 hides its password a little, and PLAIN says what LOGIN says in one step.
 */
export const strengthOrder: readonly MechanismName[] = [
  "EXTERNAL",
  "SCRAM-SHA-512-PLUS",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
  "SCRAM-SHA-512",
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "OAUTHBEARER",
  "XOAUTH2",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
  "ANONYMOUS",
];

export interface ConnectionQuality {
  /** Whether passwords and tokens may pass in the clear: under TLS, or where the user takes the risk. */
  readonly secure: boolean;
  /** Whether the connection's channel bindings are known. */
  readonly channelBinding: boolean;
}

/**
 * The strongest mechanism that is offered, available and fit for the connection; `undefined`: there is none.
 * `offered`: names as the server gave them, in either case. An available one that `strengthOrder` does not name is the
 * application's own, and goes before all others.
 */
export function strongest<Mechanism extends MechanismTraits>(
  offered: readonly string[],
  available: readonly Mechanism[],
  { secure, channelBinding }: ConnectionQuality,
): Mechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  return available
    .filter(
      ({ name, clear, channelBound }) => names.has(name) && (secure || !clear) && (channelBinding || !channelBound),
    )
    .toSorted((first, second) => rank(first.name) - rank(second.name))
    .at(0);
}

function rank(name: string): number {
  return strengthOrder.findIndex((known) => known === name);
}

/** Mechanisms of a client, by name. */
export const clientMechanisms: Readonly<Record<MechanismName, ClientMechanism>> = {
  EXTERNAL: externalClient,
  "SCRAM-SHA-512-PLUS": scramClient("SHA-512", true),
  "SCRAM-SHA-256-PLUS": scramClient("SHA-256", true),
  "SCRAM-SHA-1-PLUS": scramClient("SHA-1", true),
  "SCRAM-SHA-512": scramClient("SHA-512", false),
  "SCRAM-SHA-256": scramClient("SHA-256", false),
  "SCRAM-SHA-1": scramClient("SHA-1", false),
  OAUTHBEARER: oauthBearerClient,
  XOAUTH2: xoauth2Client,
  "CRAM-MD5": cramMd5Client,
  PLAIN: plainClient,
  LOGIN: loginClient,
  ANONYMOUS: anonymousClient,
};

/** What a client may use unless told otherwise, the strongest first: all but CRAM-MD5. */
export const defaultClientMechanisms: readonly ClientMechanism[] = strengthOrder
  .filter((name) => name !== "CRAM-MD5")
  .map((name) => clientMechanisms[name]);

export interface ServerMechanismOptions {
  /** The server's own name, for the challenges of CRAM-MD5. */
  readonly hostname: string;
  /** Secret octets for SCRAM's answers to unknown users, 32 or more. Kept over restarts, those answers stay the same. */
  readonly secret: Uint8Array;
  /** Iterations that SCRAM's unknown users seem to have. Default: `defaultIterations`. */
  readonly iterations?: number;
}

const shortestSecret = 32;

/**
 * Mechanisms of a server, by name, each for any number of exchanges. Which of them it offers is for it to choose. Throws
 * `RangeError` for a secret that is too short.
 */
export function serverMechanisms(options: ServerMechanismOptions): Readonly<Record<MechanismName, ServerMechanism>> {
  const { hostname, secret, iterations = defaultIterations } = options;
  if (secret.length < shortestSecret) throw new RangeError(`secret: fewer than ${shortestSecret} octets`);
  const scram = (hash: ScramHash, channelBound: boolean) => scramServer(hash, channelBound, { secret, iterations });
  return {
    EXTERNAL: externalServer,
    "SCRAM-SHA-512-PLUS": scram("SHA-512", true),
    "SCRAM-SHA-256-PLUS": scram("SHA-256", true),
    "SCRAM-SHA-1-PLUS": scram("SHA-1", true),
    "SCRAM-SHA-512": scram("SHA-512", false),
    "SCRAM-SHA-256": scram("SHA-256", false),
    "SCRAM-SHA-1": scram("SHA-1", false),
    OAUTHBEARER: oauthBearerServer,
    XOAUTH2: xoauth2Server,
    "CRAM-MD5": cramMd5Server(hostname),
    PLAIN: plainServer,
    LOGIN: loginServer,
    ANONYMOUS: anonymousServer,
  };
}
