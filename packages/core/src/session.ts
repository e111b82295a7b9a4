// The contract between a session and whoever drives it: everything an adapter needs, on one screen.
// A session is pure: what happened goes in as an Input or an Intent, what to do comes out of poll().

import type { CryptoOperation } from "./sasl/crypto-operation.ts";
import type { ChannelBindings } from "./sasl/mechanism.ts";

/** Monotonic milliseconds, handed in by the driver. The core reads no clock. */
export type Instant = number;

/** What the transport knows of a TLS connection; plain data, so that a session can be recorded. */
export interface TlsInfo {
  /** Protocol version as the runtime names it, for example `TLSv1.3`. */
  readonly protocol?: string;
  /** Cipher suite as the runtime names it. */
  readonly cipher?: string;
  /** Name the client asked for (SNI). */
  readonly serverName?: string;
  /** Whether the peer's certificate was verified against the trusted authorities. */
  readonly authorized?: boolean;
  /** What SCRAM can be bound to on this connection (RFC 9266, RFC 5929 §4); none where the runtime cannot tell. */
  readonly channelBindings?: ChannelBindings;
  /** The certificate that the client has shown, verified or not (`authorized` says); servers only. */
  readonly clientCertificate?: ClientCertificate;
}

/** What is known of a client's certificate. */
export interface ClientCertificate {
  /** Names of the subject, a line each, as `CN=smith`. */
  readonly subject: string;
  /** Its alternative names, as `DNS:mail.example.org` or `email:smith@example.org`. */
  readonly names: readonly string[];
  /** SHA-256 of the whole, in 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  /** The whole, in DER. */
  readonly octets: Uint8Array;
}

/**
 * What happened in the world. Past participles.
 * - `received`: an array that changes no more; or, where it is `lent`, not before the session is idle. Octets that events tell of are
 *   views of it: of lent ones, whoever keeps them makes a copy. The session itself keeps nothing of them then.
 * - `ended`: the peer sends no more; it may still read.
 * - `broken`: the connection is gone, both ways.
 * - `computed`: what the effect `compute` of that number asked for; no result: it cannot be had.
 * - `paused`: the driver reads no more, since the application does not keep up with events; `resumed`: it reads again. A server
 *   counts the time between to its application. A driver that never says so has it counted to the peer.
 */
export type Input =
  | { readonly type: "received"; readonly bytes: Uint8Array; readonly lent?: boolean }
  | { readonly type: "ended" }
  | { readonly type: "broken" }
  | { readonly type: "secured"; readonly tls: TlsInfo }
  | { readonly type: "computed"; readonly computation: number; readonly result?: Uint8Array | undefined }
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  | { readonly type: "elapsed" };

/**
 * What the driver must do. Imperatives. Effects are carried out in the order in which they are polled.
 * - `startTls`: `unread` are octets that have come already and belong to the handshake, as behind a PROXY header.
 * - `compute`: hash, HMAC, PBKDF2 or randomness, to be answered by `computed` with the same number, whenever it is done.
 */
export type Effect =
  | { readonly type: "write"; readonly bytes: Uint8Array }
  | { readonly type: "startTls"; readonly unread?: Uint8Array }
  | { readonly type: "compute"; readonly computation: number; readonly operation: CryptoOperation }
  | { readonly type: "close" };

/**
 * What an idle session waits for:
 * - `input`: bytes from the peer. Read on.
 * - `intent`: the application's word (or `secured` after `startTls`, `computed` after `compute`, or time). Read no more
 *   until it came, so that back-pressure costs nothing.
 * - `either`: the application may speak, and the peer is listened to meanwhile.
 * - `nothing`: it is over. `close` has been polled; nothing more will come.
 */
export type Wants = "input" | "intent" | "either" | "nothing";

export type Output<Event> =
  | { readonly kind: "effect"; readonly effect: Effect }
  | { readonly kind: "event"; readonly event: Event }
  | {
      readonly kind: "idle";
      readonly wants: Wants;
      /** When to call `handle({ type: "elapsed" }, now)`; `undefined`: no time matters. */
      readonly deadline: Instant | undefined;
    };

export interface Session<Intent, Event> {
  /** Takes in what happened. Whatever the peer does becomes output: this never throws. */
  handle(input: Input, now: Instant): void;
  /** Takes in what the application wants. Throws `LocalProtocolError` where that is not possible now. */
  submit(intent: Intent, now: Instant): void;
  /** The next thing to do or to know. After either call above, drain it until `idle`. */
  poll(): Output<Event>;
}

/** The application asked a session for something that it cannot do in its present state: a mistake of the caller's. */
export class LocalProtocolError extends Error {
  override readonly name = "LocalProtocolError";
}
