// Whole transactions through a session, without a kernel: what the client sends goes in, every question is answered yes.

import { ServerSession, serverProfile, type ServerEvent } from "@carteiro/core";
import { serveWork, type Work } from "../harness/work.ts";

const encoder = new TextEncoder();
const profile = serverProfile({ hostname: "mx.example.org", limits: { commandsWithoutMail: 1_000_000_000 } });
const content = `${"x".repeat(62)}\r\n`.repeat(16);
const commands = ["MAIL FROM:<sender@example.net>\r\n", "RCPT TO:<recipient@example.org>\r\n", "DATA\r\n"];
const lockstep = [...commands, `${content}.\r\n`];

serveWork({
  lockstep: () => transactions(lockstep),
  groups: () => transactions([commands.join(""), `${content}.\r\n`]),
  whole: () => transactions([lockstep.join("")]),
});

function transactions(writes: readonly string[]): Work {
  const chunks = writes.map((write) => encoder.encode(write));
  const session = new ServerSession(profile, 0);
  drain(session);
  session.handle({ type: "received", bytes: encoder.encode("EHLO client.example.net\r\n") }, 0);
  drain(session);
  return (times) => {
    let octets = 0;
    for (let transaction = 0; transaction < times; transaction++) {
      for (const bytes of chunks) {
        session.handle({ type: "received", bytes }, transaction);
        octets += drain(session);
      }
    }
    if (session.state !== "dialogue.idle.expectingMail") throw new Error(`The session is in ${session.state}`);
    return octets;
  };
}

/** Octets that the session had to say. */
function drain(session: ServerSession): number {
  let octets = 0;
  for (;;) {
    const output = session.poll();
    if (output.kind === "idle") return octets;
    if (output.kind === "effect") octets += output.effect.type === "write" ? output.effect.bytes.length : 0;
    else answer(session, output.event);
  }
}

function answer(session: ServerSession, event: ServerEvent): void {
  switch (event.type) {
    case "connectionReceived":
    case "helloReceived":
    case "mailReceived":
    case "recipientReceived":
    case "dataReceived":
    case "messageReceived":
      return session.submit({ type: "accept", decision: event.decision }, 0);
    default:
      return;
  }
}
