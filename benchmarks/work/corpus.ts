// Content of every kind, the same in each run: what mail is made of, and what somebody sends who wants to be a burden.

/** A megabyte: it stays in the cache of a core, as what was received a moment ago does. */
const size = 2 ** 20;

/** Each is canonical but the last: its newlines are CRLF, and it ends with one. As it is before dots are stuffed. */
export const corpora: Readonly<Record<string, () => Buffer>> = {
  base64: () => filled(() => letters(76, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")),
  prose: () => filled(prose),
  dotted: () => filled(() => `.${prose()}`),
  dots: () => filled(() => "."),
  empty: () => filled(() => ""),
  bare: () => Buffer.from("a\r".repeat(size / 2)),
};

/** Paragraphs: most lines are nearly full, some short or empty, one of fifty begins with a dot. */
function prose(): string {
  const length = random(7) === 0 ? random(50) : 60 + random(14);
  const words = Array.from({ length: length / 4 }, () => letters(1 + random(9), "etaoinshrdlu"));
  const text = words.join(random(9) === 0 ? ". " : " ").slice(0, length);
  return random(50) === 0 ? `.${text}` : text;
}

function filled(line: () => string): Buffer {
  const lines: string[] = [];
  for (let octets = 0; octets < size;) {
    const next = `${line()}\r\n`;
    octets += next.length;
    lines.push(next);
  }
  return Buffer.from(lines.join(""));
}

function letters(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
}

let seed = 1;

/** From 0 up to below the limit. */
function random(limit: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return Math.trunc((seed / 2 ** 31) * limit);
}

/** As it is sent: each leading dot twice. */
export function stuffed(content: Buffer): Buffer {
  return Buffer.from(content.toString("latin1").replaceAll(/(^|\r\n)\./g, "$1.."), "latin1");
}

/** Views of the content, as long as said. */
export function inChunks(content: Uint8Array, length: number): Uint8Array[] {
  const count = Math.ceil(content.length / length);
  return Array.from({ length: count }, (_, index) => content.subarray(index * length, (index + 1) * length));
}
