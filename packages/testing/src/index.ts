// @carteiro/testing: a test inbox, and sessions recorded, replayed and shrunk.

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
