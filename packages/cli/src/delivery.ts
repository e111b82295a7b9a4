// What becomes of a message that has come: a copy in each mailbox that its recipients reach, with trace fields in front.

import { formatPath, type Envelope, type Mailbox } from "@carteiro/core";
import type { SessionInfo } from "@carteiro/driver";

import type { LocalMailbox, Mailboxes } from "./mailboxes.ts";
import type { DeliveryTarget, Maildir } from "./maildir.ts";
import { received, returnPath, withProtocol, type WithProtocol } from "./trace-fields.ts";

export interface Arrival {
  /** Our name for the message. */
  readonly id: string;
  readonly session: SessionInfo;
  readonly envelope: Envelope;
  readonly content: AsyncIterable<Uint8Array>;
  /** Aborted when nobody waits for the delivery any more. */
  readonly signal: AbortSignal;
  readonly date: Date;
}

export interface DeliveryPlace {
  /** Our own name. */
  readonly hostname: string;
  readonly mailboxes: Mailboxes;
  readonly maildir: Maildir;
}

/**
 * Delivers durably, and resolves to the octets of content. One mailbox gets one copy, whatever number of recipients
 * reach it; the copy names its recipient (`for`) where there is only one. Rejects as `Maildir.deliver` does.
 */
export async function deliver(arrival: Arrival, { hostname, mailboxes, maildir }: DeliveryPlace): Promise<number> {
  const { envelope, content, signal } = arrival;
  const copies = copiesOf(envelope, mailboxes);
  const targets = copies.map(({ mailbox, recipients }) => target(mailbox, header(arrival, hostname, recipients)));
  const counted = new CountedContent(content);
  await maildir.deliver(targets, counted, signal);
  return counted.octets;
}

/** The protocol that a session speaks, as `Received: … with` has it; nothing before HELO. */
export function protocolOf({ hello, tls, identity }: SessionInfo, utf8: boolean): WithProtocol | undefined {
  if (hello === undefined) return undefined;
  const { extended } = hello;
  return withProtocol({ extended, secure: tls !== undefined, authenticated: identity !== undefined, utf8 });
}

interface Copy {
  readonly mailbox: LocalMailbox;
  readonly recipients: Mailbox[];
}

function copiesOf(envelope: Envelope, mailboxes: Mailboxes): Copy[] {
  const copies = new Map<string, Copy>();
  for (const { recipient } of envelope.recipients) {
    const mailbox = mailboxes.find(recipient);
    if (mailbox === undefined) throw new Error(`<${recipient.address}> was accepted and has no mailbox`);
    const copy = copies.get(mailbox.address);
    if (copy === undefined) copies.set(mailbox.address, { mailbox, recipients: [recipient] });
    else copy.recipients.push(recipient);
  }
  return [...copies.values()];
}

const encoder = new TextEncoder();

function target(mailbox: LocalMailbox, fields: string): DeliveryTarget {
  return { mailbox, header: encoder.encode(fields) };
}

function header(arrival: Arrival, hostname: string, recipients: readonly Mailbox[]): string {
  const { session, envelope, id, date } = arrival;
  const stamp = received({
    hello: session.hello?.name ?? "",
    remoteAddress: session.remote.address,
    hostname,
    protocol: protocolOf(session, envelope.parameters.smtputf8 === true) ?? "SMTP",
    id,
    recipient: soleRecipient(recipients),
    tls: session.tls,
    date,
  });
  return returnPath(formatPath(envelope.reversePath)) + stamp;
}

/** `<Postmaster>` has no domain, and is no Path that could stand in `for`. */
function soleRecipient([recipient, ...others]: readonly Mailbox[]): string | undefined {
  const sole = recipient !== undefined && recipient.domain !== "" && others.length === 0;
  return sole ? formatPath(recipient) : undefined;
}

class CountedContent implements AsyncIterable<Uint8Array> {
  octets = 0;
  readonly #content: AsyncIterable<Uint8Array>;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.#content) {
      this.octets += bytes.length;
      yield bytes;
    }
  }
}
