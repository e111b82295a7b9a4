// The three listeners, each a server of its own: what they have in common, and what each of them asks of its clients.

import { randomBytes } from "node:crypto";

import type { FindWitness, WrapTransport } from "@carteiro/driver";
import { accept, createServer, reject, type NodeServer, type NodeServerOptions } from "@carteiro/node";

import { deliver, type DeliveryPlace } from "./delivery.ts";
import { deliveryFailureReply } from "./maildir.ts";
import type { BareNewlines } from "./options.ts";
import type { ServerCertificate } from "./server-certificate.ts";
import type { SessionLog } from "./session-log.ts";
import { errorCode } from "./system-error.ts";
import type { Role } from "./terminal.ts";

export const roles = ["relay", "submission", "submissions"] as const satisfies readonly Role[];

export interface ListenerOptions extends DeliveryPlace {
  readonly certificate: ServerCertificate;
  /** Of this server's own, for SCRAM's answers to users who do not exist. */
  readonly secret: Uint8Array;
  /** Octets. */
  readonly maxSize: number;
  readonly maxRecipients: number;
  readonly idleTimeoutSeconds: number;
  readonly bareNewlines: BareNewlines;
  readonly log: SessionLog;
  /** Sees all sessions, to record them. */
  readonly witness: FindWitness | undefined;
  /** Harms connections on purpose. */
  readonly wrapTransport: WrapTransport | undefined;
}

/** The server of one role, which does not listen yet. Throws what `createServer` throws. */
export function createListener(role: Role, options: ListenerOptions): NodeServer {
  const common = commonOptions(options);
  const server = createServer(
    role === "relay" ? { ...common, ...relay(options) } : { ...common, ...submission(options) },
  );
  options.log.watch(server, role);
  return server;
}

/** The role of port 25: anybody may send, and only to mailboxes that are here. */
function relay(options: ListenerOptions): Partial<NodeServerOptions> {
  return { onRecipient: localRecipients(options, "Relaying denied: no mail for that domain is taken here") };
}

/** The role of ports 587 and 465 (RFC 6409, RFC 8314): nobody may send but users, under TLS. */
function submission(options: ListenerOptions): Partial<NodeServerOptions> {
  const { mailboxes, secret } = options;
  return {
    requireTls: true,
    // One for each of the two listeners: hashing leaves half of Node's threads to the disk.
    authentication: { required: true, secret, checksAtOnce: 1 },
    ...(mailboxes.offersScram && { scramKeys: ({ user }) => mailboxes.scramKeys(user) }),
    onAuthenticate: async ({ user, password }) =>
      (await mailboxes.authenticate(user, password)) === undefined
        ? reject(535, "5.7.8", "Credentials are not valid")
        : accept(),
    onRecipient: localRecipients(
      options,
      "Relaying to other domains is not available yet: mail is delivered to local mailboxes only",
    ),
  };
}

function commonOptions(options: ListenerOptions): NodeServerOptions {
  const { hostname, certificate, maxSize, maxRecipients, idleTimeoutSeconds, bareNewlines } = options;
  const { witness, wrapTransport } = options;
  const idle = idleTimeoutSeconds * 1000;
  return {
    hostname,
    tls: { key: certificate.key, cert: certificate.cert },
    bareNewlines,
    ...(witness && { witness }),
    ...(wrapTransport && { wrapTransport }),
    limits: { messageSize: maxSize, recipients: maxRecipients },
    timeouts: { command: idle, content: idle, tls: Math.min(idle, longestHandshake) },
    onMessage: messageDelivery(options),
  };
}

const longestHandshake = 60_000;

function localRecipients(
  { mailboxes, log }: ListenerOptions,
  notLocal: string,
): NonNullable<NodeServerOptions["onRecipient"]> {
  const unknown = reject(550, "5.1.1", "No such mailbox here");
  const elsewhere = reject(550, "5.7.1", notLocal);
  return ({ session, envelope, recipient }) => {
    if (mailboxes.find(recipient) !== undefined) return accept();
    const refusal = mailboxes.isLocal(recipient.domain) ? unknown : elsewhere;
    log.recipientRefused(session, envelope, recipient, refusal.reply);
    return refusal;
  };
}

function messageDelivery(options: ListenerOptions): NonNullable<NodeServerOptions["onMessage"]> {
  const { log } = options;
  return async ({ session, envelope, content, signal }) => {
    const started = performance.now();
    const id = randomBytes(8).toString("hex");
    try {
      const size = await deliver({ id, session, envelope, content, signal, date: new Date() }, options);
      const to = envelope.recipients.map(({ recipient }) => recipient.address);
      log.delivered(session, {
        id,
        from: envelope.reversePath?.address ?? "",
        to,
        size,
        ms: Math.round(performance.now() - started),
      });
      return accept(`Delivered as ${id}`);
    } catch (error) {
      // Content that was refused or broken off has its answer already, and is no fault of the disk's.
      if (errorCode(error) === undefined) throw error;
      log.deliveryFailed(session, error);
      const { code, enhanced, text } = deliveryFailureReply(error);
      return reject(code, enhanced, text);
    }
  };
}
