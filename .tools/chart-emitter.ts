// Writes a chart's table as a module: plain data, without XState.

import type { ChartTable, TableMove, TableTransition } from "../packages/core/src/engine/table.ts";

export function emitted(side: string, table: ChartTable): string {
  return new Emitter().emit(side, table);
}

/** What comes more than once is written once and has a name from then on: moves `m…`, transitions `t…`, lists of them `l…`. */
class Emitter {
  readonly #names = new Map<string, string>();
  readonly #lines: string[] = [];

  emit(side: string, { start, rows }: ChartTable): string {
    const first = this.#move(start);
    const written = rows.map(({ on, otherwise, ...row }) => {
      const events = Object.entries(on).map(([type, list]) => `${JSON.stringify(type)}: ${this.#list(list)}`);
      return `    { ${properties(row)}, on: { ${events.join(", ")} }, otherwise: ${this.#list(otherwise)} },`;
    });
    return `// The ${side}'s chart as a table. Generated from machine.ts by \`npm run docs\`: do not edit.

import type { ChartTable, TableMove, TableTransition } from "../engine/table.ts";

${this.#lines.join("\n")}

export const ${side}Table: ChartTable = {
  start: ${first},
  rows: [
${written.join("\n")}
  ],
};
`;
  }

  #move(move: TableMove): string {
    return this.#named("m", "TableMove", JSON.stringify(move));
  }

  #transition({ move, recall, ...transition }: TableTransition): string {
    const moves = recall?.moves.map((each) => (each === undefined ? "undefined" : this.#move(each)));
    const recalled = recall && `, recall: { slot: ${recall.slot}, moves: [${moves?.join(", ")}] }`;
    return this.#named(
      "t",
      "TableTransition",
      `{ ${properties(transition)}, move: ${this.#move(move)}${recalled ?? ""} }`,
    );
  }

  #list(transitions: readonly TableTransition[]): string {
    const names = transitions.map((transition) => this.#transition(transition));
    return this.#named("l", "readonly TableTransition[]", `[${names.join(", ")}]`);
  }

  #named(letter: string, type: string, text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `${letter}${this.#names.size}`;
    this.#names.set(text, name);
    this.#lines.push(`const ${name}: ${type} = ${text};`);
    return name;
  }
}

function properties(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}
