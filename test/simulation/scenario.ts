// What a simulation is about, drawn from its seed: plain data, so that a failure can be looked at.

import { Random, type FaultRule } from "@carteiro/testing";
import { drawnRule, garbles } from "./rules.ts";

/** What becomes of a recipient. */
export type Fate = "accepted" | "slow" | "refused" | "later" | "throws" | "undecided" | "disconnected";
export const fates: readonly Fate[] = ["accepted", "slow", "refused", "later", "throws", "undecided", "disconnected"];

/** What a handler does with a message. */
export type Handling =
  | "accept"
  | "slowReader"
  | "late"
  | "unread"
  | "each"
  | "refuse"
  | "throw"
  | "tooLate"
  | "never"
  | "halfRead"
  | "disconnect";

export type Source = "text" | "octets" | "pieces" | "function" | "slowly" | "throws" | "stalls";

export interface Mail {
  /** Local parts: a fate and a number. */
  readonly to: readonly string[];
  /** Octets as characters of the same number. */
  readonly content: string;
  readonly source: Source;
  readonly handling: Handling;
  readonly prdr: boolean;
  /** Milliseconds after which it is given to the client. */
  readonly at: number;
  /** Milliseconds after that until its signal is aborted. */
  readonly abortAfter: number | undefined;
}

/**
 * What goes wrong on a connection, at one of its ends, once so many octets have been written there or so much time has gone by:
 * - `reset`, `cut`: the connection is reset, or both ends are closed at once.
 * - `halfClose`: this end sends no more, without knowing it.
 * - `lost`: what is written does not arrive, and nobody is told. `blocked`: nothing is taken any more.
 * - `deaf`: what arrives is not received any more.
 * - `dribble`: one octet leaves at a time.
 * - `throws`: the transport throws when written to. `tlsFails`, `tlsStalls`: its handshake.
 * - `spoiled`: one octet of content becomes another. `garbled`: any octet does.
 */
export interface Fault {
  readonly kind:
    | "reset"
    | "cut"
    | "halfClose"
    | "lost"
    | "blocked"
    | "deaf"
    | "dribble"
    | "throws"
    | "tlsFails"
    | "tlsStalls"
    | "spoiled"
    | "garbled";
  readonly side: "client" | "server";
  /** Which of the sessions on that side, counted from 0. */
  readonly session: number;
  readonly after: { readonly octets: number } | { readonly milliseconds: number };
  /** Milliseconds from octet to octet where it dribbles. */
  readonly pace: number;
}

export interface Scenario {
  readonly seed: number;
  /** One session; a pool; or an application that tries again and again, each time by another session. */
  readonly sender: "session" | "pool" | "retries";
  readonly connections: number;
  readonly messagesPerConnection: number;
  readonly mails: readonly Mail[];
  readonly faults: readonly Fault[];
  /** Faults by rule, of the server's connections. */
  readonly rules: readonly FaultRule[];
  readonly partitions: readonly { readonly at: number; readonly for: number }[];
  /** When the server shuts down, or the pool or session is destroyed. */
  readonly shutdown: { readonly at: number; readonly by: "close" | "destroy" | "client" } | undefined;
  readonly latency: readonly [number, number];
  readonly bandwidth: number;
  readonly chunkSizes: readonly number[] | undefined;
  readonly capacity: number;
  readonly tls: "never" | "startTls" | "implicit";
  readonly auth: "none" | "password" | "scram" | "wrong";
  readonly protocol: "smtp" | "lmtp";
  readonly pipelining: boolean;
  readonly chunking: boolean;
  /** Octets of a chunk of BDAT. */
  readonly chunk: number;
  readonly messageSize: number;
  /** Recipients that the server takes in a transaction. */
  readonly recipientLimit: number;
}

/** Whether what is said may become something else than content that is another: then nothing that is said can be believed. */
export function isGarbled({ faults, rules }: Scenario): boolean {
  return faults.some(({ kind }) => kind === "garbled") || rules.some(garbles);
}

/** Whether nothing goes wrong. */
export function isCalm({ faults, rules, partitions, shutdown, mails, auth }: Scenario): boolean {
  const isQuiet =
    faults.length + rules.length === 0 && partitions.length === 0 && shutdown === undefined && auth !== "wrong";
  return isQuiet && mails.every((mail) => mail.abortAfter === undefined && !["throws", "stalls"].includes(mail.source));
}

/** The same for the same seed. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  // Half of the simulations know what must come out.
  const isCalm = random.once(2);
  const kind = isCalm ? undefined : random.pick(["faults", "faults", "rules", "rules", "network", "garbled"] as const);
  const manner = drawnManner(random);
  const mails = Array.from({ length: 1 + random.below(4) }, () => drawnMail(random, manner, isCalm));
  return {
    seed,
    ...manner,
    mails,
    faults: kind === "faults" || kind === "garbled" ? drawnFaults(random, kind) : [],
    rules:
      kind === "rules" || (kind === "garbled" && random.once(2))
        ? Array.from({ length: 1 + random.below(3) }, () => drawnRule(random, kind === "garbled"))
        : [],
    partitions: kind === "network" ? Array.from({ length: 1 + random.below(2) }, () => drawnPartition(random)) : [],
    shutdown:
      isCalm || !random.once(5)
        ? undefined
        : { at: instant(random), by: random.pick(["close", "destroy", "client"] as const) },
    ...drawnLink(random, mails),
  };
}

function drawnManner(random: Random) {
  const protocol = random.once(6) ? "lmtp" : "smtp";
  return {
    sender: random.pick(["session", "pool", "pool", "retries"] as const),
    connections: 1 + random.below(3),
    messagesPerConnection: random.once(3) ? 1 : 100,
    tls: random.pick(["never", "startTls", "startTls", "implicit"] as const),
    auth: random.pick(["none", "none", "none", "password", "scram", "wrong"] as const),
    protocol,
    pipelining: !random.once(4),
    chunking: random.once(2),
    chunk: random.once(4) ? 20 + random.below(100) : 262_144,
    messageSize: random.once(12) ? 300 : 52_428_800,
    recipientLimit: random.once(12) ? 2 : 1_000,
  } as const;
}

function drawnLink(random: Random, mails: readonly Mail[]) {
  // Small pieces of a large message take long and show nothing new.
  const piece = mails.some(({ content }) => content.length > 10_000) ? 6_000 : 60;
  const latency = () => random.pick([0, 0, 1, 5, 50, 700]);
  return {
    latency: [latency(), latency()],
    bandwidth: random.once(6) ? 2_000 + random.below(20_000) : Infinity,
    chunkSizes: random.once(3) ? Array.from({ length: 5 }, () => 1 + random.below(piece)) : undefined,
    capacity: random.pick([1, 500, 65_536, 65_536]),
  } as const;
}

function drawnMail(random: Random, { chunk, protocol }: Pick<Scenario, "chunk" | "protocol">, isCalm: boolean): Mail {
  const rare = <Value>(usual: readonly Value[], others: readonly Value[]) =>
    random.pick(random.once(4) ? others : usual);
  const fate = () => {
    const other = isCalm ? (["refused", "later", "throws", "undecided"] as const) : fates;
    return rare<Fate>(["accepted", "accepted", "slow"], other);
  };
  return {
    to: Array.from({ length: 1 + random.below(4) }, (_, index) => `${fate()}${index}`),
    // Small chunks of a large message take long and show nothing new.
    content: drawnContent(random, chunk < 1_000 ? 12 : 1),
    source: isCalm
      ? random.pick(["text", "octets", "pieces", "function", "slowly"] as const)
      : rare<Source>(["text", "octets", "pieces", "function", "slowly"], ["text", "throws", "stalls"]),
    handling: rare<Handling>(
      ["accept", "accept", "each", "slowReader"],
      isCalm
        ? ["late", "unread", "refuse", "throw", "tooLate"]
        : ["late", "unread", "refuse", "throw", "tooLate", "never", "halfRead", "disconnect"],
    ),
    prdr: protocol === "smtp" && random.once(3),
    at: random.once(2) ? 0 : instant(random),
    abortAfter: isCalm || !random.once(8) ? undefined : instant(random),
  };
}

/** Most within the time of a session, some long after. */
function instant(random: Random): number {
  return random.below(random.pick([20, 300, 5_000, 60_000, 600_000]));
}

const words = [
  "Bom dia",
  ".",
  "..",
  "",
  "~",
  "From here",
  "caf\xc3\xa9",
  "a line of some length, ~ and all that",
  "\t",
  ".~",
];
const newlines = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"];

/** Of every octet that is handed over, where it came from can be told. */
function drawnContent(random: Random, smaller: number): string {
  const lines =
    random.once(200) && smaller === 1
      ? 4_000 + random.below(60_000)
      : random.below(random.pick([3, 12, 60]) / smaller + 1);
  const isClean = random.once(2);
  let content = "";
  for (let line = 0; line < lines; line++) content += random.pick(words) + (isClean ? "\r\n" : random.pick(newlines));
  return random.once(3) ? content + random.pick(words) : content;
}

function drawnFaults(random: Random, kind: "faults" | "garbled"): Fault[] {
  const kinds = [
    "reset",
    "cut",
    "halfClose",
    "lost",
    "blocked",
    "deaf",
    "dribble",
    "throws",
    "tlsFails",
    "tlsStalls",
    "spoiled",
  ] as const;
  return Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    kind: kind === "garbled" && index === 0 ? "garbled" : random.pick(kinds),
    side: random.pick(["client", "server"] as const),
    session: random.pick([0, 0, 0, 1, 2]),
    after: random.once(4) ? { milliseconds: instant(random) } : { octets: random.below(random.pick([300, 1_500])) },
    pace: random.pick([1, 20, 1_000]),
  }));
}

function drawnPartition(random: Random) {
  return { at: instant(random), for: random.pick([50, 5_000, 200_000, 2_000_000]) };
}
