// The server of a simulation: what its handlers do with each message, and what it has promised to deliver.

import { prdr } from "@carteiro/core";
import {
  accept,
  ContentAbortedError,
  disconnect,
  eachRecipient,
  reject,
  type Answer,
  type Content,
  type FindWitness,
  type KeyStore,
  type MessageAnswer,
} from "@carteiro/driver";
import type { Host, HostServerOptions, World } from "@carteiro/testing";
import { latin1 } from "../support/session-harness.ts";
import { unconsumedOf } from "./bounds.ts";
import { fates, type Fate, type Scenario } from "./scenario.ts";

/** A message that a client was told is accepted, or that was about to be told. */
export interface Promised {
  readonly session: string;
  /** The local part of its reverse-path: which mail it is, in which attempt. */
  readonly id: string;
  readonly to: readonly string[];
  /** What the handler had read of it; none where it did not read. */
  readonly content: string | undefined;
}

export interface Received {
  readonly promised: Promised[];
  /** What handlers have read to its end, without an error: whole messages. */
  readonly read: { readonly id: string; readonly content: string }[];
  /** Which were answered recipient by recipient. */
  readonly answeredEach: Set<string>;
  /** What no handler threw. */
  readonly errors: unknown[];
  readonly server: ReturnType<Host["createServer"]>;
}

/** What handlers throw. */
export class HandlerError extends Error {
  override readonly name = "HandlerError";
}

export const password = "right";

/** Which mail of the scenario a reverse-path names. */
export function indexOf(id: string): number {
  return Number(id.split("-")[0]);
}

export function fateOf(localPart: string): Fate {
  return fates.find((fate) => localPart.startsWith(fate)) ?? "accepted";
}

/** Whether it is refused after the content, where each recipient is answered. */
export function isFull(localPart: string): boolean {
  return localPart.endsWith("2");
}

export const replies = {
  refused: reject(550, "5.1.1", "No such mailbox"),
  later: reject(451, "4.7.1", "Greylisted"),
  full: reject(452, "4.2.2", "The mailbox is full"),
  refuse: reject(554, "5.7.1", "Not wanted"),
} as const;

export function receiving(
  scenario: Scenario,
  around: World,
  given: Pick<HostServerOptions, "wrapTransport"> & { readonly users: KeyStore },
): Received {
  const contents = new Map<string, string>();
  const errors: unknown[] = [];
  const octets = new ReadOctets();
  const read: Received["read"] = [];
  const answeredEach = new Set<string>();
  const server = around.host("mx.example.net").createServer({
    hostname: "mx.example.net",
    ...(given.wrapTransport && { wrapTransport: given.wrapTransport }),
    witness: octets.witness,
    protocol: scenario.protocol,
    startTls: scenario.tls === "startTls",
    extensions: [prdr],
    bareNewlines: "reject",
    limits: { messageSize: scenario.messageSize, recipients: scenario.recipientLimit },
    ...(scenario.auth !== "none" && { authentication: { users: given.users, allowInClear: true } }),
    onRecipient: ({ recipient }) => recipientAnswer(fateOf(recipient.localPart), around),
    async onMessage({ envelope, content, repliesEach, session }) {
      const id = envelope.reversePath?.localPart ?? "";
      if (repliesEach) answeredEach.add(id);
      const mail = scenario.mails[indexOf(id)];
      const handling = mail?.handling ?? "accept";
      const keep = (text: string) => {
        read.push({ id, content: text });
        contents.set(`${session.id} ${id}`, text);
      };
      const bound = mail === undefined ? Infinity : unconsumedOf(mail);
      const begun = octets.of(session.id);
      const consumed = (count: number) => {
        const ahead = octets.of(session.id) - begun - count;
        if (ahead > bound) errors.push(new Error(`${ahead} octets were read that nobody has consumed, over ${bound}`));
      };
      const answer = await handled(handling, { content, keep, consumed, around });
      if (answer !== undefined || handling !== "each" || !repliesEach) return answer;
      return eachRecipient(
        envelope.recipients.map((one) => (isFull(one.recipient.localPart) ? replies.full : undefined)),
      );
    },
  });
  const promised: Promised[] = [];
  server.on("error", ({ error }) => void (isExpected(error) || errors.push(error)));
  server.on("transactionEnded", ({ session, envelope, reply, replies: each }) => {
    const isPromised = (index: number) => ((each === undefined ? reply : each[index])?.code ?? 599) < 300;
    const to = envelope.recipients.map(({ recipient }) => recipient.localPart).filter((_, index) => isPromised(index));
    const id = envelope.reversePath?.localPart ?? "";
    const key = `${session.id} ${id}`;
    if (to.length > 0) promised.push({ session: session.id, id, to, content: contents.get(key) });
    contents.delete(key);
  });
  server.listen({ port: port(scenario), implicitTls: scenario.tls === "implicit" });
  return { promised, read, answeredEach, errors, server };
}

export function port({ tls, protocol }: Scenario): number {
  return protocol === "lmtp" ? 24 : tls === "implicit" ? 465 : 25;
}

/** How many octets each session has been given by its transport. Sessions are named as the server names them, from 1. */
class ReadOctets {
  readonly #counts: number[] = [];

  readonly witness: FindWitness = () => {
    const index = this.#counts.push(0) - 1;
    return {
      handled: (input) => {
        if (input.type === "received") this.#counts[index] = (this.#counts[index] ?? 0) + input.bytes.length;
      },
      submitted: () => undefined,
      polled: () => undefined,
    };
  };

  of(session: string): number {
    return this.#counts[Number(session) - 1] ?? 0;
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof HandlerError || error instanceof ContentAbortedError;
}

function recipientAnswer(fate: Fate, around: World): Answer {
  switch (fate) {
    case "accepted":
      return;
    case "slow":
      return around.sleep(7_000);
    case "refused":
      return replies.refused;
    case "later":
      return replies.later;
    case "throws":
      throw new HandlerError("The directory is broken");
    case "undecided":
      return new Promise(() => undefined);
    case "disconnected":
      return disconnect(421, "4.7.0", "Go away");
  }
}

interface Handled {
  readonly content: Content;
  readonly keep: (text: string) => void;
  readonly around: World;
  /** To be told how many octets have been consumed so far. */
  readonly consumed: (octets: number) => void;
}

async function handled(
  handling: Scenario["mails"][number]["handling"],
  { content, keep, consumed, around }: Handled,
): Promise<Awaited<MessageAnswer>> {
  switch (handling) {
    case "unread":
      return accept();
    case "throw":
      throw new HandlerError("The disk is broken");
    case "disconnect":
      return disconnect(421, "4.3.2", "Going away");
    case "halfRead":
      for await (const _ of content) break;
      return new Promise(() => undefined);
    case "slowReader": {
      let text = "";
      for await (const slice of content) {
        text += latin1(slice);
        await around.sleep(100);
        consumed(text.length);
      }
      keep(text);
      return;
    }
    default:
      keep(latin1(await content.bytes()));
  }
  if (handling === "late") await around.sleep(200_000);
  if (handling === "tooLate") await around.sleep(600_000);
  if (handling === "never") return new Promise(() => undefined);
  return handling === "refuse" ? replies.refuse : undefined;
}
