/**
 * Rows -> the columns of a fleet's files: those of a DataFrame, and what is only asked of many machines together.
 *
 * @module
 */
import { unixUs } from "../../data/snapshot.ts";
import type { Tree } from "../../tree/tree.ts";
import { type FrameColumn, inOrderOfClose, toColumns } from "./columns.ts";
import { IntegerColumn } from "./integer_column.ts";

/**
 * The columns of a DataFrame, and behind them `start_us`, whole microseconds since 1970, and `pid` and `thread_id`, null where
 * nobody says. Rows in order of close.
 */
export function toFleetColumns(tree: Tree): FrameColumn[] {
  const { snapshot, rows } = tree;
  const positions = inOrderOfClose(tree, false);
  const start = new Float64Array(positions.length);
  const pid = new Float64Array(positions.length).fill(NaN);
  const thread = new Float64Array(positions.length).fill(NaN);
  const { threads } = snapshot;
  for (let i = 0; i < positions.length; i++) {
    const row = rows[positions[i]];
    start[i] = unixUs(snapshot.anchorNs, snapshot.startNs[row]);
    const of = threads?.list[threads.of[row]];
    if (of === undefined) continue;
    pid[i] = of.pid;
    thread[i] = of.threadId;
  }
  const integers = (name: string, numbers: Float64Array): FrameColumn => (
    { name, dtype: "Int64", values: IntegerColumn.from(numbers) }
  );
  return [
    ...toColumns(tree, false),
    integers("start_us", start),
    integers("pid", pid),
    integers("thread_id", thread),
  ];
}
