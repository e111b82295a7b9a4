// The session of a recording, begun anew with what the recording says that it began with.

import {
  binaryMime,
  burl,
  ClientSession,
  clientProfile,
  deliverBy,
  dsn,
  etrn,
  mtPriority,
  noSoliciting,
  prdr,
  requireTls,
  rrvs,
  serverProfile,
  ServerSession,
  xclient,
  xforward,
  type ClientSessionOptions,
  type Extension,
  type ServerSessionOptions,
} from "@carteiro/core";
import { RecordingError, type Recording } from "./recording.ts";
import { clientStandIns, serverStandIns } from "./stand-ins.ts";

/** A session that says in which state it is. */
export type AnySession = ServerSession | ClientSession;

export interface SessionOptions {
  /** The application's own extensions, and those that were made with options, whose code is in no recording. */
  readonly extensions?: readonly Extension[];
  /** Options that are to be other than they were. */
  readonly options?: Partial<ServerSessionOptions> & Partial<ClientSessionOptions>;
}

/**
 * The same session, of this build. It proves no credentials: exchanges of AUTH go as they went. Throws `RecordingError` where an
 * extension is missing.
 */
export function sessionOf(recording: Recording, { extensions = [], options = {} }: SessionOptions = {}): AnySession {
  const { role, now, origin } = recording;
  const { extensions: names, mechanisms, authentication, ...plain } = recording.options;
  const whole = { ...plain, extensions: listOf(names).map((name) => extensionOf(name, extensions)), ...options };
  if (role === "client") {
    const standIns = clientStandIns(mechanisms === undefined ? undefined : listOf(mechanisms), recording);
    const given = { mechanisms: standIns, ...whole } as unknown as ClientSessionOptions;
    return new ClientSession(clientProfile(given), now, origin.tls);
  }
  const given = { ...whole, ...serverAuthentication(authentication, recording) } as unknown as ServerSessionOptions;
  return new ServerSession(serverProfile(given), now, origin);
}

function serverAuthentication(given: unknown, recording: Recording): object {
  if (typeof given !== "object" || given === null) return {};
  const { mechanisms, ...rest } = { mechanisms: undefined, ...given };
  const names = mechanisms === undefined ? ["PLAIN", "LOGIN"] : listOf(mechanisms);
  return { authentication: { ...rest, mechanisms: serverStandIns(names, recording) } };
}

/** Those of the core with the options that they have by default. */
const ready: readonly Extension[] = [
  binaryMime,
  burl(),
  deliverBy(),
  dsn,
  etrn,
  mtPriority(),
  noSoliciting(),
  prdr,
  requireTls,
  rrvs,
  xclient,
  xforward,
];

function extensionOf(keyword: string, given: readonly Extension[]): Extension {
  const found = [...given, ...ready].find((extension) => extension.keyword === keyword);
  if (found !== undefined) return found;
  throw new RecordingError(
    `The session had the extension ${keyword}, whose code is in no recording: give it in extensions`,
  );
}

function listOf(names: unknown): readonly string[] {
  return Array.isArray(names) ? names.map(String) : [];
}
