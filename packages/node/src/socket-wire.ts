// Octets by a socket of node:net or node:tls.

import type { Socket } from "node:net";
import { handleOf } from "./beneath.ts";
import { DirectIntake, StreamIntake, type Intake } from "./intake.ts";
import { DirectOutlet, StreamOutlet, type Outlet } from "./outlet.ts";
import { address, type Wire, type WireTaker } from "./wire.ts";

export class SocketWire implements Wire {
  readonly remote: Wire["remote"];
  readonly local: Wire["local"];
  readonly unread: readonly Buffer[];
  readonly #socket: Socket;
  readonly intake: Intake;
  readonly outlet: Outlet;

  /** @param outlet By which octets leave already, where there is such a one. */
  constructor(socket: Socket, taker: WireTaker, outlet?: Outlet) {
    this.#socket = socket;
    this.remote = address(socket.remoteAddress, socket.remotePort);
    this.local = address(socket.localAddress, socket.localPort);
    (socket as TakenSocket)[takerOf] = taker;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    for (const [event, listener] of listeners) socket.on(event, listener);
    const emptied = () => taker.emptied();
    const handle = handleOf(socket);
    // Past the stream where nobody overtakes anybody by that.
    const isDirect = handle !== undefined && socket.writableLength === 0;
    this.outlet = outlet ?? (isDirect ? new DirectOutlet(socket, handle, emptied) : new StreamOutlet(socket, emptied));
    this.unread = handle === undefined ? [] : takenOut(socket);
    this.intake =
      handle === undefined ? new StreamIntake(socket, taker) : new DirectIntake(socket, handle, taker, handle.onread);
  }

  end(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  release(unread: readonly Buffer[]): Socket {
    const socket = this.#socket;
    this.intake.end();
    this.outlet.end();
    for (const [event, listener] of listeners) socket.off(event, listener);
    // What befalls it from now on is told by the socket on top of it.
    socket.on("error", () => {});
    putBack(socket, unread);
    return socket;
  }
}

/** Octets that were read from it, where whoever reads from it next finds them first. */
export function putBack(socket: Socket, unread: readonly Buffer[]): void {
  for (const chunk of unread.toReversed()) socket.unshift(chunk);
}

/** What the socket has read already. It must not let flow what is put back into it. */
function takenOut(socket: Socket): readonly Buffer[] {
  socket.pause();
  const chunks: Buffer[] = [];
  while (socket.readableLength > 0) chunks.push(socket.read());
  return chunks;
}

/** Where a socket has who is told: the listeners are the same for all, since three for each would weigh as much as all else here. */
const takerOf = Symbol("taker");

interface TakenSocket extends Socket {
  [takerOf]?: WireTaker;
}

const listeners = [
  ["end", onEnd],
  ["error", onError],
  ["close", onClose],
] as const;

function onEnd(this: TakenSocket): void {
  this[takerOf]?.ended();
}

function onError(this: TakenSocket, error: Error): void {
  this[takerOf]?.broken(error);
}

function onClose(this: TakenSocket): void {
  this[takerOf]?.closed();
}
