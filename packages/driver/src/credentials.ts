// Who checks credentials: the application's handlers, or a store of keys. Which mechanisms a server can offer follows from
// which of them there are.

import {
  saslPrep,
  scramHashLengths,
  strengthOrder,
  type Credentials,
  type CredentialsDecision,
  type MechanismName,
  type ScramHash,
  type ScramKeys,
  type ServerAnswer,
  type ServerMechanism,
  type ServerSessionOptions,
  type ServerStep,
} from "@carteiro/core";
import type { Compute } from "./compute.ts";
import { accept, reject, type Answer, type Decision, type Disconnect, type Reject } from "./decisions.ts";
import { checkedIterations, keysFound, textFound, verdictFound } from "./findings.ts";
import { isPassword, type KeyStore } from "./key-store.ts";
import type { ServerOptions } from "./server-options.ts";
import type { StepContext } from "./step-context.ts";

/** What a handler finds, now or later; nothing where there is nothing. */
export type Finding<Value> = Value | Reject | Disconnect | undefined | Promise<Value | Reject | Disconnect | undefined>;

/** Keys; `denied`: the user must not act for the other identity, right password or not. */
export type DeniableKeys = ScramKeys & { readonly denied?: boolean };

/** What a mechanism is answered, or that the exchange is refused. */
export type Found = ServerAnswer | Reject | Disconnect;

const badCredentials = reject(535, "5.7.8", "Credentials are not valid");
const noProxy = reject(535, "5.7.8", "Acting for another identity is not allowed");
const secretLength = 32;

export class CredentialsDesk {
  /** The session's part of the options; none where AUTH is not to be offered. */
  readonly session: ServerSessionOptions["authentication"];
  readonly #options: ServerOptions;
  readonly #users: KeyStore | undefined;
  readonly #mayProxy: boolean;
  readonly #secret: Uint8Array;
  readonly #compute: Compute;

  /** Throws `TypeError`, naming it, for a mechanism that nobody checks the credentials of. */
  constructor(options: ServerOptions, compute: Compute) {
    const {
      users,
      proxy = false,
      secret = crypto.getRandomValues(new Uint8Array(secretLength)),
    } = options.authentication ?? {};
    this.#options = options;
    this.#users = users;
    this.#mayProxy = proxy;
    this.#secret = secret;
    this.#compute = compute;
    this.session = sessionOptions(options, secret);
  }

  /** Whether a password is good; nothing said means no. */
  decide(credentials: Credentials, step: StepContext): Answer {
    if (credentials.authorizationIdentity !== undefined && !this.#mayProxy) return noProxy;
    if (this.#users !== undefined) return this.#passwordAnswer(credentials, this.#users);
    return this.#options.onAuthenticate?.(Object.assign(step, credentials));
  }

  /** Who the client is to the application: by any spelling of a name it is the user that the store knows. */
  identityOf({ identity, mechanism }: { readonly identity: string; readonly mechanism: string }): string {
    const isByPassword = mechanism === "PLAIN" || mechanism === "LOGIN";
    return this.#users !== undefined && isByPassword ? (saslPrep(identity) ?? identity) : identity;
  }

  /** What the mechanism is to be told. Throws, or rejects, as the handlers do. */
  async answer(question: CredentialsDecision, step: StepContext): Promise<Found> {
    switch (question.type) {
      case "keysWanted":
        return this.#keysFor(question, step);
      case "secretWanted": {
        const { mechanism, user } = question;
        const secret = await this.#options.cramSecret?.(Object.assign(step, { mechanism, user }));
        return isRefusal(secret) ? secret : { type: "secretFound", secret: textFound("cramSecret", secret) };
      }
      case "tokenReceived":
        return this.#checkToken(question, step);
      case "externalReceived":
      case "anonymousReceived":
        return this.#identify(question, step);
    }
  }

  async #passwordAnswer({ user, password }: Credentials, users: KeyStore): Promise<Decision> {
    const isRight = await isPassword(users, { user, password, secret: this.#secret, compute: this.#compute });
    return isRight ? accept() : badCredentials;
  }

  async #keysFor(question: CredentialsDecision & { type: "keysWanted" }, step: StepContext): Promise<Found> {
    const { mechanism, user, hash, authorizationIdentity } = question;
    const isDenied = authorizationIdentity !== undefined && !this.#mayProxy;
    const behalf = authorizationIdentity === undefined || isDenied ? {} : { authorizationIdentity };
    const given = { mechanism, user, hash, ...behalf };
    const found =
      this.#users === undefined
        ? await this.#options.scramKeys?.(Object.assign(step, given))
        : deniable(await this.#users.keys(user, hash));
    if (isRefusal(found)) return found;
    const keys = keysFound(this.#users === undefined ? "scramKeys" : "authentication.users", hash, found);
    return { type: "keysFound", keys, denied: isDenied || keys?.denied === true };
  }

  async #checkToken(question: CredentialsDecision & { type: "tokenReceived" }, step: StepContext): Promise<Found> {
    const { type: _, decision: __, ...given } = question;
    const answer = await this.#options.onToken?.(Object.assign(step, given));
    if (isRefusal(answer)) return answer;
    const verdict = verdictFound("onToken", answer);
    if (typeof verdict === "object") return { type: "tokenChecked", user: undefined, error: verdict };
    return { type: "tokenChecked", user: this.#maySpeakAs(verdict, question.user) };
  }

  async #identify(
    question: CredentialsDecision & { type: "externalReceived" | "anonymousReceived" },
    step: StepContext,
  ): Promise<Found> {
    const { mechanism } = question;
    if (question.type === "anonymousReceived") {
      const guest = await this.#options.onAnonymous?.(Object.assign(step, { mechanism, trace: question.trace }));
      return isRefusal(guest) ? guest : { type: "identityDecided", user: textFound("onAnonymous", guest) };
    }
    const { authorizationIdentity } = question;
    const behalf = authorizationIdentity === undefined ? {} : { authorizationIdentity };
    const user = await this.#options.onExternal?.(Object.assign(step, { mechanism, ...behalf }));
    if (isRefusal(user)) return user;
    return { type: "identityDecided", user: this.#maySpeakAs(textFound("onExternal", user), authorizationIdentity) };
  }

  /** The user, unless it wants to be another and must not. */
  #maySpeakAs(user: string | undefined, wanted: string | undefined): string | undefined {
    return wanted === undefined || wanted === user || this.#mayProxy ? user : undefined;
  }
}

function sessionOptions(options: ServerOptions, secret: Uint8Array): ServerSessionOptions["authentication"] {
  const { authentication } = options;
  const { users, proxy: _, checksAtOnce: __, checksPerClient: ___, ...given } = authentication ?? {};
  checkUsers(options, users);
  const usual = strengthOrder.filter((name) => isUsual(name, options));
  if (usual.length === 0 && authentication === undefined && options.cramSecret === undefined) return undefined;
  const mechanisms = given.mechanisms ?? usual;
  if (given.mechanisms === undefined && usual.length === 0)
    throw new TypeError("authentication without onAuthenticate: add the handler that knows whose passwords are good");
  for (const mechanism of mechanisms) checkHandled(mechanism, options);
  const held = mechanisms.map((each) =>
    typeof each === "string" || authentication?.proxy === true ? each : forNobodyElse(each),
  );
  return { ...(users && { iterations: users.iterations }), secret, ...given, mechanisms: held };
}

/** The application's own mechanism, whose clients are let in as themselves alone. */
function forNobodyElse(mechanism: ServerMechanism): ServerMechanism {
  const { name, clear, channelBound } = mechanism;
  return {
    name,
    clear,
    channelBound,
    start(circumstances) {
      const exchange = mechanism.start(circumstances);
      return {
        step: (response) => unlessForAnother(exchange.step(response)),
        computed: (result) => unlessForAnother(exchange.computed(result)),
        answered: (answer) => unlessForAnother(exchange.answered(answer)),
      };
    },
  };
}

/** What is no step at all is for the session to find out. */
function unlessForAnother(step: ServerStep): ServerStep {
  if (step?.type !== "verified") return step;
  const { user, authorizationIdentity = user } = step.identity;
  return authorizationIdentity === user ? step : { type: "failed", reason: "credentials", user };
}

function checkUsers(options: ServerOptions, users: KeyStore | undefined): void {
  if (users !== undefined && (options.onAuthenticate !== undefined || options.scramKeys !== undefined))
    throw new TypeError(
      "authentication.users besides onAuthenticate or scramKeys: it answers in their place, give either",
    );
  if (users === undefined) return;
  if (options.authentication?.proxy === true)
    throw new TypeError(
      "authentication.proxy besides users: a store knows of nobody who may act for another, so give handlers in its place",
    );
  checkedIterations("authentication.users.iterations", users.iterations);
  const unknown = users.hashes.find((hash) => !Object.hasOwn(scramHashLengths, hash));
  if (users.hashes.length === 0 || unknown !== undefined)
    throw new RangeError(
      `authentication.users.hashes: ${unknown ?? "there are none"}; give one or more of ${hashes.join(", ")}`,
    );
}

function checkHandled(mechanism: MechanismName | ServerMechanism, options: ServerOptions): void {
  // What the application's own mechanism may ask, only the application knows.
  if (typeof mechanism !== "string" || !Object.hasOwn(handlerOf, mechanism)) return;
  const handler = handlerOf[mechanism];
  const hash = hashOf(mechanism);
  const { users } = options.authentication ?? {};
  const isOfUsers = hash === undefined ? handler === "onAuthenticate" : users?.hashes.includes(hash) === true;
  if (options[handler] === undefined && (users === undefined || !isOfUsers))
    throw new TypeError(`authentication.mechanisms: ${mechanism} without ${handler}: add the handler, or leave it out`);
}

/** Whether a mechanism is offered where nothing is said about mechanisms. */
function isUsual(name: MechanismName, options: ServerOptions): boolean {
  const { users } = options.authentication ?? {};
  const hash = hashOf(name);
  if (users !== undefined && (hash === undefined ? handlerOf[name] === "onAuthenticate" : users.hashes.includes(hash)))
    return true;
  if (options[handlerOf[name]] === undefined || name === "CRAM-MD5") return false;
  // A handler for keys may have them for one hash alone, and this is what others keep, too.
  return hash === undefined || hash === "SHA-256";
}

type Handler = "onAuthenticate" | "scramKeys" | "cramSecret" | "onToken" | "onExternal" | "onAnonymous";

const handlerOf: Readonly<Record<MechanismName, Handler>> = {
  EXTERNAL: "onExternal",
  "SCRAM-SHA-512-PLUS": "scramKeys",
  "SCRAM-SHA-256-PLUS": "scramKeys",
  "SCRAM-SHA-1-PLUS": "scramKeys",
  "SCRAM-SHA-512": "scramKeys",
  "SCRAM-SHA-256": "scramKeys",
  "SCRAM-SHA-1": "scramKeys",
  OAUTHBEARER: "onToken",
  XOAUTH2: "onToken",
  "CRAM-MD5": "cramSecret",
  PLAIN: "onAuthenticate",
  LOGIN: "onAuthenticate",
  ANONYMOUS: "onAnonymous",
};

const hashes: readonly ScramHash[] = ["SHA-512", "SHA-256", "SHA-1"];

function hashOf(name: MechanismName): ScramHash | undefined {
  return hashes.find((hash) => name === `SCRAM-${hash}` || name === `SCRAM-${hash}-PLUS`);
}

function deniable(keys: ScramKeys | undefined): DeniableKeys | undefined {
  return keys;
}

function isRefusal(found: object | string | undefined): found is Reject | Disconnect {
  return (
    typeof found === "object" &&
    found !== null &&
    "type" in found &&
    (found.type === "reject" || found.type === "disconnect")
  );
}
