// OAuth 2.0 bearer tokens (RFC 6750) by OAUTHBEARER (RFC 7628) and by XOAUTH2, its forerunner, which Google and Microsoft
// still want. They differ in how the first message is written, and in what a client answers to a refusal.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, failure, lastResponse, type ClientScript } from "./client-script.ts";
import { isToken, type TokenCredentials } from "./credentials.ts";
import { formatGs2Header, parseGs2Header } from "./gs2.ts";
import { noOctets } from "./octets.ts";
import { formatOAuthError, parseOAuthError } from "./oauth-error.ts";
import type { ClientMechanism, ServerMechanism } from "./mechanism.ts";
import {
  askToken,
  challenge,
  firstMessage,
  garbled,
  onBehalf,
  refused,
  serverMechanism,
  verified,
  type ServerScript,
} from "./server-script.ts";

interface TokenMessage {
  readonly user?: string;
  readonly token: string;
  readonly host?: string;
  readonly port?: number;
}

interface Dialect {
  readonly name: string;
  readonly parse: (message: string) => TokenMessage | undefined;
  readonly format: (credentials: TokenCredentials) => string;
  /** What a server says of a token that it refuses without more words. */
  readonly refusal: string;
  /** What the client answers to a refusal. */
  readonly dismay: Uint8Array;
}

const separator = "\x01";

const xoauth2: Dialect = {
  name: "XOAUTH2",
  parse: parseXoauth2,
  format: ({ user, token }) => [`user=${user}`, `auth=Bearer ${token}`, "", ""].join(separator),
  refusal: "401",
  dismay: noOctets,
};

const oauthBearer: Dialect = {
  name: "OAUTHBEARER",
  parse: parseOAuthBearer,
  format: formatOAuthBearer,
  refusal: "invalid_token",
  dismay: encodeUtf8(separator),
};

export const xoauth2Server = server(xoauth2);
export const xoauth2Client = client(xoauth2);
export const oauthBearerServer = server(oauthBearer);
export const oauthBearerClient = client(oauthBearer);

function server(dialect: Dialect): ServerMechanism {
  const { name } = dialect;
  return serverMechanism({ name, clear: true, channelBound: false, play: (initial) => playServer(dialect, initial) });
}

function* playServer({ name, parse, refusal }: Dialect, initial: Uint8Array | undefined): ServerScript {
  const text = decodeUtf8(yield* firstMessage(initial));
  const message = text === undefined ? undefined : parse(text);
  if (message === undefined) return garbled;
  const { user, error } = yield* askToken({ type: "tokenReceived", mechanism: name, ...message });
  if (user !== undefined) return verified({ mechanism: name, user, ...onBehalf(user, message.user) });
  // Whatever the client answers, the token was refused.
  yield* challenge(formatOAuthError(error ?? { status: refusal }));
  return refused("credentials", message.user);
}

function client(dialect: Dialect): ClientMechanism {
  const { name } = dialect;
  const traits = { name, clear: true, channelBound: false, takes: isToken };
  return clientMechanism({ ...traits, play: (credentials) => playClient(dialect, credentials) });
}

function* playClient({ format, dismay }: Dialect, credentials: TokenCredentials): ClientScript {
  const { user, token, host = "" } = credentials;
  if (hasControl(user) || hasControl(host)) return failure("credentials", "Control character in the user or the host");
  if (!isBearerToken(token)) return failure("credentials", "The token is not printable ASCII");
  const error = parseOAuthError(yield lastResponse(format(credentials)));
  return error === undefined ? failure("challenge") : { type: "responded", response: dismay, done: false, error };
}

/**
 *     message = "user=" user %x01 "auth=Bearer " token %x01 %x01
 */
function parseXoauth2(message: string): TokenMessage | undefined {
  const [name = "", auth = "", ...rest] = message.split(separator);
  const token = parseAuth(auth);
  const user = name.startsWith("user=") ? name.slice("user=".length) : "";
  const isWhole = rest.length === 2 && rest.join("") === "";
  return isWhole && token !== undefined && user !== "" && !hasControl(user) ? { user, token } : undefined;
}

/**
 * A message that asks for the server's configuration, with an empty `auth` value (RFC 7628 §4.3), is none.
 *
 *     client-resp = gs2-header kvsep *kvpair kvsep
 *     kvpair      = key "=" value kvsep
 *     key         = 1*ALPHA                                 ; here any text; no control characters in the value
 *     kvsep       = %x01
 */
function parseOAuthBearer(message: string): TokenMessage | undefined {
  const header = parseGs2Header(message);
  const pairs = header && parsePairs(message.slice(header.text.length));
  if (pairs === undefined || header === undefined || header.flag === "p") return undefined;
  const token = parseAuth(`auth=${pairs.get("auth") ?? ""}`);
  const host = pairs.get("host");
  const port = pairs.get("port");
  const number = Number(port);
  const isPort = port === undefined || (String(number) === port && number > 0 && number < 65_536);
  if (token === undefined || !isPort) return undefined;
  const user = header.authorizationIdentity;
  return {
    token,
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: number }),
  };
}

function parsePairs(text: string): ReadonlyMap<string, string> | undefined {
  const parts = text.split(separator);
  const isFramed = parts.length > 3 && parts.at(0) === "" && parts.at(-1) === "" && parts.at(-2) === "";
  const pairs = new Map<string, string>();
  for (const part of isFramed ? parts.slice(1, -2) : []) {
    const end = part.indexOf("=");
    const key = part.slice(0, Math.max(0, end));
    if (key === "" || hasControl(part) || pairs.has(key)) return undefined;
    pairs.set(key, part.slice(end + 1));
  }
  return isFramed ? pairs : undefined;
}

function formatOAuthBearer({ user, token, host, port }: TokenCredentials): string {
  const header = formatGs2Header({ flag: "n", ...(user !== "" && { authorizationIdentity: user }) });
  const pairs = [header];
  if (host !== undefined) pairs.push(`host=${host}`);
  if (port !== undefined) pairs.push(`port=${port}`);
  return [...pairs, `auth=Bearer ${token}`, "", ""].join(separator);
}

/** The token of `auth=Bearer token`; the scheme may be written in either case (RFC 7235 §2.1). */
function parseAuth(pair: string): string | undefined {
  const scheme = "auth=Bearer ";
  const isBearer = pair.startsWith("auth=") && pair.slice(0, scheme.length).toLowerCase() === scheme.toLowerCase();
  const token = pair.slice(scheme.length);
  return isBearer && isBearerToken(token) ? token : undefined;
}

/** Whether the text can be a token of type Bearer, which here is any printable ASCII without spaces. */
export function isBearerToken(text: string): boolean {
  return text !== "" && encodeUtf8(text).every((octet) => octet > 0x20 && octet < 0x7f);
}

/** Whether the text has a control character, which neither mechanism has a place for. */
export function hasControl(text: string): boolean {
  return encodeUtf8(text).some((octet) => octet < 0x20 || octet === 0x7f);
}
