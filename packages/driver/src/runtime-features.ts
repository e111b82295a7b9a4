// What the transports of a runtime can do, as its adapter tells it: what cannot be kept is neither announced by a server nor
// promised by a client.

import type { ClientOptions } from "./client-options.ts";

export interface RuntimeFeatures {
  /** Of the adapter: `node`, `deno`, `bun`, `workers`, `web`, `memory`. */
  readonly name: string;
  /** Whether servers can listen by themselves. */
  readonly listens: boolean;
  readonly serverStartTls: boolean;
  readonly serverImplicitTls: boolean;
  readonly clientStartTls: boolean;
  readonly clientImplicitTls: boolean;
  /** Whether a client can go on with a certificate that cannot be verified (opportunistic TLS, RFC 7435). */
  readonly unverifiedTls: boolean;
  /** Whether `TlsInfo` tells `authorized` and `clientCertificate`. */
  readonly peerCertificate: boolean;
  /** What SCRAM can be bound to (RFC 9266, RFC 5929), at best. */
  readonly channelBindings: "tls-exporter" | "tls-server-end-point" | "none";
  /** Whether one side can end while the other goes on. */
  readonly halfClose: boolean;
  /** Whether a reset shows although nobody reads. */
  readonly brokenWhileIdle: boolean;
  readonly unixSockets: boolean;
}

/** What a client is asked to promise about TLS. */
export interface TlsWishes extends Pick<ClientOptions, "startTls" | "auth"> {
  readonly implicitTls?: boolean;
  readonly tls?: { readonly rejectUnauthorized?: boolean };
}

/**
 * The `startTls` that a client is to be opened with where TLS is as these features say. `opportunistic` becomes `never` where
 * there is no STARTTLS; where there is, but no unverified TLS, it stays, and a server whose certificate cannot be verified ends
 * the session. Throws `TypeError` for what the runtime cannot keep: `startTls: "required"`, given or for the sake of
 * `auth`, `implicitTls`, and `rejectUnauthorized: false`.
 */
export function startTlsWith(features: RuntimeFeatures, wishes: TlsWishes): NonNullable<ClientOptions["startTls"]> {
  const { implicitTls = false, auth, startTls = auth === undefined ? "opportunistic" : "required", tls } = wishes;
  if (implicitTls && !features.clientImplicitTls) throw impossible(features, "implicitTls");
  if (tls?.rejectUnauthorized === false && !features.unverifiedTls)
    throw impossible(features, "tls.rejectUnauthorized: false");
  if (implicitTls || features.clientStartTls) return startTls;
  if (startTls === "required") {
    const asked =
      wishes.startTls === undefined ? 'startTls: "required", which auth asks for by default,' : 'startTls: "required"';
    throw impossible(features, asked, '; give startTls: "never", and allowAuthInClear for AUTH by a password');
  }
  return "never";
}

/** What verifying a server's certificate needs to know of where a client goes. */
export interface VerificationWishes extends TlsWishes {
  readonly host?: string;
  readonly path?: string;
  readonly tls?: NonNullable<TlsWishes["tls"]> & { readonly ca?: unknown; readonly serverName?: string };
}

/**
 * What a client's TLS is by default: the name that the certificate must bear, none for a Unix socket; and whether one that cannot be
 * verified ends the connection. That it does not, under `startTls: "opportunistic"`, where TLS with anybody is better than
 * none; but who names authorities or a server means them to be checked. Throws as `startTlsWith` does.
 */
export function verificationWith(
  features: RuntimeFeatures,
  wishes: VerificationWishes,
): { readonly rejectUnauthorized: boolean; readonly serverName?: string } {
  const { host = "localhost", path, implicitTls, tls } = wishes;
  const opportunistic = startTlsWith(features, wishes) === "opportunistic" && implicitTls !== true;
  const anybody = features.unverifiedTls && opportunistic && tls?.ca === undefined && tls?.serverName === undefined;
  return { rejectUnauthorized: !anybody, ...(path === undefined && { serverName: host }) };
}

function impossible({ name }: RuntimeFeatures, option: string, wayOut = ""): TypeError {
  return new TypeError(`${option} cannot be kept here: the transports of @carteiro/${name} cannot do it${wayOut}`);
}
