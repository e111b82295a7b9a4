// What a question of the bench is made of: who is measured, by what figures, and what is asked of them.

/** How much is measured: `quick` only shows that everything works. */
export interface Scale {
  readonly quick: boolean;
}

/** The figures of one round, by metric. A figure that was not taken is left out. */
export type Sample = Readonly<Record<string, number>>;

/** A contender that has been started. */
export interface Running {
  /** Measures once; a round takes about a second, a tenth of that where the scale is `quick`. */
  round(): Promise<Sample>;
  stop(): Promise<void>;
}

/** Who is measured. Floors are contenders like any other. */
export interface Contender {
  readonly name: string;
  /** Why it cannot be measured on this machine, where it cannot: a program that is not installed, for example. */
  readonly missing?: () => string | undefined;
  /** Version of what is measured, where it is not ours. */
  readonly version?: () => string | undefined;
  readonly start: (scale: Scale) => Promise<Running>;
}

export interface Metric {
  readonly name: string;
  /** For example `µs a message`. */
  readonly unit: string;
  readonly better: "less" | "more";
}

/**
 * What is asked: the contender's figure is at most, or at least, so many times that of another in the same round. The
 * median of the ratios of all rounds counts.
 */
export interface Target {
  readonly metric: string;
  readonly contender: string;
  readonly against: string;
  readonly most?: number;
  readonly least?: number;
}

/** What is asked of one contender's figure by itself, in the metric's unit. */
export interface Bound {
  readonly metric: string;
  readonly contender: string;
  readonly most: number;
}

export interface Question {
  /** What it asks, for people. */
  readonly title: string;
  /** The first is the one to quote. */
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  readonly targets?: readonly Target[];
  readonly bounds?: readonly Bound[];
  /** Rounds of each contender; the default is the command's. */
  readonly rounds?: number;
  /** Whether the figures are the same on a busy machine: then no round is run again for that. Default: no. */
  readonly steady?: boolean;
  /** Rounds thrown away before, until compilers have done their work: servers run for months. Default: 5. */
  readonly warmUp?: number;
}
