// The dialogues of a server's sessions, for those who want to know why a message did not come.

import type { SessionInfo, SmtpServer } from "@carteiro/driver";

/** Sessions, and lines of each, that are kept; of those beyond, the oldest are forgotten. */
const mostSessions = 20;
const mostLines = 500;

interface Dialogue {
  readonly number: number;
  readonly lines: string[];
  forgotten: number;
  end: string | undefined;
}

export class Dialogues {
  readonly #dialogues = new Map<SessionInfo, Dialogue>();
  #count = 0;

  constructor(server: Pick<SmtpServer, "on">) {
    server.on("sessionOpened", ({ session }) => void this.#of(session));
    server.on("trace", ({ session, from, line }) => this.#add(session, `${from === "client" ? "C" : "S"}: ${line}`));
    server.on("sessionClosed", ({ session, reason }) => void (this.#of(session).end = reason));
    server.on("error", ({ error, session }) => {
      if (session !== undefined) this.#add(session, `!! ${error instanceof Error ? error.message : "an error"}`);
    });
  }

  clear(): void {
    this.#dialogues.clear();
  }

  /** One session's, so far. */
  lines(session: SessionInfo): string {
    return textOf(this.#of(session));
  }

  /** All that are kept, each under a line that says what became of it. */
  toString(): string {
    const texts = Array.from(this.#dialogues.values(), (dialogue) => {
      const { number, end } = dialogue;
      return `Session ${number} (${end === undefined ? "open" : `over: ${end}`})\n${indented(textOf(dialogue))}`;
    });
    return texts.join("\n");
  }

  #add(session: SessionInfo, line: string): void {
    const dialogue = this.#of(session);
    dialogue.lines.push(withoutControls(line));
    if (dialogue.lines.length <= mostLines) return;
    dialogue.lines.shift();
    dialogue.forgotten += 1;
  }

  #of(session: SessionInfo): Dialogue {
    const known = this.#dialogues.get(session);
    if (known !== undefined) return known;
    const dialogue: Dialogue = { number: (this.#count += 1), lines: [], forgotten: 0, end: undefined };
    this.#dialogues.set(session, dialogue);
    const [oldest] = this.#dialogues.keys();
    if (this.#dialogues.size > mostSessions && oldest !== undefined) this.#dialogues.delete(oldest);
    return dialogue;
  }
}

export function indented(text: string): string {
  return text === ""
    ? "  (nothing was said)"
    : text
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n");
}

function textOf({ lines, forgotten }: Dialogue): string {
  return [...(forgotten === 0 ? [] : [`… ${forgotten} lines before`]), ...lines].join("\n");
}

/** What a peer said must not command the terminal. */
function withoutControls(line: string): string {
  return Array.from(line, (character) => {
    const code = character.charCodeAt(0);
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return isControl ? `\\x${code.toString(16).padStart(2, "0")}` : character;
  }).join("");
}
