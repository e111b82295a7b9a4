// Octets for tests, and ways to send and receive them over a transport.

import type { Promised } from "./promised.ts";

export async function writeAll(transport: Promised, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) await transport.write(chunk);
}

export async function writeAndEnd(transport: Promised, chunks: Iterable<Uint8Array>): Promise<void> {
  await writeAll(transport, chunks);
  await transport.end();
}

export async function readAll(transport: Promised): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) chunks.push(chunk);
  return joined(chunks);
}

/** Reads that many octets, and finds fault with any that come along behind them. */
export async function readExactly(transport: Promised, length: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let missing = length; missing > 0;) {
    const chunk = await transport.read();
    if (chunk === undefined) throw new Error(`The peer has ended, ${missing} octets too early`);
    if (chunk.length > missing) throw new Error(`${chunk.length - missing} octets too many: ${text(chunk)}`);
    chunks.push(chunk);
    missing -= chunk.length;
  }
  return joined(chunks);
}

export function ascii(line: string): Uint8Array {
  return new TextEncoder().encode(line);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function same(some: Uint8Array, others: Uint8Array): boolean {
  return Buffer.compare(some, others) === 0;
}

export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(chunks);
}

export function pieces(content: Uint8Array, size: number): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let start = 0; start < content.length; start += size) cut.push(content.subarray(start, start + size));
  return cut;
}

/** Pieces from one octet to 64 KiB, small ones as often as large ones. */
export function* randomPieces(content: Uint8Array): Generator<Uint8Array> {
  const random = xorshift(content.length);
  for (let start = 0; start < content.length;) {
    const size = 1 + (random() % 2 ** (1 + (random() % 16)));
    yield content.subarray(start, start + size);
    start += size;
  }
}

/** Octets that look random and are the same on every run. */
export function octets(seed: number, length: number): Uint8Array {
  const random = xorshift(seed);
  return new Uint8Array(length).map(() => random() & 0xff);
}

function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
