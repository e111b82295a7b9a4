// Turns an XState chart into the two things that a reader wants of it: a Mermaid state diagram and a table of its states.
// It reads only the parts of a state node named below, and knows nothing of any protocol.

/** What is read of XState's `StateNode`. */
export interface ChartNode {
  readonly key: string;
  readonly path: readonly string[];
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly parent: ChartNode | undefined;
  readonly states: Readonly<Record<string, ChartNode>>;
  readonly initial: { readonly target: readonly ChartNode[] | undefined } | undefined;
  readonly history: "shallow" | "deep" | false;
  readonly description: string | undefined;
  readonly meta?: { readonly rfc?: string; readonly timeout?: string } | undefined;
  readonly transitions: ReadonlyMap<string, readonly ChartTransition[]>;
}

export interface ChartTransition {
  readonly target: readonly ChartNode[] | undefined;
  readonly guard?: unknown;
}

/** One way on from a state: `event [guard]`, and where to; no target: the state stays as it is. */
interface Way {
  readonly label: string;
  readonly target: ChartNode | undefined;
}

/** From this many neighbours on, lines into one region share a junction. */
const JUNCTION_FROM = 3;

/** The chart as a Mermaid `stateDiagram-v2`. Ways that stay where they are stand in the table only. */
export function diagram(root: ChartNode): string {
  return ["stateDiagram-v2", ...indent([...declarations(root), ...edges(root)])].join("\n");
}

/** The chart as a Markdown table, a row for each state that waits for something or that all states inside share. */
export function table(root: ChartNode): string {
  const head = ["State", "What is awaited", "RFC", "Timeout", "Leads on", "Answered in place"];
  const rows = descendants(root).filter(isWorthARow).map(row);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

// --- The diagram -------------------------------------------------------------------------------------------------------

function declarations(parent: ChartNode): string[] {
  const first = parent.initial?.target?.[0];
  const start = first === undefined ? [] : [`[*] --> ${id(first)}`];
  return [...start, ...Object.values(parent.states).flatMap(declaration)];
}

function declaration(node: ChartNode): string[] {
  if (node.type === "history") return [`state "${node.history === "deep" ? "H*" : "H"}" as ${id(node)}`];
  const named = `state "${node.key}" as ${id(node)}`;
  if (node.type === "final") return [named, `${id(node)} --> [*]`];
  return node.type === "atomic" ? [named] : [`${named} {`, ...indent(declarations(node)), "}"];
}

/** Ways that lead from one state into many of a neighbour's go through one junction there, or else their lines hide the rest. */
function edges(root: ChartNode): string[] {
  const direct: string[] = [];
  const junctions = new Map<ChartNode, Way[]>();
  for (const source of descendants(root)) {
    for (const [region, group] of grouped(ways(source), (way) => way.target && outermostEntered(way.target, source))) {
      if (region.type === "compound" && new Set(group.map((way) => way.target)).size >= JUNCTION_FROM) {
        direct.push(`${id(source)} --> ${junction(region)} : ${group.map((way) => way.label).join(", ")}`);
        junctions.set(region, [...(junctions.get(region) ?? []), ...group]);
      } else {
        direct.push(...byTarget(group).map(([target, labels]) => edge(source, target, labels.join(", "))));
      }
    }
  }
  return [...[...junctions].flatMap(([region, group]) => fork(region, group)), ...direct];
}

function fork(region: ChartNode, group: readonly Way[]): string[] {
  const branches = byTarget(group).map(([target, labels]) => [target, [...new Set(labels)].join(", ")] as const);
  return [
    `state ${junction(region)} <<choice>>`,
    ...branches.map(([target, label]) => `${junction(region)} --> ${id(target)} : ${label}`),
  ];
}

function junction(region: ChartNode): string {
  return `${id(region)}_`;
}

/** The largest state that is entered on the way to the target. */
function outermostEntered(target: ChartNode, source: ChartNode): ChartNode {
  const { parent } = target;
  const outside = parent !== undefined && parent !== source && !isWithin(source, parent);
  return outside ? outermostEntered(parent, source) : target;
}

/** Mermaid draws no line between a state and what lies inside of it: those become a note, or end at the state entered. */
function edge(source: ChartNode, target: ChartNode, label: string): string {
  if (isWithin(target, source)) {
    return `note left of ${id(target)} : from anywhere in ${source.parent ? source.key : "the chart"} by ${label}`;
  }
  return `${id(source)} --> ${id(isWithin(source, target) ? entered(target) : target)} : ${label}`;
}

/** The state that is active after entering this one from outside. */
function entered(node: ChartNode): ChartNode {
  const first = node.initial?.target?.[0];
  return first === undefined ? node : entered(first);
}

function isWithin(inner: ChartNode, outer: ChartNode): boolean {
  return inner !== outer && (inner.parent === outer || (inner.parent !== undefined && isWithin(inner.parent, outer)));
}

/** `end` and the like are words of Mermaid's, and keys recur: the whole path is the identifier. */
function id(node: ChartNode): string {
  return `s_${node.path.join("_")}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

// --- The table ---------------------------------------------------------------------------------------------------------

function isWorthARow(node: ChartNode): boolean {
  return node.type !== "history" && (node.type !== "compound" || node.transitions.size > 0);
}

function row(node: ChartNode): string[] {
  const all = ways(node);
  const onward = byTarget(all).map(([target, labels]) => `${labels.map(code).join(", ")} → ${name(target)}`);
  const inPlace = all.filter((way) => way.target === undefined).map((way) => code(way.label));
  const { rfc = "", timeout = "" } = node.meta ?? {};
  return [`**${name(node)}**`, node.description ?? "", rfc, timeout, onward.join("; "), inPlace.join(", ")].map(escape);
}

function name(node: ChartNode): string {
  if (node.type === "history") return `wherever it was in ${name(node.parent ?? node)}`;
  return node.parent === undefined ? "(any state)" : node.path.join(".");
}

function code(label: string): string {
  return `\`${label}\``;
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}

// --- Both --------------------------------------------------------------------------------------------------------------

/** The state itself and all inside of it, in the order of the source. */
function descendants(node: ChartNode): ChartNode[] {
  return [node, ...Object.values(node.states).flatMap(descendants)];
}

/** Ways in the order of the source. What one guard leaves to the next is `[else]`. */
function ways(node: ChartNode): Way[] {
  return [...node.transitions].flatMap(([event, transitions]) =>
    transitions.map((transition, index) => ({
      label: `${event === "*" ? "anything else" : event}${condition(transition, index)}`,
      target: transition.target?.[0],
    })),
  );
}

function byTarget(all: readonly Way[]): [ChartNode, string[]][] {
  const groups = grouped(all, (way) => way.target);
  return [...groups].map(([target, group]) => [target, group.map((way) => way.label)]);
}

/** Groups in the order of their first members; what has no key is left out. */
function grouped<Item, Key extends object>(
  items: readonly Item[],
  key: (item: Item) => Key | undefined,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const at = key(item);
    if (at !== undefined) groups.set(at, [...(groups.get(at) ?? []), item]);
  }
  return groups;
}

function condition({ guard }: ChartTransition, index: number): string {
  if (guard === undefined) return index === 0 ? "" : " [else]";
  if (typeof guard === "string") return ` [${guard}]`;
  if (typeof guard === "object" && guard !== null && "type" in guard) return ` [${String(guard.type)}]`;
  throw new TypeError("A guard without a name stands in a chart");
}
