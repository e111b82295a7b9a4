// What a server session shares with its actions.

import type { Runner } from "../engine/runner.ts";
import type { Inbox } from "../inbox.ts";
import type { Outbox } from "../outbox.ts";
import type { Instant } from "../session.ts";
import type { ServerFacts, ServerMachineEvent } from "./facts.ts";
import type { ServerEvent } from "./messages.ts";
import type { ServerProfile } from "./options.ts";
import type { Pace } from "./pace.ts";
import type { Standing } from "./standing.ts";

export interface ActionsContext {
  readonly profile: ServerProfile;
  readonly inbox: Inbox;
  readonly outbox: Outbox<ServerEvent>;
  readonly standing: Standing;
  readonly pace: Pace;
  readonly runner: Runner<ServerFacts, ServerMachineEvent>;
  now: Instant;
}
