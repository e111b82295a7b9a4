// SMTP servers as `connect` handlers of Workers: the platform listens, and hands over what connects.

import { SmtpServer, type ServerEvents, type ServerOptions, type Transport } from "@carteiro/driver";
import { features } from "./features.ts";
import { endpoint, type WorkersSocket } from "./socket.ts";
import { socketTransport } from "./transport.ts";

export interface WorkersServerOptions extends ServerOptions {
  /** Whether the listening socket decrypts what comes before it hands it over (port 465, RFC 8314). Default: no. */
  readonly implicitTls?: boolean;
}

/** What a worker exports, by itself or beside handlers of other events: each member may be taken from it. */
export interface SmtpHandler {
  /** Serves one connection; settles once it is closed. */
  readonly connect: (socket: WorkersSocket) => Promise<void>;
  /** Calls the listener at every event of that name; the function returned ends it. */
  readonly on: <Name extends keyof ServerEvents>(
    name: Name,
    listener: (event: ServerEvents[Name]) => void,
  ) => () => void;
}

/**
 * Makes a server. STARTTLS is announced to connections whose listening socket is in the mode `startTls`, and to no others.
 * Limits and rates are those of an isolate, of which the platform may run several. Options that make no sense are
 * thrown when the first connection comes: the runtime lets no server be made before, for want of randomness.
 */
export function smtpHandler(options: WorkersServerOptions): SmtpHandler {
  const { implicitTls = false, ...rest } = options;
  const listen = new Set<(server: SmtpServer) => void>();
  let server: SmtpServer | undefined;
  const begun = (): SmtpServer => {
    const made = new SmtpServer(rest, { startTls: features.serverStartTls });
    for (const begin of listen) begin(made);
    return made;
  };
  return {
    connect: (socket) => serve((server ??= begun()), socket, implicitTls),
    on(name, listener) {
      if (server !== undefined) return server.on(name, listener);
      let end: () => void = () => void listen.delete(begin);
      const begin = (made: SmtpServer) => void (end = made.on(name, listener));
      listen.add(begin);
      return () => end();
    },
  };
}

async function serve(server: SmtpServer, socket: WorkersSocket, implicitTls: boolean): Promise<void> {
  return server.accept(await acceptedTransport(socket, implicitTls), {
    startTls: socket.secureTransport === "starttls",
  });
}

/** The transport of a socket that a `connect` handler was given. */
export async function acceptedTransport(socket: WorkersSocket, implicitTls: boolean): Promise<Transport> {
  socket.closed.catch(() => undefined);
  const { remoteAddress, localAddress } = await socket.opened;
  const addresses = { remote: endpoint(remoteAddress), local: endpoint(localAddress) };
  return socketTransport(socket, { ...addresses, ...(implicitTls && { tls: {} }) });
}
