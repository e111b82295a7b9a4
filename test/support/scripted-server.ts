// A server that answers a client by a script, from the plausible to the hostile; and dialogues of client sessions with it.
// It is a function of the client's octets alone: what it says does not depend on how anything is cut.

import {
  clientProfile,
  ClientSession,
  LocalProtocolError,
  mailbox,
  type ClientEvent,
  type ClientIntent,
  type ClientSessionOptions,
} from "@carteiro/core";
import fc from "fast-check";
import { chunksOf, contents } from "./dialogues.ts";
import { channelBindings, ScriptedExchange } from "./scripted-exchange.ts";
import { octetsOf, SessionHarness } from "./session-harness.ts";
import { verbOf } from "./wire.ts";

/**
 * What the server does at one turn: the usual answer; a refusal; a reply of this code; the usual answer in many lines; or
 * whatever octets, an empty text for silence.
 */
export type Reaction = "usual" | "many" | number | { readonly octets: string };

export interface ServerScript {
  readonly greeting: Reaction;
  /** Capabilities in the clear and under TLS. */
  readonly offers: readonly [clear: readonly string[], secured: readonly string[]];
  /** Over and over; STARTTLS and what comes before it never get more than one reply. */
  readonly reactions: readonly Reaction[];
}

export class ScriptedServer {
  /** Octets said and not yet taken. */
  said = "";
  /** Commands, those of BDAT with their octets, responses and contents so far. */
  readonly turns: string[] = [];
  readonly #script: ServerScript;
  #rest = "";
  #mode: "command" | "response" | "content" = "command";
  #exchange: ScriptedExchange | undefined;
  #secured = false;
  /** LHLO has been said. */
  #lmtp = false;
  /** Recipients accepted since MAIL. */
  #accepted = 0;

  constructor(script: ServerScript) {
    this.#script = script;
    this.#say(script.greeting, "220 mx.example.org ESMTP");
  }

  /** TLS has begun: whatever was begun in the clear is forgotten. */
  secure(): void {
    this.#secured = true;
    this.#rest = "";
    this.#mode = "command";
  }

  take(octets: string): void {
    this.#rest += octets;
    for (let end = this.#endOfTurn(); end > 0; end = this.#endOfTurn()) {
      const turn = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end);
      this.#answer(turn);
    }
  }

  #endOfTurn(): number {
    if (this.#mode !== "content") {
      const end = this.#rest.indexOf("\r\n") + 2;
      const whole = end > 1 ? end + octetsAnnounced(this.#rest.slice(0, end)) : 0;
      return whole <= this.#rest.length ? whole : 0;
    }
    if (this.#rest.startsWith(".\r\n")) return 3;
    const at = this.#rest.indexOf("\r\n.\r\n");
    return at < 0 ? 0 : at + 5;
  }

  #answer(turn: string): void {
    const usual = this.#usual(turn);
    const { reactions, offers } = this.#script;
    const reaction = reactions[this.turns.length % reactions.length] ?? "usual";
    this.turns.push(turn);
    const tlsMayFollow = !this.#secured && offers[0].includes("STARTTLS");
    const reply = this.#say(tlsMayFollow && typeof reaction === "object" ? "usual" : reaction, usual);
    const verb = verbOf(turn.trimEnd());
    if (this.#mode === "command" && verb === "RCPT" && reply.startsWith("2")) this.#accepted += 1;
    if (this.#mode === "command" && verb === "MAIL") this.#accepted = 0;
    this.#mode = reply.startsWith("354") ? "content" : reply.startsWith("334") ? "response" : "command";
  }

  #say(reaction: Reaction, usual: string): string {
    const reply = replyOf(reaction, usual);
    this.said += reply;
    return reply;
  }

  #usual(turn: string): string {
    if (this.#mode === "content") return this.#verdict();
    if (this.#mode === "response") return this.#exchange?.respond(turn) ?? "501 Cancelled";
    switch (verbOf(turn.trimEnd())) {
      case "EHLO":
      case "LHLO":
        this.#lmtp = turn.startsWith("LHLO");
        return [
          "250-mx.example.org",
          ...this.#script.offers[this.#secured ? 1 : 0].map((offer) => `250-${offer}`),
          "250 HELP",
        ].join("\r\n");
      case "STARTTLS":
        return "220 Go on";
      case "AUTH":
        this.#exchange = new ScriptedExchange(turn);
        return this.#exchange.reply;
      case "DATA":
        return "354 Send it";
      case "BDAT":
        return turn.slice(0, turn.indexOf("\r\n")).endsWith(" LAST") ? this.#verdict() : "250 2.0.0 Received";
      case "QUIT":
        return "221 Bye";
      default:
        return "250 2.0.0 OK";
    }
  }

  /** One reply to the content, or one for each recipient. */
  #verdict(): string {
    return Array.from({ length: this.#lmtp ? this.#accepted : 1 }, () => "250 2.6.0 Accepted").join("\r\n");
  }
}

/** Octets that follow a line: those of a BDAT. */
function octetsAnnounced(line: string): number {
  return Number(/^BDAT (\d+)/.exec(line)?.[1] ?? 0);
}

function replyOf(reaction: Reaction, usual: string): string {
  if (reaction === "usual") return `${usual}\r\n`;
  if (reaction === "many")
    return usual.startsWith("334") || usual.includes("\r\n")
      ? `${usual}\r\n`
      : `${usual.slice(0, 3)}-one\r\n${usual.slice(0, 3)}-\r\n${usual}\r\n`;
  if (typeof reaction === "number") return `${reaction} As the script says\r\n`;
  return reaction.octets;
}

const codes = fc.constantFrom(421, 450, 451, 500, 502, 550, 554, 220, 250, 251, 299, 354, 334, 399, 499, 599, 150);

const junk = fc.constantFrom(
  "",
  "",
  "250 one\r\n250 two\r\n",
  "250-begun\r\n250-and never ended\r\n",
  "250-one\r\n450 other\r\n",
  "250 bare\n",
  "250 bare\r250 again\r\n",
  "no reply\r\n",
  "\r\n",
  "25\r\n",
  "2500 x\r\n",
  "250\r\n",
  "250 \r\n",
  "250 \xc3\xa9\xff\0\x1b[0m\r\n",
  `250 ${"x".repeat(5_000)}\r\n`,
  "250-x\r\n".repeat(300),
  "x".repeat(9_000),
  "421 4.3.2 Closing\r\n",
  "\r",
);

export const reactions: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 32, arbitrary: fc.constant("usual" as const) },
  { weight: 3, arbitrary: fc.constant("many" as const) },
  { weight: 4, arbitrary: codes },
  { weight: 3, arbitrary: junk.map((octets) => ({ octets })) },
);

const offers = fc.subarray(
  [
    "PIPELINING",
    "SIZE 1000000",
    "8BITMIME",
    "SMTPUTF8",
    "CHUNKING",
    "CHUNKING",
    "BINARYMIME",
    "AUTH LOGIN PLAIN XOAUTH2",
    "AUTH=LOGIN",
    "AUTH PLAIN OAUTHBEARER SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
    "AUTH LOGIN EXTERNAL ANONYMOUS OAUTHBEARER SCRAM-SHA-512 CRAM-MD5",
    "ENHANCEDSTATUSCODES",
    "X-\xff",
    "SIZE",
  ],
  { minLength: 0 },
);

export const serverScripts: fc.Arbitrary<ServerScript> = fc.record({
  greeting: fc.oneof({ weight: 12, arbitrary: fc.constant("usual" as const) }, { weight: 1, arbitrary: reactions }),
  offers: fc.tuple(
    fc.tuple(fc.boolean(), offers).map(([tls, others]) => (tls ? [...others, "STARTTLS"] : others)),
    offers,
  ),
  reactions: fc.array(reactions, { minLength: 1, maxLength: 20, size: "max" }),
});

/** What the application does whenever nothing is awaited. */
export type Act =
  | {
      readonly type: "send";
      readonly recipients: readonly string[];
      readonly pieces: readonly string[];
      readonly binary: boolean;
    }
  | { readonly type: "ask"; readonly verb: "NOOP" | "RSET" }
  | { readonly type: "ask"; readonly verb: "VRFY" | "EXPN" | "HELP"; readonly argument: string };

const sends = fc.record({
  type: fc.constant("send" as const),
  recipients: fc.array(
    fc.nat(99).map((number) => `to${number}@example.net`),
    { minLength: 1, maxLength: 4 },
  ),
  pieces: fc.array(contents, { maxLength: 3 }),
  binary: fc.boolean(),
});

export const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: sends },
  { weight: 1, arbitrary: fc.constantFrom({ type: "ask", verb: "NOOP" }, { type: "ask", verb: "RSET" }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { type: "ask", verb: "VRFY", argument: "user" },
      { type: "ask", verb: "HELP", argument: "" },
    ),
  },
) as fc.Arbitrary<Act>;

export type ClientOptions = Omit<ClientSessionOptions, "hostname">;

export const clientOptions: fc.Arbitrary<ClientOptions> = fc.record(
  {
    protocol: fc.constantFrom("smtp", "smtp", "lmtp"),
    tls: fc.constantFrom("required", "opportunistic", "opportunistic", "opportunistic", "never"),
    credentials: fc.constantFrom<NonNullable<ClientOptions["credentials"]>>(
      { user: "user", password: "secret" },
      { user: "user", password: "secret" },
      { user: "user", password: "secret", authorizationIdentity: "other" },
      { user: "user", password: "pen\x07cil" },
      { user: "user", token: "t0ken" },
      { user: "user", token: "stale" },
      { external: true },
      { anonymous: true, trace: "nobody" },
      "onDemand",
      "onDemand",
    ),
    allowAuthInClear: fc.boolean(),
    pipelining: fc.constantFrom(true, true, false),
    chunking: fc.constantFrom(true, true, false),
    bareNewlines: fc.constantFrom("normalise", "normalise", "reject"),
    trace: fc.boolean(),
    limits: fc.record({
      replyLine: fc.constantFrom(512, 4_096),
      replyLines: fc.constantFrom(16, 256),
      bufferedOutput: fc.constantFrom(1, 65_536),
      chunk: fc.constantFrom(1, 7, 20, 262_144),
    }),
  },
  { requiredKeys: [] },
);

export interface ClientDialogue {
  readonly options: ClientOptions;
  readonly script: ServerScript;
  readonly acts: readonly Act[];
}

export const clientDialogues: fc.Arbitrary<ClientDialogue> = fc.record({
  options: clientOptions,
  script: serverScripts,
  acts: fc.array(acts, { maxLength: 5 }),
});

export interface Conversation {
  readonly harness: SessionHarness<ClientIntent, ClientEvent>;
  readonly session: ClientSession;
  readonly server: ScriptedServer;
}

/**
 * Runs a client session against a script to its end: time passes when both wait. The application acts only when nothing that
 * the server has said is still on its way, and says QUIT at the end.
 * @param lends Whether octets are only lent to the session.
 */
export function converse(
  { options, script, acts: list }: ClientDialogue,
  sizes: Iterator<number>,
  lends = false,
): Conversation {
  const session = new ClientSession(clientProfile({ ...options, hostname: "client.example" }), 0);
  const harness = new SessionHarness<ClientIntent, ClientEvent>(session, {
    tls: { protocol: "TLSv1.3", channelBindings },
    lends,
  });
  const server = new ScriptedServer(script);
  const conversation = { harness, session, server };
  const left = [...list];
  let taken = 0;
  let securings = 0;
  const listen = (): void => {
    if (harness.securings > securings) {
      securings = harness.securings;
      // What was written after STARTTLS is said under TLS.
      const hello = options.protocol === "lmtp" ? "LHLO " : "EHLO ";
      server.take(harness.output.slice(taken, harness.output.lastIndexOf(hello)));
      server.secure();
      taken = harness.output.lastIndexOf(hello);
    }
    const { output } = harness;
    server.take(output.slice(taken));
    taken = output.length;
  };
  const exchange = (): void => {
    listen();
    while (server.said !== "") {
      const said = server.said;
      server.said = "";
      for (const chunk of chunksOf(said, sizes)) {
        harness.receive(chunk);
        listen();
      }
    }
  };
  exchange();
  for (let moves = 0; !harness.closed && moves < 1_000; moves++) {
    if (session.state === "ready") {
      const act = left.shift();
      if (act === undefined) harness.submit({ type: "quit" });
      else begin(harness, act);
    } else if (takesContent(session)) {
      sendContent(conversation, list[list.length - left.length - 1], exchange);
    } else if (session.state === "opening.expectingCredentials") {
      // The first token is stale.
      const asked = harness.events.filter(({ type }) => type === "credentialsWanted").length;
      harness.submit({ type: "authenticate", credentials: { user: "user", token: asked > 1 ? "t0ken" : "stale" } });
    } else {
      harness.advance();
    }
    exchange();
  }
  return conversation;
}

function begin(harness: Conversation["harness"], act: Act): void {
  if (act.type === "ask") return harness.submit(act);
  const send: ClientIntent = {
    type: "send",
    reversePath: mailbox("from@example.org"),
    recipients: act.recipients.map((recipient) => ({ recipient: mailbox(recipient) })),
  };
  try {
    harness.submit(act.binary ? { ...send, body: "BINARYMIME" } : send);
  } catch (error) {
    if (!(error instanceof LocalProtocolError)) throw error;
    harness.submit(send);
  }
}

function sendContent({ harness, session }: Conversation, act: Act | undefined, exchange: () => void): void {
  for (const piece of act?.type === "send" ? act.pieces : []) {
    harness.submit({ type: "content", bytes: octetsOf(piece) });
    exchange();
    if (!takesContent(session)) return;
  }
  harness.submit({ type: "endContent" });
}

export function takesContent({ state }: ClientSession): boolean {
  return state === "transaction.sendingContent" || state === "transaction.sendingChunks";
}
