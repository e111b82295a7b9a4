// The seam between a session and the chart it runs. Nothing in this folder knows SMTP.

/** An action that the chart calls for, by name, in the order in which it is to be performed. */
export interface ActionCall {
  readonly type: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** What a guard reads: facts that the session knows, and the event. It changes neither. */
export interface GuardArguments<Facts, Event> {
  readonly context: Facts;
  readonly event: Event;
}

export type Guards<Facts, Event> = Readonly<Record<string, (args: GuardArguments<Facts, Event>) => boolean>>;

/**
 * A running chart. The chart's whole memory is its state; what else a guard needs are facts handed in with each event.
 * A runner performs no action: it names them, and the session performs them.
 */
export interface Runner<Facts, Event extends { readonly type: string }> {
  /** The active leaf state as a dotted path, for example `dialogue.transaction.expectingRecipient`. */
  readonly state: string;
  /** The `meta` of the active states, nearest to the leaf first: the leaf's own value for a key wins. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Whether a final state of the chart's root has been reached: every further event is ignored. */
  readonly done: boolean;
  /** Whether the present state has a transition for this event whose guard holds; one that only forbids the event (`EVENT: {}`) is none. */
  can(event: Event, facts: Facts): boolean;
  /**
   * Takes the event and returns the actions to perform: exits, the transition's own, entries. None: the event meant
   * nothing here, or called for nothing. Event types that XState keeps for itself (`*` and `xstate.…`) mean nothing.
   */
  send(event: Event, facts: Facts): readonly ActionCall[];
}

/** A chart made ready to run: `start` gives a new runner in the initial state and the actions of entering it. */
export interface Program<Facts, Event extends { readonly type: string }> {
  start(facts: Facts): { readonly runner: Runner<Facts, Event>; readonly actions: readonly ActionCall[] };
}
