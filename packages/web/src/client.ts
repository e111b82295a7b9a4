// SMTP clients over streams.

import { openClient, startTlsWith, type ClientOptions, type SmtpClient } from "@carteiro/driver";
import { features } from "./features.ts";
import { streamTransport, type StreamPair, type StreamTransportOptions } from "./transport.ts";

export interface ConnectOptions extends ClientOptions, StreamTransportOptions {}

/**
 * Opens a session over streams that lead to a server. STARTTLS is for those who hand in `upgrade`; without it, and without
 * `tls`, the session stays in the clear, so that `auth` needs `startTls: "never"` and `allowAuthInClear`. Rejects with
 * `TypeError` where more is asked of TLS than there is, else as `openClient` does; the streams are cancelled and aborted then.
 */
export async function connect(streams: StreamPair, options: ConnectOptions = {}): Promise<SmtpClient> {
  const { startTls, auth, tls, upgrade } = options;
  const transport = streamTransport(streams, options);
  const can = { ...features, clientStartTls: upgrade !== undefined, clientImplicitTls: tls !== undefined };
  const wishes = { ...(startTls && { startTls }), ...(auth && { auth }), implicitTls: tls !== undefined };
  try {
    return await openClient(transport, { ...options, startTls: startTlsWith(can, wishes) });
  } catch (error) {
    transport.destroy();
    throw error;
  }
}
