// The message that `carteiro send` submits: read from a file or from standard input, or composed from the flags.

import { open } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Content to be sent, in octets as they stand; line ends are the client's business. */
export interface MessageSource extends AsyncDisposable {
  readonly content: AsyncIterable<Uint8Array>;
  /** Octets, where known beforehand. */
  readonly size: number | undefined;
}

export interface ComposeOptions {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly date: Date;
}

/** An RFC 5322 message in plain text, with Date and Message-ID, and CRLF at the end of each line. */
export async function composeMessage(options: ComposeOptions): Promise<Uint8Array> {
  // Slow to load, and for nothing where the message is there already.
  const { default: MailComposer } = await import("nodemailer/lib/mail-composer");
  const composer = new MailComposer({
    ...options,
    to: [...options.to],
    // The composer takes two bare CRs in a row for a line end that is already right.
    text: options.text.replaceAll("\r\n", "\n").replaceAll("\r", "\n"),
    newline: "win",
    // Nothing of the flags is to be taken for the name of a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** Bytes that are at hand as a source. */
export function messageOf(bytes: Uint8Array): MessageSource {
  return { content: once(bytes), size: bytes.length, [Symbol.asyncDispose]: async () => undefined };
}

/**
 * Opens a message file, or standard input for `-`. Rejects with the file system's error if it cannot be opened or is a
 * folder; the content rejects if it cannot be read to its end. Either is exit code 66.
 */
export async function openMessage(path: string, standardInput: Readable = process.stdin): Promise<MessageSource> {
  if (path === "-") return sourceOf(standardInput, undefined);
  const file = await open(path, "r");
  const status = await file.stat();
  if (status.isDirectory()) {
    await file.close();
    throw Object.assign(new Error(`EISDIR: ${path} is a folder, not a message`), { code: "EISDIR" });
  }
  // A pipe or device has a size of nothing, and content all the same.
  return sourceOf(file.createReadStream(), status.isFile() ? status.size : undefined);
}

/** Disposed of, a source that nobody has read to its end does not keep the process from ending. */
function sourceOf(content: Readable, size: number | undefined): MessageSource {
  return { content, size, [Symbol.asyncDispose]: async () => void content.destroy() };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
