// EXTERNAL (RFC 4422 appendix A): the TLS client certificate says who the client is; it says as whom it wants to act.

import { decodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, failure, lastResponse } from "./client-script.ts";
import { isExternal } from "./credentials.ts";
import { askIdentity, firstMessage, garbled, onBehalf, refused, serverMechanism, verified } from "./server-script.ts";

const mechanism = "EXTERNAL";
const traits = { name: mechanism, clear: false, channelBound: false };

export const externalServer = serverMechanism({
  ...traits,
  *play(initial) {
    const wanted = decodeUtf8(yield* firstMessage(initial));
    if (wanted === undefined || wanted.includes("\0")) return garbled;
    const claim = wanted === "" ? {} : { authorizationIdentity: wanted };
    const user = yield* askIdentity({ type: "externalReceived", mechanism, ...claim });
    if (user === undefined) return refused("credentials", claim.authorizationIdentity);
    return verified({ mechanism, user, ...onBehalf(user, wanted) });
  },
});

export const externalClient = clientMechanism({
  ...traits,
  takes: isExternal,
  play({ authorizationIdentity = "" }) {
    if (authorizationIdentity.includes("\0")) return failure("credentials", "NUL in the authorization identity");
    return lastResponse(authorizationIdentity);
  },
});
