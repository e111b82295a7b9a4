// What a session holds after much of what a script's peer sends, with the application silent about nothing: no more than its
// limits together, whatever it was.

import assert from "node:assert/strict";
import type { Session } from "@carteiro/core";
import { heldMemory } from "../support/held-memory.ts";
import { octetsOf } from "../support/session-harness.ts";
import { clientSessionOf, serverSessionOf, tlsOf, usualIntent, type Front } from "../support/transcript-player.ts";
import { computing } from "./play.ts";
import { octetsIn, type Script } from "./script.ts";

const much = 4 * 2 ** 20;
const chunk = 65_536;
/** More than all limits together, and a fraction of what is fed. */
const bound = 2 ** 20;

/** Limits that never close a session, so that it has to take all that comes; what they allow to be kept is little. */
const endless = {
  errors: Infinity,
  commandsWithoutMail: Infinity,
  authenticationAttempts: Infinity,
  discarded: Infinity,
};
const little = { recipients: 20, commandLine: 4_096, endlessLine: Infinity, messageSize: Infinity };

/** Feeds a session with what the script says once and then with its last part over and over, and throws where that piles up. */
export function holdsLittle(script: Script): void {
  const text = octetsIn(script);
  if (text === "") return;
  const { front } = script;
  const { limits } = front.options;
  const options = {
    ...front.options,
    limits: { ...(limits as object), ...(front.role === "server" && { ...endless, ...little }) },
  };
  const fed = feeder({ ...front, options });
  fed(octetsOf(text.slice(0, text.length / 2)));
  const part = text.slice(text.length / 2) || text;
  const pattern = octetsOf(part.repeat(Math.ceil(chunk / part.length)));
  const before = heldMemory();
  for (let octets = 0; octets < much; octets += pattern.length) if (!fed(pattern.slice())) break;
  const held = heldMemory() - before;
  assert.ok(held < bound, `${held} octets are held after ${much} of ${JSON.stringify(part.slice(0, 200))}`);
  // The session is there until here: what it held has been counted.
  fed(octetsOf("\r\n"));
}

/** Hands octets over and does what follows from them; false once the session has closed. */
function feeder(front: Front): (bytes: Uint8Array) => boolean {
  if (front.role === "client") {
    const session = clientSessionOf(front);
    return (bytes) => hasTaken(session, front, bytes, () => undefined);
  }
  const session = serverSessionOf(front);
  return (bytes) =>
    hasTaken(session, front, bytes, (event) => {
      if ("decision" in event && event.type !== "decisionExpired") session.submit(usualIntent(event), 0);
    });
}

function hasTaken<Event>(
  session: Session<never, Event>,
  front: Front,
  bytes: Uint8Array,
  tell: (event: Event) => void,
): boolean {
  session.handle({ type: "received", bytes }, 0);
  for (;;) {
    const output = session.poll();
    if (output.kind === "idle") return output.wants !== "nothing";
    if (output.kind === "event") tell(output.event);
    else if (output.effect.type === "startTls") session.handle({ type: "secured", tls: tlsOf(front) }, 0);
    else if (output.effect.type === "compute") {
      const { computation, operation } = output.effect;
      session.handle({ type: "computed", computation, result: computing(front)(operation) }, 0);
    }
  }
}
