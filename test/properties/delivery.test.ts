// Standing property 10: client and server joined in memory deliver exactly what was sent under any faults that let them
// finish, and report failure, never silence and never a success that is none, under any other.

import type { RecipientResult } from "@carteiro/core";
import {
  accept,
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
import { describe, expect, test } from "vitest";
import { contents, times } from "../support/arbitraries.ts";
import { faultyPipe, type Fault } from "../support/faulty-transport.ts";
import { latin1, octetsOf } from "../support/session-harness.ts";

/** What a handler does with its message, or a source with its content. */
type Handling =
  | "accept"
  | "reject"
  | "throw"
  | "late"
  | "tooLate"
  | "never"
  | "unread"
  | "halfRead"
  | "halfReadAndThrows";
type Source = "text" | "octets" | "pieces" | "slowly" | "throws" | "stalls";

interface Mail {
  /** Local parts: those that begin with `no` are refused. */
  readonly to: readonly string[];
  /** Octets as characters of the same number. */
  readonly content: string;
  readonly source: Source;
  readonly handling: Handling;
}

interface Scenario {
  readonly mails: readonly Mail[];
  readonly faults: readonly Fault[];
  readonly latency: number | readonly [number, number];
  readonly chunkSizes: readonly number[] | undefined;
  readonly capacity: number;
  readonly tls: "plain" | "implicit" | "startTls" | "fails" | "stallsAtClient" | "stallsAtServer";
  readonly auth: boolean;
  readonly pipelining: boolean;
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
  handling: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Handling>("accept") },
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
  pipelining: fc.boolean(),
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
const sensible = ({ mails: list, chunkSizes }: Scenario) =>
  chunkSizes === undefined || list.every(({ content }) => content.length < 10_000);
const fineScenarios: fc.Arbitrary<Scenario> = fc.record(fine).filter(sensible);
const troubledScenarios: fc.Arbitrary<Scenario> = fc.record(troubled).filter(sensible);

type Outcome = { readonly result: SendResult } | { readonly error: unknown };

/** What the server promised: its 2xx was said, or at least written. */
interface Promised {
  readonly mail: number;
  readonly to: readonly string[];
  /** What the handler had of the content by then. */
  readonly content: string | undefined;
}

interface Account {
  readonly opened: boolean;
  readonly outcomes: readonly Outcome[];
  readonly promised: readonly Promised[];
}

async function play(scenario: Scenario): Promise<Account> {
  const clock = new VirtualClock();
  const received = new Map<number, string>();
  const promised: Promised[] = [];
  const server = new SmtpServer(serverOptions(scenario, clock, received), {
    clock,
    startTls: scenario.tls !== "plain",
  });
  server.on("transactionEnded", ({ envelope, reply }) => {
    if (reply === undefined || reply.code >= 300) return;
    const mail = Number(envelope.reversePath?.localPart);
    const to = envelope.recipients.map(({ recipient }) => recipient.localPart);
    promised.push({ mail, to, content: received.get(mail) });
  });
  const client = await open(scenario, server, clock);
  const outcomes: Outcome[] = [];
  if (client !== undefined) {
    const sending = scenario.mails.map((mail, index) => send(client, mail, index, clock));
    outcomes.push(...(await clock.settle(Promise.all(sending))));
    await clock.settle(client.quit());
    await clock.settle(client.closed);
  }
  await clock.settle(server.close());
  expect(server.connections).toBe(0);
  // Nothing is left behind that would keep a process alive.
  await clock.run({ within: 3_600_000 });
  expect(clock.now()).toBeLessThan(20_000_000);
  return { opened: client !== undefined, outcomes, promised };
}

async function open(scenario: Scenario, server: SmtpServer, clock: VirtualClock): Promise<SmtpClient | undefined> {
  const { latency, chunkSizes, capacity, tls, auth, pipelining, faults: script } = scenario;
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
  { mails: list, deciding }: Scenario,
  clock: VirtualClock,
  received: Map<number, string>,
): ServerOptions {
  const passing = (milliseconds: number) => new Promise<void>((resolve) => void clock.after(milliseconds, resolve));
  return {
    hostname: "mx.example.org",
    bareNewlines: "reject",
    authentication: { allowInClear: true },
    onAuthenticate: ({ password }) => (password === "secret" ? accept() : reject(535, "5.7.8", "No")),
    async onRecipient({ recipient }) {
      if (deciding > 0) await passing(deciding);
      return recipient.localPart.startsWith("no") ? reject(550, "5.1.1", "No such mailbox") : accept();
    },
    onMessage({ envelope, content }) {
      const mail = Number(envelope.reversePath?.localPart);
      return handle(list[mail]?.handling ?? "accept", content, (text) => received.set(mail, text), passing);
    },
  };
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
  { to, content, source }: Mail,
  index: number,
  clock: VirtualClock,
): Promise<Outcome> {
  try {
    const result = await client.send({
      from: `${index}@example.org`,
      to: to.map((local) => `${local}@example.net`),
      content: sourceOf(source, content, clock),
    });
    return { result };
  } catch (error) {
    return { error };
  }
}

const sourceBroken = new Error("The source is broken");

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

/** What a server must have been given for it to be that content. */
function canonical(content: string): string {
  const text = content.replaceAll(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

/** What is known of the recipients, and whether the server may have accepted more than that. */
function known(outcome: Outcome): { recipients: readonly RecipientResult[]; uncertain: boolean } {
  if ("result" in outcome) return { recipients: outcome.result.recipients, uncertain: false };
  const { error } = outcome;
  if (!(error instanceof SmtpError)) return { recipients: [], uncertain: false };
  return { recipients: error.result?.recipients ?? [], uncertain: error.result?.uncertain === true };
}

function expectTruth({ mails: list }: Scenario, { outcomes, promised }: Account): void {
  for (const [index, outcome] of outcomes.entries()) {
    const mail = list[index];
    if (mail === undefined) continue;
    const promises = promised.filter((one) => one.mail === index);
    const { recipients, uncertain } = known(outcome);
    const acknowledged = recipients.filter(({ accepted }) => accepted).map(({ recipient }) => recipient.localPart);
    // Never a success that is none: whom the client takes for served, the server has promised to serve, with this very content.
    if (acknowledged.length > 0) expect(promises.map(({ to }) => to)).toEqual([acknowledged]);
    expect(promises.length).toBeLessThanOrEqual(1);
    for (const { to, content } of promises) {
      expect(to).toEqual(mail.to.filter((local) => !local.startsWith("no")));
      if (mail.handling !== "unread") expect(content).toBe(canonical(mail.content));
      // A promise that the client did not hear of is one it must not exclude.
      if (acknowledged.length === 0) expect(uncertain).toBe(true);
    }
    // Never silence: what did not come to a result came to an error that says why.
    if ("result" in outcome) expect(recipients.map(({ recipient }) => recipient.localPart)).toEqual(mail.to);
    else if (outcome.error !== sourceBroken) expect(outcome.error).toBeInstanceOf(SmtpError);
    else expect(promises).toEqual([]);
  }
}

describe("client and server joined in memory", () => {
  test(
    "deliver exactly what was sent, whatever the chunks, the latency and the handlers",
    { timeout: 900_000 },
    async () => {
      let delivered = 0;
      await fc.assert(
        fc.asyncProperty(fineScenarios, async (scenario) => {
          const account = await play(scenario);
          expect(account.opened).toBe(true);
          expectTruth(scenario, account);
          const isFine = ({ source, handling }: Mail) => {
            return !["throws", "stalls"].includes(source) && ["accept", "late", "unread"].includes(handling);
          };
          // Up to the first message that ends the session by itself.
          for (const [index, mail] of scenario.mails.entries()) {
            if (["throws", "stalls"].includes(mail.source)) break;
            const outcome = account.outcomes[index];
            const wanted = mail.to.map((local) => isFine(mail) && !local.startsWith("no"));
            expect(
              outcome !== undefined && "result" in outcome && outcome.result.recipients.map(({ accepted }) => accepted),
            ).toEqual(wanted);
            delivered += wanted.filter(Boolean).length;
          }
        }),
      );
      expect(delivered).toBeGreaterThan(100);
    },
  );

  test(
    "tell the truth under any faults: no false success, no lost promise, no silence",
    { timeout: 900_000 },
    async () => {
      const seen = { served: 0, uncertain: 0, failed: 0, unopened: 0 };
      await fc.assert(
        fc.asyncProperty(troubledScenarios, async (scenario) => {
          const account = await play(scenario);
          expectTruth(scenario, account);
          if (!account.opened) seen.unopened += 1;
          for (const outcome of account.outcomes) {
            const { recipients, uncertain } = known(outcome);
            if (recipients.some(({ accepted }) => accepted)) seen.served += 1;
            else if (uncertain) seen.uncertain += 1;
            else if ("error" in outcome) seen.failed += 1;
          }
        }),
        times(8),
      );
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(3);
    },
  );

  test.each(["cut", "lost", "blocked", "ended"] as const)(
    "tell the truth where the connection is %s, at whichever octet",
    { timeout: 900_000 },
    async (kind) => {
      const mail: Mail = { to: ["a", "no1"], content: "One\r\n.Two\r\n", source: "text", handling: "accept" };
      const calm: Scenario = {
        mails: [mail],
        faults: [],
        latency: 1,
        chunkSizes: undefined,
        capacity: 65_536,
        tls: "plain",
        auth: false,
        pipelining: true,
        deciding: 0,
      };
      const ends = new Set<string>();
      for (const direction of ["toServer", "toClient"] as const) {
        for (let at = 0, served = 0; served < 5; at++) {
          const scenario = { ...calm, faults: [{ kind, direction, at }] };
          const account = await play(scenario);
          expectTruth(scenario, account);
          const [outcome] = account.outcomes;
          const { recipients, uncertain } =
            outcome === undefined ? { recipients: [], uncertain: false } : known(outcome);
          const isServed = recipients.some(({ accepted }) => accepted);
          ends.add(isServed ? "served" : uncertain ? "uncertain" : account.opened ? "failed" : "unopened");
          served = isServed ? served + 1 : 0;
          expect(at).toBeLessThan(2_000);
        }
      }
      expect([...ends].toSorted((one, other) => one.localeCompare(other))).toEqual([
        "failed",
        "served",
        "uncertain",
        "unopened",
      ]);
    },
  );
});
