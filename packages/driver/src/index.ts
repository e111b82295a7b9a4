// @carteiro/driver: drives sessions over any transport, and the server and client APIs that every adapter shares.

export { systemClock, type Clock } from "./clock.ts";
export { webCompute, type Compute } from "./compute.ts";
export type { Own, Receiver, Transport } from "./transport.ts";
export { startTlsWith, verificationWith } from "./runtime-features.ts";
export type { RuntimeFeatures, TlsWishes, VerificationWishes } from "./runtime-features.ts";
export { authenticationAt, checkPort, portOf, type Destination } from "./destination.ts";
export { Dialer, type Dialing, type DialOptions, type Goal } from "./dialer.ts";
export { reachHost, type FoundAddress, type Reaching } from "./reach-host.ts";
export { plainAddress } from "./plain-address.ts";
export { clientInfo, type ShownCertificate } from "./client-certificate.ts";
export { Drive } from "./drive.ts";
export type { DriveOptions, SessionListener } from "./drive-options.ts";
export {
  accept,
  disconnect,
  eachRecipient,
  fetched,
  reject,
  type Accept,
  type Answer,
  type Decision,
  type Disconnect,
  type EachRecipient,
  type Fetched,
  type ReferenceAnswer,
  type MessageAnswer,
  type Reject,
} from "./decisions.ts";
export type { CommandHandler, CommandHandlers, ExtensionCommandStep } from "./commands.ts";
export type { Content } from "./content.ts";
export type { DeniableKeys, Finding } from "./credentials.ts";
export { deriveKeys, memoryKeyStore, type DeriveKeysOptions, type KeyStore, type UserKeys } from "./key-store.ts";
export type { ServerEvents, ServerHandlers, ServerOptions, SessionInfo, Step } from "./server-options.ts";
export type { ConnectionOrigin } from "./connection-context.ts";
export { SmtpServer, type Platform } from "./server.ts";
export { ListeningServer, type ListeningPlatform, type ListenOptions } from "./listening-server.ts";
export type { Arrival, Doorkeeper, Listener } from "./listening-server.ts";
export type { FindWitness, SessionBeginning, Witness } from "./witness.ts";
export type { Wrapping, WrapTransport } from "./wrapping.ts";
export type { Authentication, TokenSource } from "./authentication.ts";
export { openClient, SmtpClient, type Abortable, type ClientEvents } from "./client.ts";
export type { ClientFacts, HelloFacts, ReverseDns } from "./client-facts.ts";
export { networks } from "./networks.ts";
export type { Resolver } from "./resolver.ts";
export {
  memoryRates,
  type MemoryRatesOptions,
  type Rate,
  type RateOptions,
  type RateQuestion,
  type RateStore,
  type RateSubject,
} from "./rates.ts";
export type { ClientOptions } from "./client-options.ts";
export type { Message, Recipient, RecipientLike, SendResult } from "./message.ts";
export { Pool, type PoolOptions } from "./pool.ts";
export type { ContentSource, MessageContent } from "./outgoing-content.ts";
export {
  ContentAbortedError,
  ContentRefusedError,
  DecisionVoidError,
  SmtpError,
  type SmtpErrorOptions,
} from "./errors.ts";
export type { Leave } from "./places.ts";
