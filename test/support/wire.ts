// SMTP's wire as a bystander sees it, written without the product's code: what replies, commands and contents two streams
// of octets hold, and which answers which.

/** A reply of one or many lines. */
export interface SeenReply {
  readonly code: number;
  readonly lines: readonly string[];
}

/** What one reply answers: a command, a response within AUTH, or a whole content. */
export interface Turn {
  readonly kind: "command" | "response" | "content";
  /** A line without its CRLF, or the content with its dots as they were sent and without its end. */
  readonly text: string;
  readonly reply: SeenReply;
  /** The replies to the recipients, where there is one for each; else that one. */
  readonly replies: readonly SeenReply[];
  /** The octets behind BDAT. */
  readonly chunk?: string;
}

const replyLine = /^([2-5][0-5]\d)([ -])([\t\x20-\x7e\x80-\xff]*)$/;

/** A server's octets, which must be replies and nothing else; the texts keep their enhanced codes. */
export function repliesIn(octets: string): SeenReply[] {
  const replies: SeenReply[] = [];
  let lines: string[] = [];
  let code = 0;
  for (const line of linesIn(octets)) {
    if (line.length + 2 > 512) throw new Error(`A reply line of ${line.length + 2} octets`);
    const [, digits, separator, text = ""] = replyLine.exec(line) ?? [];
    if (digits === undefined) throw new Error(`No reply line: ${JSON.stringify(line)}`);
    if (lines.length > 0 && Number(digits) !== code) throw new Error(`Two codes in one reply: ${code} and ${digits}`);
    code = Number(digits);
    lines.push(text);
    if (separator === "-") continue;
    replies.push({ code, lines });
    lines = [];
  }
  if (lines.length > 0) throw new Error("A reply without its last line");
  return replies;
}

/** The lines of a text that must be lines and nothing else. */
export function linesIn(octets: string): string[] {
  if (octets === "") return [];
  if (!octets.endsWith("\r\n")) throw new Error(`No line end: ${JSON.stringify(octets.slice(-40))}`);
  const lines = octets.slice(0, -2).split("\r\n");
  const broken = lines.find((line) => /[\r\n\0]/.test(line));
  if (broken !== undefined) throw new Error(`A line with a control character: ${JSON.stringify(broken)}`);
  return lines;
}

/** What comes of a dialogue: the turns that were answered, what the client had sent beyond them, and what the server said besides. */
export interface Dialogue {
  readonly greeting: SeenReply | undefined;
  readonly turns: readonly Turn[];
  /** Replies behind the last turn: at most the one with which a server closes. */
  readonly more: readonly SeenReply[];
  readonly unanswered: string;
  /** Whether what is unanswered begins with something whole. */
  readonly due: boolean;
}

/**
 * Goes through what a client sent and what the server said, reply by reply: the 354 and the 334 say what comes next, and
 * BDAT how many octets follow it.
 */
export function dialogueOf(sent: string, said: string, { lmtp = false } = {}): Dialogue {
  const [greeting, ...replies] = repliesIn(said);
  const turns: Turn[] = [];
  let rest = sent;
  let kind: Turn["kind"] = "command";
  let at = 0;
  const accepted = new AcceptedRecipients();
  while (at < replies.length) {
    const said = utteranceIn(rest, kind);
    const reply = replies[at];
    if (said === undefined || reply === undefined) break;
    const { text, chunk, end } = said;
    // Only a server that closes does not wait for all of a chunk.
    if (end > rest.length && reply.code !== 421) break;
    const isPiece = chunk !== undefined || (kind === "command" && verbOf(text) === "BURL" && reply.code !== 501);
    const endsContent = kind === "content" || (isPiece && /LAST[ \t]*$/i.test(text));
    const each = lmtp && endsContent && reply.code !== 421 && reply.code !== 502;
    const own = each ? Math.max(1, accepted.count) : 1;
    // PRDR: a reply for each recipient stands between two for the whole, of which the last counts.
    const individual = reply.code === 353 ? accepted.count : 0;
    const count = individual > 0 ? individual + 2 : own;
    const turn: Turn = {
      kind,
      text,
      reply: individual > 0 ? (replies[at + count - 1] ?? reply) : reply,
      replies: individual > 0 ? replies.slice(at + 1, at + count - 1) : replies.slice(at, at + count),
      ...(chunk !== undefined && { chunk }),
    };
    turns.push(turn);
    accepted.follow(turn, endsContent);
    at += count;
    rest = rest.slice(end);
    kind = reply.code === 354 ? "content" : reply.code === 334 ? "response" : "command";
  }
  const next = utteranceIn(rest, kind);
  const due = next !== undefined && next.end <= rest.length;
  return { greeting, turns, more: replies.slice(at), unanswered: rest, due };
}

/** What the client says first; `end` is behind it, and behind what has been sent where a chunk is not whole. */
function utteranceIn(
  sent: string,
  kind: Turn["kind"],
): { readonly text: string; readonly chunk?: string; readonly end: number } | undefined {
  const end = kind === "content" ? endOfContent(sent) : sent.indexOf("\r\n") + 2;
  if (end < 2) return undefined;
  const text = sent.slice(0, kind === "content" ? end - ".\r\n".length : end - "\r\n".length);
  const octets = kind === "command" ? /^BDAT +(\d+)(?: +LAST)?[ \t]*$/i.exec(text)?.[1] : undefined;
  if (octets === undefined) return { text, end };
  return { text, chunk: sent.slice(end, end + Number(octets)), end: end + Number(octets) };
}

/** How many recipients the open transaction has, as the wire shows it. */
class AcceptedRecipients {
  count = 0;

  follow({ kind, text, reply }: Turn, endsContent: boolean): void {
    const verb = kind === "command" ? verbOf(text) : "";
    if (reply.code === 502) return;
    if (verb === "RCPT" && reply.code < 300) this.count += 1;
    const starts = ["MAIL", "RSET", "EHLO", "HELO", "LHLO", "STARTTLS"].includes(verb) && reply.code < 300;
    const refused =
      (verb === "BDAT" ||
        (verb === "BURL" && reply.code !== 501) ||
        (verb === "DATA" && ![500, 501, 503].includes(reply.code))) &&
      reply.code >= 400;
    if (starts || refused || endsContent) this.count = 0;
  }
}

/** Index after CRLF.CRLF, of which the first CRLF may be that of the 354's DATA; or -1. */
function endOfContent(text: string): number {
  if (text.startsWith(".\r\n")) return ".\r\n".length;
  const at = text.indexOf("\r\n.\r\n");
  return at < 0 ? -1 : at + "\r\n.\r\n".length;
}

/** What the content between 354 and its end means: the dots of transparency taken away. */
export function unstuffed(content: string): string {
  return content
    .split("\r\n")
    .map((line) => (line.startsWith(".") ? line.slice(1) : line))
    .join("\r\n");
}

/** The verb of a command line, in upper case. */
export function verbOf(line: string): string {
  return (line.split(/[ \t]/, 1)[0] ?? "").toUpperCase();
}
