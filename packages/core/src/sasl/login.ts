// LOGIN (draft-murchison-sasl-login): two prompts, user name and password. Obsolete, and still what many clients speak.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";
import type { ClientMechanism, ServerMechanism, ServerStep } from "./mechanism.ts";

const askUser = encodeUtf8("Username:");
const askPassword = encodeUtf8("Password:");

export const loginServer: ServerMechanism = {
  name: "LOGIN",
  clear: true,
  start() {
    let user: string | undefined;
    return {
      step(response): ServerStep {
        if (response === undefined) return { type: "challenged", challenge: askUser };
        const text = decodeUtf8(response);
        if (text === undefined || text === "" || text.includes("\0")) return { type: "garbled" };
        if (user !== undefined)
          return { type: "identified", credentials: { mechanism: "LOGIN", user, password: text } };
        user = text;
        return { type: "challenged", challenge: askPassword };
      },
    };
  },
};

export const loginClient: ClientMechanism = {
  name: "LOGIN",
  clear: true,
  actsForOthers: false,
  start({ user, password }) {
    const answers = [user, password];
    // The prompts' wording differs from server to server; only their order is certain.
    return {
      initial: undefined,
      respond() {
        const answer = answers.shift();
        return answer === undefined ? undefined : encodeUtf8(answer);
      },
    };
  },
};
