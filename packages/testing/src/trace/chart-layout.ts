// Lays a state chart out as boxes within boxes, on a grid of columns: states that wait, and around them those that hold them.

/** What is read of a node of a chart. */
export interface ChartNode {
  readonly key: string;
  readonly path: readonly string[];
  readonly type: string;
  readonly states: Readonly<Record<string, ChartNode>>;
  readonly description: string | undefined;
  readonly meta?: { readonly rfc?: string } | undefined;
}

export interface Box {
  /** Names from the outermost, with dots: as a session says its state. */
  readonly path: string;
  readonly label: string;
  readonly description: string;
  readonly rfc: string;
  readonly isLeaf: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Those around others come before them. */
  readonly boxes: readonly Box[];
}

const columnWidth = 192;
const gap = 8;
const padding = 9;
const titleHeight = 20;
const leafHeight = 26;

/** Lays out all states of a chart but its root and its histories, in so many columns. */
export function layout(root: ChartNode, columns = 4): Layout {
  const area = { x: 0, y: 0, width: columns * columnWidth, columns };
  const { boxes, height } = rows(root, area);
  return { width: area.width, height, boxes };
}

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly columns: number;
}

interface Placed {
  readonly boxes: readonly Box[];
  readonly height: number;
}

/** What is inside of a node, row below row. */
function rows(parent: ChartNode, { x, y, width, columns }: Area): Placed {
  const unit = (width + gap) / columns;
  const boxes: Box[] = [];
  let top = y;
  for (const row of rowsOf(parent, columns)) {
    let left = 0;
    const placed = row.map(({ node, span }) => {
      const area = { x: x + left * unit, y: top, width: span * unit - gap, columns: span };
      left += span;
      return place(node, area);
    });
    boxes.push(...placed.flatMap((item) => item.boxes));
    top += Math.max(...placed.map(({ height }) => height)) + gap;
  }
  return { boxes, height: top - gap - y };
}

function place(node: ChartNode, area: Area): Placed {
  const { x, y, width } = area;
  const box = {
    path: node.path.join("."),
    label: node.key,
    description: node.description ?? "",
    rfc: node.meta?.rfc ?? "",
  };
  if (isLeaf(node)) return { boxes: [{ ...box, isLeaf: true, x, y, width, height: leafHeight }], height: leafHeight };
  const inner = { x: x + padding, y: y + titleHeight, width: width - 2 * padding, columns: area.columns };
  const inside = rows(node, inner);
  const height = inside.height + titleHeight + padding;
  return { boxes: [{ ...box, isLeaf: false, x, y, width, height }, ...inside.boxes], height };
}

interface Cell {
  readonly node: ChartNode;
  /** Columns. */
  readonly span: number;
}

/** Single states first. What is left of a row goes to the last that holds others. */
function rowsOf(parent: ChartNode, columns: number): readonly (readonly Cell[])[] {
  const children = Object.values(parent.states).filter(({ type }) => type !== "history");
  const ordered = [...children.filter(isLeaf), ...children.filter((node) => !isLeaf(node))];
  const found: Cell[][] = [];
  let left = 0;
  for (const node of ordered) {
    const span = Math.min(columns, spanOf(node));
    const isNew = span > left || (!isLeaf(node) && isLeaf(found.at(-1)?.at(-1)?.node ?? node));
    if (isNew) found.push([]);
    left = (isNew ? columns : left) - span;
    found.at(-1)?.push({ node, span });
  }
  return found.map((row) => widened(row, columns));
}

function widened(row: readonly Cell[], columns: number): readonly Cell[] {
  const last = row.at(-1);
  if (last === undefined || isLeaf(last.node)) return row;
  const free = columns - row.reduce((sum, { span }) => sum + span, 0);
  return [...row.slice(0, -1), { ...last, span: last.span + free }];
}

/** So many columns that what is inside is about twice as wide as high. */
function spanOf(node: ChartNode): number {
  if (isLeaf(node)) return 1;
  const leaves = leavesOf(node);
  return leaves > 8 ? 4 : leaves > 2 ? 2 : 1;
}

function leavesOf(node: ChartNode): number {
  const children = Object.values(node.states).filter(({ type }) => type !== "history");
  return children.length === 0 ? 1 : children.reduce((sum, child) => sum + leavesOf(child), 0);
}

function isLeaf(node: ChartNode): boolean {
  return Object.keys(node.states).length === 0;
}
