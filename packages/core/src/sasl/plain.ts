// PLAIN (RFC 4616): message = [authzid] UTF8NUL authcid UTF8NUL passwd.

import { decodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, failure, lastResponse } from "./client-script.ts";
import { isPassword } from "./credentials.ts";
import type { ServerEnd } from "./mechanism.ts";
import { firstMessage, garbled, onBehalf, serverMechanism } from "./server-script.ts";

const traits = { name: "PLAIN", clear: true, channelBound: false };

export const plainServer = serverMechanism({
  ...traits,
  *play(initial) {
    return readMessage(yield* firstMessage(initial));
  },
});

function readMessage(response: Uint8Array): ServerEnd {
  const parts = decodeUtf8(response)?.split("\0");
  if (parts === undefined || parts.length !== 3) return garbled;
  const [authorizationIdentity, user = "", password = ""] = parts;
  if (user === "" || password === "") return garbled;
  return {
    type: "identified",
    credentials: { mechanism: "PLAIN", user, password, ...onBehalf(user, authorizationIdentity) },
  };
}

export const plainClient = clientMechanism({
  ...traits,
  takes: isPassword,
  play({ user, password, authorizationIdentity = "" }) {
    const parts = [authorizationIdentity, user, password];
    if (parts.some((part) => part.includes("\0"))) return failure("credentials", "NUL separates them");
    return lastResponse(parts.join("\0"));
  },
});
