// A server's part in a mechanism as a script: a generator that reads from top to bottom like the exchange in its RFC,
// yields what it waits for and returns how it ended. It becomes an exchange, which lets in only what is awaited.

import { encodeUtf8 } from "../grammar/text.ts";
import type { Computing } from "./crypto-operation.ts";
import type {
  Circumstances,
  Identity,
  ScramKeys,
  ServerAnswer,
  ServerEnd,
  ServerExchange,
  ServerFailureReason,
  ServerMechanism,
  ServerQuestion,
  ServerStep,
  ServerWait,
} from "./mechanism.ts";
import { noOctets } from "./octets.ts";

type ServerInput =
  | { readonly type: "responded"; readonly octets: Uint8Array }
  | { readonly type: "computed"; readonly octets: Uint8Array }
  | ServerAnswer;

/** A server's part of an exchange, or a stretch of it that comes to `Result`. */
export type ServerScript<Result = ServerEnd> = Generator<ServerWait, Result, ServerInput>;

interface ServerPart extends Omit<ServerMechanism, "start"> {
  /** Plays the part. `initial`: the initial response, where AUTH brought one. */
  readonly play: (initial: Uint8Array | undefined, circumstances: Circumstances) => ServerScript;
}

/** The mechanism that plays this part. */
export function serverMechanism({ play, ...traits }: ServerPart): ServerMechanism {
  return {
    ...traits,
    start: (circumstances) => new PlayedServerExchange((initial) => play(initial, circumstances)),
  };
}

/** Sends a challenge and waits for the response. */
export function* challenge(text: Uint8Array | string): ServerScript<Uint8Array> {
  const octets = typeof text === "string" ? encodeUtf8(text) : text;
  return octetsOf(yield { type: "challenged", challenge: octets });
}

/** The initial response, asked for by an empty challenge where AUTH did not bring it (RFC 4954 §4). */
export function* firstMessage(initial: Uint8Array | undefined): ServerScript<Uint8Array> {
  return initial ?? (yield* challenge(noOctets));
}

export function* compute(computing: Computing): ServerScript<Uint8Array> {
  return octetsOf(yield computing);
}

/** Asks for a user's keys, or password, or for a verdict on whom the client is to be. */
export function* askKeys(
  question: ServerQuestion & { type: "keysWanted" },
): ServerScript<{ readonly keys: ScramKeys | undefined; readonly denied?: boolean }> {
  const answer = yield question;
  return answer.type === "keysFound" ? answer : { keys: undefined };
}

export function* askSecret(question: ServerQuestion & { type: "secretWanted" }): ServerScript<string | undefined> {
  const answer = yield question;
  return answer.type === "secretFound" ? answer.secret : undefined;
}

export function* askToken(
  question: ServerQuestion & { type: "tokenReceived" },
): ServerScript<Omit<ServerAnswer & { type: "tokenChecked" }, "type">> {
  const answer = yield question;
  return answer.type === "tokenChecked" ? answer : { user: undefined };
}

export function* askIdentity(
  question: ServerQuestion & { type: "externalReceived" | "anonymousReceived" },
): ServerScript<string | undefined> {
  const answer = yield question;
  return answer.type === "identityDecided" ? answer.user : undefined;
}

export const garbled: ServerEnd = { type: "garbled" };

export function refused(reason: ServerFailureReason, user?: string): ServerEnd {
  return { type: "failed", reason, ...(user !== undefined && { user }) };
}

export function verified(identity: Identity): ServerEnd {
  return { type: "verified", identity };
}

/** The identity asked for, as a property, where it is another than the user's own: acting for oneself needs no leave. */
export function onBehalf(user: string, authorizationIdentity: string | undefined): { authorizationIdentity?: string } {
  const forAnother = authorizationIdentity !== undefined && authorizationIdentity !== "";
  return forAnother && authorizationIdentity !== user ? { authorizationIdentity } : {};
}

/** Whether an answer is of the kind that a question asks for. */
export function isAnswerTo(question: ServerQuestion, answer: ServerAnswer): boolean {
  return answerTo[question.type] === answer.type;
}

const answerTo: Readonly<Record<ServerWait["type"], ServerInput["type"]>> = {
  challenged: "responded",
  computing: "computed",
  keysWanted: "keysFound",
  secretWanted: "secretFound",
  tokenReceived: "tokenChecked",
  externalReceived: "identityDecided",
  anonymousReceived: "identityDecided",
};

function octetsOf(input: ServerInput): Uint8Array {
  return input.type === "responded" || input.type === "computed" ? input.octets : noOctets;
}

class PlayedServerExchange implements ServerExchange {
  readonly #play: (initial: Uint8Array | undefined) => ServerScript;
  #script: ServerScript | undefined;
  #awaited: ServerInput["type"] | "beginning" | "nothing" = "beginning";

  constructor(play: (initial: Uint8Array | undefined) => ServerScript) {
    this.#play = play;
  }

  step(response: Uint8Array | undefined): ServerStep {
    if (this.#awaited === "beginning") {
      this.#script = this.#play(response);
      return this.#note(this.#script.next());
    }
    return response === undefined ? this.#end(garbled) : this.#take({ type: "responded", octets: response });
  }

  computed(result: Uint8Array | undefined): ServerStep {
    if (result !== undefined) return this.#take({ type: "computed", octets: result });
    return this.#end(this.#awaited === "computed" ? refused("unavailable") : garbled);
  }

  answered(answer: ServerAnswer): ServerStep {
    return this.#take(answer);
  }

  #take(input: ServerInput): ServerStep {
    if (this.#script === undefined || input.type !== this.#awaited) return this.#end(garbled);
    return this.#note(this.#script.next(input));
  }

  #note(result: IteratorResult<ServerWait, ServerEnd>): ServerStep {
    this.#awaited = result.done === true ? "nothing" : answerTo[result.value.type];
    return result.value;
  }

  #end(end: ServerEnd): ServerEnd {
    this.#awaited = "nothing";
    return end;
  }
}
