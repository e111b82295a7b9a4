// TLS as users configure it, made into what Deno takes. Made once per server or client, not once per connection: reading
// keys and certificates is slow.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsInfo } from "@carteiro/core";
import { ConnChannel, type Channel } from "./channel.ts";
import { TlsSocketChannel } from "./tls-socket.ts";

/** A private key and its certificate in PEM, which may be followed by the intermediate certificates. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface ServerTlsOptions extends KeyPair {
  /**
   * The pair for the name that a client asks for (RFC 6066 section 3), or `undefined` for the pair above. The name is what
   * the client sent: look it up, and never use it as a path. Throwing breaks the handshake off. A pair that is the
   * same object as before is not read again.
   */
  readonly sni?: (serverName: string) => KeyPair | undefined;
}

export interface ClientTlsOptions {
  /** Authorities in PEM, trusted besides those that Deno trusts (`DENO_TLS_CA_STORE`, `--cert`). */
  readonly ca?: string | readonly string[];
  /** Name or address that the server's certificate must bear. Default: the host connected to. */
  readonly serverName?: string;
  /** Deno verifies every certificate: `false` is refused with `TypeError`. */
  readonly rejectUnauthorized?: boolean;
}

/** One side's TLS, ready for any number of connections. It is 1.2 at least, on both sides. */
export interface Tls {
  /** Begins the handshake on a connection on which no read is pending. `unread` has been read, and is the handshake's beginning. */
  upgrade(conn: Deno.Conn, unread?: Uint8Array): Promise<Upgrade>;
}

export interface Upgrade {
  readonly channel: Channel;
  /** Rejects with the TLS error, or when the connection ends before. */
  readonly handshake: Promise<void>;
  /** What is known of the connection once the handshake is over. */
  info(): TlsInfo;
}

/** Deno waits for no answer that comes later. */
type SniDone = (error: Error | null, context?: SecureContext) => void;

/** Throws for keys and certificates that cannot be read or that do not belong together. */
export function serverTls(options: ServerTlsOptions): Tls {
  const own = contextOf(options);
  const { sni } = options;
  const contexts = new WeakMap<KeyPair, SecureContext>();
  const contextFor = (serverName: string): Parameters<SniDone> => {
    try {
      const pair = sni?.(serverName);
      // Deno knows no context to fall back to.
      if (pair === undefined) return [null, own];
      const context = contexts.get(pair) ?? contextOf(pair);
      contexts.set(pair, context);
      return [null, context];
    } catch (error) {
      return [error instanceof Error ? error : new Error(String(error))];
    }
  };
  return {
    async upgrade(conn, unread) {
      const SNICallback = (serverName: string, done: SniDone) => done(...contextFor(serverName));
      const channel = new TlsSocketChannel(conn, { secureContext: own, ...(sni && { SNICallback }) }, unread);
      return { channel, handshake: channel.handshake, info: () => infoOf(channel) };
    },
  };
}

/** `host` is what `serverName` is by default. Throws `TypeError` where neither is known. */
export function clientTls({ ca = [], serverName }: ClientTlsOptions = {}, host?: string): Tls {
  const hostname = serverName ?? host;
  return {
    async upgrade(conn) {
      if (hostname === undefined)
        throw new TypeError(
          "No server name is known that the certificate could be checked against: give tls.serverName",
        );
      const secured = await Deno.startTls(conn as Deno.TcpConn, { hostname, caCerts: [ca].flat() });
      const handshake = secured.handshake().then(() => undefined);
      return { channel: new ConnChannel(secured), handshake, info: () => ({ authorized: true }) };
    },
  };
}

function infoOf({ socket }: TlsSocketChannel): TlsInfo {
  const { servername } = socket as { readonly servername?: string | false | null };
  const protocol = socket.getProtocol();
  return {
    ...(protocol !== null && { protocol }),
    cipher: socket.getCipher().name,
    ...(typeof servername === "string" && servername !== "" && { serverName: servername }),
  };
}

/** What Deno would find out at the first handshake only. */
function contextOf({ key, cert }: KeyPair): SecureContext {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new TypeError("tls.key is not the key of tls.cert");
  return createSecureContext({ key, cert });
}
