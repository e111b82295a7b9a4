// The loops over content that are worth WebAssembly, where it may be compiled: searches by vectors, and copies. The program
// is assembly.wat. Whoever calls for one has the same in JavaScript, too.

import { program } from "./assembly-program.ts";
import type { Stuffed } from "./stuffing.ts";
import type { Unstuffed } from "./unstuffing.ts";

/** Of WebAssembly what is needed here, which the engine brings and not the platform. */
declare const WebAssembly: {
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Program {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly textEnd: (at: number, end: number, dot: number) => number;
  readonly eightBit: (at: number, end: number) => number;
  readonly contentEnd: (at: number, end: number) => number;
  readonly unstuffed: (at: number, end: number, last: number, out: number, stopsAtBare: number) => number;
  readonly stuffed: (at: number, end: number, out: number, dot: number, isLineStart: number) => number;
  readonly next: { readonly value: number };
  readonly bare: { readonly value: number };
}

export interface Assembly {
  /** As `textEnd` of text-end.ts, where up to `from` nothing but text is known to stand. */
  textEnd(octets: Uint8Array, from: number, dot: number): number;
  /** Whether some octets are over 127; `undefined` where there is more than text, dots at the beginning of a line included. */
  eightBitText(octets: Uint8Array): boolean | undefined;
  /** As in content-end.ts. */
  contentEnd(octets: Uint8Array, from: number): number;
  /** As in unstuffing.ts, up to the index `end`, which is at most `mostCopied` octets on. */
  unstuffed(octets: Uint8Array, from: number, end: number, stopsAtBare: boolean): Unstuffed;
  /** As in stuffing.ts. */
  stuffed(octets: Uint8Array, before: number, dot: number): Stuffed;
}

/** Octets that are copied at once. */
export const mostCopied = 16_384;

/** Where the octets are put in the memory, with one before them, and how many at once: the first few, and the most. */
const address = 64;
const first = 2_048;
const most = 65_536;
/** Octets that the program looks at together. `most` is a multiple. */
const block = 64;
/** Where copies are made: the second page. They have room there for twice `mostCopied` and a few. */
const copy = 65_536;
const CR = 0x0d;
const DOT = 0x2e;
/** Behind an LF it is found in any case: what the program is told to look for where no octet is a dot. */
const LF = 0x0a;

let made: Assembly | undefined;
let isTried = false;

/**
 * The loops, made when they are first asked for; `undefined` where an engine has no vectors, or may compile nothing, as in
 * workerd or under a page's `Content-Security-Policy`.
 */
export function assembly(): Assembly | undefined {
  if (isTried) return made;
  isTried = true;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
    made = { ...searches(exports as Program), ...copies(exports as Program) };
  } catch {
    made = undefined;
  }
  return made;
}

function searches(exports: Program): Pick<Assembly, "textEnd" | "eightBitText" | "contentEnd"> {
  const { textEnd, eightBit, contentEnd } = exports;
  const memory = new Uint8Array(exports.memory.buffer);
  /** Puts octets in their place, with one before them and one behind. */
  const load = (octets: Uint8Array, at: number, end: number): void => {
    if (at === 0) memory[address - 1] = 0;
    const isWhole = at === 0 && end === octets.length;
    memory.set(isWhole ? octets : octets.subarray(Math.max(0, at - 1), end + 1), address - Math.min(1, at));
    if (end === octets.length) memory[address + end - at] = 0;
  };
  return {
    textEnd: (octets, from, dot) => {
      const sought = dot < 0 ? LF : dot;
      // What comes first in its chunk is more often all text than what comes behind a dot.
      let size = from === 0 ? 4 * first : first;
      for (let at = from; at < octets.length; size = Math.min(4 * size, most)) {
        const end = Math.min(octets.length, at + size);
        load(octets, at, end);
        const found = at + textEnd(address, address + end - at, sought) - address;
        if (found < end) return found;
        at = end;
      }
      return octets.length;
    },
    eightBitText: (octets) => {
      if (octets[0] === DOT) return undefined;
      let isEightBit = false;
      for (let at = 0; at < octets.length; at += most) {
        const end = Math.min(octets.length, at + most);
        load(octets, at, end);
        const last = address + end - at;
        if (textEnd(address, last, DOT) < last) return undefined;
        if (end === octets.length) memory.fill(0, last, last + block);
        isEightBit ||= eightBit(address, last) !== 0;
      }
      return isEightBit;
    },
    contentEnd: (octets, from) => {
      // What may be the beginning of the end is looked at with the next.
      for (let at = from; at < octets.length; at += most - 4) {
        const end = Math.min(octets.length, at + most);
        memory.set(octets.subarray(at, end), address);
        const behind = at + contentEnd(address, address + end - at) - address;
        if (behind <= end) return behind;
      }
      return -1;
    },
  };
}

function copies({
  memory: { buffer },
  unstuffed,
  stuffed,
  next,
  bare,
}: Program): Pick<Assembly, "unstuffed" | "stuffed"> {
  const memory = new Uint8Array(buffer);
  return {
    unstuffed: (octets, from, end, stopsAtBare) => {
      // A CRLF may end behind the last of them, a leading dot stand there, and what shows whether it is the final one.
      const behind = Math.min(octets.length, end + 4);
      memory.set(octets.subarray(from, behind), address);
      const last = address + behind - from;
      // A leading dot that may yet become the final one is left, as that one is.
      memory[last] = memory[last - 1] === CR ? LF : CR;
      memory[last + 1] = LF;
      const copied = unstuffed(address, address + end - from, last, copy, stopsAtBare ? 1 : 0);
      return { copy: memory.slice(copy, copied), next: from + next.value - address, bareNewline: bare.value !== 0 };
    },
    stuffed: (octets, before, dot) => {
      memory.set(octets, address);
      // A CR that was held back is read again, and written now.
      memory[address - 1] = CR;
      const at = before === CR ? address - 1 : address;
      const copied = stuffed(at, address + octets.length, copy, dot, before === LF ? 1 : 0);
      return { copy: memory.slice(copy, copied), bareNewline: bare.value !== 0 };
    },
  };
}
