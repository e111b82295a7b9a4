// How long things may take, and how much may be held, with reasons. Beyond is a failure.

import { defaultClientTimeouts as timeouts, defaultServerTimeouts } from "@carteiro/core";
import type { Mail, Scenario } from "./scenario.ts";

/** Milliseconds to reach a server. */
const reaching = 60_000;
/** Replies to EHLO, twice, STARTTLS, AUTH with its rounds, each of which may fall back on the next. */
const helloReplies = 12;
const piece = 65_536;

const opening = reaching + timeouts.greeting + helloReplies * timeouts.hello + timeouts.tls + timeouts.quit;

/** One transaction, each of whose steps takes all of the time that RFC 5321 §4.5.3.2 gives it. */
function transaction({ to, content }: Mail): number {
  const blocks = Math.ceil((2 * content.length) / piece) + 2;
  const commands = (1 + to.length) * timeouts.command + timeouts.data + timeouts.command;
  return commands + blocks * timeouts.block + to.length * timeouts.contentEnd;
}

/** How often an application tries that tries again and again, and how long it waits in between. */
export const attempts = 4;
export const pause = 900_000;

/** Milliseconds by which every send has settled, also where each waits for the one before it. */
export function deadlineOf({ mails, sender, recipientLimit }: Scenario): number {
  const tries = sender === "retries" ? attempts : sender === "pool" ? 2 : 1;
  const one = (mail: Mail) => {
    const transactions = Math.ceil(mail.to.length / recipientLimit);
    return tries * (opening + transactions * transaction(mail) + pause);
  };
  const latest = Math.max(...mails.map(({ at, abortAfter = 0 }) => at + abortAfter));
  return latest + mails.reduce((sum, mail) => sum + one(mail), 0);
}

/** Milliseconds in which everything is closed once all has been sent: a session that hears no more has its own deadlines. */
export const closing = timeouts.quit + defaultServerTimeouts.message + 4 * defaultServerTimeouts.content + 3_600_000;

/** Milliseconds in which the last octets arrive and the last sources end: no deadline of a session's is as near. */
export const settling = 100_000;

/** Whether that is all there is to wait for, once all is closed: nothing else that the simulation itself has set. */
export function isPrompt({ mails, faults, rules, partitions, shutdown }: Scenario): boolean {
  const isTold = rules.length + partitions.length === 0 && faults.every(({ kind }) => kind !== "lost");
  return isTold && shutdown === undefined && mails.every(({ handling }) => !["late", "tooLate"].includes(handling));
}

/**
 * Octets in the buffers of one connection: what may wait in each direction, and what a client writes before it minds: all of the
 * content where that is small; else a piece, which with commands, replies and the frames of TLS is no more.
 */
export function heldIn({ capacity }: Scenario): number {
  return 2 * capacity + 262_144 + piece;
}

/**
 * Octets that a server has read of a message and its handler has not: the credit, what is in the pipe, and one more read. Of content
 * that leaves in pieces: what is small leaves, and so may come, in one.
 */
export function unconsumedOf({ content }: Mail): number {
  return content.length > 262_144 ? 65_536 + 2 * piece : Infinity;
}
