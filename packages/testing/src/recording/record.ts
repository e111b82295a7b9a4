// Records sessions as they happen: `witness: record(…)` in the options of a server, a client or a pool.

import type { Extension, MechanismTraits, Output } from "@carteiro/core";
import type { FindWitness, SessionBeginning, Witness } from "@carteiro/driver";
import { toJson } from "./json.ts";
import type { AnyEvent, AnyIntent, Entry, RecordedBeginning, RecordedOptions } from "./recording.ts";
import { Redaction, withoutBindings, withoutSecret } from "./redaction.ts";

export interface RecordOptions {
  /**
   * What becomes of content: `hidden`, each letter is an x, and its length and lines stay what they are. What AUTH brings
   * (passwords, tokens, responses, challenges, keys) is never kept. Default: `kept`.
   */
  readonly content?: "kept" | "hidden";
}

/** Which of the sessions that one witness sees it is, from 1 on. */
export interface RecordedSession {
  readonly role: "server" | "client";
  readonly number: number;
}

/**
 * Asks `open` for each session where its lines go: called with each line of JSON, its end included, as it comes to be. Nothing is
 * recorded of a session for which it gives nothing. What the function throws ends the session.
 */
export function record(
  open: (session: RecordedSession) => ((line: string) => void) | undefined,
  { content = "kept" }: RecordOptions = {},
): FindWitness {
  let number = 0;
  return (beginning) => {
    number += 1;
    const write = open({ role: beginning.role, number });
    if (write === undefined) return undefined;
    write(`${toJson(recordedBeginning(beginning))}\n`);
    return new Recorder(beginning, content === "hidden", (entry) => write(`${toJson(entry)}\n`));
  };
}

/** Recordings in memory: `witness` goes into options, and `sessions` are the texts of what it has seen so far. */
export function recordings(options?: RecordOptions): {
  readonly witness: FindWitness;
  readonly sessions: readonly string[];
} {
  const sessions: string[] = [];
  const witness = record(
    ({ number }) =>
      (line) =>
        void (sessions[number - 1] = (sessions[number - 1] ?? "") + line),
    options,
  );
  return { witness, sessions };
}

/** Writes down what happens to one session. */
export class Recorder implements Witness {
  readonly #state: () => string;
  readonly #write: (entry: Entry) => void;
  readonly #redaction: Redaction;

  constructor(
    { role, state }: Pick<SessionBeginning, "role" | "state">,
    hidesContent: boolean,
    write: (entry: Entry) => void,
  ) {
    this.#state = state;
    this.#write = write;
    this.#redaction = new Redaction(role, hidesContent);
  }

  handled(...[input, at]: Parameters<Witness["handled"]>): void {
    const state = this.#state();
    this.#write({ at, handle: this.#redaction.input(input, state), state });
  }

  submitted(intent: AnyIntent, at: number, error?: unknown): void {
    const kept = this.#redaction.intent(intent);
    this.#write({ at, submit: kept, ...(error !== undefined && { error: shownError(error) }), state: this.#state() });
  }

  polled(output: Output<AnyEvent>): void {
    const state = this.#state();
    if (output.kind === "effect") return this.#write({ effect: this.#redaction.effect(output.effect, state), state });
    if (output.kind === "idle") {
      const { wants, deadline } = output;
      return this.#write({ idle: wants, ...(deadline !== undefined && { deadline }), state });
    }
    if (output.event.type !== "lineTraced") this.#write({ event: this.#redaction.event(output.event), state });
  }
}

function recordedBeginning(beginning: SessionBeginning): RecordedBeginning {
  const { now, state } = beginning;
  const shared = { recording: 1, now, state: state(), options: recordedOptions(beginning) } as const;
  const { tls } = beginning.origin;
  const origin = { ...beginning.origin, ...(tls && { tls: withoutBindings(tls) }) };
  return { ...shared, role: beginning.role, origin };
}

/** The options of sessions that are data. What else an application or an adapter has among them, a TLS key perhaps, stays there. */
const common = ["hostname", "protocol", "chunking", "bareNewlines", "limits", "timeouts"];
const plainOptions = {
  server: [...common, "startTls", "requireTls", "greetPause", "strictPipelining", "replyPadding", "unasked"],
  client: [...common, "tls", "allowAuthInClear", "iterations", "pipelining"],
};

function recordedOptions({ role, options }: SessionBeginning): RecordedOptions {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const { extensions } = options;
  const plain = plainOptions[role].filter((name) => given[name] !== undefined);
  return {
    ...Object.fromEntries(plain.map((name) => [name, given[name]])),
    ...(extensions && { extensions: extensions.map(({ keyword }: Extension) => keyword) }),
    ...("authentication" in options &&
      options.authentication && { authentication: recordedAuthentication(options.authentication) }),
    ...("mechanisms" in options && options.mechanisms && { mechanisms: options.mechanisms.map(nameOf) }),
    ...("credentials" in options &&
      options.credentials && {
        credentials: options.credentials === "onDemand" ? "onDemand" : withoutSecret(options.credentials),
      }),
  };
}

function recordedAuthentication({ mechanisms, required, allowInClear }: ServerAuthentication): RecordedOptions {
  return {
    ...(mechanisms && { mechanisms: mechanisms.map(nameOf) }),
    ...(required !== undefined && { required }),
    ...(allowInClear !== undefined && { allowInClear }),
  };
}

type ServerOptions = Extract<SessionBeginning, { role: "server" }>["options"];
type ServerAuthentication = NonNullable<ServerOptions["authentication"]>;

function nameOf(mechanism: string | MechanismTraits): string {
  return typeof mechanism === "string" ? mechanism : mechanism.name;
}

function shownError(error: unknown): string {
  return error instanceof Error ? `${error.name} ${error.message}` : "something that is no error";
}
