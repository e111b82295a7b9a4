// The public names of the core, all of them, and nothing else.

export {
  LocalProtocolError,
  type Effect,
  type Input,
  type Instant,
  type Output,
  type Session,
  type TlsInfo,
  type Wants,
} from "./session.ts";
