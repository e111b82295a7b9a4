// A server session, an application by script and a client dialogue, brought together.

import {
  binaryMime,
  burl,
  deliverBy,
  dsn,
  etrn,
  prdr,
  mtPriority,
  requireTls,
  rrvs,
  serverProfile,
  ServerSession,
  strengthOrder,
  xclient,
  xforward,
  type Extension,
  type ServerEvent,
  type ServerIntent,
  type ServerSessionOptions,
} from "@carteiro/core";
import fc from "fast-check";
import { executor } from "./crypto.ts";
import { application, chunkings, chunksOf, cycle, nonceSeed, type ClientDialogue, type Verdict } from "./dialogues.ts";
import { iterations, secret } from "./house.ts";
import { storage } from "../examples/storage-extension.ts";
import { latin1, SessionHarness } from "./session-harness.ts";

export type ServerOptions = Omit<ServerSessionOptions, "hostname">;

const extensions = [
  binaryMime,
  dsn,
  deliverBy(),
  mtPriority(),
  rrvs,
  requireTls,
  etrn,
  prdr,
  burl(),
  storage,
  xclient,
  xforward,
];

/** Options that make a difference to what is accepted; some limits are small enough to be met. */
const anyOptions: fc.Arbitrary<ServerOptions> = fc.record({
  extensions: fc.constantFrom<(readonly Extension[])[]>([], extensions),
  protocol: fc.constantFrom("smtp", "smtp", "smtp", "lmtp"),
  chunking: fc.constantFrom(true, true, true, false),
  startTls: fc.boolean(),
  requireTls: fc.constantFrom(false, false, false, true),
  authentication: fc.constantFrom(
    {},
    { allowInClear: true },
    { allowInClear: true, required: true },
    { allowInClear: true, mechanisms: strengthOrder, secret, iterations },
    { allowInClear: true, mechanisms: strengthOrder, secret, iterations },
    { allowInClear: true, mechanisms: strengthOrder, secret, iterations },
    { mechanisms: strengthOrder, secret, iterations },
  ),
  bareNewlines: fc.constantFrom("reject", "normalise"),
  trace: fc.boolean(),
  limits: fc.record({
    recipients: fc.constantFrom(2, 1_000),
    recipientDomains: fc.constantFrom(1, Infinity),
    messages: fc.constantFrom(2, Infinity),
    messageSize: fc.constantFrom(100, 1_000_000),
    commandLine: fc.constantFrom(512, 4_096),
    responseLine: fc.constantFrom(100, 12_288),
    endlessLine: fc.constantFrom(512, 65_536),
    smallChunks: fc.constantFrom(2, 1_000),
    discarded: fc.constantFrom(50, 10_000_000),
    errors: fc.constantFrom(3, 20, 100),
    bufferedReplies: fc.constantFrom(1, 16_384),
  }),
});

/** BURL needs CHUNKING. */
export const serverOptions: fc.Arbitrary<ServerOptions> = anyOptions.map(({ extensions: list = [], ...options }) => ({
  ...options,
  extensions:
    options.chunking === false ? list.filter(({ keyword }) => keyword !== "BURL" && keyword !== "BINARYMIME") : list,
}));

/** How the driver goes about it; none of it makes a difference to what is said and told. */
export interface Way {
  /** Sizes of the chunks, over and over. */
  readonly sizes: readonly number[];
  /** Whether the application answers while the session is being polled, or only once it is idle. */
  readonly promptly: boolean;
  /** Whether octets are handed over while the application decides; the application comes to its next answer after so many chunks. */
  readonly readsOn: false | number;
  /** Whether octets are only lent to the session. */
  readonly lends: boolean;
}

export const plainly: Way = { sizes: [Infinity], promptly: true, readsOn: false, lends: false };

export const ways: fc.Arbitrary<Way> = fc.record({
  sizes: chunkings,
  promptly: fc.boolean(),
  readsOn: fc.constantFrom<Way["readsOn"][]>(false, false, 1, 2, 3, Infinity),
  lends: fc.boolean(),
});

export interface Conversation {
  readonly session: ServerSession;
  readonly harness: SessionHarness<ServerIntent, ServerEvent>;
  readonly protocol: "smtp" | "lmtp";
  /** What the client sent and the session took, each octet as a character. */
  readonly sent: string;
  /** The state after each segment. */
  readonly states: readonly string[];
}

/**
 * A client sends its segments, and waits after each until the session wants more; time passes only for that.
 * @param header A PROXY header that comes first, each octet as a character.
 */
export function converse(
  options: ServerOptions,
  { segments, ends }: ClientDialogue,
  script: readonly Verdict[],
  way: Way = plainly,
  header = "",
): Conversation {
  const session = new ServerSession(serverProfile({ ...options, hostname: "mx.example.org" }), 0, {
    trusted: true,
    proxied: header !== "",
  });
  const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    answer: application(script),
    promptly: way.promptly,
    readsOn: way.readsOn !== false,
    lends: way.lends,
    tls: { protocol: "TLSv1.3", authorized: true, channelBindings: { "tls-exporter": secret } },
    compute: executor(nonceSeed),
  });
  const sizes = cycle(way.sizes);
  const states: string[] = [];
  const sent: Uint8Array[] = [];
  for (const [index, segment] of segments.entries()) {
    const prefix = index === 0 ? header : "";
    for (const chunk of chunksOf(prefix + (options.protocol === "lmtp" ? inLmtp(segment) : segment), sizes)) {
      if (harness.receive(chunk)) sent.push(chunk);
      const decides = way.readsOn !== false && sent.length % way.readsOn === 0;
      if (decides && harness.idle.wants === "intent") harness.advance();
    }
    settle(harness);
    states.push(session.state);
  }
  if (ends) harness.end();
  settle(harness);
  return { session, harness, protocol: options.protocol ?? "smtp", sent: latin1(...sent), states };
}

/** With LHLO in the place of most of the greetings. */
function inLmtp(segment: string): string {
  return segment.replaceAll(/^(?:EHLO|HELO) /gm, "LHLO ");
}

/** Until the session wants octets again. */
function settle(harness: SessionHarness<ServerIntent, ServerEvent>): void {
  while (harness.idle.wants === "intent" && harness.advance());
}
