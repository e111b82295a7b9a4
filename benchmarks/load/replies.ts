// Counts replies by their final lines, wherever chunks are cut, and sees to it that each is of the class expected. It costs
// as little as it can: load that is slower than the server would measure itself.

const lf = 0x0a;
const space = 0x20;

export class ReplyCounter {
  /** First digits of the replies expected; those from `#loop` on over and over. */
  readonly #classes: readonly number[];
  readonly #loop: number;
  /** Octets of the line so far. */
  #column = 0;
  #class = 0;
  #isFinal = true;
  #expected = 0;

  /** First digits: of the replies that come once, and of those that come over and over, for example `22` and `2232`. */
  constructor(once: string, repeated: string) {
    this.#classes = Array.from(once + repeated, (digit) => digit.charCodeAt(0));
    this.#loop = once.length;
  }

  /** Replies that end in this chunk. Throws for one of another class. */
  count(chunk: Uint8Array, length: number): number {
    let count = 0;
    for (let at = 0; at < length; at++) {
      const octet = chunk[at];
      if (this.#column === 0) this.#class = octet ?? 0;
      else if (this.#column === 3) this.#isFinal = octet === space;
      this.#column += 1;
      if (octet !== lf) continue;
      this.#column = 0;
      if (!this.#isFinal) continue;
      this.#expect(chunk, at);
      count += 1;
    }
    return count;
  }

  #expect(chunk: Uint8Array, at: number): void {
    if (this.#class !== this.#classes[this.#expected])
      throw new Error(`Not the reply expected: ${Buffer.from(chunk.subarray(0, at + 1)).toString("latin1")}`);
    this.#expected += 1;
    if (this.#expected === this.#classes.length) this.#expected = this.#loop;
  }
}
