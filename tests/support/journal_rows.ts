/**
 * Rows of journals as values. Apart from the rest, for it needs no package: bench/kills.ts runs where there is none.
 *
 * @module
 */
import type { Attrs, MarkValue } from "../../src/data/values.ts";
import type { JournalSpans } from "../../src/journal/read_spans.ts";

/** A span as it goes in and comes out. */
export interface SpanValues {
  readonly id: number;
  /** One of the same recorder, below 0 one of `FOREIGN`, or null. */
  readonly parent: number | null;
  readonly root: number | null;
  readonly name: string;
  readonly index: number | null;
  readonly startNs: number;
  readonly endNs: number;
  readonly cpuNs: number | null;
  readonly gpuNs: number | null;
  readonly memoryPeakBytes: number | null;
  readonly dataLoadNs: number | null;
  readonly attrs: Attrs | null;
}

/** A mark likewise. */
export interface MarkValues {
  readonly id: number;
  readonly span: number;
  readonly name: string;
  readonly tsNs: number;
  readonly isSummary: boolean;
  readonly value: MarkValue;
  readonly attrs: Attrs | null;
}

/** Columns that were read, as rows. */
export function rowsOf(spans: JournalSpans): SpanValues[] {
  const measured = (column: Float64Array | undefined, i: number) =>
    column === undefined || Number.isNaN(column[i]) ? null : column[i];
  return Array.from({ length: spans.length }, (_, i) => ({
    id: spans.id[i],
    parent: spans.parent[i] || null,
    root: spans.root[i] || null,
    name: spans.name[i],
    index: measured(spans.index, i),
    startNs: spans.startNs[i],
    endNs: spans.endNs[i],
    cpuNs: measured(spans.counters.cpu_ns, i),
    gpuNs: measured(spans.counters.gpu_ns, i),
    memoryPeakBytes: measured(spans.counters.memory_peak_bytes, i),
    dataLoadNs: measured(spans.dataLoadNs, i),
    attrs: JSON.parse(spans.attrs.text(i) ?? "null"),
  }));
}
