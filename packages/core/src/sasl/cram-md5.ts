// CRAM-MD5 (RFC 2195): HMAC-MD5 of a challenge with the password. The server must hold the password itself, and who
// listens can guess at it at leisure: off unless asked for, for the sake of old peers.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, failure, lastResponse, silent, type ClientScript } from "./client-script.ts";
import { isOwnPassword, type PasswordCredentials } from "./credentials.ts";
import { hmac, random } from "./crypto-operation.ts";
import type { ServerMechanism } from "./mechanism.ts";
import { nonceOctets, nonceOf } from "./nonce.ts";
import { areSameOctets } from "./octets.ts";
import {
  askSecret,
  challenge,
  compute,
  garbled,
  refused,
  serverMechanism,
  verified,
  type ServerScript,
} from "./server-script.ts";

const mechanism = "CRAM-MD5";
const traits = { name: mechanism, clear: false, channelBound: false };
const hexadecimal = "0123456789abcdef";

/** `hostname`: the server's own name, which stands in its challenges. */
export function cramMd5Server(hostname: string): ServerMechanism {
  return serverMechanism({ ...traits, play: (initial) => playServer(hostname, initial) });
}

function* playServer(hostname: string, initial: Uint8Array | undefined): ServerScript {
  // The server speaks first: an initial response is an error (RFC 4954 §4).
  if (initial !== undefined) return { type: "garbled", unasked: true };
  const question = `<${nonceOf(yield* compute(random(nonceOctets)))}@${hostname}>`;
  const answer = parseAnswer(yield* challenge(question));
  if (answer === undefined) return garbled;
  const { user } = answer;
  const secret = yield* askSecret({ type: "secretWanted", mechanism, user });
  // For a user who does not exist, or has no password, the same work is done in vain.
  const key = secret === undefined || secret === "" ? question : secret;
  const digest = hexOf(yield* compute(hmac("MD5", encodeUtf8(key), question)));
  const isProven = areSameOctets(encodeUtf8(digest), encodeUtf8(answer.digest)) && key === secret;
  return isProven ? verified({ mechanism, user }) : refused("credentials", user);
}

/** The user's name, a space, and the digest in 32 lower case hexadecimal digits. */
function parseAnswer(response: Uint8Array): { readonly user: string; readonly digest: string } | undefined {
  const text = decodeUtf8(response) ?? "";
  const space = text.lastIndexOf(" ");
  const user = text.slice(0, Math.max(0, space));
  const digest = text.slice(space + 1);
  const isDigest = digest.length === 32 && Array.from(digest).every((digit) => hexadecimal.includes(digit));
  return isDigest && user !== "" && !user.includes("\0") ? { user, digest } : undefined;
}

function hexOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

export const cramMd5Client = clientMechanism({ ...traits, takes: isOwnPassword, play: playClient });

function* playClient({ user, password }: PasswordCredentials): ClientScript {
  const question = yield silent;
  if (question.length === 0) return failure("challenge");
  return lastResponse(`${user} ${hexOf(yield hmac("MD5", encodeUtf8(password), question))}`);
}
