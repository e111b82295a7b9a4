// One dialogue over one connection, as a peer plays it.

import { systemClock, type Clock, type Transport } from "@carteiro/driver";
import { saidOctets, type Awaited, type Deed, type Party, type Place, type Step } from "./dialogue.ts";
import { Ear, type HearingLimits } from "./ear.ts";
import { Hearing, Unexpected, type Captured } from "./hearing.ts";
import { DialogueLog } from "./log.ts";
import { ScriptError } from "./script-error.ts";
import { replyAfterwards, toleratedReply, type ToleratedReply } from "./tolerance.ts";

/**
 * `strict`: each line exactly as it is written, in that order, and nothing more. `tolerant`: commands by verb and address,
 * replies by code; case and parameters are left aside, and NOOP, RSET, another EHLO, further recipients and the like are answered.
 */
export type Mode = "strict" | "tolerant";

export interface ConversationOptions {
  /** Default: `strict`. */
  readonly mode?: Mode;
  /** Milliseconds that each line is waited for. Default: 2,000. */
  readonly within?: number;
  /** Octets that the other side may say: a line with its CRLF, by default 1,000,000; in all, by default 64,000,000. */
  readonly limits?: Partial<HearingLimits>;
  /** Default: real time. */
  readonly clock?: Clock;
}

export const usualPatience = 2_000;
const usualLimits: HearingLimits = { line: 1_000_000, total: 64_000_000 };
/** Milliseconds in which the other side can close, once our side has. */
const grace = 1_000;

export class Conversation {
  readonly log = new DialogueLog();
  readonly #steps: readonly Step[];
  readonly #party: Party;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #tolerant: boolean;
  readonly #ear: Ear;
  readonly #hearing: Hearing;
  readonly #captures: Record<string, unknown> = {};
  /** Said and not yet written: lines that stand together go together. */
  #unsaid = "";
  /** What was said to EHLO: the same is said again. */
  #hello = "";
  /** Of the last line said. */
  #code = "";
  /** What is waited for, or said, now. */
  #current: Step | undefined;
  /** Ends a wait. */
  #wake: (() => void) | undefined;
  /** Where nothing more is to be said. */
  #ended = false;

  constructor(steps: readonly Step[], party: Party, transport: Transport, options: ConversationOptions) {
    const { mode = "strict", within = usualPatience, clock = systemClock, limits = {} } = options;
    this.#steps = steps;
    this.#party = party;
    this.#transport = transport;
    this.#clock = clock;
    this.#tolerant = mode === "tolerant";
    this.#ear = new Ear(transport, clock, { patience: within, limits: { ...usualLimits, ...limits } });
    this.#hearing = new Hearing(this.#ear, {
      other: this.#other,
      tolerant: this.#tolerant,
      log: this.log,
      tolerated: (line) => this.#tolerated(line),
    });
  }

  /** What was kept, once the script is over. Rejects with `ScriptError`. */
  async play(): Promise<Captured> {
    try {
      for (const [index, step] of this.#steps.entries()) await this.#take(step, this.#steps[index + 1]);
      await this.#flush();
      if (this.#tolerant) void this.#afterwards();
      else await this.#finish();
      return this.#captures;
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  /** Ends it wherever it is. */
  destroy(): void {
    this.#transport.destroy();
    this.#ear.stop();
    this.#wake?.();
  }

  get #other(): Party {
    return this.#party === "server" ? "client" : "server";
  }

  async #take(step: Step, next: Step | undefined): Promise<void> {
    this.#current = step;
    if (step.kind === "say") return this.#say(step.text);
    await this.#flush();
    switch (step.kind) {
      case "await":
        return this.#hear(step.awaited, next);
      case "anyOrder":
        return this.#inAnyOrder(step);
      case "pass":
        return this.#sleep(step.milliseconds);
      case "within":
        this.#ear.patience = step.milliseconds;
        return;
      case "do":
        return this.#do(step.deed);
      case "see":
        return this.#hearing.end(step.deed === "ends" ? ["ended"] : ["ended", "broken"], step.place, step.deed);
      default:
        return step satisfies never;
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(milliseconds, resolve);
    this.#wake = resolve;
    await promise;
    cancel();
  }

  async #hear(awaited: Awaited, next: Step | undefined): Promise<void> {
    // Whatever else is said: nobody is to wait for an answer.
    if (awaited.kind === "rest" && next === undefined) await this.#end();
    const isLast = next === undefined || next.kind === "see";
    this.#keep(await this.#hearing.hear(awaited, awaitedIn(next), isLast));
  }

  async #inAnyOrder({ turns, place }: Extract<Step, { kind: "anyOrder" }>): Promise<void> {
    const left = [...turns];
    while (left.length > 0) {
      const awaited = left.map((turn) => turn.awaited);
      const [index, captured] = await this.#hearing.oneOf(awaited, awaited[0]?.place ?? place);
      this.#keep(captured);
      const [turn] = left.splice(index, 1);
      for (const step of turn?.steps ?? []) await this.#take(step, undefined);
      await this.#flush();
    }
  }

  #keep(captured: Captured): void {
    if (isHello(this.#hearing.lastLine)) this.#hello = "";
    Object.assign(this.#captures, captured);
  }

  #say(text: string): void {
    const octets = saidOctets(text, (name) => String(this.#captures[name]));
    this.#unsaid += octets;
    this.log.said(this.#party, octets);
    this.#code = octets.slice(0, 3);
    if (isHello(this.#hearing.lastLine)) this.#hello += octets;
  }

  async #flush(): Promise<void> {
    const octets = this.#unsaid;
    this.#unsaid = "";
    if (octets !== "") await this.#ear.write(octets);
  }

  async #do(deed: Deed): Promise<void> {
    switch (deed) {
      case "TLS":
        return this.#startTls();
      case "ends":
      case "closes":
        this.log.did(this.#party, deed);
        return this.#end();
      case "breaks":
        this.log.did(this.#party, deed);
        this.#ended = true;
        return this.#break();
      default:
        return deed satisfies never;
    }
  }

  /** Says nothing more. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#ear.end();
  }

  #break(): void {
    if (this.#transport.reset === undefined) this.#transport.destroy();
    else this.#transport.reset();
  }

  async #startTls(): Promise<void> {
    if (this.#ear.hasMore) throw new Unexpected(`The ${this.#other} said something in the clear before TLS`);
    await this.#ear.startTls();
    this.#hello = "";
    this.log.did("client", "TLS");
  }

  /** Nothing more may come. */
  async #finish(): Promise<void> {
    this.#current = undefined;
    await this.#end().catch(() => undefined);
    if (!this.#ear.hasMore) await this.#ear.more(grace);
    if (this.#ear.hasMore) throw this.#hearing.surplus();
    this.#transport.destroy();
  }

  /** Answers what may come besides; whether this may. */
  async #tolerated(line: string): Promise<boolean> {
    const isCommand = this.#party === "server" && this.#code !== "354" && this.#code !== "334";
    const answer = this.#tolerant && isCommand ? toleratedReply(line, this.#hello) : undefined;
    if (answer === undefined) return false;
    await this.#answer(line, answer);
    return true;
  }

  async #answer(line: string, { reply, closes }: ToleratedReply): Promise<void> {
    this.#hearing.takeLine(line);
    const octets = reply.endsWith("\r\n") ? reply : `${reply}\r\n`;
    this.log.said("server", octets);
    await this.#ear.write(octets);
    if (closes) await this.#end();
  }

  /** The script is over, and who was polite all the time is still so. */
  async #afterwards(): Promise<void> {
    try {
      while (this.#party === "server" && !this.#ended) {
        const heard = await this.#ear.line();
        if (typeof heard === "string") break;
        await this.#answer(heard.line, replyAfterwards(heard.line, this.#hello));
      }
      await this.#leave();
    } catch {
      this.#transport.destroy();
    }
  }

  async #failed(error: unknown): Promise<ScriptError> {
    const found = error instanceof Unexpected ? error : undefined;
    const place = found?.place ?? placeOf(this.#current);
    const problem = found?.problem ?? (error instanceof Error ? error.message : String(error));
    const { received, cause } = found ?? { received: undefined, cause: error };
    const failure = new ScriptError({
      problem,
      dialogue: this.log.toString(),
      ...(place !== undefined && { place }),
      ...(received !== undefined && { received }),
      ...(cause !== undefined && { cause }),
    });
    void this.#complain(failure);
    return failure;
  }

  /** Who is tested learns of it, too. */
  async #complain({ line, expected }: ScriptError): Promise<void> {
    try {
      if (this.#party === "server" && !this.#ended) {
        const wanted = expected === undefined ? "its end" : `${readable(expected)} in line ${line}`;
        await this.#ear.write(`421 4.3.0 Not as in the script, which has ${wanted}\r\n`);
      }
      await this.#leave();
    } catch {
      this.#transport.destroy();
    }
  }

  /** Ends our side, and goes when the other has done so, too. */
  async #leave(): Promise<void> {
    await this.#end();
    await this.#ear.more(grace);
    this.#transport.destroy();
  }
}

function awaitedIn(step: Step | undefined): Awaited | undefined {
  return step?.kind === "await" ? step.awaited : undefined;
}

function placeOf(step: Step | undefined): Place | undefined {
  return step?.kind === "await" ? step.awaited.place : step?.place;
}

function isHello(line: string): boolean {
  const verb = line.slice(0, 4).toUpperCase();
  return verb === "EHLO" || verb === "HELO" || verb === "LHLO";
}

/** For a reply: in one line, in ASCII, not too long. */
function readable(text: string): string {
  const characters = Array.from(text.slice(0, 200), (character) =>
    character >= " " && character <= "~" ? character : "?",
  );
  return characters.join("");
}
