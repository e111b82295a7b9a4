// What a SASL mechanism is to a session (RFC 4422): pure steps, on either side. A step says what comes next: something
// for the peer, for the driver to compute, for the application to answer, or the end. Base64 is the session's matter.

import type { ClientCredentials } from "./credentials.ts";
import type { Computing } from "./crypto-operation.ts";
import type { OAuthError } from "./oauth-error.ts";

// Both sides.

/** Ways to bind SCRAM to TLS (RFC 9266, RFC 5929 §4). `tls-unique` is not spoken: TLS 1.3 has none, and below it was broken. */
export type ChannelBindingType = "tls-exporter" | "tls-server-end-point";

/** The data of each way that the runtime can tell of a connection. */
export type ChannelBindings = Readonly<Partial<Record<ChannelBindingType, Uint8Array>>>;

/** What is known of the connection on which an exchange takes place. */
export interface Circumstances {
  /** None without TLS, or where the runtime cannot tell. */
  readonly channelBindings?: ChannelBindings | undefined;
  /** Whether the server offers a -PLUS mechanism on this connection. Default: no. */
  readonly plusOffered?: boolean;
}

/** What decides whether a mechanism can be used on a connection. */
export interface MechanismTraits {
  /** As AUTH and the EHLO keyword name it, upper case. */
  readonly name: string;
  /** Whether a password or a token passes in the clear, so that the mechanism needs TLS. */
  readonly clear: boolean;
  /** Whether it binds itself to the TLS connection (-PLUS), so that it needs channel bindings. */
  readonly channelBound: boolean;
}

// The server's side.

/** Who the client is, as a mechanism found out. */
export interface Identity {
  /** Name of the SASL mechanism, upper case. */
  readonly mechanism: string;
  /** On whose behalf, where the client asked for another identity than `user` (RFC 4422 §2). */
  readonly authorizationIdentity?: string;
  readonly user: string;
}

/** Credentials that a mechanism brought to a server. Never written into a trace. */
export interface Credentials extends Identity {
  readonly password: string;
}

export type ScramHash = "SHA-1" | "SHA-256" | "SHA-512";

/** What a server keeps of a password for SCRAM with one hash (RFC 5802 §3). It does not let anybody log in elsewhere. */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** A question to the application in the midst of an exchange, to be answered through `answered`. */
export type ServerQuestion =
  /** SCRAM: the user's keys for this hash. Answer: `keysFound`, `denied` where the user must not act for the other identity. */
  | {
      readonly type: "keysWanted";
      readonly mechanism: string;
      readonly hash: ScramHash;
      /** Prepared by SASLprep (RFC 4013). */
      readonly user: string;
      readonly authorizationIdentity?: string;
    }
  /** CRAM-MD5: the user's password itself. Answer: `secretFound`. */
  | { readonly type: "secretWanted"; readonly mechanism: string; readonly user: string }
  /** XOAUTH2, OAUTHBEARER: is the token good, for this user where one is named? Answer: `tokenChecked`. */
  | {
      readonly type: "tokenReceived";
      readonly mechanism: string;
      readonly user?: string;
      /** Never written into a trace. */
      readonly token: string;
      /** The server that the client believes to talk to (OAUTHBEARER). */
      readonly host?: string;
      readonly port?: number;
    }
  /** EXTERNAL: who is it by the client certificate, and may it be who it asks to be? Answer: `identityDecided`. */
  | { readonly type: "externalReceived"; readonly mechanism: string; readonly authorizationIdentity?: string }
  /** ANONYMOUS, with what the client says of itself, perhaps nothing. Answer: `identityDecided`. */
  | { readonly type: "anonymousReceived"; readonly mechanism: string; readonly trace: string };

export type ServerAnswer =
  /**
   * `undefined`: no such user; `denied`: this one may not, right password or not. The exchange goes on as with any other
   * user, and fails at its end.
   */
  | { readonly type: "keysFound"; readonly keys: ScramKeys | undefined; readonly denied?: boolean }
  | { readonly type: "secretFound"; readonly secret: string | undefined }
  /** `user`: whom the token authenticates; `undefined`: it is not good, and the client is told `error`. */
  | { readonly type: "tokenChecked"; readonly user: string | undefined; readonly error?: OAuthError }
  /** `undefined`: refused. */
  | { readonly type: "identityDecided"; readonly user: string | undefined };

/**
 * Why an exchange failed: `credentials`: the proof or the token is wrong, or there is no such user (535 5.7.8);
 * `channelBinding`: the client is on another TLS connection than the server, or somebody tampered with what was
 * offered (535 5.7.8); `unavailable`: what must be computed cannot be (454 4.7.0).
 */
export type ServerFailureReason = "credentials" | "channelBinding" | "unavailable";

/** Something is awaited: in this order, the client's response, the driver's result, the application's answer. */
export type ServerWait = { readonly type: "challenged"; readonly challenge: Uint8Array } | Computing | ServerQuestion;

export type ServerEnd =
  /** The application is to check the password. */
  | { readonly type: "identified"; readonly credentials: Credentials }
  /** The client has proven who it is: 235. */
  | { readonly type: "verified"; readonly identity: Identity }
  /** `user`: whom the client claimed to be. */
  | { readonly type: "failed"; readonly reason: ServerFailureReason; readonly user?: string }
  /** What the client sent is no message of the mechanism: 501 5.5.2; `unasked`: it is a response before any challenge, 501 5.7.0. */
  | { readonly type: "garbled"; readonly unasked?: boolean };

export type ServerStep = ServerWait | ServerEnd;

/** An exchange under way. A call that does not fit what is awaited ends it as `garbled`. */
export interface ServerExchange {
  /** Takes the client's response; `undefined` at the start, when AUTH brought no initial response. */
  step(response: Uint8Array | undefined): ServerStep;
  /** Takes the result of the operation that is awaited; `undefined`: it could not be carried out. */
  computed(result: Uint8Array | undefined): ServerStep;
  /** Takes the application's answer. */
  answered(answer: ServerAnswer): ServerStep;
}

export interface ServerMechanism extends MechanismTraits {
  start(circumstances: Circumstances): ServerExchange;
}

// The client's side.

/** Bounds on the iterations that a server may demand of SCRAM: too few give the password away, too many stop the client. */
export interface IterationBounds {
  readonly minimum: number;
  readonly maximum: number;
}

export interface ClientCircumstances extends Circumstances {
  /** Default: `defaultIterationBounds`. */
  readonly iterations?: IterationBounds | undefined;
}

/**
 * Why a client gives up: `credentials`: they are not of the mechanism's kind, or it cannot carry them; `channelBinding`:
 * there is none; `challenge`: it makes no sense; `nonce`: it is not made from ours; `iterations`: out of bounds;
 * `refused`: the server says that it failed; `serverSignature`: the server does not know the password, and is somebody
 * else; `unavailable`: what must be computed cannot be.
 */
export type ClientFailureReason =
  | "credentials"
  | "channelBinding"
  | "challenge"
  | "nonce"
  | "iterations"
  | "refused"
  | "serverSignature"
  | "unavailable";

export interface ClientResponse {
  readonly type: "responded";
  readonly response: Uint8Array;
  /** Whether a 235 may be believed from here on. Before, success is a failure: the server has proven nothing. */
  readonly done: boolean;
  /** The server has refused the token and said why; what follows this response is its 535. */
  readonly error?: OAuthError;
}

/** `silent`, at the beginning alone: AUTH goes without an initial response. */
export type ClientWait = ClientResponse | Computing | { readonly type: "silent" };

export type ClientEnd =
  | ClientResponse
  /** Cancel with `*`, or, at the beginning, do not send AUTH. */
  | { readonly type: "failed"; readonly reason: ClientFailureReason; readonly detail?: string };

export type ClientStep = ClientWait | ClientEnd;

/** An exchange under way. A call that does not fit what is awaited fails it. */
export interface ClientExchange {
  /** Once, first of all. A `responded` is the initial response, which may also go as the answer to an empty challenge. */
  begin(): ClientStep;
  /** Takes a challenge. */
  respond(challenge: Uint8Array): ClientStep;
  /** Takes the result of the operation that is awaited; `undefined`: it could not be carried out. */
  computed(result: Uint8Array | undefined): ClientStep;
}

export interface ClientMechanism extends MechanismTraits {
  /** Whether the server has to prove itself, too: one that does not is not trusted. Default: no. */
  readonly mutual?: boolean;
  /** Whether the credentials are of the kind that this mechanism uses. */
  takes(credentials: ClientCredentials): boolean;
  start(credentials: ClientCredentials, circumstances: ClientCircumstances): ClientExchange;
}
