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
import type { LateMeter } from "../meters/meter.ts";
import type { Counters } from "./counters.ts";
import { ForeignContexts, type Referrers } from "./foreign.ts";
import { markCount, type MarkLists, Marks, noMarks } from "./marks.ts";
import type { OpenNews } from "./open_news.ts";
import type { OpenScope } from "./open_scope.ts";
import { OPEN_CPU_NS, OPEN_NUMBERS, OPEN_ROOT, OPEN_START_NS, OpenTable } from "./open_table.ts";
import { Ring } from "./ring.ts";
import { SnapshotBuilder } from "./snapshot_builder.ts";
import { SpanMeters } from "./span_meters.ts";

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
  /** The number of the scope that was opened last, whether it is open yet or not: the recorder counts them. */
  lastNumber: () => number = () => 0;
  /** Whether all scopes are being closed, one after the other. */
  isClosingAll = false;

  readonly #clock: Clock;
  #counters: Counters;
  /** Null where none is read. */
  meters: SpanMeters | null;
  /** None where they are no longer read. */
  #late: readonly LateMeter[];
  /** Marks made outside any scope and session. */
  #orphans: MarkLists = noMarks();
  #orphansSinceNs = 0;
  #anchorNs: bigint;

  constructor(clock: Clock, maxSpans: number, counters: Counters) {
    this.ring = new Ring(maxSpans, this.marks, counters);
    this.#clock = clock;
    this.#counters = counters;
    this.meters = spanMetersOf(counters);
    this.#late = counters.late.map(({ meter }) => meter);
    this.#anchorNs = unixAnchorNs(clock);
  }

  /** Forgets all closed spans and the counts, and starts over with a new anchor. Open scopes stay open. */
  restart(maxSpans: number, counters: Counters): void {
    this.ring.restart(maxSpans, counters);
    this.foreign.forgetRows();
    this.marks.release(this.marks.join(this.#orphans));
    this.#orphans = noMarks();
    this.marks.evictCount = 0;
    this.#counters = counters;
    this.meters = spanMetersOf(counters);
    this.#late = counters.late.map(({ meter }) => meter);
    this.open.forgetCpu(); // started on another CPU clock, or on none
    this.#anchorNs = unixAnchorNs(this.#clock);
  }

  /** Changes the bound on closed spans; the newest stay. */
  resize(maxSpans: number): void {
    this.ring.resize(maxSpans);
  }

  /** Unix time in nanoseconds at which the session's clock was 0. */
  get anchorNs(): bigint {
    return this.#anchorNs;
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
    this.settle(Infinity);
    const from = this.ring.total - closed;
    const builder = this.#builder(closed, scopes, orphaned, ids);
    builder.addClosed(this.ring, this.marks, from);
    const nowNs = this.#clock.nowNs();
    if (orphaned) builder.addOrphans(this.#orphans, this.marks, this.#orphansSinceNs, nowNs);
    for (const scope of scopes) {
      const at = scope.slot * OPEN_NUMBERS;
      const { numbers } = this.open;
      const cpuNs = this.#cpuNs(nowNs) - numbers[at + OPEN_CPU_NS];
      const row = builder.addOpen(scope, numbers, at, this.marks, nowNs, cpuNs);
      this.meters?.end(scope.slot, builder.counters, row);
    }
    this.#fillLate(builder, from);
    const untilNs = this.ring.evictedUntilNs;
    const eviction = untilNs === undefined ? undefined : { untilNs, lastId: this.lastNumber() };
    return { ...builder.snapshot(this.foreign, eviction), isInOrder: this.ring.isInOrder };
  }

  /** Copies the session's root span out, which is open, as one that ends where it starts; null without a session. */
  readSession(ids: IdSeries): Snapshot | null {
    const { session } = this;
    if (session === null) return null;
    const at = session.slot * OPEN_NUMBERS;
    const { numbers } = this.open;
    const builder = this.#builder(0, [session], false, ids);
    builder.addOpen(session, numbers, at, this.marks, numbers[at + OPEN_START_NS], NaN);
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
    this.#fillLate(builder, from);
    builder.drainClosed(this.marks);
    const nowNs = this.#clock.nowNs();
    if (orphaned) {
      builder.addOrphans(this.#orphans, this.marks, this.#orphansSinceNs, nowNs);
      this.marks.drainOpen(this.#orphans);
    }
    for (const scope of scopes) {
      builder.addOpen(scope, this.open.numbers, scope.slot * OPEN_NUMBERS, this.marks, nowNs, NaN);
      if (scope.marks !== null) this.marks.drainOpen(scope.marks);
    }
    return builder.snapshot(this.foreign);
  }

  /**
   * Copies out spans from row `from` on of which not all is known yet, without what is known late, and notes that their marks were
   * seen. They are drained all the same when they are settled.
   */
  drainEarly(from: number, most: number, ids: IdSeries): Snapshot {
    const builder = this.#builder(Math.min(most, this.ring.total - from), [], false, ids);
    builder.addClosed(this.ring, this.marks, from);
    builder.drainClosed(this.marks);
    return builder.snapshot(this.foreign);
  }

  /**
   * Copies out what is new of the open scopes, without their marks; null if nothing is.
   * @param leastAgeNs Younger ones are left for the next time.
   */
  readNews(news: OpenNews, leastAgeNs: number, ids: IdSeries): Snapshot | null {
    const nowNs = this.#clock.nowNs();
    const scopes = news.take(this.open, nowNs, nowNs - leastAgeNs);
    if (scopes.length === 0) return null;
    const builder = this.#builder(0, [], false, ids, scopes.length);
    const cpuNs = this.#cpuNs(nowNs);
    const { numbers } = this.open;
    for (const scope of scopes) {
      const at = scope.slot * OPEN_NUMBERS;
      builder.addOpen(scope, numbers, at, null, nowNs, cpuNs - numbers[at + OPEN_CPU_NS]);
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
    without = 0,
  ): SnapshotBuilder {
    const open = scopes.length + (orphaned ? 1 : 0) + without;
    let openMarks = orphaned ? markCount(this.#orphans) : 0;
    for (const { marks } of scopes) if (marks !== null) openMarks += markCount(marks);
    return new SnapshotBuilder(closed, open, openMarks, this.#anchorNs, ids, this.#counters);
  }

  #cpuNs(nowNs: number): number {
    const { cpu } = this.#counters;
    if (cpu === null) return NaN;
    if (cpu.isStale(nowNs)) cpu.read(nowNs);
    return cpu.at(nowNs);
  }

  /** Writes late figures into at most `most` rows for which they are known by now; true if there may be more. */
  settle(most: number): boolean {
    const meters = this.#late;
    if (meters.length === 0) return false;
    const nowNs = this.#clock.nowNs();
    let untilNs = nowNs;
    for (const meter of meters) untilNs = Math.min(untilNs, meter.settledNs(nowNs));
    return this.ring.settle(untilNs, most, meters);
  }

  /** Settles what can be settled; from then on nothing is known late. */
  endLate(): void {
    this.settle(Infinity);
    this.#late = [];
  }

  /** The first row that a later reading may know better. */
  get settledRow(): number {
    return this.#late.length === 0 ? this.ring.total : this.ring.settledRow;
  }

  // Of rows that are not settled, what is known now.
  #fillLate(builder: SnapshotBuilder, firstRow: number): void {
    builder.fillLate(Math.max(0, this.settledRow - firstRow), this.#late);
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

function spanMetersOf({ span }: Counters): SpanMeters | null {
  return span.length === 0 ? null : new SpanMeters(span.map(({ meter }) => meter));
}
