/**
 * What is recorded, and all that is done with it but recording: reading, draining, late figures, alarms and bounds.
 *
 * The recorder writes into the ring, the open table and the marks; here they are owned and read. Nothing in this file runs for
 * each scope.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { type Clock, unixAnchorNs } from "../meters/clock.ts";
import type { Counters } from "./counters.ts";
import { ForeignContexts, type Referrers } from "./foreign.ts";
import { markCount, type MarkLists, Marks, noMarks } from "./marks.ts";
import type { OpenScope } from "./open_scope.ts";
import {
  OPEN_CPU_NS,
  OPEN_MEMORY_SINCE,
  OPEN_NUMBERS,
  OPEN_ROOT,
  OPEN_START_NS,
  OpenTable,
} from "./open_table.ts";
import { Ring } from "./ring.ts";
import { SnapshotBuilder } from "./snapshot_builder.ts";

/** Counts for `health()`. */
export interface BufferCounts {
  readonly open: number;
  readonly spans: number;
  readonly spansEvicted: number;
  readonly marksEvicted: number;
}

/** The open scopes, closed spans and marks of one JavaScript thread. */
export class TraceBuffer implements Referrers {
  /** Closed spans. */
  readonly ring: Ring;
  readonly open: OpenTable<OpenScope> = new OpenTable<OpenScope>();
  readonly marks: Marks = new Marks();
  /** What the traces that were begun elsewhere continue. */
  readonly foreign: ForeignContexts = new ForeignContexts(this);
  /** Whether all scopes are being closed, one after the other. */
  isClosingAll = false;

  readonly #clock: Clock;
  #counters: Counters;
  /** Marks made outside any scope and session. */
  #orphans: MarkLists = noMarks();
  #orphansSinceNs = 0;
  /** The first row whose GPU time may yet become known. */
  #gpuRow = 0;
  /** Whether any row may have these. */
  #hasMemory = false;
  #hasGpu = false;
  #anchorNs: bigint;

  constructor(clock: Clock, maxSpans: number, counters: Counters) {
    this.ring = new Ring(maxSpans, this.marks);
    this.#clock = clock;
    this.#counters = counters;
    this.#anchorNs = unixAnchorNs(clock);
  }

  /** Forgets all closed spans and the counts, and starts over with a new anchor. Open scopes stay open. */
  restart(maxSpans: number, counters: Counters): void {
    this.ring.restart(maxSpans);
    this.foreign.forgetRows();
    this.marks.release(this.marks.join(this.#orphans));
    this.#orphans = noMarks();
    this.marks.evictCount = 0;
    this.#counters = counters;
    this.#gpuRow = 0;
    this.#hasMemory = counters.memory !== null;
    this.#hasGpu = counters.gpu !== null;
    this.open.forget(OPEN_CPU_NS); // started on another CPU clock, or on none
    this.open.forget(OPEN_MEMORY_SINCE);
    this.#anchorNs = unixAnchorNs(this.#clock);
  }

  /** Changes the bound on closed spans; the newest stay. */
  resize(maxSpans: number): void {
    this.ring.resize(maxSpans);
  }

  /** The session's root span while a session runs. */
  get session(): OpenScope | null {
    return this.open.session;
  }

  /** Where marks go that are made outside any scope and session. */
  orphansAt(nowNs: number): MarkLists {
    const orphans = this.#orphans;
    if (orphans.pointHead === 0 && orphans.summaryHead === 0) this.#orphansSinceNs = nowNs;
    return orphans;
  }

  /** Counts for `health()`. */
  counts(): BufferCounts {
    return {
      open: this.open.count,
      spans: this.ring.length,
      spansEvicted: this.ring.evictCount,
      marksEvicted: this.marks.evictCount,
    };
  }

  /**
   * Copies the newest `last` closed spans out, and with `open` the open ones.
   * @param ids What ids are made by.
   */
  read(last: number, open: boolean, ids: IdSeries): Snapshot {
    const closed = Math.min(last, this.ring.length);
    const scopes = open ? this.open.scopes() : [];
    const orphaned = open && this.#orphans.pointHead + this.#orphans.summaryHead !== 0;
    this.settleGpu(Infinity);
    const from = this.ring.total - closed;
    const builder = this.#builder(closed, scopes, orphaned, ids);
    builder.addClosed(this.ring, this.marks, from);
    const nowNs = this.#clock.nowNs();
    if (orphaned) builder.addOrphans(this.#orphans, this.marks, this.#orphansSinceNs, nowNs);
    const { memory } = this.#counters;
    for (const scope of scopes) {
      const at = scope.slot * OPEN_NUMBERS;
      const { numbers } = this.open;
      const cpuNs = this.#cpuNs(nowNs) - numbers[at + OPEN_CPU_NS];
      const peakBytes = memory === null ? NaN : memory.end(numbers[at + OPEN_MEMORY_SINCE]);
      builder.addOpen(scope, numbers, at, this.marks, nowNs, cpuNs, peakBytes);
    }
    this.#fillGpu(builder, from);
    return builder.snapshot(this.foreign);
  }

  /** Copies the session's root span out, which is open, as one that ends where it starts; null without a session. */
  readSession(ids: IdSeries): Snapshot | null {
    const { session } = this;
    if (session === null) return null;
    const at = session.slot * OPEN_NUMBERS;
    const { numbers } = this.open;
    const builder = this.#builder(0, [session], false, ids);
    builder.addOpen(session, numbers, at, this.marks, numbers[at + OPEN_START_NS], NaN, NaN);
    return builder.snapshot(this.foreign);
  }

  /**
   * Moves a sinks' cursor on: copies the closed spans from row `cursor` on, and notes that their marks were seen. No I/O.
   * @param most Rows at most.
   * @param withOpen Also the open scopes that have marks not yet seen, as rows after the closed ones.
   */
  drain(cursor: number, most: number, withOpen: boolean, ids: IdSeries): Snapshot {
    const from = Math.max(cursor, this.ring.evictCount);
    const closed = Math.min(most, this.ring.total - from);
    const scopes = withOpen
      ? this.open.scopes().filter(({ marks }) => marks !== null && this.marks.hasUndrained(marks))
      : [];
    const orphaned = withOpen && this.marks.hasUndrained(this.#orphans);
    const builder = this.#builder(closed, scopes, orphaned, ids);
    builder.addClosed(this.ring, this.marks, from);
    this.#fillGpu(builder, from);
    builder.drainClosed(this.marks);
    const nowNs = this.#clock.nowNs();
    if (orphaned) {
      builder.addOrphans(this.#orphans, this.marks, this.#orphansSinceNs, nowNs);
      this.marks.drainOpen(this.#orphans);
    }
    for (const scope of scopes) {
      builder.addOpen(scope, this.open.numbers, scope.slot * OPEN_NUMBERS, this.marks, nowNs, NaN, NaN);
      if (scope.marks !== null) this.marks.drainOpen(scope.marks);
    }
    return builder.snapshot(this.foreign);
  }

  /** Calls `see` with the root of each open scope. */
  visitOpenRoots(see: (root: number) => void): void {
    for (const scope of this.open.scope) {
      if (scope !== null) see(this.open.numbers[scope.slot * OPEN_NUMBERS + OPEN_ROOT]);
    }
  }

  #builder(
    closed: number,
    scopes: readonly OpenScope[],
    orphaned: boolean,
    ids: IdSeries,
  ): SnapshotBuilder {
    const open = scopes.length + (orphaned ? 1 : 0);
    let openMarks = orphaned ? markCount(this.#orphans) : 0;
    for (const { marks } of scopes) if (marks !== null) openMarks += markCount(marks);
    const columns = { memory: this.#hasMemory, gpu: this.#hasGpu };
    return new SnapshotBuilder(closed, open, openMarks, this.#anchorNs, ids, columns);
  }

  #cpuNs(nowNs: number): number {
    const { cpu } = this.#counters;
    if (cpu === null) return NaN;
    if (cpu.isStale(nowNs)) cpu.read(nowNs);
    return cpu.at(nowNs);
  }

  /** Writes GPU times into at most `most` rows for which they are known by now; true if there may be more. */
  settleGpu(most: number): boolean {
    const { gpu } = this.#counters;
    if (gpu === null) return false;
    const before = Math.max(this.#gpuRow, this.ring.evictCount);
    const untilNs = gpu.settledNs(this.#clock.nowNs());
    this.#gpuRow = this.ring.fillGpu(before, untilNs, most, (startNs, endNs) => gpu.busyNs(startNs, endNs));
    return this.#gpuRow - before === most;
  }

  /** Settles what can be settled, and reads no GPU any more. */
  endGpu(): void {
    this.settleGpu(Infinity);
    this.#counters = { ...this.#counters, gpu: null };
  }

  /** The first row that a later reading may know better. */
  get settledRow(): number {
    return this.#counters.gpu === null ? this.ring.total : Math.max(this.#gpuRow, this.ring.evictCount);
  }

  // Of rows that are not settled, what is known now.
  #fillGpu(builder: SnapshotBuilder, firstRow: number): void {
    const { gpu } = this.#counters;
    if (gpu === null) return;
    builder.fillGpu(Math.max(0, this.settledRow - firstRow), (startNs, endNs) => gpu.busyNs(startNs, endNs));
  }

  /** Closed spans ever recorded since the last restart: the row number that a cursor moves up to. */
  get rowCount(): number {
    return this.ring.total;
  }

  /** Row number of the oldest closed span that is still here. */
  get firstRow(): number {
    return this.ring.evictCount;
  }

  /** Closed spans that the buffer keeps. */
  get capacity(): number {
    return this.ring.capacity;
  }

  /**
   * Calls `onAlarm` for each span from row `row` on, and for each that closes at `ns` or later, until the alarm is set anew;
   * Infinity for never.
   */
  setAlarm(row: number, ns: number, onAlarm: (() => void) | null): void {
    this.ring.setAlarm(row, ns, onAlarm);
  }

  /** When the span ended that closed last; there must be one. */
  get closedNs(): number {
    return this.ring.lastEndNs;
  }

  /** Whether the span that closed last was opened in no other but the session's, which goes on. */
  get isClosedOutermost(): boolean {
    const { session } = this;
    const { lastParent } = this.ring;
    return session !== null && !this.isClosingAll && (lastParent === session.number || lastParent < 0);
  }

  /** Marks of the closed span in row `row` that no sink has seen. */
  undrainedMarks(row: number): number {
    return this.marks.undrainedCount(this.ring.markHead(row));
  }

  /** Calls `onLoss` before a mark is evicted that no sink has seen; null to stop. */
  setMarkGuard(onLoss: (() => void) | null): void {
    this.marks.onLoss = onLoss;
  }
}
