// A scripted client that connects to a real port, whatever server listens there.

import { once } from "node:events";
import { connect } from "node:net";
import type { Transport } from "@carteiro/driver";
import { clientTls, nodeTransport, secureNodeTransport, type ClientTlsOptions } from "@carteiro/node";
import type { CapturesOf } from "../script/captures.ts";
import type { DialogueSource, InTurn } from "../script/dialogue.ts";
import { ScriptedPeer, type ScriptOptions } from "../script/peer.ts";

export interface ScriptedClientOptions extends ScriptOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** Default: whatever certificate the server has is taken. */
  readonly tls?: ClientTlsOptions;
  /** Whether connections begin with TLS, as on port 465. Default: no. */
  readonly implicitTls?: boolean;
}

/**
 * Connects, and speaks: `done` tells how it went. Rejects with the system's error where nobody listens, and with `DialogueError`
 * for what is no dialogue.
 */
export async function scriptedClient<const Source extends DialogueSource | InTurn>(
  source: Source,
  options: ScriptedClientOptions,
): Promise<PortScriptedClient<CapturesOf<Source>>> {
  const client = new PortScriptedClient<CapturesOf<Source>>(source, options);
  for (let count = 0; count < client.connections; count++) void client.speak(await dialled(options));
  return client;
}

export class PortScriptedClient<Captures> extends ScriptedPeer<Captures> {
  constructor(source: DialogueSource | InTurn, options: ScriptOptions) {
    super("client", source, options);
  }

  /** Speaks over a connection that was opened otherwise. Never rejects: `done` does. */
  speak(transport: Transport): Promise<void> {
    return this.converse(transport);
  }
}

async function dialled({ host = "127.0.0.1", port, tls, implicitTls }: ScriptedClientOptions): Promise<Transport> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  socket.on("error", () => undefined);
  const upgrade = clientTls(tls ?? { rejectUnauthorized: false });
  return implicitTls === true ? secureNodeTransport(socket, upgrade) : nodeTransport(socket, { tls: upgrade });
}
