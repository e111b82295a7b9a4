// What a SASL mechanism is to a session (RFC 4422): pure steps, on either side. Base64 is the session's matter.

/** Credentials that a mechanism brought to a server. Never written into a trace. */
export interface Credentials {
  /** Name of the SASL mechanism, upper case. */
  readonly mechanism: string;
  /** On whose behalf, where the client asked for another identity than `user` (RFC 4616 §2). */
  readonly authorizationIdentity?: string;
  readonly user: string;
  readonly password: string;
}

export type ServerStep =
  | { readonly type: "challenged"; readonly challenge: Uint8Array }
  | { readonly type: "identified"; readonly credentials: Credentials }
  | { readonly type: "garbled" };

export interface ServerExchange {
  /** Takes the client's response; `undefined` at the start, when AUTH brought no initial response. */
  step(response: Uint8Array | undefined): ServerStep;
}

export interface ServerMechanism {
  readonly name: string;
  /** Whether the password passes in the clear, so that the mechanism needs TLS. */
  readonly clear: boolean;
  start(): ServerExchange;
}

/** What a client authenticates with. */
export interface ClientCredentials {
  readonly user: string;
  readonly password: string;
  readonly authorizationIdentity?: string;
}

export interface ClientExchange {
  /** The initial response, for mechanisms in which the client speaks first. */
  readonly initial: Uint8Array | undefined;
  /** Answers a challenge; `undefined`: it makes no sense, so cancel. */
  respond(challenge: Uint8Array): Uint8Array | undefined;
}

export interface ClientMechanism {
  readonly name: string;
  readonly clear: boolean;
  /** Whether it can carry an authorization identity. */
  readonly actsForOthers: boolean;
  start(credentials: ClientCredentials): ClientExchange;
}
