// Client and server joined in one process: no port, no real time, the same octets at every run.

import { openClient, SmtpServer, type ClientOptions, type ServerOptions, type SmtpClient } from "@carteiro/driver";
import { features } from "./features.ts";
import { pipe, type PipeOptions } from "./pipe.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface PairOptions extends Omit<PipeOptions, "clock"> {
  /** Default: a new one. */
  readonly clock?: VirtualClock;
  /** Whether the server offers STARTTLS, by the stand-in for TLS. Default: yes. */
  readonly startTls?: boolean;
}

export interface Pair {
  readonly server: SmtpServer;
  readonly client: SmtpClient;
  /** Where there is latency or a deadline to be reached, wait for promises with `clock.settle(promise)`. */
  readonly clock: VirtualClock;
  /** Opens one more session with the same server. Settle it by the clock. */
  readonly connect: (options?: ClientOptions) => Promise<SmtpClient>;
}

/** Starts a server and opens a client's session with it. Rejects as `openClient` does. */
export async function pair(
  serverOptions: ServerOptions,
  clientOptions: ClientOptions = {},
  { clock = new VirtualClock(), startTls = features.serverStartTls, ...pipeOptions }: PairOptions = {},
): Promise<Pair> {
  const server = new SmtpServer(serverOptions, { clock, startTls });
  const connect = (options: ClientOptions = clientOptions): Promise<SmtpClient> => {
    const [clientEnd, serverEnd] = pipe({ ...pipeOptions, clock });
    server.admit(serverEnd);
    return openClient(clientEnd, options, clock);
  };
  return { server, client: await clock.settle(connect()), clock, connect };
}
