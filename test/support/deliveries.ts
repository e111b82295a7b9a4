// Messages between our client and our server over a connection with faults, under a virtual clock: what each side was told
// became of them.

import { binaryMime, prdr } from "@carteiro/core";
import {
  accept,
  eachRecipient,
  openClient,
  reject,
  SmtpError,
  SmtpServer,
  type Answer,
  type Content,
  type ContentSource,
  type SendResult,
  type ServerOptions,
  type SmtpClient,
} from "@carteiro/driver";
import { VirtualClock } from "@carteiro/memory";
import fc from "fast-check";
import { expect } from "vitest";
import { contents } from "./arbitraries.ts";
import { faultyPipe, type Fault } from "./faulty-transport.ts";
import { latin1, octetsOf } from "./session-harness.ts";

/** What a handler does with its message, or a source with its content. */
type Handling =
  | "accept"
  | "reject"
  | "throw"
  | "late"
  | "tooLate"
  | "never"
  | "unread"
  | "each"
  | "halfRead"
  | "halfReadAndThrows";
type Source = "text" | "octets" | "pieces" | "slowly" | "throws" | "stalls";

export interface Mail {
  /** Local parts: those that begin with `no` are refused. */
  readonly to: readonly string[];
  /** Octets as characters of the same number. */
  readonly content: string;
  readonly source: Source;
  readonly handling: Handling;
  /** Whether its octets are to arrive as they are, where the session can say so (BINARYMIME). */
  readonly binary: boolean;
  /** Whether an answer for each recipient is asked for over SMTP too. */
  readonly prdr: boolean;
}

export interface Scenario {
  readonly mails: readonly Mail[];
  readonly faults: readonly Fault[];
  readonly latency: number | readonly [number, number];
  readonly chunkSizes: readonly number[] | undefined;
  readonly capacity: number;
  readonly tls: "plain" | "implicit" | "startTls" | "fails" | "stallsAtClient" | "stallsAtServer";
  readonly auth: boolean;
  readonly pipelining: boolean;
  readonly protocol: "smtp" | "lmtp";
  /** How content is sent: by DATA, by BDAT, or by BDAT in many small chunks. */
  readonly manner: "data" | "bdat" | "chunks";
  /** How the recipient handler takes its time. */
  readonly deciding: number;
}

const large = "A line of a large message, with its newline and all\r\n".repeat(3_000);

const mails: fc.Arbitrary<Mail> = fc.record({
  to: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "no1", "no2"), { minLength: 1, maxLength: 4 }),
  content: fc.oneof(
    { weight: 8, arbitrary: contents.map((octets) => latin1(octets)) },
    { weight: 1, arbitrary: fc.constantFrom("", ".", "\r\n", ".\r\n", "no end", large) },
  ),
  source: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Source[]>("text", "octets", "pieces", "slowly") },
    { weight: 1, arbitrary: fc.constantFrom<Source[]>("throws", "stalls") },
  ),
  binary: fc.boolean(),
  prdr: fc.boolean(),
  handling: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Handling[]>("accept", "accept", "each") },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Handling[]>(
        "reject",
        "throw",
        "late",
        "tooLate",
        "never",
        "unread",
        "halfRead",
        "halfReadAndThrows",
      ),
    },
  ),
});

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom("cut", "lost", "blocked", "ended"),
  direction: fc.constantFrom("toServer", "toClient"),
  at: fc.oneof(fc.nat(400), fc.nat(1_500)),
});

const fine = {
  mails: fc.array(mails, { minLength: 1, maxLength: 3 }),
  faults: fc.constant<readonly Fault[]>([]),
  latency: fc.constantFrom<Scenario["latency"][]>(0, 1, 50, [3, 700], 2_000),
  chunkSizes: fc.option(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), { nil: undefined }),
  capacity: fc.constantFrom(1, 64, 65_536),
  tls: fc.constantFrom<Scenario["tls"][]>("plain", "startTls", "implicit"),
  auth: fc.boolean(),
  pipelining: fc.constantFrom(true, true, false),
  protocol: fc.constantFrom<Scenario["protocol"][]>("smtp", "smtp", "lmtp"),
  manner: fc.constantFrom<Scenario["manner"][]>("data", "bdat", "chunks"),
  deciding: fc.constantFrom(0, 0, 10, 5_000),
};

const troubled = {
  ...fine,
  faults: fc.array(faults, { maxLength: 2 }),
  tls: fc.oneof(
    { weight: 8, arbitrary: fine.tls },
    { weight: 1, arbitrary: fc.constantFrom<Scenario["tls"][]>("fails", "stallsAtClient", "stallsAtServer") },
  ),
};

/** Small chunks of a large message take long and show nothing new. */
const sensible = ({ mails: list, chunkSizes, manner }: Scenario) =>
  (chunkSizes === undefined && manner !== "chunks") || list.every(({ content }) => content.length < 10_000);
export const fineScenarios: fc.Arbitrary<Scenario> = fc.record(fine).filter(sensible);
export const troubledScenarios: fc.Arbitrary<Scenario> = fc.record(troubled).filter(sensible);

export type Outcome = { readonly result: SendResult } | { readonly error: unknown };

/** What the server promised: its 2xx was said, or at least written. */
export interface Promised {
  readonly mail: number;
  readonly to: readonly string[];
  /** What the handler had of the content by then. */
  readonly content: string | undefined;
}

export interface Account {
  readonly opened: boolean;
  readonly outcomes: readonly Outcome[];
  readonly promised: readonly Promised[];
  /** Mails of which the server answered each recipient by itself: over LMTP all, over SMTP with PRDR. */
  readonly answeredEach: ReadonlySet<number>;
}

export async function play(scenario: Scenario): Promise<Account> {
  const clock = new VirtualClock();
  const received = new Map<number, string>();
  const promised: Promised[] = [];
  const answeredEach = new Set<number>();
  const server = new SmtpServer(serverOptions(scenario, clock, received, answeredEach), {
    clock,
    startTls: scenario.tls !== "plain",
  });
  server.on("transactionEnded", ({ envelope, reply, replies }) => {
    if (reply !== undefined && reply.code >= 300) return;
    const mail = Number(envelope.reversePath?.localPart);
    const isPromised = (index: number) => ((replies === undefined ? reply : replies[index])?.code ?? 599) < 300;
    const to = envelope.recipients.map(({ recipient }) => recipient.localPart).filter((_, index) => isPromised(index));
    if (to.length > 0) promised.push({ mail, to, content: received.get(mail) });
  });
  const client = await open(scenario, server, clock);
  const outcomes: Outcome[] = [];
  if (client !== undefined) {
    const sending = scenario.mails.map((mail, index) => send(client, scenario, mail, index, clock));
    outcomes.push(...(await clock.settle(Promise.all(sending))));
    await clock.settle(client.quit());
    await clock.settle(client.closed);
  }
  await clock.settle(server.close());
  expect(server.connections).toBe(0);
  // Nothing is left behind that would keep a process alive.
  await clock.run({ within: 3_600_000 });
  expect(clock.now()).toBeLessThan(20_000_000);
  return { opened: client !== undefined, outcomes, promised, answeredEach };
}

async function open(scenario: Scenario, server: SmtpServer, clock: VirtualClock): Promise<SmtpClient | undefined> {
  const { latency, chunkSizes, capacity, tls, auth, pipelining, protocol, manner, faults: script } = scenario;
  const [clientEnd, serverEnd] = faultyPipe({
    clock,
    latency,
    capacity,
    faults: script,
    secure: tls === "implicit",
    tlsStalls: tls === "stallsAtClient" ? "client" : tls === "stallsAtServer" ? "server" : undefined,
    ...(chunkSizes && { chunkSizes }),
    ...(tls === "fails" && { tlsFailure: new Error("The certificate is not trusted") }),
  });
  void server.accept(serverEnd);
  const options = {
    pipelining,
    protocol,
    chunking: manner !== "data",
    limits: { chunk: manner === "chunks" ? 20 : 262_144 },
    startTls: tls === "plain" ? "never" : "required",
    ...(auth && { auth: { user: "user", password: "secret" } }),
    allowAuthInClear: true,
  } as const;
  try {
    return await clock.settle(openClient(clientEnd, options, clock));
  } catch (error) {
    expect(error).toBeInstanceOf(SmtpError);
    return undefined;
  }
}

function serverOptions(
  { mails: list, deciding, protocol }: Scenario,
  clock: VirtualClock,
  received: Map<number, string>,
  answeredEach: Set<number>,
): ServerOptions {
  const passing = (milliseconds: number) => new Promise<void>((resolve) => void clock.after(milliseconds, resolve));
  return {
    hostname: "mx.example.org",
    protocol,
    extensions: [prdr, binaryMime],
    bareNewlines: "reject",
    authentication: { allowInClear: true },
    onAuthenticate: ({ password }) => (password === "secret" ? accept() : reject(535, "5.7.8", "No")),
    async onRecipient({ recipient }) {
      if (deciding > 0) await passing(deciding);
      return recipient.localPart.startsWith("no") ? reject(550, "5.1.1", "No such mailbox") : accept();
    },
    async onMessage({ envelope, content, repliesEach }) {
      const mail = Number(envelope.reversePath?.localPart);
      const handling = list[mail]?.handling ?? "accept";
      const answer = await handle(handling, content, (text) => received.set(mail, text), passing);
      if (repliesEach) answeredEach.add(mail);
      if (handling !== "each" || !repliesEach) return answer;
      return eachRecipient(
        envelope.recipients.map(({ recipient }) => (isFull(recipient.localPart) ? full : undefined)),
      );
    },
  };
}

const full = reject(452, "4.2.2", "The mailbox is full");

/** Who is refused after the content, where each recipient is answered. */
export function isFull(localPart: string): boolean {
  return localPart === "c" || localPart === "d";
}

/** Whether the octets of the content arrive as they are. */
export function isRaw({ pipelining, manner }: Scenario, { binary }: Mail): boolean {
  return binary && pipelining && manner !== "data";
}

async function handle(
  handling: Handling,
  content: Content,
  keep: (text: string) => void,
  passing: (milliseconds: number) => Promise<void>,
): Promise<Awaited<Answer>> {
  if (handling === "unread") return accept();
  if (handling === "throw") throw new Error("The disk is full");
  if (handling === "halfRead" || handling === "halfReadAndThrows") {
    for await (const _ of content) break;
    if (handling === "halfReadAndThrows") throw new Error("The disk is full");
    return new Promise(() => undefined);
  }
  keep(latin1(await content.bytes()));
  if (handling === "late") await passing(200_000);
  if (handling === "tooLate") await passing(600_000);
  if (handling === "never") return new Promise(() => undefined);
  return handling === "reject" ? reject(452, "4.3.1", "The disk is full") : accept();
}

async function send(
  client: SmtpClient,
  scenario: Scenario,
  mail: Mail,
  index: number,
  clock: VirtualClock,
): Promise<Outcome> {
  const { to, content, source } = mail;
  try {
    const result = await client.send({
      from: `${index}@example.org`,
      ...(isRaw(scenario, mail) && { body: "BINARYMIME" }),
      ...(mail.prdr && scenario.protocol === "smtp" && { prdr: true }),
      to: to.map((local) => `${local}@example.net`),
      content: sourceOf(source, content, clock),
    });
    return { result };
  } catch (error) {
    return { error };
  }
}

export const sourceBroken = new Error("The source is broken");

function sourceOf(source: Source, content: string, clock: VirtualClock): ContentSource {
  const octets = octetsOf(content);
  const half = Math.floor(octets.length / 2);
  switch (source) {
    case "text":
      // As text only what UTF-8 leaves as it is.
      return /^[\0-\x7f]*$/.test(content) ? content : octets;
    case "octets":
      return octets;
    case "pieces":
      return [octets.subarray(0, half), octets.subarray(half)];
    default:
      return inTime();
  }
  async function* inTime(): AsyncGenerator<Uint8Array> {
    yield octets.subarray(0, half);
    if (source === "throws") throw sourceBroken;
    await new Promise<void>((resolve) => void (source === "stalls" || clock.after(60_000, resolve)));
    yield octets.subarray(half);
  }
}
