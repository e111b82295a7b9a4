// @carteiro/workers: SMTP servers and clients for Cloudflare Workers and workerd.

// What applications need of the packages below, so that they depend on this one alone.
export {
  defineExtension,
  InvalidValueError,
  LocalProtocolError,
  mailbox,
  parameter,
  reply,
  type Envelope,
  type Extension,
  type Failure,
  type FailureKind,
  type Mailbox,
  type MechanismName,
  type RecipientResult,
  type Reply,
  type ReversePath,
} from "@carteiro/core";
export {
  accept,
  ContentAbortedError,
  ContentRefusedError,
  disconnect,
  eachRecipient,
  reject,
  SmtpError,
  type Answer,
  type Authentication,
  type Content,
  type Decision,
  type EachRecipient,
  type Message,
  type MessageAnswer,
  type MessageContent,
  type Recipient,
  type RuntimeFeatures,
  type SendResult,
  type ServerHandlers,
  type SessionInfo,
  type SmtpClient,
  type TokenSource,
} from "@carteiro/driver";
export { connect, createPool, type ConnectOptions } from "./client.ts";
export { features } from "./features.ts";
export { smtpHandler, type SmtpHandler, type WorkersServerOptions } from "./server.ts";
export type { Endpoint, WorkersSocket } from "./socket.ts";
export { socketTransport, type SocketTransportOptions } from "./transport.ts";
