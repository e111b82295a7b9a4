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
}

export interface VectorSearch {
  /** As `textEnd` of text-end.ts, where from `from - 2` on nothing but text is known to stand before `from`, which is not 0. */
  textEnd(octets: Uint8Array, from: number, dot: number): number;
}

/** Where the octets are put in the memory, with others before them, and how many at once: the first few, and the most. */
const address = 64;
const first = 2_048;
const most = 65_536;
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

function searchBy({ memory: { buffer }, textEnd }: Program): VectorSearch {
  const memory = new Uint8Array(buffer);
  return {
    textEnd: (octets, from, dot) => {
      const { length } = octets;
      const sought = dot < 0 ? LF : dot;
      let size = first;
      for (let at = from; at < length; size = Math.min(4 * size, most)) {
        const end = Math.min(length, at + size);
        // With one octet before them and one behind.
        memory.set(octets.subarray(at - 1, end + 1), address - 1);
        if (end === length) memory[address + end - at] = 0;
        const found = at + textEnd(address, address + end - at, sought) - address;
        if (found < end) return found;
        at = end;
      }
      return length;
    },
  };
}
