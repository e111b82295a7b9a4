// What a client is told, and what its session needs to know of that.

import { oneOf, type ClientSessionOptions } from "@carteiro/core";
import { sessionCredentials, type Authentication } from "./authentication.ts";
import type { Compute } from "./compute.ts";
import type { FindWitness } from "./witness.ts";
import type { WrapTransport } from "./wrapping.ts";

export interface ClientOptions extends Omit<ClientSessionOptions, "hostname" | "credentials" | "trace" | "tls"> {
  /** This host's own name for EHLO. Default: `localhost`. */
  readonly hostname?: string;
  /** What to authenticate with: a password, a token or where to get one, a certificate, or nothing. */
  readonly auth?: Authentication;
  /** STARTTLS: default `required` where `auth` is given, else `opportunistic`. */
  readonly startTls?: "required" | "opportunistic" | "never";
  /** Called with each line of the dialogue; secrets are replaced by `*`. To throw ends the session. */
  readonly onTrace?: (line: {
    readonly from: "client" | "server";
    readonly line: string;
    readonly state: string;
  }) => void;
  /** What computes for SASL mechanisms. Default: WebCrypto, which knows no MD5, or the adapter's. */
  readonly compute?: Compute;
  /** Sees all that goes into the session and comes out of it, as `record` of @carteiro/testing does. Default: nobody. */
  readonly witness?: FindWitness;
  /** Stands between the session and its transport, as `faults` of @carteiro/testing does. Default: nobody. */
  readonly wrapTransport?: WrapTransport;
  /** Aborts the opening of the session. */
  readonly signal?: AbortSignal;
}

/** Throws `TypeError` for credentials that are none, `InvalidValueError` for a `startTls` that is none. */
export function sessionOptions({
  hostname = "localhost",
  auth,
  startTls,
  onTrace,
  compute: _,
  witness: __,
  wrapTransport: ___,
  signal: ____,
  ...rest
}: ClientOptions): ClientSessionOptions {
  return {
    ...rest,
    hostname,
    trace: onTrace !== undefined,
    // Said in any case: adapters' options have a `tls` of another meaning, which must not take its place.
    tls: oneOf(
      "startTls",
      startTls,
      ["required", "opportunistic", "never"],
      auth === undefined ? "opportunistic" : "required",
    ),
    ...(auth !== undefined && { credentials: sessionCredentials(auth) }),
  };
}
