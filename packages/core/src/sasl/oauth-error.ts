// Why a server refuses a token: the JSON object that XOAUTH2 and OAUTHBEARER (RFC 7628 §3.2.2) send as a challenge.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";

export interface OAuthError {
  /** `invalid_token`, `insufficient_scope`, … of RFC 6750 §3.1; with XOAUTH2 an HTTP status, `401`. */
  readonly status: string;
  /** The scope that a token must have. */
  readonly scope?: string;
  /** Where the OpenID configuration can be read, with the place to get a token from. */
  readonly openidConfiguration?: string;
  /** Kinds of token that the server takes (XOAUTH2). */
  readonly schemes?: string;
}

/** The error as a challenge. */
export function formatOAuthError(error: OAuthError): Uint8Array {
  const { status, scope, openidConfiguration, schemes } = error;
  return encodeUtf8(JSON.stringify({ status, schemes, scope, "openid-configuration": openidConfiguration }));
}

/** The error that a challenge holds, or `undefined` where it is no JSON object with a status. */
export function parseOAuthError(challenge: Uint8Array): OAuthError | undefined {
  const text = decodeUtf8(challenge);
  const members = text === undefined ? undefined : parseObject(text);
  if (members === undefined) return undefined;
  const textOf = (name: string) => (typeof members[name] === "string" ? members[name] : undefined);
  const status = typeof members["status"] === "number" ? String(members["status"]) : textOf("status");
  if (status === undefined) return undefined;
  const scope = textOf("scope");
  const openidConfiguration = textOf("openid-configuration");
  const schemes = textOf("schemes");
  return {
    status,
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { openidConfiguration }),
    ...(schemes !== undefined && { schemes }),
  };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
