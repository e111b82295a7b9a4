// @carteiro/node: SMTP servers and clients on Node's sockets.

// What applications need of the packages below, so that they depend on this one alone.
export {
  esmtpParameter,
  InvalidValueError,
  LocalProtocolError,
  mailbox,
  reply,
  type Envelope,
  type Failure,
  type FailureKind,
  type Mailbox,
  type OAuthError,
  type RecipientResult,
  type Reply,
  type ReversePath,
} from "@carteiro/core";
export {
  accept,
  ContentAbortedError,
  ContentRefusedError,
  deriveKeys,
  disconnect,
  memoryKeyStore,
  memoryRates,
  networks,
  reject,
  SmtpError,
  type Answer,
  type Authentication,
  type Content,
  type ClientFacts,
  type Decision,
  type KeyStore,
  type UserKeys,
  type HelloFacts,
  type Message,
  type Rate,
  type RateOptions,
  type RateQuestion,
  type RateStore,
  type Resolver,
  type Recipient,
  type ReverseDns,
  type SendResult,
  type ServerHandlers,
  type SessionInfo,
  type SmtpClient,
  type TokenSource,
} from "@carteiro/driver";
export { createServer, NodeServer, type ListenOptions, type NodeServerOptions } from "./server.ts";
export { connect, createPool, type ConnectOptions } from "./client.ts";
export { nodeCompute } from "./compute.ts";
export { dnsResolver, type ResolverOptions } from "./resolver.ts";
export { nodeTransport, secureNodeTransport, type NodeTransportOptions } from "./transport.ts";
export { clientTls, serverTls } from "./tls.ts";
export type {
  ClientCertificateOptions,
  ClientTlsOptions,
  KeyPair,
  Pem,
  ServerTlsOptions,
  Tls,
  Upgrade,
} from "./tls.ts";
