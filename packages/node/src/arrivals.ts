// Connections as they come in to a listener of Node's: without a socket where that is possible, else with one.

import { channel } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import type { Arrival, Transport } from "@carteiro/driver";
import { Accepted, countsConnections, isKnown } from "./beneath.ts";
import { remoteOf } from "./handle-wire.ts";
import type { Tls } from "./tls.ts";
import { handleTransport, nodeTransport, secureNodeTransport } from "./transport.ts";
import { address } from "./wire.ts";

/** A connection that a socket has been made of. */
export class SocketArrival implements Arrival {
  readonly remote: Arrival["remote"];
  readonly secure?: () => Promise<Transport>;
  readonly #socket: Socket;
  readonly #tls: Tls | undefined;

  constructor(socket: Socket, tls: Tls | undefined) {
    this.#socket = socket;
    this.#tls = tls;
    // Whatever befalls it before or after the server has it concerns nobody.
    socket.on("error", ignore);
    this.remote = address(socket.remoteAddress, socket.remotePort);
    if (tls !== undefined) this.secure = () => secureNodeTransport(socket, tls);
  }

  open(): Transport {
    return nodeTransport(this.#socket, this.#tls && { tls: this.#tls });
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function ignore(): void {}

/** A connection without a socket, until its TLS needs one. */
class HandleArrival implements Arrival {
  readonly remote: Arrival["remote"];
  readonly secure?: () => Promise<Transport>;
  readonly #accepted: Accepted;
  readonly #tls: Tls | undefined;

  constructor(accepted: Accepted, tls: Tls | undefined) {
    this.#accepted = accepted;
    this.#tls = tls;
    this.remote = remoteOf(accepted.handle);
    if (tls !== undefined) this.secure = () => secureNodeTransport(accepted.socket(), tls);
  }

  open(): Transport {
    return handleTransport(this.#accepted, this.remote, this.#tls);
  }

  destroy(): void {
    this.#accepted.destroy();
  }
}

/** What accepts connections for a server of Node's, as far as that can be known. */
interface Accepting {
  onconnection?: (this: unknown, error: number | undefined, handle: unknown) => unknown;
}

/** Who watches all sockets of the process is shown them. */
const watched = channel("net.server.socket");

/** Has connections to a server that listens come without a socket, where what is beneath is known; others still come with one. */
export function takeHandles(
  server: Server,
  { keepAlive, tls }: { readonly keepAlive: boolean; readonly tls: Tls | undefined },
  arrived: (arrival: Arrival) => void,
): void {
  const { _handle: accepting } = server as { readonly _handle?: Accepting | null };
  const bySocket = accepting?.onconnection;
  if (!accepting || typeof bySocket !== "function" || !countsConnections(server)) return;
  accepting.onconnection = function (error, handle) {
    if (error || watched.hasSubscribers || !isKnown(handle)) return bySocket.call(this, error, handle);
    handle.setNoDelay?.(true);
    if (keepAlive) handle.setKeepAlive?.(true, 0);
    arrived(new HandleArrival(new Accepted(handle, server), tls));
  };
}
