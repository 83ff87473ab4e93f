/**
 * What is open in a recorder of this thread, as rows of `opens.arrow` would say it if they were written now.
 *
 * @module
 */
import { jsonOf } from "../data/json_text.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { formatTraceparent } from "../data/trace_context.ts";
import type { JournalSpans } from "./read_spans.ts";

/** The rows of a snapshot, in which every one is open. */
export function liveOpens(snapshot: Snapshot): JournalSpans {
  const { length, root, foreign, attrs, counters } = snapshot;
  return {
    length,
    id: snapshot.id,
    parent: snapshot.parent,
    root: root ?? new Float64Array(length),
    foreign: new Map(
      Array.from(
        foreign ?? [],
        ([number, { traceId, spanId, flags }]) => [number, formatTraceparent(traceId, spanId, flags)],
      ),
    ),
    name: snapshot.name,
    index: snapshot.index,
    startNs: snapshot.startNs,
    endNs: snapshot.endNs,
    counters,
    dataLoadNs: snapshot.dataLoadNs,
    attrs: {
      isEmpty: attrs.length === 0,
      text: row => {
        const own = attrs.at(row);
        return own === undefined ? null : jsonOf(own);
      },
    },
    damagedRows: 0,
  };
}
