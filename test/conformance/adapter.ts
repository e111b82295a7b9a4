// What a runtime gives the conformance suite: servers and clients by its adapter, and peers without manners.
// The suite runs inside of the runtime, so nothing here may be Node's or a test runner's.

import type { ClientOptions, RuntimeFeatures, ServerOptions, SmtpClient, SmtpServer } from "@carteiro/driver";

/** Certificates of servers: one that is fine for `localhost`, and three that no client must accept. */
export type CertificateName = "good" | "expired" | "wrongName" | "unknown";

/** All in PEM, made by `certificates.ts` and handed to the runtime. */
export interface Certificates {
  /** The authorities that clients trust: those of all certificates but the unknown one. */
  readonly trusted: string;
  readonly pairs: Readonly<Record<CertificateName, { readonly key: string; readonly cert: string }>>;
}

export interface ServeOptions {
  /** Handlers, limits and timeouts, to be passed on as they are. They may share variables with the case that gave them. */
  readonly options: ServerOptions;
  /** With it the server has TLS: STARTTLS, where its transports can do that. Without it there is none. */
  readonly certificate?: CertificateName;
  /** Whether connections begin with TLS. */
  readonly implicitTls?: boolean;
}

/** A server that runs. `Place`: how it is reached, a port for example; the suite only hands it back. */
export interface Served<Place> {
  readonly place: Place;
  readonly server: Pick<SmtpServer, "on" | "connections" | "close" | "destroy">;
}

export interface ConnectOptions extends ClientOptions {
  readonly implicitTls?: boolean;
  /** Whether to go on with a certificate that cannot be verified; asked for only where `unverifiedTls` is among the features. */
  readonly unverified?: boolean;
  /** Milliseconds to reach the server, TLS included where it comes first. */
  readonly connectTimeout?: number;
}

/** One end of a connection in the clear that does exactly what it is told to. No TLS, no line ends, no deadlines. */
export interface RawPeer {
  /** Sends octets; settles when more may follow, and rejects where the connection is broken. */
  write(octets: Uint8Array): Promise<void>;
  /** The next octets, read only when this is called; `undefined` when the other side has ended. Rejects after a reset. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends this side alone, where the runtime can. */
  end(): Promise<void>;
  /** Breaks the connection, both ways, so that the other side sees a reset where the runtime can do that. */
  reset(): void;
  /** Closes both sides. More than once does no harm. */
  close(): void;
}

export interface ConformanceAdapter<Place> {
  readonly features: RuntimeFeatures;
  /**
   * Cases that this runtime fails for a reason of its own which `features` does not name: the case's name, and why, with the number
   * of the runtime's issue or the words "no issue known".
   */
  readonly gaps?: Readonly<Record<string, string>>;
  /** Upper bound of the octets that can lie between a writer and a reader who does not read: all buffers, the system's too. */
  readonly mostBuffered: number;
  serve(options: ServeOptions): Promise<Served<Place>>;
  /** A client that trusts the authorities of the certificates and checks for the name `localhost`. */
  connect(place: Place, options?: ConnectOptions): Promise<SmtpClient>;
  /** A client without manners, over a connection in the clear. */
  rawClient(place: Place): Promise<RawPeer>;
  /** A server without manners: the script is run for each connection, which is closed once it settles. It never rejects. */
  rawServer(script: (peer: RawPeer) => Promise<void>): Promise<RawServer<Place>>;
}

export interface RawServer<Place> {
  readonly place: Place;
  /** Stops listening, and closes what is open. */
  close(): Promise<void>;
}

/** One test. `skip`: why it cannot be run in this runtime. */
export interface ConformanceCase {
  readonly name: string;
  readonly skip?: string;
  readonly run: () => Promise<void>;
}
