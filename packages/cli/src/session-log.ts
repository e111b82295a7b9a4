// Tells the terminal what happens on the listeners: their sessions, messages and refusals, and on demand the dialogues.

import type { Envelope, Mailbox, Reply } from "@carteiro/core";
import type { ServerEvents, SessionInfo } from "@carteiro/driver";
import type { NodeServer } from "@carteiro/node";

import { protocolOf } from "./delivery.ts";
import { errorMessage } from "./system-error.ts";
import type { DeliveredMessage, Role, Terminal } from "./terminal.ts";

interface Entry {
  /** Short, and unique among all listeners. */
  readonly name: string;
  readonly opened: number;
  messages: number;
}

export class SessionLog {
  readonly #terminal: Terminal;
  readonly #trace: boolean;
  readonly #entries = new WeakMap<SessionInfo, Entry>();
  #count = 0;

  constructor(terminal: Terminal, { trace }: { readonly trace: boolean }) {
    this.#terminal = terminal;
    this.#trace = trace;
  }

  /** Shows what this server tells from now on. */
  watch(server: NodeServer, role: Role): void {
    const show = this.#terminal.show.bind(this.#terminal);
    server.on("sessionOpened", ({ session }) => {
      show({ type: "sessionOpened", session: this.#entry(session).name, role, remote: remoteOf(session) });
    });
    server.on("sessionClosed", (event) => this.#closed(event, role));
    server.on("transactionEnded", ({ session, envelope, reply }) => this.#transactionEnded(session, envelope, reply));
    server.on("authenticationFailed", ({ session, user, mechanism, reply }) => {
      const login = { user, mechanism, address: addressOf(session) };
      show({ type: "authenticationFailed", session: this.#entry(session).name, ...login, ...refusal(reply) });
    });
    server.on("rateExceeded", ({ session, subject }) => {
      show({ type: "rateExceeded", session: this.#entry(session).name, address: addressOf(session), subject });
    });
    server.on("error", ({ error, session }) => {
      const name = session === undefined ? undefined : this.#entry(session).name;
      show({
        type: "error",
        session: name,
        message: session === undefined ? `${role}: ${errorMessage(error)}` : errorMessage(error),
      });
    });
    if (!this.#trace) return;
    server.on("trace", ({ session, from, line, state }) => {
      show({
        type: "trace",
        session: this.#entry(session).name,
        direction: from === "client" ? "C" : "S",
        line,
        state,
      });
    });
  }

  recipientRefused(session: SessionInfo, envelope: Envelope, recipient: Mailbox, reply: Reply): void {
    const addresses = { from: senderOf(envelope), to: recipient.address };
    this.#terminal.show({
      type: "recipientRefused",
      session: this.#entry(session).name,
      ...addresses,
      ...refusal(reply),
    });
  }

  delivered(session: SessionInfo, message: DeliveredMessage): void {
    this.#terminal.show({ type: "messageDelivered", session: this.#entry(session).name, ...message });
  }

  deliveryFailed(session: SessionInfo, error: unknown): void {
    const message = `a message could not be delivered: ${errorMessage(error)}`;
    this.#terminal.show({ type: "error", session: this.#entry(session).name, message });
  }

  #closed({ session, reason, error }: ServerEvents["sessionClosed"], role: Role): void {
    const { name, opened, messages } = this.#entry(session);
    this.#terminal.show({
      type: "sessionClosed",
      session: name,
      role,
      remote: remoteOf(session),
      hello: session.hello?.name,
      protocol: protocolOf(session, false),
      user: session.identity,
      messages,
      ms: Math.round(performance.now() - opened),
      reason,
      error: error === undefined ? undefined : errorMessage(error),
    });
  }

  #transactionEnded(session: SessionInfo, envelope: Envelope, reply: Reply | undefined): void {
    const entry = this.#entry(session);
    if (reply === undefined) return;
    if (reply.code < 300) entry.messages += 1;
    else
      this.#terminal.show({ type: "messageRefused", session: entry.name, from: senderOf(envelope), ...refusal(reply) });
  }

  #entry(session: SessionInfo): Entry {
    const known = this.#entries.get(session);
    if (known !== undefined) return known;
    const entry = { name: String(++this.#count), opened: performance.now(), messages: 0 };
    this.#entries.set(session, entry);
    return entry;
  }
}

function addressOf({ remote: { address = "unknown" } }: SessionInfo): string {
  return address;
}

function remoteOf({ remote: { address = "unknown", port } }: SessionInfo): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return port === undefined ? host : `${host}:${port}`;
}

function senderOf({ reversePath }: Envelope): string {
  return reversePath?.address ?? "";
}

function refusal({ code, enhanced, lines }: Reply) {
  return { code, enhanced, text: lines.join(" ") };
}
