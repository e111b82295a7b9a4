// How a client authenticates: whether it has to, by which mechanism and with which credentials, and what became of it.

import { findCapability, type Capabilities } from "../grammar/capabilities.ts";
import type { Reply } from "../grammar/reply.ts";
import { identityOf, type ClientCredentials } from "../sasl/credentials.ts";
import { preferredBinding } from "../sasl/gs2.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import { strongest } from "../sasl/mechanisms.ts";
import type { OAuthError } from "../sasl/oauth-error.ts";
import type { TlsInfo } from "../session.ts";
import { SaslExchange, type ExchangeEvent } from "./exchange.ts";
import type { ClientProfile } from "./options.ts";

/** What there is to do: `nothing`; the application's credentials are `due`; AUTH is `wanted`; or wanted and `unavailable`. */
export type AuthenticationNeed = "nothing" | "due" | "wanted" | "unavailable";

/** How often an application is asked for credentials: once more after those it gave were refused. */
const mostAsked = 2;
/** Credentials are not good (RFC 4954 §6). */
const invalidCredentials = 535;
/** AUTH, or this mechanism, cannot be had: unknown, not implemented, not supported, or not without encryption (RFC 4954 §6). */
const cannotBeHad: readonly number[] = [500, 502, 504, 538];

export class ClientAuthentication {
  /** As whom the client acts, once the server has said so. */
  identity: string | undefined;
  readonly #profile: ClientProfile;
  #credentials: ClientCredentials | undefined;
  #asked = 0;
  /** What the server said of the credentials before, where others are asked for. */
  #refusal: { readonly refused?: OAuthError; readonly reply?: Reply } = {};
  /** Those that cannot do with these credentials. */
  readonly #dismissed = new Set<ClientMechanism>();
  #mechanism: ClientMechanism | undefined;
  #exchange: SaslExchange | undefined;
  /** Why the mechanism passed over last is of no use. */
  #dismissal: string | undefined;
  #authOffered = false;
  #offered: readonly string[] = [];
  #tls: TlsInfo | undefined;

  constructor(profile: ClientProfile) {
    this.#profile = profile;
    this.#credentials = profile.credentials === "onDemand" ? undefined : profile.credentials;
  }

  /** Why it came to nothing, for people. */
  get problem(): string | undefined {
    return this.#exchange === undefined ? (this.#dismissal ?? this.#whyNone()) : this.#exchange.problem;
  }

  /** What the server said last of a token that it refused. */
  get oauthError(): OAuthError | undefined {
    return this.#exchange?.oauthError ?? this.#refusal.refused;
  }

  /** The exchange under way. */
  get exchange(): SaslExchange | undefined {
    return this.#exchange;
  }

  /** Chooses the mechanism for what the server offers on this connection. */
  weigh(capabilities: Capabilities, tls: TlsInfo | undefined): AuthenticationNeed {
    if (this.#profile.credentials === undefined || this.identity !== undefined) return "nothing";
    const offer = findCapability(capabilities, "AUTH");
    this.#offered = offer?.parameters ?? [];
    this.#tls = tls;
    this.#authOffered = offer !== undefined;
    this.#mechanism = strongest(this.#offered, this.#available, {
      secure: this.#clearAllowed,
      channelBinding: preferredBinding(tls?.channelBindings) !== undefined,
    });
    if (this.#mechanism === undefined) return "unavailable";
    return this.#credentials === undefined ? "due" : "wanted";
  }

  /** The application is being asked for credentials; gives what became of those before. */
  asked(): { readonly refused?: OAuthError; readonly reply?: Reply } {
    this.#asked += 1;
    return this.#refusal;
  }

  /** Takes what the application gave. */
  provide(credentials: ClientCredentials): void {
    this.#credentials = credentials;
    this.#refusal = {};
  }

  begin(): ExchangeEvent {
    const [mechanism, credentials] = [this.#mechanism, this.#credentials];
    if (mechanism === undefined || credentials === undefined) return "unusable";
    // One that would never bind itself must not say that it would have liked to (RFC 5802 §6).
    const bindable = this.#profile.mechanisms.some(({ channelBound }) => channelBound);
    this.#exchange = new SaslExchange(mechanism, credentials, {
      channelBindings: bindable ? this.#tls?.channelBindings : undefined,
      iterations: this.#profile.iterations,
      plusOffered: this.#offered.some((name) => name.toUpperCase().endsWith("-PLUS")),
    });
    return this.#exchange.begin();
  }

  /** Passes over a mechanism that these credentials are no good for; nothing has been said of it. */
  dismiss(): void {
    this.#dismissal = this.#exchange?.problem;
    this.#exchange = undefined;
    if (this.#mechanism !== undefined) this.#dismissed.add(this.#mechanism);
  }

  succeed(): void {
    this.identity = this.#credentials === undefined ? undefined : identityOf(this.#credentials);
    this.#dismissal = this.#exchange = undefined;
  }

  /** Whether the application may be asked for other credentials after this reply. */
  renewableAfter(reply: Reply | undefined): boolean {
    if (this.#exchange === undefined || this.#profile.credentials !== "onDemand") return false;
    const refused = this.#exchange.oauthError !== undefined || reply?.code === invalidCredentials;
    return refused && this.#asked < mostAsked;
  }

  /** Whether the reply to AUTH says nothing of the credentials, but that the mechanism cannot be had. */
  mechanismRefusedBy(reply: Reply | undefined): boolean {
    return this.#exchange !== undefined && reply !== undefined && cannotBeHad.includes(reply.code);
  }

  /** Whether the server has to prove itself, too, before it is believed. */
  get serverProves(): boolean {
    return this.#mechanism?.mutual === true;
  }

  /** Forgets credentials that were refused. */
  forget(reply: Reply | undefined): void {
    const refused = this.#exchange?.oauthError;
    this.#refusal = { ...(refused && { refused }), ...(reply && { reply }) };
    this.#credentials = this.#dismissal = this.#exchange = undefined;
    this.#dismissed.clear();
  }

  get #clearAllowed(): boolean {
    return this.#tls !== undefined || this.#profile.allowAuthInClear;
  }

  /** Before the application has given credentials, any mechanism may be the one. */
  get #available(): readonly ClientMechanism[] {
    const credentials = this.#credentials;
    return this.#profile.mechanisms.filter(
      (mechanism) => !this.#dismissed.has(mechanism) && (credentials === undefined || mechanism.takes(credentials)),
    );
  }

  #whyNone(): string {
    if (!this.#authOffered) return "AUTH is not offered";
    const available = this.#available;
    const names = new Set(this.#offered.map((name) => name.toUpperCase()));
    const common = available.filter(({ name }) => names.has(name));
    if (common.some(({ clear }) => clear) && !this.#clearAllowed)
      return "without TLS no password and no token is sent, unless allowAuthInClear is set";
    if (common.length > 0) return "of this TLS connection nothing is known that SCRAM could be bound to";
    if (available.length === 0) return "no mechanism that is allowed takes these credentials";
    return `of the mechanisms offered none is of use here; of use are ${available.map(({ name }) => name).join(", ")}`;
  }
}
