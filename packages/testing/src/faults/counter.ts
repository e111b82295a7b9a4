// Counts octets, and cuts them where something is to happen after so many.

export class Counter {
  #count = 0;
  #passed = -1;

  /**
   * The octets up to the first mark that has not been passed, and that mark; all of them where there is none. `including`: whether
   * a mark behind the very last counts already.
   */
  cut(
    octets: Uint8Array,
    marks: readonly number[],
    including: boolean,
  ): { head: Uint8Array; mark: number | undefined } {
    const end = this.#count + octets.length;
    const isDue = (mark: number) =>
      mark > this.#passed && mark >= this.#count && (mark < end || (including && mark === end));
    const due = marks.filter(isDue);
    const mark = due.length === 0 ? undefined : Math.min(...due);
    const head = mark === undefined ? octets : octets.subarray(0, mark - this.#count);
    this.#count += head.length;
    if (mark !== undefined) this.#passed = mark;
    return { head, mark };
  }
}
