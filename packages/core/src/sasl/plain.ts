// PLAIN (RFC 4616): message = [authzid] UTF8NUL authcid UTF8NUL passwd.

import { decodeUtf8, encodeUtf8 } from "../grammar/text.ts";
import type { ClientMechanism, ServerMechanism, ServerStep } from "./mechanism.ts";

const empty = new Uint8Array(0);

export const plainServer: ServerMechanism = {
  name: "PLAIN",
  clear: true,
  start: () => ({
    step: (response) => (response === undefined ? { type: "challenged", challenge: empty } : readMessage(response)),
  }),
};

function readMessage(response: Uint8Array): ServerStep {
  const parts = decodeUtf8(response)?.split("\0");
  if (parts === undefined || parts.length !== 3) return { type: "garbled" };
  const [authorizationIdentity = "", user = "", password = ""] = parts;
  if (user === "" || password === "") return { type: "garbled" };
  const credentials = { mechanism: "PLAIN", user, password };
  const forAnother = authorizationIdentity !== "" && authorizationIdentity !== user;
  return { type: "identified", credentials: forAnother ? { ...credentials, authorizationIdentity } : credentials };
}

export const plainClient: ClientMechanism = {
  name: "PLAIN",
  clear: true,
  actsForOthers: true,
  start({ user, password, authorizationIdentity = "" }) {
    const message = encodeUtf8(`${authorizationIdentity}\0${user}\0${password}`);
    return { initial: message, respond: () => undefined };
  },
};
