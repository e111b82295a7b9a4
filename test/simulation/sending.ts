// The client of a simulation: one session, a pool, or an application that tries again and again.

import { LocalProtocolError } from "@carteiro/core";
import {
  SmtpError,
  type Message,
  type MessageContent,
  type SendResult,
  type SmtpClient,
  type WrapTransport,
} from "@carteiro/driver";
import type { HostConnectOptions, World } from "@carteiro/testing";
import { octetsOf } from "../support/session-harness.ts";
import { attempts, pause } from "./bounds.ts";
import { password, port } from "./receiving.ts";
import type { Mail, Scenario, Source } from "./scenario.ts";

/** What became of a message, as the sender was told. */
export interface Outcome {
  /** Which mail, in which attempt; its reverse-path says so. */
  readonly id: string;
  readonly mail: Mail;
  readonly to: readonly string[];
  readonly result: SendResult | undefined;
  readonly error: unknown;
}

export interface Sent {
  readonly outcomes: readonly Outcome[];
  /** Why no session could be opened. */
  readonly unopened: unknown;
}

export class SourceError extends Error {
  override readonly name = "SourceError";
}

export class AbortReason extends Error {
  override readonly name = "AbortReason";
}

type Send = (message: Message) => Promise<SendResult>;

/** Sends all, and closes what it has opened. */
export async function sendAll(scenario: Scenario, around: World, wrapTransport: WrapTransport): Promise<Sent> {
  const { connect, createPool } = around.host("app.example.org");
  const options = { ...connectOptions(scenario), wrapTransport };
  if (scenario.sender === "retries") {
    const each = scenario.mails.map((mail, index) => trying(mail, { index, connect: () => connect(options), around }));
    return { outcomes: (await Promise.all(each)).flat(), unopened: undefined };
  }
  if (scenario.sender === "pool") {
    const { connections, messagesPerConnection } = scenario;
    const pool = createPool({ ...options, connections, messagesPerConnection });
    destroyedInTime(scenario, around, (reason) => void pool.destroy(reason));
    const outcomes = await sendEach(scenario, around, (message) => pool.send(message));
    await pool.close();
    if (pool.connections > 0) throw new Error(`The pool is closed, and has ${pool.connections} connections`);
    return { outcomes, unopened: undefined };
  }
  let client: SmtpClient;
  try {
    client = await connect(options);
  } catch (error) {
    return { outcomes: [], unopened: error };
  }
  destroyedInTime(scenario, around, (reason) => client.destroy(reason));
  const outcomes = await sendEach(scenario, around, (message) => client.send(message));
  await client.quit();
  await client.closed;
  return { outcomes, unopened: undefined };
}

function destroyedInTime({ shutdown }: Scenario, around: World, destroy: (reason: Error) => void): void {
  if (shutdown?.by === "client")
    around.clock.after(shutdown.at, () => destroy(new AbortReason("The client is shut down")));
}

function connectOptions(scenario: Scenario): HostConnectOptions {
  const { tls, auth, protocol, pipelining, chunking, chunk } = scenario;
  return {
    host: "mx.example.net",
    port: port(scenario),
    protocol,
    implicitTls: tls === "implicit",
    startTls: tls === "startTls" ? "required" : "never",
    ...(auth !== "none" && { auth: { user: "ana", password: auth === "wrong" ? "wrong" : password } }),
    ...(auth !== "scram" && { mechanisms: ["PLAIN", "LOGIN"] }),
    allowAuthInClear: true,
    pipelining,
    chunking,
    limits: { chunk },
  };
}

function sendEach({ mails }: Scenario, around: World, send: Send): Promise<Outcome[]> {
  return Promise.all(
    mails.map(async (mail, index) => {
      await around.sleep(mail.at);
      return sendOnce(mail, { id: `${index}-0`, to: mail.to, around, send });
    }),
  );
}

interface Attempt {
  readonly id: string;
  readonly to: readonly string[];
  readonly around: World;
  readonly send: Send;
}

async function sendOnce(mail: Mail, { id, to, around, send }: Attempt): Promise<Outcome> {
  const giveUp = new AbortController();
  const { abortAfter } = mail;
  const cancel =
    abortAfter === undefined
      ? () => undefined
      : around.clock.after(abortAfter, () => giveUp.abort(new AbortReason("The message is not to be sent any more")));
  try {
    const result = await send({
      from: `${id}@example.org`,
      to: to.map((local) => `${local}@example.net`),
      content: contentOf(mail, around),
      ...(mail.prdr && { prdr: true }),
      ...(abortAfter !== undefined && { signal: giveUp.signal }),
    });
    return { id, mail, to, result, error: undefined };
  } catch (error) {
    return { id, mail, to, result: undefined, error };
  } finally {
    cancel();
  }
}

/** As applications do: whoever was not accepted, and may be later, gets it by another session, after a while. */
async function trying(
  mail: Mail,
  {
    index,
    connect,
    around,
  }: { readonly index: number; readonly connect: () => Promise<SmtpClient>; readonly around: World },
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await around.sleep(mail.at);
  for (let attempt = 0, to = mail.to; attempt < attempts && to.length > 0; attempt++) {
    if (attempt > 0) await around.sleep(pause);
    const client = await connect().catch(() => undefined);
    if (client === undefined) continue;
    const outcome = await sendOnce(mail, {
      id: `${index}-${attempt}`,
      to,
      around,
      send: (message) => client.send(message),
    });
    outcomes.push(outcome);
    await client.quit();
    to = to.filter((_, place) => mayBeTriedAgain(outcome, place));
  }
  return outcomes;
}

function mayBeTriedAgain({ result, error }: Outcome, place: number): boolean {
  if (error instanceof AbortReason || error instanceof SourceError || error instanceof LocalProtocolError) return false;
  const known = result ?? (error instanceof SmtpError ? error.result : undefined);
  const { accepted = false, uncertain = false, reply } = known?.recipients[place] ?? {};
  return !accepted && !uncertain && (reply === undefined || reply.code < 500);
}

function contentOf({ source, content }: Mail, around: World): MessageContent {
  const octets = octetsOf(content);
  const half = Math.floor(octets.length / 2);
  switch (source) {
    case "text":
      // As text only what UTF-8 leaves as it is.
      return octets.every((octet) => octet < 128) ? content : octets;
    case "octets":
      return octets;
    case "pieces":
      return [octets.subarray(0, half), octets.subarray(half)];
    case "function":
      return () => inTime(source, octets, around);
    default:
      return inTime(source, octets, around);
  }
}

async function* inTime(source: Source, octets: Uint8Array, around: World): AsyncGenerator<Uint8Array> {
  const half = Math.floor(octets.length / 2);
  yield octets.subarray(0, half);
  if (source === "throws") throw new SourceError("The source is broken");
  if (source === "stalls") await new Promise(() => undefined);
  if (source === "slowly") await around.sleep(60_000);
  yield octets.subarray(half);
}
