// What of the protocol faults need to know: which command it is, which reply is whose, where content begins and ends. It
// stands between client and server, keeps the order of replies, and answers for the server where a rule says so.

import type { ParsedCommand } from "@carteiro/core";
import { isNamed } from "./check.ts";
import { ClientReader, type Piece } from "./client-reader.ts";
import { Counter } from "./counter.ts";
import type { Occasions } from "./occasions.ts";
import type { Outlet } from "./outlet.ts";
import { ReplyStream, type RawReply } from "./reply-stream.ts";
import type { What, When } from "./rule.ts";
import { addressOf, isAnswer, opensContent, slotOf, type Slot } from "./slot.ts";
import { Speech } from "./speech.ts";
import { ascii, isLast, joined, nothing, replyOctets, stepsOf } from "./steps.ts";

export type Side = "server" | "client";

const reset = ascii("RSET\r\n");
const goAhead = ascii("354 Go ahead\r\n");
const outOfOrder = ascii("503 5.5.1 The content has been refused\r\n");
const forgetting: ReadonlySet<string> = new Set(["MAIL", "RSET", "EHLO", "HELO", "LHLO"]);

export class Exchange {
  /** The server has stalled in the midst of content: it takes no more of it. */
  deaf = false;
  readonly #occasions: Occasions;
  readonly #outlets: Readonly<Record<Side, Outlet>>;
  readonly #speech: Readonly<Record<Side, Speech>>;
  readonly #reader = new ClientReader();
  readonly #replies = new ReplyStream();
  #slots: Slot[] = [slotOf("GREETING", [], { replies: 1 })];
  #greeted = false;
  #working = false;
  /** Octets have passed that were not looked at: where commands begin is not known any more. */
  #strayed = false;
  /** The last word waits until all that was asked before is answered. */
  #quietWanted = false;

  readonly #received: Readonly<Record<Side, Counter>> = { server: new Counter(), client: new Counter() };

  #commands = 0;
  readonly #verbs = new Map<string, number>();
  /** RCPTs since MAIL. */
  #recipients = 0;
  /** Of those, the ones that the server has taken. */
  #accepted = 0;
  #lmtp = false;

  #content = { server: new Counter(), client: new Counter() };
  #chunk: { readonly slot: Slot; readonly last: boolean } | undefined;
  /** What is said at the end of content that the server does not get. */
  #swallowing: readonly What[] | undefined;
  #chunksRefused = false;
  #state = "";

  /** @param outlets where a side's octets leave: those of the server to the client, and the other way round. */
  constructor(occasions: Occasions, outlets: Readonly<Record<Side, Outlet>>) {
    this.#occasions = occasions;
    this.#outlets = outlets;
    this.#speech = {
      server: new Speech("server", outlets.server, occasions),
      client: new Speech("client", outlets.client, occasions),
    };
  }

  /** Octets as the side said them. */
  heard(from: Side, octets: Uint8Array): void {
    const to = other(from);
    for (let rest = octets; ;) {
      const { head, mark } = this.#received[to].cut(rest, this.#occasions.marks(to, "received"), true);
      if (from === "server") for (const reply of this.#replies.read(head)) this.#answered(reply);
      else this.#hearClient(head);
      if (mark === undefined) return;
      rest = rest.subarray(head.length);
      this.#speech[to].happen(this.#at(to, (when) => when.at === "received" && when.octets === mark));
    }
  }

  /** The side says no more. */
  ended(side: Side): void {
    this.#speech[side].say(side === "server" ? this.#replies.rest() : this.#reader.rest(), []);
    this.#outlets[side].push([{ type: "halfClose" }]);
  }

  /** What is to be done to the handshake that is due. */
  tls(by: Side): What[] {
    return this.#at(by, ({ at }) => at === "tls");
  }

  /** All that was said in the clear is forgotten. */
  secured(): void {
    this.#reader.restart();
    this.#replies.restart();
    this.#strayed = false;
    this.#slots = [];
  }

  /** The session waits in this state. */
  arrived(state: string): void {
    const left = this.#state;
    if (state === left) return;
    this.#state = state;
    for (const by of ["server", "client"] as const) {
      const entered = (name: string) => isNamed(state, name) && !(left !== "" && isNamed(left, name));
      this.#speech[by].happen(this.#at(by, (when) => when.at === "state" && entered(when.name)));
    }
  }

  #at(by: Side, isDue: (when: When) => boolean): What[] {
    return this.#occasions.meet(by, isDue);
  }

  // From the client to the server.

  #hearClient(octets: Uint8Array): void {
    // What comes before the greeting is a proxy's header, or comes too early: the server must see that it does.
    if (!this.#greeted) return this.#speech.client.say(octets, []);
    this.#reader.feed(octets);
    this.#work();
  }

  /** What is taken may be answered at once: the answers only note what follows. */
  #work(): void {
    if (this.#working) return;
    this.#working = true;
    for (let piece = this.#reader.next(); piece !== undefined; piece = this.#reader.next()) this.#take(piece);
    this.#working = false;
  }

  #take(piece: Piece): void {
    switch (piece.type) {
      case "command":
        return this.#command(piece);
      case "response":
        return this.#ask("AUTH", piece.octets, {});
      case "content":
        return this.#contentCame(piece);
      case "blind":
        this.#strayed = true;
        return this.#speech.client.say(piece.octets, []);
    }
  }

  #command(piece: Extract<Piece, { type: "command" }>): void {
    const { octets, parsed } = piece;
    const verb = parsed.kind === "command" ? parsed.command.verb : parsed.verb;
    const answersMessage = opensContent(parsed) && this.#answersMessage();
    if (answersMessage && this.#slots.length > 0) {
      this.#quietWanted = true;
      this.#reader.unread(piece);
      this.#reader.mode = "held";
      return;
    }
    const isDue = this.#counted(verb, parsed);
    const what = this.#at("server", isDue);
    const harm = this.#at("client", isDue);
    if (parsed.kind === "command" && parsed.command.verb === "BDAT")
      return this.#bdat(octets, parsed.command.chunk, { what, harm, answersMessage });
    if (what.some(isAnswer)) return this.#answerFor(verb, what);
    if (verb === "DATA" && answersMessage && this.#accepted > 0) return this.#swallowData(what);
    this.#ask(verb, octets, { what, harm });
  }

  /** Whether a rule answers the message that comes in place of the server. */
  #answersMessage(): boolean {
    return this.#occasions.foresee("server", ({ at }) => at === "contentEnd").some(isAnswer);
  }

  /** Counts a command; tells which rules mean it. */
  #counted(verb: string, parsed: ParsedCommand): (when: When) => boolean {
    this.#commands += 1;
    const count = (this.#verbs.get(verb) ?? 0) + 1;
    this.#verbs.set(verb, count);
    if (verb === "MAIL") {
      this.#recipients = 0;
      this.#content = { server: new Counter(), client: new Counter() };
    }
    if (verb === "RCPT") this.#recipients += 1;
    const address = addressOf(parsed);
    const isMeant = ({ nth, address: meant }: Extract<When, { at: "recipient" }>) =>
      nth === undefined ? address !== undefined && meant?.toLowerCase() === address : nth === this.#recipients;
    return (when) => {
      if (when.at === "recipient") return verb === "RCPT" && isMeant(when);
      if (when.at !== "command" || (when.verb !== undefined && when.verb.toUpperCase() !== verb)) return false;
      return when.nth === undefined || when.nth === (when.verb === undefined ? this.#commands : count);
    };
  }

  /** Hands a command on. */
  #ask(verb: string, octets: Uint8Array, given: { what?: readonly What[]; harm?: readonly What[] }): void {
    this.#slots.push(slotOf(verb, given.what ?? [], { replies: 1 }));
    // What follows these depends on their reply. Behind STARTTLS nothing may: the server must see if it does.
    if (verb === "DATA" || verb === "AUTH") this.#reader.mode = "held";
    if (verb === "STARTTLS") this.#reader.mode = "blind";
    const behind = verb === "STARTTLS" ? this.#reader.rest() : nothing;
    this.#strayed ||= behind.length > 0;
    this.#speech.client.say(joined([octets, behind]), given.harm ?? []);
  }

  /** In place of the server, which never hears of the command. */
  #answerFor(verb: string, what: readonly What[]): void {
    this.#slots.push(slotOf(verb, what, {}));
    if (verb === "DATA") this.#abandon();
    this.#flush();
  }

  /** The server's transaction comes to nothing. */
  #abandon(): void {
    this.#slots.push(slotOf("RSET", [], { replies: 1, silent: true }));
    this.#outlets.client.push(stepsOf(reset, [], this.#occasions.random));
  }

  #bdat(
    octets: Uint8Array,
    chunk: { readonly octets: number; readonly last: boolean },
    { what, harm, answersMessage }: { what: What[]; harm: What[]; answersMessage: boolean },
  ): void {
    const answered = what.some(isAnswer);
    const isSwallowed = answered || this.#chunksRefused || (answersMessage && this.#accepted > 0);
    const slot = slotOf("BDAT", what, isSwallowed ? { pending: true } : { replies: 1 });
    this.#slots.push(slot);
    this.#chunk = { slot, last: chunk.last };
    const isMessage = isSwallowed && !answered && !this.#chunksRefused;
    this.#swallowing = isMessage ? this.#at("server", ({ at }) => at === "contentEnd") : isSwallowed ? [] : undefined;
    if (this.#chunksRefused && !answered) slot.said.push(outOfOrder);
    this.#reader.startChunk(chunk.octets);
    if (!isSwallowed) this.#speech.client.say(octets, harm);
  }

  #swallowData(what: readonly What[]): void {
    this.#swallowing = this.#at("server", ({ at }) => at === "contentEnd");
    this.#reader.startContent();
    this.#slots.push(slotOf("DATA", what, { said: [goAhead] }));
    this.#flush();
  }

  // Content.

  #contentCame({ octets, ends }: Extract<Piece, { type: "content" }>): void {
    for (let rest = octets; ;) {
      const { head, mark } = this.#content.server.cut(rest, this.#occasions.marks("server", "content"), false);
      rest = rest.subarray(head.length);
      if (ends && mark === undefined) this.#contentEnds(head);
      else this.#sendContent(head, []);
      if (mark === undefined) return;
      this.#inContent(this.#at("server", (when) => when.at === "content" && when.octets === mark));
    }
  }

  #sendContent(octets: Uint8Array, last: readonly What[]): void {
    if (this.#swallowing !== undefined) return;
    let what: readonly What[] = [];
    for (let rest = octets; ;) {
      const { head, mark } = this.#content.client.cut(rest, this.#occasions.marks("client", "content"), false);
      this.#speech.client.say(head, mark === undefined ? [...what, ...last] : what);
      if (mark === undefined) return;
      rest = rest.subarray(head.length);
      what = this.#at("client", (when) => when.at === "content" && when.octets === mark);
    }
  }

  /** The server speaks, or pauses, or goes, while the content comes. */
  #inContent(what: readonly What[]): void {
    if (what.length === 0) return;
    const said = what.some(({ do: name }) => name === "reply")
      ? [...what, { do: "drop", octets: Infinity } as const]
      : what;
    const pauses = what.filter(({ do: name }) => name === "delay");
    if (said.length > pauses.length) this.#speech.server.happen(said);
    this.deaf ||= what.some(({ do: name }) => name === "stall");
    if (said.some(isLast)) return this.#outlets.client.close();
    this.#outlets.client.push(stepsOf(nothing, pauses, this.#occasions.random));
  }

  /** The last octets of the content, or of a chunk. */
  #contentEnds(octets: Uint8Array): void {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    this.#reader.mode = "command";
    const isEnd = chunk === undefined || chunk.last;
    if (this.#swallowing !== undefined) return this.#swallowed(chunk?.slot, this.#swallowing);
    const what = isEnd ? this.#at("server", ({ at }) => at === "contentEnd") : [];
    if (chunk === undefined) this.#slots.push(slotOf("CONTENT", what, { replies: 1 }));
    else {
      chunk.slot.what = [...chunk.slot.what, ...what];
      if (isEnd) chunk.slot.verb = "CONTENT";
    }
    const harm = isEnd ? this.#at("client", ({ at }) => at === "contentEnd") : [];
    // The dot and its CRLF, or of a chunk the very last octet.
    const end = Math.max(0, octets.length - (harm.length === 0 ? 0 : chunk === undefined ? 3 : 1));
    this.#sendContent(octets.subarray(0, end), []);
    this.#sendContent(octets.subarray(end), harm);
  }

  #swallowed(slot: Slot | undefined, what: readonly What[]): void {
    this.#swallowing = undefined;
    const answer = slot ?? slotOf("CONTENT", [], {});
    if (slot === undefined) this.#slots.push(answer);
    this.#pronounce(answer, what);
    if (!this.#chunksRefused) this.#abandon();
    this.#chunksRefused = slot !== undefined;
    this.#flush();
  }

  /** The answer to a message, for each recipient in LMTP. */
  #pronounce(slot: Slot, what: readonly What[]): void {
    slot.pending = false;
    const answer = what.find((action) => action.do === "reply");
    const isEach = this.#lmtp && answer !== undefined;
    if (isEach) slot.said.push(...Array.from({ length: this.#accepted }, () => replyOctets(answer)));
    slot.what = [...slot.what, ...(isEach ? what.filter(({ do: name }) => name !== "reply") : what)];
  }

  // From the server to the client.

  #answered({ octets, code }: RawReply): void {
    const slot = this.#slots.find(({ replies }) => replies > 0);
    if (slot === undefined) return this.#speech.server.say(octets, []);
    this.#countReply(slot, code);
    this.#note(slot, code);
    if (!slot.silent) slot.said.push(octets);
    this.#flush();
    this.#work();
  }

  /** To a message there may be a reply for each recipient: always in LMTP, and behind the 353 of PRDR. */
  #countReply(slot: Slot, code: number): void {
    const isVerdict = slot.verb === "CONTENT";
    if (isVerdict && code === 353) slot.replies = this.#accepted + 1;
    else if (isVerdict && this.#lmtp && slot.said.length === 0) slot.replies = Math.max(1, this.#accepted) - 1;
    else slot.replies -= 1;
  }

  /** What a reply means for what follows. */
  #note({ verb, silent }: Slot, code: number): void {
    const isPositive = code >= 200 && code < 300;
    if (verb === "GREETING") this.#greet();
    if (verb === "RCPT" && isPositive) this.#accepted += 1;
    if (verb === "LHLO") this.#lmtp = true;
    if (forgetting.has(verb) && isPositive) {
      this.#accepted = 0;
      this.#chunksRefused &&= silent;
    }
    if (verb === "DATA" && code === 354) this.#reader.startContent();
    else if (verb === "DATA" || (verb === "STARTTLS" && code !== 220 && !this.#strayed)) this.#reader.mode = "command";
    if (verb === "AUTH") this.#reader.mode = code === 334 ? "response" : "command";
  }

  #greet(): void {
    this.#greeted = true;
    const [slot] = this.#slots;
    if (slot !== undefined) slot.what = this.#at("server", ({ at }) => at === "greeting");
    this.#speech.client.happen(this.#at("client", ({ at }) => at === "greeting"));
  }

  /** Says what is due, in order. */
  #flush(): void {
    for (let [slot] = this.#slots; slot !== undefined && slot.replies === 0 && !slot.pending; [slot] = this.#slots) {
      this.#slots.shift();
      if (!slot.silent) this.#speech.server.say(joined(slot.said), slot.what);
    }
    if (!this.#quietWanted || this.#slots.length > 0) return;
    this.#quietWanted = false;
    this.#reader.mode = "command";
    this.#work();
  }
}

function other(side: Side): Side {
  return side === "server" ? "client" : "server";
}
