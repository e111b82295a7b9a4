// What an application gives to authenticate with, checked before anything is sent: what it is cannot be seen on the wire.

import { InvalidValueError, shown } from "../grammar/invalid-value-error.ts";
import { isTrace } from "../sasl/anonymous.ts";
import { saslMechanism } from "../grammar/command-argument.ts";
import { isWellFormed } from "../grammar/text.ts";
import {
  isAnonymous,
  isExternal,
  isPassword,
  isToken,
  type ClientCredentials,
  type TokenCredentials,
} from "../sasl/credentials.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import { hasControl, isBearerToken } from "../sasl/oauth.ts";
import { clientMechanisms, defaultClientMechanisms, type MechanismName } from "../sasl/mechanisms.ts";

/**
 * Throws `InvalidValueError`, which shows nothing of them, for what no mechanism can carry: NUL is a delimiter (RFC 4616 §2),
 * and half a surrogate pair would become another character.
 */
export function mustBeSendable(credentials: ClientCredentials): void {
  for (const [what, text] of Object.entries(named(credentials))) {
    if (typeof text === "string" && !text.includes("\0") && isWellFormed(text)) continue;
    throw new InvalidValueError(
      what,
      "It is not text, or has a NUL or half a surrogate pair",
      "Pass text without these",
    );
  }
  if (isToken(credentials)) mustBeSendableToken(credentials);
  if (isAnonymous(credentials) && !isTrace(credentials.trace ?? ""))
    throw new InvalidValueError(
      "Trace",
      "It is longer than 255 characters, or not plain text (RFC 4505)",
      "Pass an address or a word, or leave it empty",
    );
}

/** What the messages of OAUTHBEARER and XOAUTH2 have no place for: a control character separates their parts. */
function mustBeSendableToken({ token, user, host = "", port = 1 }: TokenCredentials): void {
  if (typeof token !== "string" || !isBearerToken(token))
    throw new InvalidValueError(
      "Token",
      "It is empty, or not printable ASCII without spaces",
      "Pass it as it was given to you",
    );
  for (const [what, text] of [
    ["User name", user],
    ["Host", host],
  ] as const)
    if (hasControl(text)) throw new InvalidValueError(what, "It has a control character", "Pass it without");
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidValueError(`Port ${String(port)}`, "There is none such", "Pass 1 to 65535, or leave it out");
}

function named(credentials: ClientCredentials): Readonly<Record<string, unknown>> {
  if (isPassword(credentials)) {
    const { user, password, authorizationIdentity = "" } = credentials;
    return { "User name": user, Password: password, "Authorization identity": authorizationIdentity };
  }
  if (isToken(credentials)) return { "User name": credentials.user, Host: credentials.host ?? "" };
  if (isExternal(credentials)) return { "Authorization identity": credentials.authorizationIdentity ?? "" };
  if (isAnonymous(credentials)) return { Trace: credentials.trace ?? "" };
  throw new InvalidValueError(
    "Credentials",
    "They are of no known kind",
    "Give a password, token, external or anonymous",
  );
}

/**
 * Mechanisms by their names. Throws `InvalidValueError` for one that is unknown, and where none takes the credentials that
 * are to be used with them.
 */
export function allowedMechanisms(
  given: readonly (MechanismName | ClientMechanism)[] | undefined,
  credentials: ClientCredentials | "onDemand" | undefined,
): readonly ClientMechanism[] {
  if (given !== undefined && !Array.isArray(given))
    throw new InvalidValueError("mechanisms", "They are no list", "Pass a list, even for one");
  const mechanisms = given?.map(mechanismOf) ?? defaultClientMechanisms;
  if (credentials === undefined) return mechanisms;
  if (mechanisms.length === 0)
    throw new InvalidValueError(
      "mechanisms",
      "The list is empty, and there are credentials",
      "Name one, or leave it out",
    );
  if (mechanisms.some((mechanism) => credentials === "onDemand" || mechanism.takes(credentials))) return mechanisms;
  const names = mechanisms.map(({ name }) => name).join(", ");
  throw new InvalidValueError(
    `Mechanisms ${shown(names)}`,
    "None takes these credentials",
    "Name one, or leave them out",
  );
}

/** A mechanism of the application's own is used as it is; its name must be as AUTH writes it. */
function mechanismOf(given: MechanismName | ClientMechanism): ClientMechanism {
  if (typeof given !== "string") {
    if (saslMechanism(given.name) === given.name) return given;
    throw new InvalidValueError(`Mechanism ${shown(given.name)}`, "It has lower-case letters", "Name it in upper case");
  }
  if (Object.hasOwn(clientMechanisms, given)) return clientMechanisms[given];
  const known = Object.keys(clientMechanisms).join(", ");
  throw new InvalidValueError(
    `Mechanism ${shown(given)}`,
    "It is not known",
    `Name one of ${known}, or bring your own`,
  );
}
