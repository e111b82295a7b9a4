// @carteiro/testing: a test inbox, faults by rule, scripted peers, a world in memory, and sessions recorded, replayed, shrunk and shown.

// What tests need of other packages, so that this one is enough.
export { accept, disconnect, reject } from "@carteiro/driver";
export { VirtualClock } from "@carteiro/memory";
export { record, recordings, type RecordedSession, type RecordOptions } from "./recording/record.ts";
export {
  formatRecording,
  parseRecording,
  RecordingError,
  type AnyEvent,
  type AnyIntent,
  type Call,
  type Entry,
  type RecordedBeginning,
  type RecordedOptions,
  type Recording,
  type Said,
} from "./recording/recording.ts";
export { replay, type Replay, type ReplayOptions } from "./recording/replay.ts";
export { sessionOf, type AnySession, type SessionOptions } from "./recording/session-of.ts";
export { linesOf, type Line } from "./recording/lines.ts";
export type { Difference } from "./recording/difference.ts";
export {
  faults,
  FaultPlan,
  type Fault,
  type FaultOptions,
  type FaultPlanJson,
  type FaultRules,
} from "./faults/plan.ts";
export { FaultError } from "./faults/check.ts";
export { formatFault, parseFault } from "./faults/text.ts";
export {
  command,
  content,
  contentEnd,
  corrupt,
  delay,
  disconnect421,
  dribble,
  drop,
  duplicate,
  garbage,
  greeting,
  halfClose,
  on,
  received,
  recipient,
  reply,
  reset,
  sent,
  stall,
  state,
  tls,
  tlsFailure,
  type FaultRule,
  type Scope,
  type What,
  type When,
} from "./faults/rule.ts";
export { Inbox, InboxError, type InboxOptions, type Within } from "./inbox/inbox.ts";
export {
  parseAddresses,
  type InboxMessage,
  type MessageAddress,
  type MessageAttachment,
  type MessageHeaders,
} from "./inbox/inbox-message.ts";
export { MemoryInbox, testServer, type TestServerOptions } from "./inbox/test-server.ts";
export type { TextWanted, Wanted } from "./inbox/wanted.ts";
export { shrink, type Run, type Shrunk, type ShrinkOptions } from "./recording/shrink.ts";
export { transcriptOf } from "./recording/transcript.ts";
export { scriptedServer, ScriptedServer, type ScriptedServerOptions } from "./script/server.ts";
export { scriptedClient, ScriptedClient, type ScriptedClientOptions } from "./script/client.ts";
export { ScriptedPeer, type ScriptOptions, type ScriptResult } from "./script/peer.ts";
export type { ConversationOptions, Mode } from "./script/conversation.ts";
export type { HearingLimits } from "./script/ear.ts";
export type { Captured } from "./script/hearing.ts";
export type {
  AllCaptures,
  CapturesOf,
  NameInBraces,
  NamesInText,
  TextCaptures,
  ValueCaptures,
} from "./script/captures.ts";
export {
  Dialogue,
  dialogue,
  DialogueError,
  InTurn,
  inTurn,
  type DialogueSource,
  type Party,
  type Place,
  type WrittenLine,
} from "./script/dialogue.ts";
export { dialogueOf } from "./script/dialogue-of.ts";
export {
  expected,
  Expectation,
  type AddressWanted,
  type Check,
  type CommandOf,
  type Heard,
  type Judgement,
  type MailWanted,
  type ParametersWanted,
  type Reads,
  type ReplyWanted,
} from "./script/expected.ts";
export { ScriptError, type ScriptDifference } from "./script/script-error.ts";
export { tracePage, traceSteps, type TraceStep } from "./trace/page.ts";
export { world, World, WorldError, type RunBodyOptions, type WorldOptions } from "./world/world.ts";
export {
  Network,
  type Acceptor,
  type DialOptions,
  type LinkOptions,
  type LinkQualities,
  type ListeningOptions,
  type NetworkOptions,
  type OpenConnection,
  type Overheard,
} from "./world/network.ts";
export {
  Host,
  HostServer,
  type HostConnectOptions,
  type HostListenOptions,
  type HostPoolOptions,
  type HostServerOptions,
  type Surroundings,
} from "./world/host.ts";
export { Random } from "./world/random.ts";
