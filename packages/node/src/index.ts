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
  type RecipientResult,
  type Reply,
  type ReversePath,
} from "@carteiro/core";
export {
  accept,
  ContentAbortedError,
  ContentRefusedError,
  disconnect,
  reject,
  SmtpError,
  type Answer,
  type Content,
  type Decision,
  type Message,
  type SendResult,
  type ServerHandlers,
  type SessionInfo,
  type SmtpClient,
} from "@carteiro/driver";
export { createServer, NodeServer, type ListenOptions, type NodeServerOptions } from "./server.ts";
export { connect, createPool, type ConnectOptions } from "./client.ts";
export { nodeTransport, secureNodeTransport, type NodeTransportOptions } from "./transport.ts";
export { clientTls, serverTls } from "./tls.ts";
export type { ClientTlsOptions, KeyPair, Pem, ServerTlsOptions, Tls, Upgrade } from "./tls.ts";
