// TLS as users configure it, made into what Node's TLS takes. Made once per server or client, not once per connection:
// reading keys and certificates is slow.

import { isIP, type Socket } from "node:net";
import {
  TLSSocket,
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
} from "node:tls";
import { callbackify } from "node:util";
import type { TlsInfo } from "@carteiro/core";
import { plainAddress } from "./address.ts";

/** What a PEM file holds. */
export type Pem = string | Buffer;

/** A private key and its certificate, which may be followed by the intermediate certificates. */
export interface KeyPair {
  readonly key: Pem;
  readonly cert: Pem;
}

export interface ServerTlsOptions extends KeyPair {
  /** Authorities that complete the chain sent to clients where `cert` does not hold all of it. */
  readonly ca?: Pem | readonly Pem[];
  /**
   * The pair for the name that a client asks for (RFC 6066 section 3), or `undefined` for the pair above. The name is what
   * the client sent: look it up, and never use it as a path. Throwing breaks the handshake off. A pair that is the
   * same object as before is not read again.
   */
  readonly sni?: (serverName: string) => KeyPair | undefined | Promise<KeyPair | undefined>;
  /** Oldest version of TLS; `TLSv1.2` by default (RFC 8996). */
  readonly minVersion?: SecureVersion;
}

export interface ClientTlsOptions {
  /** Authorities trusted instead of those that Node brings. */
  readonly ca?: Pem | readonly Pem[];
  /**
   * Name that the server's certificate must bear, and that it is asked for unless it is an IP address (RFC 6066
   * section 3). By default the address that the socket is connected to; a Unix socket has none, so that no certificate
   * fits.
   */
  readonly serverName?: string;
  /** Whether a certificate that cannot be verified ends the connection; `true` by default. If not, `TlsInfo.authorized` tells. */
  readonly rejectUnauthorized?: boolean;
  /** Oldest version of TLS; `TLSv1.2` by default (RFC 8996). */
  readonly minVersion?: SecureVersion;
  /** Certificate to show to a server that asks for one. */
  readonly pair?: KeyPair;
}

/** One side's TLS, ready for any number of connections. */
export interface Tls {
  /** Begins the handshake on a connected socket that nobody reads from; octets that the socket has buffered belong to it. */
  upgrade(socket: Socket): Upgrade;
}

export interface Upgrade {
  readonly socket: TLSSocket;
  /** Rejects with the TLS error, or when the connection ends before. */
  readonly handshake: Promise<void>;
}

/** Throws what Node throws for keys and certificates that it cannot read or that do not belong together. */
export function serverTls(options: ServerTlsOptions): Tls {
  const secureContext = serverContext(options, options);
  const SNICallback = options.sni && sniCallback(options, options.sni);
  return {
    upgrade(raw) {
      const socket = new TLSSocket(raw, { isServer: true, secureContext, ...(SNICallback && { SNICallback }) });
      // A server's TLSSocket outside of a tls.Server tells its errors by this event alone, and stays open.
      socket.on("_tlsError", (error: Error) => socket.destroy(error));
      return { socket, handshake: handshaken(socket, "secure") };
    },
  };
}

/** Throws what Node throws for certificates that it cannot read. */
export function clientTls(options: ClientTlsOptions = {}): Tls {
  const { pair, rejectUnauthorized = true } = options;
  const secureContext = createSecureContext({ ...contextOptions(options), ...(pair && keyPair(pair)) });
  return {
    upgrade(raw) {
      const name = options.serverName ?? plainAddress(raw.remoteAddress);
      const socket = connect({
        socket: raw,
        secureContext,
        rejectUnauthorized,
        checkServerIdentity: (_, certificate) => checkIdentity(name, certificate),
        ...(name !== undefined && isIP(name) === 0 && { servername: name }),
      });
      return { socket, handshake: handshaken(socket, "secureConnect") };
    },
  };
}

/** What is known of a connection whose handshake is over. */
export function tlsInfo(socket: TLSSocket): TlsInfo {
  const { servername } = socket as { readonly servername?: string | false | null };
  const protocol = socket.getProtocol();
  return {
    ...(protocol !== null && { protocol }),
    cipher: socket.getCipher().name,
    ...(typeof servername === "string" && servername !== "" && { serverName: servername }),
    authorized: socket.authorized,
  };
}

function handshaken(socket: TLSSocket, done: "secure" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(new Error("The connection ended before the TLS handshake was over"));
    socket.once(done, resolve);
    socket.once("_tlsError", reject);
    socket.once("error", reject);
    socket.once("end", broken);
    socket.once("close", broken);
  });
}

function checkIdentity(name: string | undefined, certificate: PeerCertificate): Error | undefined {
  if (name === undefined) return new Error("No server name is known that the certificate could be checked against");
  return checkServerIdentity(name, certificate);
}

function serverContext(pair: KeyPair, options: ServerTlsOptions): SecureContext {
  return createSecureContext({ ...contextOptions(options), ...keyPair(pair) });
}

function contextOptions({
  ca,
  minVersion = "TLSv1.2",
}: Pick<ServerTlsOptions, "ca" | "minVersion">): SecureContextOptions {
  return { minVersion, ...(ca !== undefined && { ca: [ca].flat() }) };
}

/** The pair and nothing else: what a caller's object holds besides is not for TLS. */
function keyPair({ key, cert }: KeyPair): KeyPair {
  return { key, cert };
}

type SniCallback = (serverName: string, callback: (error: Error | null, context?: SecureContext) => void) => void;

function sniCallback(options: ServerTlsOptions, sni: NonNullable<ServerTlsOptions["sni"]>): SniCallback {
  const contexts = new WeakMap<KeyPair, SecureContext>();
  const contextFor = async (serverName: string): Promise<SecureContext | undefined> => {
    const pair = await sni(serverName);
    if (pair === undefined) return undefined;
    const context = contexts.get(pair) ?? serverContext(pair, options);
    contexts.set(pair, context);
    return context;
  };
  return callbackify(contextFor);
}
