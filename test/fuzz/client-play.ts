// A client's session under a script: what holds of every one of them, whatever the server says.

import assert from "node:assert/strict";
import type { ClientEvent, ClientIntent, ClientSession } from "@carteiro/core";
import { SessionHarness } from "../support/session-harness.ts";
import { clientSessionOf, tlsOf } from "../support/transcript-player.ts";
import { readClientIntent, shownEvent } from "../support/transcript-values.ts";
import { writtenLine } from "../support/transcript.ts";
import { computing, perform, runOut, type Manner, type Played, type Stage } from "./play.ts";
import type { Script } from "./script.ts";

type Harness = SessionHarness<ClientIntent, ClientEvent>;

/** Throws where something does not hold. */
export function playClient(script: Script, manner: Manner): Played {
  const session = clientSessionOf(script.front);
  const harness: Harness = new SessionHarness<ClientIntent, ClientEvent>(session, {
    readsOn: script.ahead,
    tls: script.ahead ? undefined : tlsOf(script.front),
    compute: computing(script.front),
  });
  const begun: string[] = [];
  const stage = stageOf(session, harness, begun);
  const passage = perform(stage, script, manner);
  runOut(stage);
  expectEnds(harness, begun);
  expectNewlines(harness.output);
  return passage;
}

function stageOf(session: ClientSession, harness: Harness, begun: string[]): Stage {
  return {
    harness: harness as unknown as Stage["harness"],
    state: () => session.state,
    intend: (intent, rest) => {
      const wanted = readable(intent, rest);
      if (wanted === undefined || harness.closed) return;
      harness.submit(wanted);
      begun.push(wanted.type);
    },
    writtenLine: (by, octets) => `${by === "peer" ? "S:" : "C:"} ${writtenLine(octets)}`,
    writtenEvent: (event) => shownEvent(event as ClientEvent, []),
  };
}

/** Mutation makes intents that are none: these are not the session's fault. */
function readable(intent: string, rest: string): ClientIntent | undefined {
  try {
    return readClientIntent(intent, rest);
  } catch {
    return undefined;
  }
}

/** Whatever was begun has one end, and so has the session. */
function expectEnds({ events }: Harness, begun: readonly string[]): void {
  const told = (type: string) => events.filter((event) => event.type === type).length;
  const asked = (type: string) => begun.filter((intent) => intent === type).length;
  assert.equal(told("transactionEnded"), asked("send"), "each transaction has one end");
  assert.ok(told("answered") <= asked("ask") + asked("command"), "an answer to nothing");
  assert.ok(told("opened") + told("openingFailed") <= 1, "a session is opened once");
  assert.equal(told("sessionClosed"), 1, "the end is told once");
}

/** Nothing but CRLF ends a line, and nothing else looks as if it did: but for binary content, whose chunks are counted. */
function expectNewlines(output: string): void {
  const { lines, chunks } = dividedByChunks(output);
  const isBinary = lines.includes("BODY=BINARYMIME");
  for (const text of isBinary ? [lines] : [lines, chunks]) {
    const bare = /\r(?!\n)|(?<!\r)\n/.exec(text);
    assert.equal(bare, null, `a bare CR or LF at octet ${bare?.index} of ${JSON.stringify(text.slice(0, 2_000))}`);
  }
}

/** What BDAT announces, and all the rest. */
function dividedByChunks(output: string): { readonly lines: string; readonly chunks: string } {
  let [lines, chunks, rest] = ["", "", output];
  for (let found = bdat.exec(rest); found !== null; found = bdat.exec(rest)) {
    const [command, size] = found;
    const chunk = found.index + command.length;
    lines += rest.slice(0, chunk);
    // A content that was given up may have stopped within a CRLF.
    if (rest.slice(0, found.index).includes("MAIL FROM:")) chunks = chunks.replace(/\r$/, "");
    chunks += rest.slice(chunk, chunk + Number(size));
    rest = rest.slice(chunk + Number(size));
  }
  return { lines: lines + rest, chunks: chunks.replace(/\r$/, "") };
}

const bdat = /(?<=^|\r\n)BDAT (\d+)(?: LAST)?\r\n/;
