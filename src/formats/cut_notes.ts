/**
 * What a printed tree says of children that are missing below a span.
 *
 * @module
 */
import { findEvicted } from "../tree/evicted.ts";
import type { Tree } from "../tree/tree.ts";

/**
 * What to say behind the figures of the span at each position, with its space: ` (12 children cut off)` where `last` has cut
 * some, ` (12 or more children ...)` where others may lie in files that were not read for it, ` (children may be evicted)` where the buffer may have
 * let go of some; mostly nothing.
 */
export function cutNotes(tree: Tree): (position: number) => string {
  const { childrenCut, rows, snapshot: { isPart, startNs, endNs } } = tree;
  const evicted = findEvicted(tree);
  if (childrenCut.size === 0 && evicted === null && isPart !== true) return noNote;
  return position => {
    const cut = childrenCut.get(rows[position]) ?? 0;
    const mayBeEvicted = evicted !== null && evicted[position] === 1;
    // What was not read closed no later than the first row that was, and lies in nothing that began after.
    const mayBeMore = isPart === true && startNs[rows[position]] <= endNs[0];
    if (cut === 0 && mayBeMore) return " (children may be cut off)";
    if (cut === 0) return mayBeEvicted ? " (children may be evicted)" : "";
    const some = mayBeMore ? `${cut} or more` : String(cut);
    return ` (${some} ${some === "1" ? "child" : "children"} cut off${
      mayBeEvicted ? ", others may be evicted" : ""
    })`;
  };
}

function noNote(): string {
  return "";
}
