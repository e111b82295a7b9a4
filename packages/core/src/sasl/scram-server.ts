// SCRAM (RFC 5802, RFC 7677) on the server's side. It keeps no password. A user who does not exist is answered exactly as
// one who does, with a salt that stays the same, and fails where a wrong password does.

import { joinOctets } from "../grammar/octets.ts";
import { encodeUtf8 } from "../grammar/text.ts";
import { encodeBase64 } from "./base64.ts";
import { hash as hashed, hmac, random } from "./crypto-operation.ts";
import { bindingData, type Gs2Header } from "./gs2.ts";
import type { Circumstances, ScramHash, ScramKeys, ServerMechanism } from "./mechanism.ts";
import { nonceOctets, nonceOf } from "./nonce.ts";
import { areSameOctets, exclusiveOr, noOctets } from "./octets.ts";
import { saslPrep } from "./saslprep.ts";
import { saltLength, scramHashLengths } from "./scram-keys.ts";
import { parseClientFinal, parseClientFirst } from "./scram-messages.ts";
import {
  askKeys,
  challenge,
  compute,
  firstMessage,
  garbled,
  onBehalf,
  refused,
  serverMechanism,
  verified,
  type ServerScript,
} from "./server-script.ts";

export interface ScramServerOptions {
  /** Secret octets, 32 or more, from which the salts of unknown users are made: they are stable as long as it is. */
  readonly secret: Uint8Array;
  /** Iterations that unknown users seem to have: as many as most known ones. */
  readonly iterations: number;
}

interface Settings extends ScramServerOptions {
  readonly name: string;
  readonly hash: ScramHash;
  readonly channelBound: boolean;
}

export function scramServer(hash: ScramHash, channelBound: boolean, options: ScramServerOptions): ServerMechanism {
  const name = `SCRAM-${hash}${channelBound ? "-PLUS" : ""}`;
  const settings: Settings = { ...options, name, hash, channelBound };
  return serverMechanism({
    name,
    clear: false,
    channelBound,
    play: (initial, circumstances) => play(settings, initial, circumstances),
  });
}

function* play(settings: Settings, initial: Uint8Array | undefined, circumstances: Circumstances): ServerScript {
  const { name, hash, channelBound } = settings;
  const first = parseClientFirst(yield* firstMessage(initial));
  const user = saslPrep(first?.user ?? "");
  if (first === undefined || user === undefined || user === "") return garbled;
  const channel = channelData(first.header, channelBound, circumstances);
  if (channel === undefined) return refused("channelBinding", user);

  const nonce = first.nonce + nonceOf(yield* compute(random(nonceOctets)));
  // Made for every user, before anybody knows whether it is needed: the work done must not tell.
  const fake = yield* fakeKeys(settings, user);
  const behalf = onBehalf(user, first.header.authorizationIdentity);
  const found = yield* askKeys({ type: "keysWanted", mechanism: name, hash, user, ...behalf });
  const keys = found.keys ?? fake;
  const mayPass = found.keys !== undefined && found.denied !== true;
  const serverFirst = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}`;
  const final = parseClientFinal(yield* challenge(serverFirst), scramHashLengths[hash]);
  if (final === undefined) return garbled;
  const isBound = areSameOctets(final.binding, joinOctets([encodeUtf8(first.header.text), channel]));
  if (!isBound) return refused("channelBinding", user);

  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const clientSignature = yield* compute(hmac(hash, keys.storedKey, authMessage));
  const storedKey = yield* compute(hashed(hash, exclusiveOr(final.proof, clientSignature)));
  const isProven = areSameOctets(storedKey, keys.storedKey) && final.nonce === nonce && mayPass;
  if (!isProven) return refused("credentials", user);

  const signature = yield* compute(hmac(hash, keys.serverKey, authMessage));
  // A 235 has no room for data: the signature goes as a challenge, to which the client has nothing to add (RFC 4954 §4).
  const last = yield* challenge(`v=${encodeBase64(signature)}`);
  return last.length === 0 ? verified({ mechanism: name, user, ...behalf }) : garbled;
}

/** The data that the client must have bound the exchange to, none without -PLUS; `undefined`: it must not go on. */
function channelData(
  { flag, bindingType }: Gs2Header,
  channelBound: boolean,
  { channelBindings, plusOffered = false }: Circumstances,
): Uint8Array | undefined {
  if (channelBound) return flag === "p" ? bindingData(bindingType, channelBindings) : undefined;
  // The client would bind it and was not offered that: somebody has tampered with the offer (RFC 5802 §6).
  const isDowngraded = flag === "y" && plusOffered;
  return flag === "p" || isDowngraded ? undefined : noOctets;
}

function* fakeKeys({ hash, secret, iterations }: Settings, user: string): ServerScript<ScramKeys> {
  const octets = yield* compute(hmac("SHA-256", secret, `${hash}\0${user}`));
  const key = new Uint8Array(scramHashLengths[hash]);
  return { salt: octets.slice(0, saltLength), iterations, storedKey: key, serverKey: key };
}
