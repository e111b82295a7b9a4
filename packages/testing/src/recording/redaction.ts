// What a recording keeps of inputs, intents and outputs: all, but what AUTH brings and, where that is wished, content.

import type { ClientCredentials, Effect, Input, ServerAnswer, TlsInfo } from "@carteiro/core";
import { blankContent, blankUrl } from "./blank.ts";
import { ClientStream, ServerStream } from "./line-redaction.ts";
import type { AnyEvent, AnyIntent, RecordedBeginning } from "./recording.ts";

/** What stands in the place of a password or a token. */
const hidden = "*";

/** Of one session: it follows the dialogue. */
export class Redaction {
  readonly #role: RecordedBeginning["role"];
  readonly #hidesContent: boolean;
  readonly #client: ClientStream;
  readonly #server = new ServerStream();

  constructor(role: RecordedBeginning["role"], hidesContent: boolean) {
    this.#role = role;
    this.#hidesContent = hidesContent;
    this.#client = new ClientStream(hidesContent);
  }

  /** `state`: where the session is. */
  input(input: Input, state: string): Input {
    switch (input.type) {
      case "received":
        return {
          type: "received",
          bytes: this.#role === "server" ? this.#clientSays(input.bytes, state) : this.#server.pass(input.bytes),
        };
      case "secured":
        this.#client.startOver();
        return { type: "secured", tls: withoutBindings(input.tls) };
      case "computed":
        return { ...input, ...(input.result && { result: zeros(input.result) }) };
      default:
        return input;
    }
  }

  intent(intent: AnyIntent): AnyIntent {
    switch (intent.type) {
      case "authenticate":
        return { ...intent, credentials: withoutSecret(intent.credentials) };
      case "answer":
        return { ...intent, answer: withoutKeys(intent.answer) };
      case "accept":
        return intent.content === undefined ? intent : { ...intent, content: this.#content(intent.content) };
      case "send":
        return intent.content === undefined ? intent : { ...intent, content: this.#content(intent.content) };
      case "content":
        return { ...intent, bytes: this.#content(intent.bytes) };
      default:
        return intent;
    }
  }

  event(event: AnyEvent): AnyEvent {
    switch (event.type) {
      case "authenticationReceived":
        return { ...event, credentials: { ...event.credentials, password: hidden } };
      case "tokenReceived":
        return { ...event, token: hidden };
      case "contentReceived":
        return { ...event, bytes: this.#content(event.bytes) };
      case "referenceReceived":
        return { ...event, url: blankUrl(event.url) };
      case "tlsStarted":
        return { ...event, tls: withoutBindings(event.tls) };
      default:
        return event;
    }
  }

  effect(effect: Effect, state: string): Effect {
    switch (effect.type) {
      case "write":
        return {
          type: "write",
          bytes: this.#role === "client" ? this.#clientSays(effect.bytes, state) : this.#server.pass(effect.bytes),
        };
      case "compute":
        return { ...effect, operation: withoutOctets(effect.operation) };
      default:
        return effect;
    }
  }

  #clientSays(octets: Uint8Array, state: string): Uint8Array {
    if (contentStates.includes(state)) this.#client.startContent();
    if (isChallenged(state)) this.#client.answerChallenge();
    return this.#client.pass(octets);
  }

  #content(octets: Uint8Array): Uint8Array {
    return this.#hidesContent ? blankContent(octets) : octets;
  }
}

/** Of both charts: where content comes behind DATA; a client may have come to its end already. */
const contentStates: readonly string[] = [
  "dialogue.transaction.receivingContent",
  ...["sendingContent", "expectingContentReply", "expectingIndividualReply", "expectingOverallReply"].map(
    (state) => `transaction.${state}`,
  ),
];

/** Whether what a client says in this state is a response; of a server's chart, for only there the state is one of before. */
function isChallenged(state: string): boolean {
  return state === "authenticating.expectingResponse";
}

/** What is known of TLS, without what SCRAM is bound to. */
export function withoutBindings(tls: TlsInfo): TlsInfo {
  if (tls.channelBindings === undefined) return tls;
  return { ...tls, channelBindings: withoutOctets(tls.channelBindings) };
}

export function withoutSecret(credentials: ClientCredentials): ClientCredentials {
  if ("password" in credentials) return { ...credentials, password: hidden };
  return "token" in credentials ? { ...credentials, token: hidden } : credentials;
}

function withoutKeys(answer: ServerAnswer): ServerAnswer {
  if (answer.type === "keysFound") return { ...answer, keys: answer.keys && withoutOctets(answer.keys) };
  return answer.type === "secretFound" && answer.secret !== undefined ? { ...answer, secret: hidden } : answer;
}

function withoutOctets<Value extends object>(value: Value): Value {
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => [
    name,
    member instanceof Uint8Array ? zeros(member) : member,
  ]);
  return Object.fromEntries(members) as Value;
}

function zeros({ length }: Uint8Array): Uint8Array {
  return new Uint8Array(length);
}
