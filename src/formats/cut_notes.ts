/**
 * What a printed tree says of children that are missing below a span.
 *
 * @module
 */
import { findEvicted } from "../tree/evicted.ts";
import type { Tree } from "../tree/tree.ts";

/**
 * What to say behind the figures of the span at each position, with its space: ` (12 children cut off)` where `last` has cut
 * some, ` (children may be evicted)` where the buffer may have; mostly nothing.
 */
export function cutNotes(tree: Tree): (position: number) => string {
  const { childrenCut, rows } = tree;
  const evicted = findEvicted(tree);
  if (childrenCut.size === 0 && evicted === null) return noNote;
  return position => {
    const cut = childrenCut.get(rows[position]) ?? 0;
    const mayBeEvicted = evicted !== null && evicted[position] === 1;
    if (cut === 0) return mayBeEvicted ? " (children may be evicted)" : "";
    return ` (${cut} ${cut === 1 ? "child" : "children"} cut off${
      mayBeEvicted ? ", others may be evicted" : ""
    })`;
  };
}

function noNote(): string {
  return "";
}
