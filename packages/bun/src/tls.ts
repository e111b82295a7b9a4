// TLS as users configure it, made into what Bun's `upgradeTLS` takes, and what Bun tells of a connection under TLS.

import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { ChannelBindings, TlsInfo } from "@carteiro/core";
import { clientInfo } from "@carteiro/driver";
import type { ClientCertificateOptions, KeyPair, Pem } from "@carteiro/node";
import type { Socket, TLSOptions } from "bun";

/** Oldest version of TLS that is spoken. */
export type OldestTls = "TLSv1.2" | "TLSv1.3";

export interface ServerTlsOptions extends KeyPair {
  /** Authorities that complete the chain sent to clients where `cert` does not hold all of it. */
  readonly ca?: Pem | readonly Pem[];
  /** Asks clients for certificates: `TlsInfo.clientCertificate` has what they show. Default: they are not asked. */
  readonly clientCertificates?: ClientCertificateOptions;
  /** `TLSv1.2` by default (RFC 8996). */
  readonly minVersion?: OldestTls;
}

export interface ClientTlsOptions {
  /** Authorities trusted instead of those that Bun brings. */
  readonly ca?: Pem | readonly Pem[];
  /** Name that the server's certificate must bear, and that it is asked for unless it is an IP address. Default: the host. */
  readonly serverName?: string;
  /** Whether a certificate that cannot be verified ends the connection; `true` by default. If not, `TlsInfo.authorized` tells. */
  readonly rejectUnauthorized?: boolean;
  /** `TLSv1.2` by default (RFC 8996). */
  readonly minVersion?: OldestTls;
  /** Certificate to show to a server that asks for one. */
  readonly pair?: KeyPair;
}

/** One side's TLS, ready for any number of connections. */
export interface Tls {
  readonly options: TLSOptions;
  /** What is known of a connection whose handshake is over. Throws where the peer's certificate does not do. */
  info(socket: Socket<unknown>): TlsInfo;
}

/** Throws for keys and certificates that cannot be read or that do not belong together. */
export function serverTls(options: ServerTlsOptions): Tls {
  const { key, cert, ca = [], clientCertificates: asked, minVersion } = options;
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new TypeError("tls.key is not the key of tls.cert");
  return {
    options: {
      key,
      cert: [cert, ca].flat().join("\n"),
      secureOptions: without(minVersion),
      ...(asked && { ca: [asked.ca].flat(), requestCert: true, rejectUnauthorized: false }),
    },
    info(socket) {
      const client = asked && clientInfo(certificateOf(socket), socket.getAuthorizationError() === null);
      if (asked?.required === true && client?.authorized !== true)
        throw new Error("The client has shown no certificate that could be verified");
      return { ...facts(socket), ...serverName(socket), ...client };
    },
  };
}

/** TLS of a client. Throws for a pair that cannot be read. */
export function clientTls(options: ClientTlsOptions = {}): Tls {
  const { ca, serverName: name, rejectUnauthorized = true, minVersion, pair } = options;
  const asked: Pick<TlsInfo, "serverName"> = name !== undefined && isIP(name) === 0 ? { serverName: name } : {};
  if (pair !== undefined) createPrivateKey(pair.key);
  return {
    options: {
      // What does not do is looked for below, in one place: Bun would check no name that it does not ask for.
      rejectUnauthorized: false,
      secureOptions: without(minVersion),
      // By itself Bun would ask for the address, too, which must not be (RFC 6066 section 3).
      serverName: asked.serverName ?? "",
      ...(ca !== undefined && { ca: [ca].flat() }),
      ...(pair && { key: pair.key, cert: pair.cert }),
    },
    info(socket) {
      const problem = serverProblem(socket, name);
      if (problem !== undefined && rejectUnauthorized) throw problem;
      return { ...facts(socket), ...asked, authorized: problem === undefined };
    },
  };
}

/** Why a server's certificate cannot be taken for that of the name. */
function serverProblem(socket: Socket<unknown>, name: string | undefined): Error | undefined {
  const problem = socket.getAuthorizationError();
  if (problem !== null) return problem;
  if (!socket.authorized) return new Error("The certificate could not be verified");
  if (name === undefined) return new Error("No server name is known that the certificate could be checked against");
  const certificate = certificateOf(socket);
  const borne = isIP(name) === 0 ? certificate?.checkHost(name) : certificate?.checkIP(name);
  return borne === undefined ? new Error(`The certificate is not for ${name}`) : undefined;
}

function certificateOf(socket: Socket<unknown>): X509Certificate | undefined {
  return socket.getPeerX509Certificate();
}

function serverName(socket: Socket<unknown>): Pick<TlsInfo, "serverName"> {
  const name: unknown = socket.getServername();
  return typeof name === "string" && name !== "" ? { serverName: name } : {};
}

function facts(socket: Socket<unknown>): TlsInfo {
  const protocol = socket.getTLSVersion();
  const { name: cipher } = socket.getCipher();
  return { protocol, cipher, ...(protocol === "TLSv1.3" && { channelBindings: exported(socket) }) };
}

/** RFC 9266 §4.1: 32 octets, with a context of none. Before TLS 1.3 they need not be unique (RFC 9266 §4.2). */
function exported(socket: Socket<unknown>): ChannelBindings {
  const octets = socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  return { "tls-exporter": Uint8Array.from(octets) };
}

/** What OpenSSL leaves out below the oldest version. */
function without(oldest: OldestTls = "TLSv1.2"): number {
  const { SSL_OP_NO_SSLv3, SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2 } = constants;
  const older = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
  return oldest === "TLSv1.3" ? older | SSL_OP_NO_TLSv1_2 : older;
}
