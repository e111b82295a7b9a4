// What must be true of every simulation, whatever happens in it.

import assert from "node:assert/strict";
import { InvalidValueError, LocalProtocolError, type RecipientResult } from "@carteiro/core";
import { SmtpError } from "@carteiro/driver";
import type { Account } from "./play.ts";
import { fateOf, indexOf, isFull, type Promised } from "./receiving.ts";
import { isCalm, isGarbled, type Mail, type Scenario } from "./scenario.ts";
import { AbortReason, SourceError, type Outcome } from "./sending.ts";

/** Throws where something is not true. */
export function judge(scenario: Scenario, account: Account): void {
  // Where a reply may have become another nothing can be known but that all came to an end.
  if (isGarbled(scenario)) return;
  assert.deepEqual(account.errors, [], "something threw that was no handler");
  for (const outcome of account.outcomes) judgeOutcome(scenario, account, outcome);
  for (const promise of account.promised) judgePromise(scenario, account, promise);
  for (const { id, content } of account.read) judgeContent(scenario, id, content);
  judgeOnce(account);
  if (isCalm(scenario)) judgeCalm(scenario, account);
}

interface Known {
  /** One for each recipient, unless nothing is known of any. */
  readonly recipients: readonly RecipientResult[];
}

function known({ result, error }: Outcome): Known {
  return result ?? (error instanceof SmtpError ? error.result : undefined) ?? { recipients: [] };
}

function named(outcome: Outcome, is: (result: RecipientResult) => boolean): string[] {
  return known(outcome)
    .recipients.filter(is)
    .map(({ recipient }) => recipient.localPart);
}

/** What the sender was told is so: no success that is none, no failure that is one, no silence. */
function judgeOutcome(scenario: Scenario, { promised }: Account, outcome: Outcome): void {
  const { id, to, result, error } = outcome;
  const served = promised.filter((promise) => promise.id === id).flatMap((promise) => promise.to);
  const acknowledged = named(outcome, ({ accepted }) => accepted);
  const doubtful = named(outcome, ({ uncertain }) => uncertain === true);
  const story = `mail ${id}`;
  for (const one of acknowledged)
    assert.ok(served.includes(one), `${story}: ${one} is said to be accepted, and is not`);
  for (const one of served)
    assert.ok(
      acknowledged.includes(one) || doubtful.includes(one),
      `${story}: ${one} is accepted, and is said not to be`,
    );
  if (result !== undefined) {
    assert.deepEqual(
      named(outcome, () => true),
      to,
      `${story}: a result for each recipient, in order`,
    );
    assert.deepEqual(doubtful, [], `${story}: no doubt without an error`);
    for (const { recipient, accepted, reply } of result.recipients)
      assert.equal(
        accepted,
        reply !== undefined && reply.code < 300,
        `${story}: ${recipient.localPart} is as its reply says`,
      );
  } else judgeError(scenario, outcome, error);
}

function judgeError(scenario: Scenario, { id, mail }: Outcome, error: unknown): void {
  if (error instanceof SmtpError) return;
  const story = `mail ${id} failed with ${String(error)}`;
  if (error instanceof SourceError) assert.equal(mail.source, "throws", story);
  else if (error instanceof AbortReason)
    assert.ok(mail.abortAfter !== undefined || scenario.shutdown?.by === "client", story);
  else if (error instanceof LocalProtocolError)
    assert.ok(scenario.messageSize < 1_000 || scenario.recipientLimit < 1_000, story);
  else if (isOfTheSystem(error)) assert.ok(!isCalm(scenario), story);
  else if (error instanceof Error && error.message.startsWith("The pool")) assert.ok(!isCalm(scenario), story);
  else
    assert.fail(`${story}: ${error instanceof InvalidValueError ? "a value that makes no sense" : "no error of ours"}`);
}

/** The server cannot be reached. */
function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ECONNREFUSED", "ETIMEDOUT"].includes(String(error.code));
}

/** What is promised is what was sent, to whom it was sent. */
function judgePromise(scenario: Scenario, account: Account, { id, to, content }: Promised): void {
  const mail = scenario.mails[indexOf(id)];
  const outcome = account.outcomes.find((one) => one.id === id);
  assert.ok(mail !== undefined, `mail ${id} was never sent`);
  assert.ok(outcome !== undefined, `mail ${id} was accepted, and its sender was told nothing`);
  for (const one of to) assert.ok(isWelcome(mail, one, account.answeredEach.has(id)), `mail ${id} is not for ${one}`);
  if (mail.handling !== "unread") judgeContent(scenario, id, content ?? "nothing");
}

/** Octet by octet, accepted or not: no handler takes half a message for a whole one. */
function judgeContent(scenario: Scenario, id: string, content: string): void {
  const sent = scenario.mails[indexOf(id)]?.content ?? "";
  const isSpoiled = scenario.faults.some(({ kind }) => kind === "spoiled");
  const compared = (text: string) => (isSpoiled ? text.replaceAll("~", "!") : text);
  assert.equal(compared(content), compared(canonical(sent)), `mail ${id}: its content`);
}

/** Nobody gets a message twice, unless a sender who could not know tried again. */
function judgeOnce({ promised, outcomes }: Account): void {
  const seen = new Set<string>();
  for (const { id, to } of promised) {
    for (const one of to) {
      assert.ok(!seen.has(`${id} ${one}`), `mail ${id} was accepted twice for ${one}`);
      seen.add(`${id} ${one}`);
    }
  }
  for (const outcome of outcomes) assert.equal(outcomes.filter(({ id }) => id === outcome.id).length, 1);
  const attempts = promised.flatMap(({ id, to }) => to.map((one) => `${indexOf(id)} ${one}`));
  assert.equal(new Set(attempts).size, attempts.length, `a mail was accepted in two attempts: ${attempts.join(", ")}`);
}

/** Whether the server takes it for this recipient. */
function isWelcome({ to, handling }: Mail, one: string, answersEach: boolean): boolean {
  if (!to.includes(one) || !["accepted", "slow"].includes(fateOf(one))) return false;
  if (handling === "each") return !answersEach || !isFull(one);
  return ["accept", "slowReader", "late", "unread"].includes(handling);
}

function canonical(content: string): string {
  const text = content.replaceAll(/\r\n|\r|\n/g, "\r\n");
  return text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`;
}

// Where nothing goes wrong.

/** Everybody gets the mail whom the server takes it for, and nobody else: to fail always would be true, too. */
function judgeCalm(scenario: Scenario, { outcomes, unopened, answeredEach }: Account): void {
  assert.equal(unopened, undefined, "a session opens where nothing goes wrong");
  // A server does not wait for ever for the next message.
  const isIdle = scenario.sender === "session" && scenario.mails.some(({ at }) => at > 200_000);
  const isDoubtful = isIdle || scenario.messageSize < 1_000 || scenario.mails.some(endsSession);
  if (isDoubtful) return;
  for (const [index, mail] of scenario.mails.entries()) {
    // A source that can be read once does for one transaction only.
    if (mail.source === "slowly" && mail.to.length > scenario.recipientLimit) continue;
    const mine = outcomes.filter(({ id }) => indexOf(id) === index);
    const accepted = mine.flatMap((outcome) => named(outcome, (result) => result.accepted)).toSorted();
    const each = mine.some(({ id }) => answeredEach.has(id));
    const expected = mail.to.filter((one) => isWelcome(mail, one, each)).toSorted();
    assert.deepEqual(accepted, expected, `mail ${index}: accepted where nothing goes wrong`);
  }
}

/** Whether a session, and what waits for it, may rightly end with this message. */
function endsSession({ to, handling }: Mail): boolean {
  return ["never", "halfRead", "disconnect"].includes(handling) || to.some((one) => fateOf(one) === "disconnected");
}
