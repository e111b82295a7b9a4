// @carteiro/web: SMTP servers and clients over WHATWG streams, and WebSockets as such streams.

// What applications need of the packages below, so that they depend on this one alone.
export {
  defineExtension,
  InvalidValueError,
  LocalProtocolError,
  reply,
  type Credentials,
  type Envelope,
  type Extension,
  type RecipientResult,
  type Reply,
  type TlsInfo,
} from "@carteiro/core";
export {
  accept,
  ContentAbortedError,
  ContentRefusedError,
  disconnect,
  eachRecipient,
  Pool,
  reject,
  SmtpError,
  type Answer,
  type Authentication,
  type Content,
  type Message,
  type MessageAnswer,
  type MessageContent,
  type PoolOptions,
  type Recipient,
  type RuntimeFeatures,
  type SendResult,
  type ServerHandlers,
  type SessionInfo,
  type SmtpClient,
} from "@carteiro/driver";
export { features } from "./features.ts";
export { connect, type ConnectOptions } from "./client.ts";
export { createServer, StreamServer, type StreamServerOptions } from "./server.ts";
export { streamTransport, type SecuredStreams, type StreamPair, type StreamTransportOptions } from "./transport.ts";
export { webSocketStreams, type WebSocketStreamsOptions } from "./web-socket.ts";
