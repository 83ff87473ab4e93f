/**
 * Tree -> where the time went: one row per name, wherever it occurs. Nothing recurses.
 *
 * @module
 */
import { figuresOf, type SummaryFigures } from "./summary.ts";
import { type Tree, walk } from "./tree.ts";

/** What all spans of one name took together, wherever they lie. */
export interface NameSummaryRow extends SummaryFigures {
  /** The name. */
  name: string;
}

/** The rows of a trace, the one with the greatest self time first. */
export function summarizeByName(tree: Tree): NameSummaryRow[] {
  const { rows, snapshot } = tree;
  const groupOf = new Uint32Array(rows.length);
  const known = new Map<string, number>();
  for (let i = 0; i < rows.length; i++) {
    const name = snapshot.name[rows[i]];
    const group = known.get(name);
    if (group === undefined) {
      groupOf[i] = known.size;
      known.set(name, known.size);
    } else groupOf[i] = group;
  }
  const figures = figuresOf(tree, groupOf, known.size, findInner(tree, groupOf, known.size));
  return Array.from(known, ([name, group]): NameSummaryRow => ({ name, ...figures[group] }))
    .sort((a, b) => b.self_us - a.self_us || b.total_us - a.total_us);
}

/** 1 at the positions of spans that lie in another one of their group. */
function findInner(tree: Tree, groupOf: Uint32Array, groupCount: number): Uint8Array {
  const isInner = new Uint8Array(groupOf.length);
  const depth = new Uint32Array(groupCount);
  walk(
    tree,
    i => {
      if (depth[groupOf[i]]++ > 0) isInner[i] = 1;
    },
    i => void depth[groupOf[i]]--,
  );
  return isInner;
}
