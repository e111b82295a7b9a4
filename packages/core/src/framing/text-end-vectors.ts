// The search for the end of text by vectors, which JavaScript has in WebAssembly only: the program is text-end.wat.

import { program } from "./text-end-program.ts";

/** Of WebAssembly what is needed here, which the engine brings and not the platform. */
declare const WebAssembly: {
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Program {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly textEnd: (at: number, end: number, dot: number) => number;
  readonly eightBit: (at: number, end: number) => number;
}

export interface VectorSearch {
  /** As `textEnd` of text-end.ts, where up to `from` nothing but text is known to stand. */
  textEnd(octets: Uint8Array, from: number, dot: number): number;
  /** Whether some octets are over 127; `undefined` where there is more than text, dots at the beginning of a line included. */
  eightBitText(octets: Uint8Array): boolean | undefined;
}

/** Where the octets are put in the memory, with one before them, and how many at once: the first few, and the most. */
const address = 64;
const first = 2_048;
const most = 65_536;
/** Octets that the program looks at together. `most` is a multiple. */
const block = 64;
const DOT = 0x2e;
/** Behind an LF it is found in any case: what the program is told to look for where no octet is a dot. */
const LF = 0x0a;

let search: VectorSearch | undefined;
let isTried = false;

/**
 * The search, made when it is first asked for; `undefined` where an engine has no vectors, or may compile nothing, as in
 * workerd or under a page's `Content-Security-Policy`.
 */
export function vectorSearch(): VectorSearch | undefined {
  if (isTried) return search;
  isTried = true;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
    search = searchBy(exports as Program);
  } catch {
    search = undefined;
  }
  return search;
}

function searchBy({ memory: { buffer }, textEnd, eightBit }: Program): VectorSearch {
  const memory = new Uint8Array(buffer);
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
  };
}
