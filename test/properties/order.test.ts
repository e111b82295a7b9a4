// Standing properties 3 and 4: nothing is accepted out of order, whatever was refused, abandoned or forgotten before; and
// every command is answered once, in order. Both are read off the wire and the events, by a model that knows no chart.

import type { ServerEvent } from "@carteiro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { times } from "../support/arbitraries.ts";
import { clientDialogues, fetchedText, verdicts } from "../support/dialogues.ts";
import { converse, serverOptions, ways, type Conversation } from "../support/server-conversation.ts";
import { latin1 } from "../support/session-harness.ts";
import { dialogueOf, unstuffed, verbOf, type Dialogue, type Turn } from "../support/wire.ts";

/** What RFC 5321 makes of the turns so far; `undefined` where no transaction is open. */
interface Model {
  hello: boolean;
  /** The content has begun with a chunk. */
  begun: boolean;
  transaction: { readonly from: string; readonly to: string[] } | undefined;
}

const isPositive = ({ reply }: Turn) => reply.code >= 200 && reply.code < 400;

/** Takes one turn into account; finds fault with what the server must not have accepted. Whether the content may come. */
function follow(model: Model, turn: Turn): void {
  followTurn(model, turn);
  if (model.transaction === undefined) model.begun = false;
}

function followTurn(model: Model, turn: Turn): void {
  if (turn.kind === "content") model.transaction = undefined;
  if (turn.kind !== "command") return;
  const verb = verbOf(turn.text);
  if (pieceIn(turn) !== undefined) return followPiece(model, turn);
  // Content of BINARYMIME, or begun with a chunk, does not come by DATA.
  if (turn.reply.code === 503) return;
  if (
    verb === "DATA" &&
    turn.text.trim().length === 4 &&
    model.transaction !== undefined &&
    model.transaction.to.length > 0
  ) {
    // Refused by the application: what follows is a new transaction or none.
    if (!isPositive(turn)) model.transaction = undefined;
    return;
  }
  if (!isPositive(turn)) return;
  switch (verb) {
    case "EHLO":
    case "HELO":
    case "LHLO":
      model.hello = true;
      model.transaction = undefined;
      return;
    case "RSET":
      model.transaction = undefined;
      return;
    case "STARTTLS":
    case "XCLIENT":
      model.hello = false;
      model.transaction = undefined;
      return;
    case "MAIL":
      expect(model, turn.text).toMatchObject({ hello: true, transaction: undefined });
      model.transaction = { from: addressIn(turn.text), to: [] };
      return;
    case "RCPT":
      expect(model.transaction, turn.text).toBeDefined();
      model.transaction?.to.push(addressIn(turn.text));
      return;
    case "DATA":
      expect.fail(`DATA accepted out of order: ${JSON.stringify(model)}`);
  }
}

/** What of a content a BDAT brings, or a BURL. */
function pieceIn({ kind, text, reply, chunk }: Turn): string | undefined {
  return kind === "command" && verbOf(text) === "BURL" && ![501, 502].includes(reply.code) ? fetchedText : chunk;
}

/** Chunks are taken where content may come; one that is refused ends the transaction, and so does the last. */
function followPiece(model: Model, turn: Turn): void {
  if (turn.reply.code === 502) return;
  if (isAnyPositive(turn)) expect(model.transaction?.to.length, turn.text).toBeGreaterThan(0);
  const hasRecipients = model.transaction !== undefined && model.transaction.to.length > 0;
  model.begun ||= hasRecipients;
  if (hasRecipients && (isLast(turn) || !isPositive(turn))) model.transaction = undefined;
}

const isLast = ({ text }: Turn) => /LAST\s*$/i.test(text);
const isAnyPositive = ({ replies }: Turn) => replies.some(({ code }) => code < 400);

/** What the application did not decide in time is said in these words, with these subjects. */
const undecided = {
  hello: 1,
  mail: 1,
  recipient: 1,
  data: 1,
  reference: 1,
  message: 1,
  verify: 1,
  expand: 1,
  help: 1,
  reset: 1,
  command: 1,
};

/** Whether the application was asked about this and said no, or nothing in time: the replies to that look all the same. */
function isAbout({ reply }: Turn, subject: string, late: Iterator<string>): boolean {
  const [line = ""] = reply.lines;
  return line.endsWith("No decision in time; try again later")
    ? late.next().value === subject
    : line.endsWith(`${subject}Received`);
}

/** One reply for each recipient, in their order; what the application said of one names it. */
function expectInOrder({ replies }: Turn, recipients: readonly string[]): void {
  expect(replies.length).toBe(recipients.length);
  for (const [index, { lines }] of replies.entries()) {
    const named = / to (\S+)$/.exec(lines[0] ?? "")?.[1];
    if (named !== undefined && !named.includes("?")) expect(named).toBe(recipients[index]);
  }
}

/** What stands between the angle brackets, without a source route, in the spelling that the session tells it in. */
function addressIn(line: string): string {
  const path = line.slice(line.indexOf("<") + 1, line.indexOf(">"));
  const address = path.slice(path.indexOf(":") + 1);
  return Buffer.from(address, "latin1").toString("utf8");
}

function dialogue({ sent, harness, protocol }: Conversation): Dialogue {
  return dialogueOf(sent, harness.output, { lmtp: protocol === "lmtp" });
}

/** A property of whatever comes of any dialogue. */
function anyConversation(holds: (conversation: Conversation) => void) {
  return fc.property(serverOptions, clientDialogues, verdicts, ways, (options, client, script, way) => {
    holds(converse(options, client, script, way));
  });
}

/** The envelope in each event of a type, as addresses. */
function envelopes(events: readonly ServerEvent[], type: "contentStarted" | "messageReceived"): unknown[] {
  return events.flatMap((event) => {
    if (event.type !== type || !("envelope" in event)) return [];
    const { reversePath, recipients } = event.envelope;
    return [{ from: reversePath?.address ?? "", to: recipients.map(({ recipient }) => recipient.address) }];
  });
}

/** Whether bare newlines are handed on as they are depends on the options; here it does not matter. */
function normalised(content: string): string {
  return content.replaceAll(/\r\n|\r|\n/g, "\r\n");
}

/** The contents that the session told in full. */
function contentsIn(events: readonly ServerEvent[]): string[] {
  const contents: string[] = [];
  let content: string | undefined;
  for (const event of events) {
    if (event.type === "contentStarted") content = "";
    if (event.type === "contentReceived") content += latin1(event.bytes);
    if (event.type === "messageReceived" && content !== undefined) contents.push(content);
  }
  return contents;
}

describe("RFC 5321 §3.3, §4.1.4: the order of commands", () => {
  test("server accepts no RCPT, no DATA and no content without what must come before, whatever came before that", () => {
    const accepted = { recipients: 0, contents: 0 };
    fc.assert(
      anyConversation((conversation) => {
        const { events } = conversation.harness;
        const model: Model = { hello: false, begun: false, transaction: undefined };
        const begun: unknown[] = [];
        const taken: unknown[] = [];
        const contents: string[] = [];
        let chunks: string | undefined;
        const late = events
          .flatMap((event) => (event.type === "decisionExpired" && event.about in undecided ? [event.about] : []))
          .values();
        for (const turn of dialogue(conversation).turns) {
          if (turn.kind === "command" && turn.reply.code === 354) {
            expect(model.transaction?.to.length, "354").toBeGreaterThan(0);
            begun.push(structuredClone(model.transaction));
          }
          const hasRecipients = model.transaction !== undefined && model.transaction.to.length > 0;
          const isLetIn = !isAbout(turn, "data", late) && ![502, 421].includes(turn.reply.code);
          if (pieceIn(turn) !== undefined && hasRecipients && chunks === undefined && isLetIn) {
            begun.push(structuredClone(model.transaction));
            chunks = "";
          }
          // Whether the content of a last chunk was let in before the session ended, the wire does not show.
          if (pieceIn(turn) !== undefined && hasRecipients && chunks === undefined && turn.reply.code === 421) {
            if (envelopes(events, "contentStarted").length > begun.length)
              begun.push(structuredClone(model.transaction));
          }
          if (chunks !== undefined) chunks += pieceIn(turn) ?? "";
          if (pieceIn(turn) !== undefined && chunks !== undefined && isLast(turn) && isAnyPositive(turn)) {
            taken.push(structuredClone(model.transaction));
            contents.push(chunks);
          }
          if (turn.replies.length > 1) expectInOrder(turn, model.transaction?.to ?? []);
          if (turn.kind === "content" && isAnyPositive(turn)) {
            taken.push(structuredClone(model.transaction));
            contents.push(unstuffed(turn.text));
          }
          follow(model, turn);
          if (model.transaction === undefined) chunks = undefined;
        }
        // What the application is told is what the wire says, and no more: of messages it may have refused some.
        expect(envelopes(events, "contentStarted")).toEqual(begun);
        const told = events.filter((event) => event.type === "transactionEnded" && (event.reply?.code ?? 599) < 300);
        expect(told.length).toBe(taken.length);
        expect(envelopes(events, "messageReceived")).toEqual(expect.arrayContaining(taken));
        expect(contentsIn(events).map(normalised)).toEqual(expect.arrayContaining(contents.map(normalised)));
        accepted.contents += contents.length;
        accepted.recipients += events.filter(({ type }) => type === "recipientReceived").length;
      }),
      times(5),
    );
    expect(accepted.contents).toBeGreaterThan(100);
    expect(accepted.recipients).toBeGreaterThan(300);
  });

  test("server asks about a recipient exactly where a transaction is open for it", () => {
    fc.assert(
      anyConversation((conversation) => {
        const model: Model = { hello: false, begun: false, transaction: undefined };
        for (const turn of dialogue(conversation).turns) {
          const isWellFormed = turn.kind === "command" && /^RCPT TO:<to\d+@example.net>$/.test(turn.text);
          const isOutOfOrder = turn.reply.code === 503;
          // A transaction may also be full.
          if (isWellFormed && turn.reply.code !== 421 && turn.reply.code !== 452)
            expect(isOutOfOrder, turn.text).toBe(model.transaction === undefined || model.begun);
          follow(model, turn);
        }
      }),
    );
  });
});

/** What a command may be answered, besides 421, and 503 where service was refused at the greeting. */
const codes: Readonly<Record<string, readonly number[]>> = {
  EHLO: [250, 451, 500, 501, 550],
  HELO: [250, 451, 500, 501, 550],
  LHLO: [250, 451, 500, 501, 550],
  BURL: [250, 451, 452, 500, 501, 502, 550, 552, 554],
  BDAT: [250, 451, 452, 500, 501, 502, 550, 552, 554],
  MAIL: [250, 451, 500, 501, 503, 530, 550, 552, 553, 555],
  RCPT: [250, 451, 452, 500, 501, 503, 550, 553, 555],
  DATA: [354, 451, 500, 501, 503, 550, 554],
  RSET: [250, 451, 500, 501, 550],
  NOOP: [250, 500, 501, 553],
  QUIT: [221, 501],
  VRFY: [250, 451, 500, 501, 530, 550, 553],
  EXPN: [250, 451, 500, 501, 530, 550, 553],
  HELP: [214, 451, 500, 501, 550, 553],
  STARTTLS: [220, 451, 454, 501, 502, 503, 550],
  AUTH: [235, 334, 454, 500, 501, 502, 503, 504, 530, 534, 535, 538, 550, 451],
  ETRN: [250, 451, 500, 501, 503, 530, 550],
  XCLIENT: [220, 451, 500, 501, 503, 530, 550],
  XFORWARD: [250, 500, 501, 503, 530],
  XQUOTA: [250, 451, 500, 501, 503, 530, 550],
};

function expectAnswered(turn: Turn): void {
  const { kind, text, reply } = turn;
  const moment = `${JSON.stringify(text)} answered ${reply.code} ${reply.lines.join(" / ")}`;
  if (reply.code === 421) return;
  if (kind === "content") return expect([250, 451, 503, 550, 552, 554], moment).toContain(reply.code);
  if (kind === "response") return expect([235, 334, 451, 454, 500, 501, 535, 550], moment).toContain(reply.code);
  // A line with a bare CR or LF in it is no line.
  if (/[\r\n]/.test(text)) return expect([500, 554], moment).toContain(reply.code);
  const verb = verbOf(text);
  expect([...(codes[verb] ?? [500, 501, 554]), 503], moment).toContain(reply.code);
  if (verb === "BDAT" || verb === "BURL") return;
  const marked = /(?:about|to|from|hello|greets) (\S+)$/.exec(reply.lines[0] ?? "")?.[1];
  // Replies are ASCII: what is beyond becomes a question mark.
  if (marked !== undefined && marked.length > 2 && !marked.includes("?") && verb in codes) {
    expect(Buffer.from(text, "latin1").toString("utf8").toLowerCase(), moment).toContain(marked.toLowerCase());
  }
}

describe("RFC 5321 §4.2, RFC 2920: one reply for each command", () => {
  test("server answers each command, response and content once, in order, whatever is right or wrong with it", () => {
    let answered = 0;
    fc.assert(
      anyConversation((conversation) => {
        const { turns, more, due } = dialogue(conversation);
        for (const turn of turns) expectAnswered(turn);
        answered += turns.length;
        const { closed } = conversation.harness;
        if (!closed) {
          expect(more).toEqual([]);
          expect(due).toBe(false);
        }
        // A server that closes may say why, and says nothing after that (RFC 5321 §3.8).
        expect(more.length).toBeLessThanOrEqual(1);
        if (more[0] !== undefined) expect(more[0].code).toBeGreaterThanOrEqual(400);
      }),
      times(4),
    );
    expect(answered).toBeGreaterThan(3_000);
  });

  test("server greets first, once, and with nothing else", () => {
    fc.assert(
      anyConversation((conversation) => {
        const { greeting } = dialogue(conversation);
        if (greeting === undefined) expect(conversation.harness.closed).toBe(true);
        else expect([220, 421, 451, 550]).toContain(greeting.code);
      }),
    );
  });

  test("server gives every reply but greetings and EHLO's an enhanced code of its class (RFC 2034)", () => {
    fc.assert(
      anyConversation((conversation) => {
        const { turns, more } = dialogue(conversation);
        const replies = turns
          .filter(({ kind, text }) => kind !== "command" || !/^([EHL][EH]LO|XCLIENT)/i.test(text))
          .map(({ reply }) => reply);
        for (const { code, lines } of [...replies, ...more].filter((reply) => reply.code < 300 || reply.code >= 400)) {
          for (const line of lines)
            expect(line, String(code)).toMatch(new RegExp(`^${String(code)[0]}\\.\\d{1,3}\\.\\d{1,3}( |$)`));
        }
      }),
    );
  });
});
