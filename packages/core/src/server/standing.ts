// What the server knows of its client, and so what it offers: STARTTLS makes all of it begin anew (RFC 3207 §4.2).

import type { Offer } from "../extensions/extension.ts";
import type { ClientAttributes } from "../extensions/xclient.ts";
import { continued, reply, type Reply } from "../grammar/reply.ts";
import type { Circumstances, ServerMechanism } from "../sasl/mechanism.ts";
import type { TlsInfo } from "../session.ts";
import { newServerFacts, type ServerFacts } from "./facts.ts";
import type { ServerProfile } from "./options.ts";
import type { ServerOrigin } from "./origin.ts";
import { checkReplies, fixedReplies, formattedGreeting, formattedReply } from "./replies.ts";

/** SIZE has room for 20 digits (RFC 1870 §4). */
const sizeLimit = 1e20;

export interface Introduction {
  readonly name: string;
  /** EHLO rather than HELO. */
  readonly extended: boolean;
}

const nothing: Offer = {
  messageSize: undefined,
  startTls: false,
  secured: false,
  trusted: false,
  protocol: "smtp",
  mechanisms: [],
};

export class Standing {
  /** What the chart's guards read. */
  readonly facts: { -readonly [Name in keyof ServerFacts]: boolean };
  hello: Introduction | undefined;
  /** SASL mechanisms open to the client now. */
  mechanisms: readonly ServerMechanism[] = [];
  offer: Offer = nothing;
  /** What EHLO's reply says besides the greeting, as found when EHLO came. */
  announced: readonly string[] = [];
  #tls: TlsInfo | undefined;
  readonly #profile: ServerProfile;
  #trusted: boolean;

  constructor(profile: ServerProfile, { tls, trusted = false, proxied = false, implicitTls = false }: ServerOrigin) {
    this.#profile = profile;
    this.#tls = tls;
    this.#trusted = trusted;
    this.facts = newServerFacts();
    this.facts.greetPaused = profile.greetPause > 0;
    this.facts.chunkingMissing = !profile.chunking;
    this.facts.proxied = proxied;
    this.facts.tlsFirst = proxied && implicitTls;
    this.facts.burlMissing = !profile.burl;
    this.facts.lmtp = profile.protocol === "lmtp";
    this.#weigh();
  }

  get tls(): TlsInfo | undefined {
    return this.#tls;
  }

  /** The reply to HELO or EHLO. */
  get greeting(): Reply {
    const greeting = reply(250, undefined, `${this.#profile.hostname} greets ${this.hello?.name ?? "you"}`);
    return this.#announces() ? continued(greeting, this.announced) : greeting;
  }

  /** The same as it goes over the wire. */
  formatted(greeting: Reply): Uint8Array {
    return this.#announces() ? formattedGreeting(greeting, this.announced) : formattedReply(greeting);
  }

  /** What a SASL mechanism may know of the connection. */
  get circumstances(): Circumstances {
    const plusOffered = this.mechanisms.some(({ channelBound }) => channelBound);
    return { channelBindings: this.#tls?.channelBindings, plusOffered };
  }

  /** Why a mechanism of that name is not open to the client. */
  mechanismRefusal(wanted: string): Reply {
    const mechanism = this.#profile.mechanisms.find(({ name }) => name === wanted);
    if (mechanism === undefined || this.#tls !== undefined) return checkReplies.unknownMechanism;
    return this.facts.tlsOffered ? fixedReplies.authNeedsTls : checkReplies.unknownMechanism;
  }

  introduced({ name, extended }: Introduction): void {
    this.hello = { name, extended };
  }

  trust(): void {
    this.#trusted = true;
    this.#weigh();
  }

  authenticated(): void {
    this.facts.authenticated = true;
    this.#weigh();
  }

  /** TLS has begun: nothing is known of the client that it said in the clear. */
  startOver(tls: TlsInfo): void {
    this.#tls = tls;
    this.hello = undefined;
    this.facts.authenticated = false;
    this.#weigh();
  }

  /** XCLIENT said who the client is: LOGIN stands for AUTH. */
  assume({ login }: ClientAttributes): void {
    this.hello = undefined;
    this.facts.authenticated = typeof login === "string";
    this.#weigh();
  }

  #announces(): boolean {
    return this.hello?.extended === true && this.announced.length > 0;
  }

  #weigh(): void {
    const { facts } = this;
    const { mechanisms, startTls, requireTls, requireAuthentication, limits } = this.#profile;
    const secure = this.#tls !== undefined;
    this.mechanisms = mechanisms.length === 0 ? mechanisms : mechanisms.filter((mechanism) => this.#isFit(mechanism));
    facts.tlsOffered = startTls && !secure;
    facts.tlsMissing = requireTls && !secure;
    facts.authOffered = this.mechanisms.length > 0;
    facts.authNeedsTls = mechanisms.length > 0 && !facts.authOffered && facts.tlsOffered;
    facts.authMissing = requireAuthentication && !facts.authenticated;
    this.offer = {
      messageSize: limits.messageSize < sizeLimit ? Math.floor(limits.messageSize) : undefined,
      startTls: facts.tlsOffered,
      secured: secure,
      trusted: this.#trusted,
      protocol: this.#profile.protocol,
      mechanisms: this.mechanisms.length === 0 ? nothing.mechanisms : this.mechanisms.map(({ name }) => name),
    };
  }

  /** Whether the connection has what the mechanism needs. */
  #isFit({ name, channelBound }: ServerMechanism): boolean {
    const tls = this.#tls;
    const { requireTls, allowAuthInClear, externalByCertificate } = this.#profile;
    // Without TLS, even what hides the password lets those who listen guess at it at leisure.
    if (tls === undefined && (requireTls || !allowAuthInClear)) return false;
    if (channelBound && Object.keys(tls?.channelBindings ?? {}).length === 0) return false;
    return name !== "EXTERNAL" || !externalByCertificate || tls?.authorized === true;
  }
}
