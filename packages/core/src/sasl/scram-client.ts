// SCRAM (RFC 5802, RFC 7677) on the client's side: it proves that it knows the password, and the server must prove that
// it knows it too.

import { joinOctets } from "../grammar/octets.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import { encodeBase64 } from "./base64.ts";
import { clientMechanism, failure, lastResponse, response, type ClientScript } from "./client-script.ts";
import { isPassword, type PasswordCredentials } from "./credentials.ts";
import { hash as hashed, hmac, pbkdf2, random } from "./crypto-operation.ts";
import { bindingData, formatGs2Header, formatSaslName, preferredBinding, type Gs2Header } from "./gs2.ts";
import type { ClientCircumstances, ClientEnd, ClientMechanism, IterationBounds, ScramHash } from "./mechanism.ts";
import { nonceOctets, nonceOf } from "./nonce.ts";
import { areSameOctets, exclusiveOr, noOctets } from "./octets.ts";
import { saslPrep } from "./saslprep.ts";
import { clientKeyOf, serverKeyOf } from "./scram-keys.ts";
import { parseServerFinal, parseServerFirst, type ServerFirst } from "./scram-messages.ts";

/** RFC 5802 §5.1 demands 4,096; a million keeps a machine busy for seconds. */
export const defaultIterationBounds: IterationBounds = { minimum: 4_096, maximum: 1_000_000 };

export function scramClient(hash: ScramHash, channelBound: boolean): ClientMechanism {
  return clientMechanism({
    name: `SCRAM-${hash}${channelBound ? "-PLUS" : ""}`,
    clear: false,
    channelBound,
    mutual: true,
    takes: isPassword,
    play: (credentials, circumstances) => play(hash, channelBound, credentials, circumstances),
  });
}

function* play(
  hash: ScramHash,
  channelBound: boolean,
  credentials: PasswordCredentials,
  circumstances: ClientCircumstances,
): ClientScript {
  const user = saslPrep(credentials.user);
  const password = saslPrep(credentials.password);
  if (!isUsable(user) || !isUsable(password)) return failure("credentials", "SASLprep (RFC 4013) refuses them");
  const { authorizationIdentity } = credentials;
  if (authorizationIdentity?.includes("\0") === true)
    return failure("credentials", "NUL in the authorization identity");
  const channel = channelOf(channelBound, circumstances);
  if (channel === undefined) return failure("channelBinding");

  const header = formatGs2Header({ ...channel.flag, ...(authorizationIdentity && { authorizationIdentity }) });
  const nonce = nonceOf(yield random(nonceOctets));
  const bare = `n=${formatSaslName(user)},r=${nonce}`;
  const serverFirst = parseServerFirst(yield response(`${header}${bare}`));
  const problem = problemOf(serverFirst, nonce, circumstances.iterations);
  if (serverFirst === undefined || problem !== undefined) return problem ?? failure("challenge");

  const salted = yield pbkdf2(hash, password, serverFirst.salt, serverFirst.iterations);
  const clientKey = yield clientKeyOf(hash, salted);
  const storedKey = yield hashed(hash, clientKey);
  const binding = encodeBase64(joinOctets([encodeUtf8(header), channel.data]));
  const withoutProof = `c=${binding},r=${serverFirst.nonce}`;
  const authMessage = `${bare},${serverFirst.text},${withoutProof}`;
  const proof = exclusiveOr(clientKey, yield hmac(hash, storedKey, authMessage));
  const serverFinal = parseServerFinal(yield response(`${withoutProof},p=${encodeBase64(proof)}`));

  if (serverFinal === undefined) return failure("challenge");
  if ("error" in serverFinal) return failure("refused", serverFinal.error);
  const serverSignature = yield hmac(hash, yield serverKeyOf(hash, salted), authMessage);
  return areSameOctets(serverSignature, serverFinal.signature) ? lastResponse("") : failure("serverSignature");
}

function isUsable(prepared: string | undefined): prepared is string {
  return prepared !== undefined && prepared !== "";
}

/**
 * How the exchange is bound to the connection. `y` tells the server that the client would have bound it: where the
 * server did offer -PLUS, somebody between them has taken that away, and the server ends it (RFC 5802 §6).
 */
function channelOf(
  channelBound: boolean,
  { channelBindings, plusOffered = false }: ClientCircumstances,
): { readonly flag: Gs2Header; readonly data: Uint8Array } | undefined {
  const bindingType = preferredBinding(channelBindings);
  if (!channelBound) return { flag: { flag: bindingType !== undefined && !plusOffered ? "y" : "n" }, data: noOctets };
  const data = bindingData(bindingType, channelBindings);
  return bindingType && data && { flag: { flag: "p", bindingType }, data };
}

function problemOf(
  serverFirst: ServerFirst | undefined,
  nonce: string,
  { minimum, maximum }: IterationBounds = defaultIterationBounds,
): ClientEnd | undefined {
  if (serverFirst === undefined) return failure("challenge");
  if (!serverFirst.nonce.startsWith(nonce) || serverFirst.nonce === nonce) return failure("nonce");
  const { iterations } = serverFirst;
  const isWithin = iterations >= minimum && iterations <= maximum;
  return isWithin
    ? undefined
    : failure("iterations", `${iterations} iterations are not within ${minimum} to ${maximum}`);
}
