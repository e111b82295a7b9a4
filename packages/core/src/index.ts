// The public names of the core, all of them, and nothing else.

export {
  LocalProtocolError,
  type ClientCertificate,
  type Effect,
  type Input,
  type Instant,
  type Output,
  type Session,
  type TlsInfo,
  type Wants,
} from "./session.ts";

// Grammar: bytes to values and back.
export {
  addressLimits,
  forwardPath,
  formatPath,
  helloName,
  mailbox,
  isAscii,
  parseForwardPath,
  parseHelloName,
  parseReversePath,
  reversePath,
  type AddressLimits,
  type AddressOptions,
  type ForwardPath,
  type HelloName,
  type Mailbox,
  type ParsedPath,
  type ReversePath,
} from "./grammar/address.ts";
export {
  findCapability,
  formatCapabilities,
  noCapabilities,
  parseCapabilities,
  type Capabilities,
  type Capability,
} from "./grammar/capabilities.ts";
export {
  commandArgument,
  initialResponse,
  saslMechanism,
  type CommandArgument,
  type InitialResponse,
  type SaslMechanism,
} from "./grammar/command-argument.ts";
export {
  formatCommand,
  parseCommand,
  type Chunk,
  type Command,
  type CommandOptions,
  type ContentReference,
  type ParsedCommand,
  type Verb,
} from "./grammar/command.ts";
export { InvalidValueError } from "./grammar/invalid-value-error.ts";
export {
  esmtpParameter,
  findParameter,
  formatParameters,
  parseParameters,
  type EsmtpParameter,
  type EsmtpParameters,
  type ParameterOptions,
} from "./grammar/parameters.ts";
export type { Branded, Failure as ParseFailure, Parsed, ProblemKind, Success } from "./grammar/parsed.ts";
export {
  formatReply,
  parseReplyLine,
  reply,
  type EnhancedCode,
  type Reply,
  type ReplyFormat,
  type ReplyLine,
} from "./grammar/reply.ts";
export { formatXtext, parseXtext } from "./grammar/xtext.ts";
export {
  formatProxyHeader,
  type ProxyEndpoint,
  type ProxyHeader,
  type ProxyTransport,
} from "./grammar/proxy-header.ts";
export type { ProxySsl, ProxySslClient } from "./grammar/proxy-ssl.ts";
export type { ProxyTlv } from "./grammar/proxy-tlv.ts";
export type { ProxyTlvs } from "./grammar/proxy-tlvs.ts";

// Framing: streams of octets to lines, content and replies.
export { measureContent, type ContentMeasure } from "./framing/content-measure.ts";
export { DataReader, type DataOutcome, type DataReaderOptions } from "./framing/data-reader.ts";
export { DataWriter, type DataWriterOptions } from "./framing/data-writer.ts";
export { LineReader, type LineOutcome, type LineReaderOptions } from "./framing/line-reader.ts";
export { ReplyReader, type ReplyLimits, type ReplyOutcome } from "./framing/reply-reader.ts";

// Extensions: what parameters mean, and what a server can offer besides the standard ones.
export type {
  Extension,
  ExtensionVerb,
  MailParameterReader,
  MailParameters,
  Offer,
  ParameterReader,
  Phase,
  RecipientParameterReader,
  RecipientParameters,
} from "./extensions/extension.ts";
export {
  defineExtension,
  parameter,
  type ExtensionDefinition,
  type Parameter,
  type ParameterDefinition,
} from "./extensions/definition.ts";
export { deliverBy, type DeliverBy, type DeliverByLimits } from "./extensions/deliver-by.ts";
export { dsn, type NotifyCondition, type OriginalRecipient } from "./extensions/dsn.ts";
export { binaryMime } from "./extensions/binary-mime.ts";
export { burl } from "./extensions/burl.ts";
export { etrn, type QueueRequest } from "./extensions/etrn.ts";
export { futureRelease, type FutureReleaseLimits } from "./extensions/future-release.ts";
export type { SessionLimits } from "./extensions/limits.ts";
export { mtPriority, type PriorityPolicy } from "./extensions/mt-priority.ts";
export { noSoliciting } from "./extensions/no-soliciting.ts";
export { prdr } from "./extensions/prdr.ts";
export { requireTls, tlsRequiredNo } from "./extensions/require-tls.ts";
export { rrvs, type ValidSince } from "./extensions/rrvs.ts";
export type { Unavailable } from "./extensions/attributes.ts";
export { xclient, type ClientAttributes } from "./extensions/xclient.ts";
export { xforward, type ForwardedAttributes } from "./extensions/xforward.ts";

// SASL: what sessions authenticate by, on either side.
export type {
  AnonymousCredentials,
  ClientCredentials,
  ExternalCredentials,
  PasswordCredentials,
  TokenCredentials,
} from "./sasl/credentials.ts";
export type { Computing, CryptoOperation, HashName } from "./sasl/crypto-operation.ts";
export type {
  ChannelBindings,
  ChannelBindingType,
  Circumstances,
  ClientCircumstances,
  ClientEnd,
  ClientExchange,
  ClientFailureReason,
  ClientMechanism,
  ClientResponse,
  ClientStep,
  ClientWait,
  Credentials,
  Identity,
  IterationBounds,
  MechanismTraits,
  ScramHash,
  ScramKeys,
  ServerAnswer,
  ServerEnd,
  ServerExchange,
  ServerFailureReason,
  ServerMechanism,
  ServerQuestion,
  ServerStep,
  ServerWait,
} from "./sasl/mechanism.ts";
export { deriveScramKeys, defaultIterations, scramHashLengths, type ScramKeysRequest } from "./sasl/scram-keys.ts";
export { formatScramKeys, parseScramKeys, type NamedScramKeys } from "./sasl/stored-keys.ts";
export { areSameOctets } from "./sasl/octets.ts";
export { saslPrep } from "./sasl/saslprep.ts";
export { strengthOrder, type MechanismName } from "./sasl/mechanisms.ts";
export type { OAuthError } from "./sasl/oauth-error.ts";

// The server's side.
export { ServerSession } from "./server/session.ts";
export type { ReadParameters, Registry } from "./server/registry.ts";
export type { ExtensionFailure, Refusal } from "./server/extension-failure.ts";
export type { ServerOrigin } from "./server/origin.ts";
export type { FixedReplyName, ServerReplyName } from "./server/replies.ts";
export {
  defaultServerLimits,
  defaultServerTimeouts,
  serverProfile,
  type ServerLimits,
  type ServerProfile,
  type ServerSessionOptions,
  type UnaskedSubject,
  type ServerTimeouts,
} from "./server/options.ts";
export type { OwnReplies } from "./server/replies.ts";
export type {
  CredentialsDecision,
  DecisionSubject,
  Envelope,
  EnvelopeRecipient,
  ServerCloseReason,
  ServerDecision,
  ServerEvent,
  ServerIntent,
  ServerTimeout,
} from "./server/messages.ts";

// Both sides.
export { oneOf } from "./grammar/option-values.ts";

// The client's side.
export { ClientSession } from "./client/session.ts";
export type { ClientRegistry } from "./client/registry.ts";
export type { Division } from "./client/allowance.ts";
export {
  clientProfile,
  defaultClientLimits,
  defaultClientTimeouts,
  type ClientLimits,
  type ClientProfile,
  type ClientSessionOptions,
  type ClientTimeouts,
  type TlsPolicy,
} from "./client/options.ts";
export type {
  ClientEvent,
  ClientIntent,
  ClientTimeout,
  Failure,
  FailureKind,
  OutgoingRecipient,
  RecipientResult,
  TransactionResult,
} from "./client/messages.ts";
