// What an application authenticates its client with: a password, a token or where to get one, a certificate, or nothing.

import type { ClientCredentials, ClientEvent, OAuthError } from "@carteiro/core";

/**
 * Brings an access token, when the server is there and wants it. Called once more where the server refused the one
 * brought before: `refused` says why, so that a fresh one can be got; its `status` is the reply's code where the server
 * gave no reasons. To throw ends the session, and rejects its opening.
 */
export type TokenSource = (refused?: OAuthError) => string | Promise<string>;

/** By the strongest mechanism that the server offers for it, and never in the clear unless `allowAuthInClear` is set. */
export type Authentication =
  /** SCRAM, PLAIN or LOGIN; CRAM-MD5 where `mechanisms` names it. `onBehalfOf`: another identity to act for. */
  | { readonly user: string; readonly password: string; readonly onBehalfOf?: string }
  /**
   * OAUTHBEARER or XOAUTH2, with an access token (RFC 6750). `host` and `port`: the server as the token's issuer knows it
   * (RFC 7628 §3.1).
   */
  | { readonly user: string; readonly token: string | TokenSource; readonly host?: string; readonly port?: number }
  /** EXTERNAL: by the client's certificate. */
  | { readonly external: true; readonly onBehalfOf?: string }
  /** ANONYMOUS: an address or a word that the server may log, perhaps empty. */
  | { readonly anonymous: string };

type ByToken = Extract<Authentication, { readonly token: unknown }>;
type Wanted = Extract<ClientEvent, { type: "credentialsWanted" }>;

/** What the session is given; `onDemand` where it has to ask. Throws `TypeError` for what is of no known kind. */
export function sessionCredentials(auth: Authentication): ClientCredentials | "onDemand" {
  if (typeof auth !== "object" || auth === null) throw ofNoKind();
  if ("password" in auth) return { user: auth.user, password: auth.password, ...onBehalf(auth) };
  if ("token" in auth) return typeof auth.token === "string" ? tokenCredentials(auth, auth.token) : "onDemand";
  if ("external" in auth) return { external: true, ...onBehalf(auth) };
  if ("anonymous" in auth) return { anonymous: true, trace: auth.anonymous };
  throw ofNoKind();
}

function ofNoKind(): TypeError {
  return new TypeError("auth: give it a password, a token, external: true, or anonymous");
}

/** What the session has asked for. Rejects with what the source throws. */
export async function wantedCredentials(
  auth: Authentication | undefined,
  { refused, reply }: Wanted,
): Promise<ClientCredentials> {
  if (auth === undefined || !("token" in auth)) throw new TypeError("auth: it brings nothing on demand");
  const { token } = auth;
  if (typeof token === "string") return tokenCredentials(auth, token);
  const why = refused ?? (reply && { status: String(reply.code) });
  return tokenCredentials(auth, await (why === undefined ? token() : token(why)));
}

function tokenCredentials({ user, host, port }: ByToken, token: string): ClientCredentials {
  return { user, token, ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}

function onBehalf({ onBehalfOf }: { readonly onBehalfOf?: string }): { readonly authorizationIdentity?: string } {
  return onBehalfOf === undefined ? {} : { authorizationIdentity: onBehalfOf };
}
