// A server's session under a script: what holds of every one of them, whoever the client is.

import assert from "node:assert/strict";
import { reply, type Reply, type ServerEvent, type ServerIntent, type ServerSession } from "@carteiro/core";
import { SessionHarness, type Said } from "../support/session-harness.ts";
import { serverSessionOf, tlsOf, usualIntent } from "../support/transcript-player.ts";
import { readReply, shownEvent } from "../support/transcript-values.ts";
import { writtenLine } from "../support/transcript.ts";
import { dialogueOf } from "../support/wire.ts";
import { expectOrder } from "./order.ts";
import { computing, perform, runOut, type Manner, type Played, type Stage } from "./play.ts";
import type { Script } from "./script.ts";

type Decision = Exclude<Extract<ServerEvent, { readonly decision: number }>, { type: "decisionExpired" }>;

const refusals = {
  never: reply(550, "5.7.1", "No"),
  later: reply(451, "4.7.1", "Not now"),
  goodbye: reply(421, "4.3.2", "Goodbye"),
  lengthy: reply(554, "5.0.0", ...Array.from({ length: 40 }, () => "x".repeat(900))),
};

/** What an application makes of a decision, by a number of the script's. Most of them are a yes. */
const verdicts: readonly ((decision: number, usual: ServerIntent) => Said<ServerIntent> | undefined)[] = [
  (_, usual) => ({ intent: usual }),
  (decision) => ({ intent: { type: "reject", decision, reply: refusals.never } }),
  (decision) => ({ intent: { type: "reject", decision, reply: refusals.later } }),
  (decision) => ({ intent: { type: "reject", decision, reply: refusals.goodbye } }),
  (decision) => ({ intent: { type: "reject", decision, reply: refusals.lengthy } }),
  (decision) => ({ intent: { type: "accept", decision, reply: reply(250, "2.0.0", "Yes", "indeed") } }),
  (_, usual) => ({ intent: usual, after: 1_000 }),
  (_, usual) => ({ intent: usual, after: 300_000 }),
  (decision) => ({ intent: { type: "accept", decision: decision + 1 } }),
  () => undefined,
];

export const verdictCount = verdicts.length;

/** Throws where something does not hold. */
export function playServer(script: Script, manner: Manner): Played {
  const session = serverSessionOf(script.front);
  const harness = new SessionHarness<ServerIntent, ServerEvent>(session, {
    answer: (event) => ("decision" in event && event.type !== "decisionExpired" ? verdict(script, event) : undefined),
    readsOn: script.ahead,
    tls: script.ahead ? undefined : tlsOf(script.front),
    compute: computing(script.front),
  });
  const stage = stageOf(session, harness);
  const passage = perform(stage, script, manner);
  const isLmtp = script.front.options["protocol"] === "lmtp";
  const commands = script.front.proxied ? behindHeader(passage.heard) : passage.heard;
  expectReplies(commands, passage.output, harness, isLmtp);
  runOut(stage);
  expectReplies(commands, harness.output, harness, isLmtp);
  const ends = harness.events.filter(({ type }) => type === "sessionClosed");
  assert.equal(ends.length, 1, "the end is told once");
  return passage;
}

function verdict({ answers }: Script, event: Decision): Said<ServerIntent> | undefined {
  const choice = answers[(event.decision - 1) % answers.length] ?? 0;
  return (verdicts[choice % verdicts.length] ?? verdicts[0])?.(event.decision, usualIntent(event));
}

function stageOf(session: ServerSession, harness: SessionHarness<ServerIntent, ServerEvent>): Stage {
  return {
    harness: harness as unknown as Stage["harness"],
    state: () => session.state,
    intend: (intent, rest) => {
      const given = replyIn(rest);
      if (intent === "shutDown") harness.submit({ type: "shutDown", ...(given && { reply: given }) });
      if (intent === "dismiss" && given !== undefined) harness.submit({ type: "dismiss", reply: given });
    },
    writtenLine: (by, octets) => `${by === "peer" ? "C:" : "S:"} ${writtenLine(octets)}`,
    writtenEvent: (event) => shownEvent(event as ServerEvent, []),
  };
}

const signature = "\r\n\r\n\0\r\nQUIT\n";

/** What comes after a PROXY header of either version: what has no end yet is all header. */
function behindHeader(heard: string): string {
  if (heard.startsWith(signature.slice(0, heard.length))) {
    return heard.length < 16 ? "" : heard.slice(16 + heard.charCodeAt(14) * 256 + heard.charCodeAt(15));
  }
  const end = heard.indexOf("\r\n");
  return end < 0 ? "" : heard.slice(end + 2);
}

/** Mutation makes replies that are none: these are not the session's fault. */
function replyIn(text: string): Reply | undefined {
  try {
    return readReply(text);
  } catch {
    return undefined;
  }
}

/** Every reply is well formed and answers something, in order; everything whole is answered while the session is open. */
function expectReplies(
  heard: string,
  said: string,
  { closed, idle }: SessionHarness<ServerIntent, ServerEvent>,
  lmtp: boolean,
): void {
  const { turns, more, unanswered, due } = dialogueOf(heard, said, { lmtp });
  expectOrder(turns);
  // A server that closes may say why, and says nothing after that (RFC 5321 §3.8).
  assert.ok(more.length <= (closed ? 1 : 0), `replies to nothing: ${JSON.stringify(more)}`);
  for (const { code } of more) assert.ok(code >= 400, `a reply to nothing that is no refusal: ${code}`);
  if (closed || idle.wants !== "input") return;
  assert.ok(!due, `no answer to ${JSON.stringify(unanswered.slice(0, 80))}`);
}
