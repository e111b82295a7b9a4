// A progress bar on standard error while large content is sent. Nobody who does not look at a terminal ever sees it.

/** The part of a terminal's stream that is used here; `process.stderr` fits. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly stream: ProgressStream;
  /** Octets in all, where known. */
  readonly size: number | undefined;
  /** Milliseconds from any point in time. */
  readonly now: () => number;
}

/** Below this many octets sending is over before a bar could be read. */
const worthShowing = 1024 * 1024;
const redrawMilliseconds = 100;
const eraseLine = "\r\u001b[K";

/** The same content; a bar shows how much of it has been taken, if the stream is a terminal and there is over 1 MB of it. */
export function withProgress(content: AsyncIterable<Uint8Array>, options: ProgressOptions): AsyncIterable<Uint8Array> {
  const { stream, size } = options;
  if (stream.isTTY !== true || (size !== undefined && size <= worthShowing)) return content;
  return drawing(content, options);
}

/** One line: bar, part in per cent, and both sizes; without a size in all just what went by. */
export function progressLine(taken: number, size: number | undefined, columns: number): string {
  if (size === undefined) return megabytes(taken);
  const part = Math.min(taken / size, 1);
  const figures = ` ${String(Math.floor(part * 100)).padStart(3)} % of ${megabytes(size)}`;
  const width = Math.min(40, columns - figures.length - 3);
  if (width < 5) return figures.trim();
  const filled = Math.floor(part * width);
  return `[${"=".repeat(filled)}${" ".repeat(width - filled)}]${figures}`;
}

async function* drawing(content: AsyncIterable<Uint8Array>, options: ProgressOptions): AsyncGenerator<Uint8Array> {
  const { stream, size, now } = options;
  let taken = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  try {
    for await (const bytes of content) {
      yield bytes;
      taken += bytes.length;
      if ((size === undefined && taken <= worthShowing) || now() - drawn < redrawMilliseconds) continue;
      drawn = now();
      stream.write(`${eraseLine}${progressLine(taken, size, widthOf(stream))}`);
    }
  } finally {
    if (drawn !== Number.NEGATIVE_INFINITY) stream.write(eraseLine);
  }
}

/** Some terminals say that they have no columns. */
function widthOf({ columns = 0 }: ProgressStream): number {
  return columns > 0 ? columns : 80;
}

function megabytes(octets: number): string {
  return `${(octets / 1_000_000).toFixed(1)} MB`;
}
