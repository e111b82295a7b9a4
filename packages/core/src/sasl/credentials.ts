// What a client authenticates with. The kind of the credentials decides which mechanisms can use them.

/** For SCRAM, PLAIN, LOGIN and CRAM-MD5. */
export interface PasswordCredentials {
  readonly user: string;
  readonly password: string;
  /** On whose behalf, where that is somebody other than `user`. LOGIN and CRAM-MD5 cannot say it. */
  readonly authorizationIdentity?: string;
}

/** For OAUTHBEARER and XOAUTH2. */
export interface TokenCredentials {
  /** Whose mail it is; in most services an address. */
  readonly user: string;
  /** An access token of type Bearer (RFC 6750), fresh enough. */
  readonly token: string;
  /** The server by name and port, as the client believes to talk to it (RFC 7628 §3.1). */
  readonly host?: string;
  readonly port?: number;
}

/** For EXTERNAL: the client certificate says who it is. */
export interface ExternalCredentials {
  readonly external: true;
  readonly authorizationIdentity?: string;
}

/** For ANONYMOUS. */
export interface AnonymousCredentials {
  readonly anonymous: true;
  /** An address or a word that the server may log (RFC 4505). */
  readonly trace?: string;
}

export type ClientCredentials = PasswordCredentials | TokenCredentials | ExternalCredentials | AnonymousCredentials;

export function isPassword(credentials: ClientCredentials): credentials is PasswordCredentials {
  return "password" in credentials;
}

/** For mechanisms that have no place for another identity to act for. */
export function isOwnPassword(credentials: ClientCredentials): credentials is PasswordCredentials {
  return isPassword(credentials) && credentials.authorizationIdentity === undefined;
}

export function isToken(credentials: ClientCredentials): credentials is TokenCredentials {
  return "token" in credentials;
}

export function isExternal(credentials: ClientCredentials): credentials is ExternalCredentials {
  return "external" in credentials;
}

export function isAnonymous(credentials: ClientCredentials): credentials is AnonymousCredentials {
  return "anonymous" in credentials;
}

/** As whom the client acts once they were accepted; empty with a certificate that says so itself, and when anonymous. */
export function identityOf(credentials: ClientCredentials): string {
  if (isAnonymous(credentials)) return "";
  if (isToken(credentials)) return credentials.user;
  return credentials.authorizationIdentity ?? (isPassword(credentials) ? credentials.user : "");
}
