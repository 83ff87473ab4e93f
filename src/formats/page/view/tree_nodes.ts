/**
 * The page's own program: the lines of the tree, made when they are unfolded. Siblings of one name are one line where there are many.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** One line: a span, or several of one name whose parents are of one line too. */
export interface TreeNode {
  readonly above: TreeNode | null;
  readonly depth: number;
  readonly name: number;
  /** In order of start. */
  readonly spans: readonly number[];
  /** What stands before the name. */
  readonly note: string;
  /** What they took in the stretch that is meant. */
  readonly totalNs: number;
  /** Of the line's above; NaN for none. */
  readonly share: number;
  readonly failedCount: number;
  readonly openCount: number;
  isUnfolded: boolean;
  below: TreeNode[] | null;
}

/** Makes lines. */
export interface TreeNodes {
  roots(from: number, until: number): TreeNode[];
  below(node: TreeNode, from: number, until: number): TreeNode[];
  hasBelow(node: TreeNode): boolean;
}

/** Makes what makes them. */
export function treeNodesOf(model: Model): TreeNodes {
  const { firstChild, children, name, start, end } = model;
  const SLOWEST = 5;
  const make = (
    above: TreeNode | null,
    spans: readonly number[],
    note: string,
    from: number,
    until: number,
  ): TreeNode => {
    let totalNs = 0;
    let failedCount = 0;
    let openCount = 0;
    let coveredNs = 0;
    // Of the line above, the part in which any of these ran: those of one parent that ran at once count once.
    let parent = -2;
    let covered = from;
    for (const span of spans) {
      totalNs += model.clipped(span, from, until);
      if (model.isFailed(span)) failedCount++;
      if (model.isOpen(span)) openCount++;
      const up = model.parent[span];
      if (up < 0) continue;
      if (up !== parent) {
        parent = up;
        covered = Math.max(from, start[up]);
      }
      const to = Math.min(until, end[span], end[up]);
      const since = Math.max(covered, start[span]);
      if (to > since) {
        coveredNs += to - since;
        covered = to;
      }
    }
    return {
      above,
      depth: above === null ? 0 : above.depth + 1,
      name: name[spans[0]],
      spans,
      note,
      totalNs,
      share: above === null || note !== "" ? NaN : coveredNs / above.totalNs,
      failedCount,
      openCount,
      isUnfolded: false,
      below: null,
    };
  };
  const grouped = (
    above: TreeNode | null,
    spans: readonly number[],
    from: number,
    until: number,
  ): TreeNode[] => {
    const byName = new Map<number, number[]>();
    for (const span of spans) {
      if (end[span] < from || start[span] > until) continue;
      const group = byName.get(name[span]);
      if (group === undefined) byName.set(name[span], [span]);
      else group.push(span);
    }
    const isOne = above === null || above.spans.length === 1;
    const lines: TreeNode[] = [];
    for (const group of byName.values()) {
      if (isOne && group.length <= model.header.fold) {
        for (const span of group) lines.push(make(above, [span], "", from, until));
      } else lines.push(make(above, group, "", from, until));
    }
    return isOne
      ? lines.sort((a, b) => start[a.spans[0]] - start[b.spans[0]] || a.spans[0] - b.spans[0])
      : lines.sort((a, b) => b.totalNs - a.totalNs);
  };
  return {
    roots: (from, until) =>
      grouped(
        null,
        Array.from(children.subarray(firstChild[model.count], firstChild[model.count + 1])),
        from,
        until,
      ),
    below(node, from, until) {
      if (node.below !== null) return node.below;
      const all: number[] = [];
      for (const span of node.spans) {
        for (let k = firstChild[span]; k < firstChild[span + 1]; k++) all.push(children[k]);
      }
      const lines: TreeNode[] = [];
      if (node.spans.length > 1) {
        const wall = (span: number): number => end[span] - start[span];
        const slowest = node.spans.length <= SLOWEST
          ? [...node.spans]
          : [...node.spans].sort((a, b) => wall(b) - wall(a)).slice(0, SLOWEST);
        for (const span of slowest) lines.push(make(node, [span], "slowest", from, until));
        const failed = node.spans.filter(span => model.isFailed(span) && !slowest.includes(span)).slice(
          0,
          SLOWEST,
        );
        for (const span of failed) lines.push(make(node, [span], "failed", from, until));
      }
      return node.below = [...lines, ...grouped(node, all, from, until)];
    },
    hasBelow: node => node.spans.length > 1 || firstChild[node.spans[0] + 1] > firstChild[node.spans[0]],
  };
}
