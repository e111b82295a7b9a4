// TLS as users configure it, made into what Node's TLS takes. Made once per server or client, not once per connection:
// reading keys and certificates is slow.

import { X509Certificate } from "node:crypto";
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
import type { ChannelBindings, TlsInfo } from "@carteiro/core";
import { clientInfo, plainAddress } from "@carteiro/driver";
import { serverEndPoint } from "./server-end-point.ts";

/** What a PEM file holds. */
export type Pem = string | Buffer;

/** A private key and its certificate, which may be followed by the intermediate certificates. */
export interface KeyPair {
  readonly key: Pem;
  readonly cert: Pem;
}

/** What is asked of clients that have certificates, for EXTERNAL. */
export interface ClientCertificateOptions {
  /** Authorities that certificates are verified against. None is needed to have one; `TlsInfo.authorized` tells. */
  readonly ca: Pem | readonly Pem[];
  /** Whether a client without a certificate that can be verified is turned away in the handshake. Default: no. */
  readonly required?: boolean;
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
  /** Asks clients for certificates: `TlsInfo.clientCertificate` has what they show. Default: they are not asked. */
  readonly clientCertificates?: ClientCertificateOptions;
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
  /** What is known of the connection once the handshake is over. */
  info(): TlsInfo;
}

/** Throws what Node throws for keys and certificates that it cannot read or that do not belong together. */
export function serverTls(options: ServerTlsOptions): Tls {
  const own = serverIdentity(options, options);
  const chosen = options.sni && identityChooser(options, options.sni);
  const asked = options.clientCertificates;
  return {
    upgrade(raw) {
      let identity = own;
      const SNICallback =
        chosen &&
        callbackify(async (serverName: string) => {
          identity = (await chosen(serverName)) ?? own;
          return identity === own ? undefined : identity.context;
        });
      const socket = new TLSSocket(raw, {
        isServer: true,
        secureContext: own.context,
        ...(SNICallback && { SNICallback }),
        ...(asked && { requestCert: true, rejectUnauthorized: false }),
      });
      // A server's TLSSocket outside of a tls.Server tells its errors by this event alone, and stays open.
      socket.on("_tlsError", (error: Error) => socket.destroy(error));
      const handshake = handshaken(socket, "secure");
      return {
        socket,
        handshake: asked?.required === true ? handshake.then(() => checkClient(socket)) : handshake,
        info: () => ({
          ...tlsInfo(socket, identity.endPoint),
          ...(asked && clientInfo(socket.getPeerX509Certificate(), isVerified(socket))),
        }),
      };
    },
  };
}

/** Throws what Node throws for certificates that it cannot read. */
export function clientTls(options: ClientTlsOptions = {}): Tls {
  const { pair, ca, minVersion, rejectUnauthorized = true } = options;
  const isUsual = pair === undefined && ca === undefined && minVersion === undefined;
  const own = isUsual ? undefined : createSecureContext({ ...contextOptions(options), ...(pair && keyPair(pair)) });
  return {
    upgrade(raw) {
      const name = options.serverName ?? plainAddress(raw.remoteAddress);
      const socket = connect({
        socket: raw,
        secureContext: own ?? usualContext(),
        rejectUnauthorized,
        checkServerIdentity: (_, certificate) => checkIdentity(name, certificate),
        ...(name !== undefined && isIP(name) === 0 && { servername: name }),
      });
      // Without the exporter of TLS 1.3 there is the certificate; with it nobody would look at that.
      const endPoint = () => (hasExporter(socket) ? undefined : peerEndPoint(socket));
      return { socket, handshake: handshaken(socket, "secureConnect"), info: () => tlsInfo(socket, endPoint()) };
    },
  };
}

let usual: SecureContext | undefined;

/** That of clients that say nothing of theirs. Made when the first of them begins with TLS: it takes longer than a whole session without. */
function usualContext(): SecureContext {
  return (usual ??= createSecureContext(contextOptions({})));
}

/** What is known of a connection whose handshake is over. `endPoint`: the binding of the server's certificate, where known. */
export function tlsInfo(socket: TLSSocket, endPoint?: Uint8Array): TlsInfo {
  const { servername } = socket as { readonly servername?: string | false | null };
  const protocol = socket.getProtocol();
  return {
    ...(protocol !== null && { protocol }),
    cipher: socket.getCipher().name,
    ...(typeof servername === "string" && servername !== "" && { serverName: servername }),
    authorized: socket.authorized,
    channelBindings: channelBindings(socket, endPoint),
  };
}

/** RFC 9266 §4.1; a context of no octets, which TLS 1.3 does not tell from none. */
const exporterLabel = "EXPORTER-Channel-Binding";
const exporterLength = 32;

/**
 * What SCRAM can be bound to. Before TLS 1.3 the exporter would be unique with the extended master secret alone (RFC 9266
 * §4.2), of which Node does not tell whether it was used.
 */
function channelBindings(socket: TLSSocket, endPoint: Uint8Array | undefined): ChannelBindings {
  const exported = hasExporter(socket) ? exportedFrom(socket) : undefined;
  return {
    ...(exported !== undefined && { "tls-exporter": exported }),
    ...(endPoint !== undefined && { "tls-server-end-point": endPoint }),
  };
}

function hasExporter(socket: TLSSocket): boolean {
  return socket.getProtocol() === "TLSv1.3";
}

/** None where the connection is gone, or its handshake not over. */
function exportedFrom(socket: TLSSocket): Uint8Array | undefined {
  try {
    return Uint8Array.from(socket.exportKeyingMaterial(exporterLength, exporterLabel, Buffer.alloc(0)));
  } catch {
    return undefined;
  }
}

function peerEndPoint(socket: TLSSocket): Uint8Array | undefined {
  const { raw } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return raw === undefined ? undefined : serverEndPoint(raw);
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

/** Outside of a `tls.Server`, Node looks no further into a client's certificate by itself. */
function isVerified(socket: TLSSocket): boolean {
  const { _handle } = socket as { readonly _handle?: { verifyError?(): Error | null } };
  return _handle?.verifyError?.() === null;
}

/** Throws where the client has shown none that could be verified, and has destroyed the socket then. */
function checkClient(socket: TLSSocket): void {
  if (socket.getPeerX509Certificate() !== undefined && isVerified(socket)) return;
  socket.destroy();
  throw new Error("The client has shown no certificate that could be verified");
}

function checkIdentity(name: string | undefined, certificate: PeerCertificate): Error | undefined {
  if (name === undefined) return new Error("No server name is known that the certificate could be checked against");
  return checkServerIdentity(name, certificate);
}

/** A pair made ready, and the channel binding that its certificate makes. */
interface ServerIdentity {
  readonly context: SecureContext;
  readonly endPoint: Uint8Array | undefined;
}

function serverIdentity(pair: KeyPair, options: ServerTlsOptions): ServerIdentity {
  const context = createSecureContext(serverContextOptions(pair, options));
  return { context, endPoint: serverEndPoint(new X509Certificate(pair.cert).raw) };
}

/** Who completes the chain that is sent must not be trusted to vouch for clients: Node has one list for both. */
function serverContextOptions(pair: KeyPair, options: ServerTlsOptions): SecureContextOptions {
  const { clientCertificates, ca = [], minVersion } = options;
  const { key, cert } = keyPair(pair);
  if (clientCertificates === undefined) return { ...contextOptions(options), key, cert };
  const trusted = contextOptions({ ca: clientCertificates.ca, ...(minVersion && { minVersion }) });
  return { ...trusted, key, cert: [cert, ca].flat().join("\n") };
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

type IdentityChooser = (serverName: string) => Promise<ServerIdentity | undefined>;

function identityChooser(options: ServerTlsOptions, sni: NonNullable<ServerTlsOptions["sni"]>): IdentityChooser {
  const identities = new WeakMap<KeyPair, ServerIdentity>();
  return async (serverName) => {
    const pair = await sni(serverName);
    if (pair === undefined) return undefined;
    const identity = identities.get(pair) ?? serverIdentity(pair, options);
    identities.set(pair, identity);
    return identity;
  };
}
