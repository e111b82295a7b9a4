// ANONYMOUS (RFC 4505): a client that is nobody, and may leave a trace: an address or a word for the server's log.

import { decodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, failure, lastResponse } from "./client-script.ts";
import { isAnonymous } from "./credentials.ts";
import { hasProhibited } from "./saslprep.ts";
import { askIdentity, firstMessage, garbled, refused, serverMechanism, verified } from "./server-script.ts";

const mechanism = "ANONYMOUS";
const traits = { name: mechanism, clear: false, channelBound: false };
const longestTrace = 255;

export const anonymousServer = serverMechanism({
  ...traits,
  *play(initial) {
    const trace = decodeUtf8(yield* firstMessage(initial));
    if (trace === undefined || !isTrace(trace)) return garbled;
    const user = yield* askIdentity({ type: "anonymousReceived", mechanism, trace });
    return user === undefined ? refused("credentials") : verified({ mechanism, user });
  },
});

export const anonymousClient = clientMechanism({
  ...traits,
  takes: isAnonymous,
  play({ trace = "" }) {
    return isTrace(trace) ? lastResponse(trace) : failure("credentials", "The trace is too long, or not plain text");
  },
});

/**
 *     message = [ email / token ]
 *     token   = 1*255TCHAR                 ; no control characters; an address is held to the same
 */
export function isTrace(text: string): boolean {
  return Array.from(text).length <= longestTrace && !hasProhibited(text);
}
