// SMTP servers that take streams.

import { SmtpServer, type Platform, type ServerEvents, type ServerOptions } from "@carteiro/driver";
import { features } from "./features.ts";
import { streamTransport, type StreamPair, type StreamTransportOptions } from "./transport.ts";

export interface StreamServerOptions extends ServerOptions, Pick<Platform, "clock" | "compute"> {
  /** Whether STARTTLS is announced, to those connections that are accepted with `upgrade`. Default: no. */
  readonly startTls?: boolean;
}

/** Makes a server; `accept` hands it connections. Throws for options that make no sense, naming the one. */
export function createServer(options: StreamServerOptions): StreamServer {
  return new StreamServer(options);
}

export class StreamServer {
  readonly #server: SmtpServer;

  constructor(options: StreamServerOptions) {
    const { startTls = features.serverStartTls, clock, compute, ...rest } = options;
    this.#server = new SmtpServer(rest, { startTls, ...(clock && { clock }), ...(compute && { compute }) });
  }

  /** Serves one connection; settles once it is closed. Rejects, with `TypeError`, where a stream is locked. */
  async accept(streams: StreamPair, options: StreamTransportOptions = {}): Promise<void> {
    const startTls = options.upgrade !== undefined;
    await this.#server.accept(streamTransport(streams, options), { startTls });
  }

  /** Calls the listener at every event of that name; the function returned ends it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: (event: ServerEvents[Name]) => void): () => void {
    return this.#server.on(name, listener);
  }

  /** Connections now open, those included that are being refused. */
  get connections(): number {
    return this.#server.connections;
  }

  /**
   * Stops gracefully: sessions without a transaction are closed with 421, the others after theirs. Settles once all are
   * closed. Once the signal is aborted the rest is closed as by `destroy`.
   */
  close(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#server.close(options);
  }

  /** Stops at once, with a 421 where it can still be said; what was not acknowledged is not kept. */
  destroy(): Promise<void> {
    return this.#server.destroy();
  }

  /** As `close` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
