/** What is read of XState's `StateNode`. */
export interface ChartNode {
  readonly key: string;
  readonly path: readonly string[];
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly parent: ChartNode | undefined;
  readonly states: Readonly<Record<string, ChartNode>>;
  readonly initial:
    | {
        readonly target: readonly ChartNode[] | undefined;
      }
    | undefined;
  readonly history: "shallow" | "deep" | false;
  readonly description: string | undefined;
  readonly meta?:
    | {
        readonly rfc?: string;
        readonly timeout?: string;
      }
    | undefined;
  readonly transitions: ReadonlyMap<string, readonly ChartTransition[]>;
}
export interface ChartTransition {
  readonly target: readonly ChartNode[] | undefined;
  readonly guard?: unknown;
}
/** The chart as a Mermaid `stateDiagram-v2`. Ways that stay where they are stand in the table only. */
export declare function diagram(root: ChartNode): string;
/** The chart as a Markdown table, a row for each state that waits for something or that all states inside share. */
export declare function table(root: ChartNode): string;
//# sourceMappingURL=chart-document.d.ts.map
