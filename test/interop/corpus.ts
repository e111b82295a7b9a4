// The messages that every client sends and every server gets in these tests: what has broken mail software before.
// Their lines end in CRLF; they have the fields that some clients add where they are missing.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CorpusMessage {
  readonly name: string;
  /** What is handed to the client. */
  readonly sent: Buffer;
  /** What must arrive: the same, with a line end at its end. */
  readonly expected: Buffer;
}

const fields = [
  "From: Ana <ana@example.org>",
  "To: undisclosed-recipients:;",
  "Date: Sat, 21 Nov 2026 21:12:29 +0000",
  "Message-ID: <4f2a@example.org>",
  "MIME-Version: 1.0",
  "Content-Transfer-Encoding: 8bit",
];

export const shortMessage = message("without a body", "");

export const corpus: readonly CorpusMessage[] = [
  shortMessage,
  message("with dots where lines begin", ".\r\n..\r\n...\r\n.x\r\n..x\r\n.\r\n\r\n.\r\n..\r\n"),
  message("with nothing but a dot", ".\r\n"),
  message("with octets over 127", Buffer.concat([octets(0x80, 0xff), Buffer.from("\r\nOlá, 世界 🙂\r\n")])),
  message("with lines over 998 octets", `${"x".repeat(999)}\r\n.${"y".repeat(5_000)}\r\n${"é".repeat(20_000)}\r\n`),
  message("without a line end at its end", "the last line"),
  message("of 1 MB", Buffer.from(largeBody())),
];

function message(name: string, body: string | Buffer): CorpusMessage {
  const head = [...fields, `Subject: A message ${name}`, "", ""].join("\r\n");
  const sent = Buffer.concat([Buffer.from(head), Buffer.from(body)]);
  const expected = sent.subarray(-2).toString() === "\r\n" ? sent : Buffer.concat([sent, Buffer.from("\r\n")]);
  return { name, sent, expected };
}

/** All octets from one to another, both included. */
function octets(first: number, last: number): Buffer {
  return Buffer.from(Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** Lines of many lengths, every seventh of which begins with a dot. */
function largeBody(): string {
  let body = "";
  for (let line = 0; body.length < 1_048_576; line++) {
    body += `${line % 7 === 0 ? "." : ""}${"0123456789".repeat(line % 100)}\r\n`;
  }
  return body;
}

/** The corpus as files, for clients that read files: each is written when it is asked for, and removed when disposed of. */
export class CorpusFiles implements Disposable {
  #folder: string | undefined;

  of({ name, sent }: CorpusMessage): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "carteiro-corpus-"));
    const path = join(this.#folder, `${name.replaceAll(" ", "-")}.eml`);
    writeFileSync(path, sent);
    return path;
  }

  [Symbol.dispose](): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
