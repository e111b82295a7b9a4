// A socket of the Workers runtime, as far as this package uses it, so that its types need none of the runtime's own.

/** What `connect` of `cloudflare:sockets` returns, and what a `connect` handler is given. */
export interface WorkersSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Settles when the connection, and TLS where it was asked for, are there. */
  readonly opened: Promise<{ readonly remoteAddress?: string; readonly localAddress?: string }>;
  readonly closed: Promise<void>;
  readonly secureTransport: "on" | "off" | "starttls";
  close(): Promise<void>;
  startTls(): WorkersSocket;
}

export interface Endpoint {
  readonly address?: string;
  readonly port?: number;
}

/** The parts of `192.0.2.1:25` and `[2001:db8::1]:25`; nothing of what looks otherwise. */
export function endpoint(text: string | undefined): Endpoint {
  const colon = text?.lastIndexOf(":") ?? -1;
  if (text === undefined || colon < 0) return {};
  const port = Number(text.slice(colon + 1));
  const address = text.startsWith("[") ? text.slice(1, colon - 1) : text.slice(0, colon);
  return { address: plain(address), ...(Number.isInteger(port) && { port }) };
}

const mapped = "::ffff:";

/** An IPv4 address that a dual-stack socket shows as mapped into IPv6 (RFC 4291 section 2.5.5.2) as plain IPv4. */
function plain(address: string): string {
  return address.startsWith(mapped) && address.includes(".") ? address.slice(mapped.length) : address;
}
