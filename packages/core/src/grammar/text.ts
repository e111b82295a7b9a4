// Octets to strings and back. The core has no TextDecoder, and a wire format needs a decoder that refuses.

import { room } from "./octets.ts";

/** Arguments that one call of String.fromCharCode takes without harm to the stack. */
const block = 4096;
/** Octets up to which a call with an array costs more than several calls without one. */
const short = 64;

/** Each octet becomes the character of the same number: ASCII where the caller knows it to be ASCII, else Latin-1. */
export function decodeAscii(octets: Uint8Array, at = 0, end = octets.length): string {
  if (end - at <= short) return decodeShort(octets, at, end);
  let text = "";
  for (let from = at; from < end; from += block)
    text += fromCharCodes(octets.subarray(from, Math.min(end, from + block)));
  return text;
}

/** In steps of eight, four and what is left: many short strings cost more to make and to join. */
function decodeShort(octets: Uint8Array, at: number, end: number): string {
  let text = "";
  let index = at;
  for (; index + 8 <= end; index += 8) text += eightOf(octets, index);
  if (index + 4 <= end) {
    text += fourOf(octets, index);
    index += 4;
  }
  return index < end ? text + fewOf(octets, index, end - index) : text;
}

function eightOf(octets: Uint8Array, at: number): string {
  return String.fromCharCode(
    octets[at] ?? 0,
    octets[at + 1] ?? 0,
    octets[at + 2] ?? 0,
    octets[at + 3] ?? 0,
    octets[at + 4] ?? 0,
    octets[at + 5] ?? 0,
    octets[at + 6] ?? 0,
    octets[at + 7] ?? 0,
  );
}

function fourOf(octets: Uint8Array, at: number): string {
  return String.fromCharCode(octets[at] ?? 0, octets[at + 1] ?? 0, octets[at + 2] ?? 0, octets[at + 3] ?? 0);
}

/** One to three octets. */
function fewOf(octets: Uint8Array, at: number, count: number): string {
  const first = octets[at] ?? 0;
  if (count === 1) return String.fromCharCode(first);
  const second = octets[at + 1] ?? 0;
  return count === 2 ? String.fromCharCode(first, second) : String.fromCharCode(first, second, octets[at + 2] ?? 0);
}

function fromCharCodes(octets: Uint8Array): string {
  return String(Reflect.apply(String.fromCharCode, undefined, octets));
}

/**
 * The text, or `undefined` where the octets are not UTF-8 (RFC 3629): overlong, surrogates and beyond U+10FFFF
 * included.
 */
export function decodeUtf8(octets: Uint8Array, at = 0, end = octets.length): string | undefined {
  let text = "";
  let asciiFrom = at;
  for (let index = at; index < end;) {
    if ((octets[index] ?? 0) < 0x80) {
      index += 1;
      continue;
    }
    const next = scanUtf8(octets, index, end);
    if (next < 0) return undefined;
    if (asciiFrom < index) text += decodeAscii(octets, asciiFrom, index);
    text += String.fromCodePoint(codePointAt(octets, index, next));
    index = asciiFrom = next;
  }
  return asciiFrom < end ? text + decodeAscii(octets, asciiFrom, end) : text;
}

/** The octets as UTF-8 where they are that, else as Latin-1: for text that is shown to people and decides nothing. */
export function decodeLenient(octets: Uint8Array, at = 0, end = octets.length): string {
  return decodeUtf8(octets, at, end) ?? decodeAscii(octets, at, end);
}

/**
 * Index after one character beyond ASCII, or -1.
 *
 *     UTF8-non-ascii = UTF8-2 / UTF8-3 / UTF8-4     ; RFC 6532 §3.1, RFC 3629 §4
 */
export function scanUtf8(octets: Uint8Array, at: number, end: number): number {
  const first = octets[at] ?? 0;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const next = at + length;
  if (length === 0 || next > end || !isSecond(first, octets[at + 1] ?? 0)) return -1;
  for (let index = at + 2; index < next; index++) {
    if (((octets[index] ?? 0) & 0xc0) !== 0x80) return -1;
  }
  return next;
}

/** The second octet is where overlong forms, surrogates and numbers beyond U+10FFFF show. */
function isSecond(first: number, second: number): boolean {
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

function codePointAt(octets: Uint8Array, at: number, next: number): number {
  const length = next - at;
  let point = (octets[at] ?? 0) & (0xff >> (length + 1));
  for (let index = at + 1; index < next; index++) point = (point << 6) | ((octets[index] ?? 0) & 0x3f);
  return point;
}

/** The text in UTF-8. A lone surrogate becomes U+FFFD, as everywhere on the web: see `isWellFormed`. */
export function encodeUtf8(text: string): Uint8Array {
  return encodeInto(text, new Uint8Array(text.length));
}

/** The same for what is about to be written: see `room`. */
export function encodeForWriting(text: string): Uint8Array {
  return encodeInto(text, room(text.length));
}

/** @param octets Zeros, as many as the text has characters. */
function encodeInto(text: string, octets: Uint8Array): Uint8Array {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return encodeBeyondAscii(text, index, octets);
    octets[index] = unit;
  }
  return octets;
}

function encodeBeyondAscii(text: string, from: number, ascii: Uint8Array): Uint8Array {
  const octets = new Uint8Array(from + (text.length - from) * 3);
  octets.set(ascii.subarray(0, from));
  let at = from;
  for (let index = from; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index += 1;
    at = putCodePoint(octets, at, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
  }
  return octets.slice(0, at);
}

function putCodePoint(octets: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    octets[at] = point;
    return at + 1;
  }
  const length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (let index = length - 1, rest = point; index > 0; index--, rest >>= 6) octets[at + index] = 0x80 | (rest & 0x3f);
  octets[at] = ((0xf00 >> length) & 0xff) | (point >> (6 * (length - 1)));
  return at + length;
}

/** Whether every character is below 128. */
export function isAsciiText(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return false;
  }
  return true;
}

/** Whether the text has no lone surrogate, so that UTF-8 can carry it. */
export function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    if (point > 0xffff) index += 1;
  }
  return true;
}

/**
 * Lower case for A to Z alone. The language's own toLowerCase turns characters beyond ASCII into ASCII ones (U+212A,
 * the Kelvin sign, into k), so that two different domains would become one.
 */
export function lowerAscii(text: string): string {
  return isAsciiText(text)
    ? text.toLowerCase()
    : Array.from(text, (char) => (char < "\x80" ? char.toLowerCase() : char)).join("");
}
