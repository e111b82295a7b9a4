// The drive of a server's session, with those beside it whom the options name: a witness of the session, a wrapper of the transport.

import type { Instant, ServerEvent, ServerIntent, ServerOrigin, ServerProfile, ServerSession } from "@carteiro/core";
import type { ConnectionContext } from "./connection-context.ts";
import { Drive } from "./drive.ts";
import type { SessionListener } from "./drive-options.ts";
import type { Transport } from "./transport.ts";
import { witnessed, type SessionBeginning } from "./witness.ts";

/** What the session has begun with. */
interface Beginning {
  readonly context: ConnectionContext;
  readonly profile: ServerProfile;
  readonly origin: ServerOrigin;
  readonly now: Instant;
}

export function serverDrive(
  session: ServerSession,
  transport: Transport,
  listener: SessionListener<ServerEvent>,
  beginning: Beginning,
): Drive<ServerIntent, ServerEvent> {
  const { options, driving } = beginning.context;
  const { witness, wrapTransport } = options;
  // Most have neither, and need not pay for what these are told.
  if (witness === undefined && wrapTransport === undefined) return new Drive(session, transport, listener, driving);
  const state = () => session.state;
  const { proxied = false } = beginning.origin;
  const seen = witness?.({ ...described(beginning), state });
  const through = wrapTransport?.(transport, { role: "server", clock: driving.clock, proxied, state }) ?? transport;
  return new Drive(witnessed<ServerIntent, ServerEvent>(session, seen), through, listener, driving);
}

/** With the options by which a session does the same anew. */
function described({ context, profile, origin, now }: Beginning): Omit<SessionBeginning & { role: "server" }, "state"> {
  const { sessionOptions } = context;
  const unasked = sessionOptions.unasked?.filter((subject) => profile.unasked.has(subject)) ?? [];
  return { role: "server", options: { ...sessionOptions, startTls: profile.startTls, unasked }, origin, now };
}
