/**
 * Tree -> JSON text: the dict, serialized, at any depth. `JSON.stringify` recurses in Bun, and gives up some thousand
 * levels down; here only single spans go through it.
 *
 * @module
 */
import { toNode } from "./dict.ts";
import { type Tree, walk } from "./tree.ts";

const CLOSING = "]}";

/** The spans of `tree` as JSON. Values that are no JSON numbers become `"NaN"`, `"Infinity"` and `"-Infinity"`. */
export function toJson(tree: Tree): string {
  const parts: string[] = [];
  let isFirst = true; // of its siblings
  walk(
    tree,
    position => {
      const node = toNode(tree, position);
      for (const mark of node.marks) {
        if (typeof mark.value === "number" && !Number.isFinite(mark.value)) mark.value = String(mark.value);
      }
      // `children` is the last key and empty: cut its end off, the children and the closing come by themselves.
      const text = JSON.stringify(node).slice(0, -CLOSING.length);
      parts.push(isFirst ? text : "," + text);
      isFirst = true;
    },
    () => {
      parts.push(CLOSING);
      isFirst = false;
    },
  );
  return `{"roots":[${parts.join("")}],"span_count":${tree.rows.length}}`;
}
