// LOGIN (draft-murchison-sasl-login): two prompts, user name and password. Obsolete, and still what many clients speak.

import { decodeUtf8 } from "../grammar/text.ts";
import { clientMechanism, lastResponse, response, silent } from "./client-script.ts";
import { isOwnPassword } from "./credentials.ts";
import { challenge, garbled, serverMechanism } from "./server-script.ts";

const traits = { name: "LOGIN", clear: true, channelBound: false };

export const loginServer = serverMechanism({
  ...traits,
  *play(initial) {
    const user = readText(initial ?? (yield* challenge("Username:")));
    if (user === undefined) return garbled;
    const password = readText(yield* challenge("Password:"));
    if (password === undefined) return garbled;
    return { type: "identified", credentials: { mechanism: "LOGIN", user, password } };
  },
});

function readText(octets: Uint8Array): string | undefined {
  const text = decodeUtf8(octets);
  return text === "" || text?.includes("\0") === true ? undefined : text;
}

export const loginClient = clientMechanism({
  ...traits,
  takes: isOwnPassword,
  *play({ user, password }) {
    // The prompts' wording differs from server to server; only their order is certain.
    yield silent;
    yield response(user);
    return lastResponse(password);
  },
});
