/**
 * What the sinks are given: closed spans and new marks, drained from the buffer.
 *
 * @module
 */
import type { Identity } from "../data/identity.ts";
import { newMarkCount, type Snapshot } from "../data/snapshot.ts";
import { spanLine } from "../formats/text.ts";
import { encodeMarks, encodeSpans } from "../spool/encode.ts";
import { type MarkRow, markRows, type SpanRow, spanRows } from "../spool/rows.ts";
import { buildTree } from "../tree/tree.ts";

/**
 * Closed spans and new marks, drained together: what a sink is given. One batch is shared by all sinks; rows, lines and JSON
 * are made when they are first asked for, so a sink that only counts costs next to nothing.
 *
 * @example A sink of your own
 * ```ts
 * import { type SpanBatch, profile, scope } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const names: string[] = [];
 * const output = { emit: (batch: SpanBatch) => batch.spans.forEach(span => void names.push(span.name)) };
 * using profiler = profile({ output });
 * scope("work").end();
 * profiler.flush();
 * assertEquals(names, ["work"]);
 * ```
 */
export class SpanBatch {
  /** Closed spans in the batch. */
  readonly spanCount: number;
  /** Whether its spans are open yet, and given again when they close. */
  readonly isProvisional: boolean;
  readonly #snapshot: Snapshot;
  readonly #identity: Identity;
  #spans: SpanRow[] | null = null;
  #marks: MarkRow[] | null = null;
  #lines: string[] | null = null;

  /** Wraps what was drained. */
  constructor(snapshot: Snapshot, identity: Identity, isProvisional: boolean = false) {
    this.#snapshot = snapshot;
    this.#identity = identity;
    this.isProvisional = isProvisional;
    this.spanCount = snapshot.closedLength;
  }

  /** Closed spans and new marks in the batch. */
  get rowCount(): number {
    return this.spanCount + newMarkCount(this.#snapshot);
  }

  /** The spans, in order of close. The same array each time. */
  get spans(): readonly SpanRow[] {
    return this.#spans ??= spanRows(this.#snapshot, this.#identity, 0, this.spanCount);
  }

  /** The marks that no earlier batch had: of these spans, and of spans that are still open. */
  get marks(): readonly MarkRow[] {
    return this.#marks ??= markRows(this.#snapshot, this.#identity, 0, this.#snapshot.length);
  }

  /** A line per span, as the printed tree has it, in order of close. */
  get lines(): readonly string[] {
    if (this.#lines !== null) return this.#lines;
    const tree = buildTree(this.#snapshot);
    const lines: string[] = [];
    for (let i = 0; i < tree.rows.length; i++) {
      if (tree.rows[i] < this.spanCount) lines[tree.rows[i]] = spanLine(tree, i);
    }
    return this.#lines = lines;
  }

  /** The rows as JSON, integers exact: `spans` and `marks` are the inside of an array each. */
  toJson(): { spans: string; marks: string } {
    return {
      spans: encodeSpans(this.#snapshot, this.#identity, 0, this.spanCount),
      marks: encodeMarks(this.#snapshot, this.#identity, 0, this.#snapshot.length),
    };
  }
}

/**
 * What was drained, before anybody has asked for objects: what a sink of the package is given. One is shared by all sinks.
 */
export class Drained {
  /** Rows before `closedLength` are spans; marks are new where `marks.drained` is 0, also those of the rows behind. */
  readonly snapshot: Snapshot;
  readonly identity: Identity;
  /** Whether its spans are open yet, and given again when they close. */
  readonly isProvisional: boolean;
  #batch: SpanBatch | null = null;

  constructor(snapshot: Snapshot, identity: Identity, isProvisional: boolean = false) {
    this.snapshot = snapshot;
    this.identity = identity;
    this.isProvisional = isProvisional;
  }

  /** The same for sinks of a user's own. */
  get batch(): SpanBatch {
    return this.#batch ??= new SpanBatch(this.snapshot, this.identity, this.isProvisional);
  }

  /** Spans and new marks. */
  get rowCount(): number {
    return this.snapshot.closedLength + newMarkCount(this.snapshot);
  }
}
