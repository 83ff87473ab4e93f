/**
 * The recording path: opens and closes scopes, appends marks. From floor 2 down, every line runs on each scope.
 *
 * An open scope lives in two places: a handle that the program holds (its place in the flow, its marks), and a slot of
 * the open table (its numbers, as typed-array columns: no boxed double is allocated per scope). Closing writes one
 * row of the ring and frees the slot. The table is also how open scopes are found for `trace({ open: true })`.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import type { IdSeries } from "../data/id_series.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { cutText, describeError } from "../data/text_limits.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import { type Clock, unixAnchorNs } from "../meters/clock.ts";
import type { CpuMeter } from "../meters/cpu.ts";
import type { GpuMonitor as GpuMeter } from "../meters/gpu/monitor.ts";
import type { PeakMeter } from "../meters/memory.ts";
import { checkIndex, checkKind, checkName, checkValue, copyOptionalAttrs, OptionNames } from "./checks.ts";
import { type Anchor, Flows, Frame, type FrameScope } from "./flows.ts";
import { markCount, type MarkLists, Marks, noMarks } from "./marks.ts";
import {
  OPEN_CPU_NS,
  OPEN_DATA_LOAD_NS,
  OPEN_INDEX,
  OPEN_MEMORY_SINCE,
  OPEN_NUMBERS,
  OPEN_PARENT,
  OPEN_START_NS,
  OpenTable,
} from "./open_table.ts";
import {
  Ring,
  ROW_CPU_NS,
  ROW_END_NS,
  ROW_ID,
  ROW_INDEX,
  ROW_MARK_COUNT,
  ROW_MARK_HEAD,
  ROW_NUMBERS,
  ROW_PARENT,
  ROW_START_NS,
} from "./ring.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "./scope.ts";
import { SnapshotBuilder } from "./snapshot_builder.ts";

/** What is read at the boundaries of spans, besides time; null for what is not. */
export interface Counters {
  readonly cpu: CpuMeter | null;
  readonly memory: PeakMeter | null;
  readonly gpu: GpuMeter | null;
}

/** What recording has done, in numbers. */
export interface WorkDone {
  /** Scopes opened. */
  readonly scopes: number;
  /** Of these, those with a function. */
  readonly flows: number;
  /** Of these, those that began within another one. */
  readonly innerFlows: number;
  /** Functions that gave a promise. */
  readonly promises: number;
  /** Scopes opened with attributes. */
  readonly attrs: number;
  readonly marks: number;
  /** Readings of the CPU clock. */
  readonly cpuReads: number;
  /** Readings of the peak of memory. */
  readonly peakReads: number;
}

/** Nothing yet. */
export const NOTHING_DONE: WorkDone = {
  scopes: 0,
  flows: 0,
  innerFlows: 0,
  promises: 0,
  attrs: 0,
  marks: 0,
  cpuReads: 0,
  peakReads: 0,
};

/** What the recorder needs from above. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly maxSpans: number;
  /** Tells the user something once; never throws. */
  readonly warn: (message: string) => void;
}

/** What a scope gets with its first attribute or mark, or the first flow that starts in it. */
class Extras implements MarkLists {
  attrs: Attrs | undefined;
  anchor: Anchor<OpenScope> | null = null;
  pointHead = 0;
  pointTail = 0;
  pointCount = 0;
  summaryHead = 0;
  summaryTail = 0;
  summaryCount = 0;

  constructor(attrs: Attrs | undefined) {
    this.attrs = attrs;
  }
}

/** A scope while it is open, and the handle of it that the program holds. */
export class OpenScope implements Scope, FrameScope<OpenScope> {
  readonly recorder: Recorder;
  readonly id: number;
  readonly name: string;
  /** Place in the open table; -1 once closed. */
  slot: number;
  readonly frame: Frame<OpenScope> | null;
  below: OpenScope | null = null;
  above: OpenScope | null = null;
  /** What few scopes have. The handle is what a scope allocates: with these in it, it would be twice as large. */
  extras: Extras | null;

  constructor(
    recorder: Recorder,
    id: number,
    name: string,
    slot: number,
    frame: Frame<OpenScope> | null,
    attrs: Attrs | undefined,
  ) {
    this.recorder = recorder;
    this.id = id;
    this.name = name;
    this.slot = slot;
    this.frame = frame;
    this.extras = attrs === undefined ? null : new Extras(attrs);
  }

  get anchor(): Anchor<OpenScope> | null {
    return this.extras === null ? null : this.extras.anchor;
  }

  set anchor(anchor: Anchor<OpenScope>) {
    (this.extras ??= new Extras(undefined)).anchor = anchor;
  }

  get attrs(): Attrs | undefined {
    return this.extras?.attrs;
  }

  set attrs(attrs: Attrs | undefined) {
    (this.extras ??= new Extras(undefined)).attrs = attrs;
  }

  get marks(): MarkLists | null {
    return this.extras;
  }

  get isOpen(): boolean {
    return this.slot >= 0;
  }

  scope(name: string, options?: ScopeOptions): Scope;
  scope<T>(name: string, fn: (scope: Scope) => T): T;
  scope<T>(name: string, options: ScopeOptions, fn: (scope: Scope) => T): T;
  scope(name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
    return this.recorder.scope(name, second, third, this);
  }

  mark(name: string, value: MarkValue, options?: MarkOptions): void {
    this.recorder.mark(name, value, options, this);
  }

  end(): void {
    this.recorder.close(this);
  }

  [Symbol.dispose](): void {
    this.recorder.close(this);
  }
}

/** Records scopes and marks of one JavaScript thread. */
export class Recorder {
  readonly clock: Clock;
  readonly flows: Flows<OpenScope> = new Flows<OpenScope>();
  /** When the last scope closed. A field, because V8 boxes a double that a function returns unless it inlines it. */
  closedNs: number = NaN;
  /** Scopes closed while they were not innermost. */
  misnestedCount = 0;
  /** Marks made on scopes that had ended. */
  markDropCount = 0;
  /** The parent of whatever is opened outside any scope. */
  session: OpenScope | null = null;

  readonly #nowNs: () => number;
  readonly #warn: (message: string) => void;
  readonly #scopeOptions: OptionNames;
  readonly #markOptions: OptionNames;
  readonly #open: OpenTable<OpenScope> = new OpenTable<OpenScope>();
  readonly #marks: Marks = new Marks();
  /** Marks made outside any scope and session. */
  #orphans: MarkLists = noMarks();
  #orphansSinceNs = 0;
  #ring: Ring;
  #cpu: CpuMeter | null;
  #memory: PeakMeter | null;
  #gpu: GpuMeter | null;
  /** The first row whose GPU time may yet become known. */
  #gpuRow = 0;
  /** Whether any row may have these. */
  #hasMemory = false;
  #hasGpu = false;
  #isClosingAll = false;
  #lastId = 0;
  /** Scopes with a function, those of them in the flow of another, and those whose function gave a promise. */
  #flowCount = 0;
  #innerFlowCount = 0;
  #promiseCount = 0;
  /** Scopes with attributes. */
  #attrsCount = 0;
  /** What had been done when the buffer was started. */
  #before: WorkDone = NOTHING_DONE;
  #anchorNs: bigint;

  constructor(options: RecorderOptions) {
    this.clock = options.clock;
    this.#nowNs = options.clock.nowNs;
    this.#cpu = options.counters.cpu;
    this.#memory = options.counters.memory;
    this.#gpu = options.counters.gpu;
    this.#warn = options.warn;
    this.#scopeOptions = new OptionNames(["index", "attrs"], "Scope", options.warn);
    this.#markOptions = new OptionNames(["kind", "attrs"], "Mark", options.warn);
    this.#ring = new Ring(options.maxSpans, this.#marks);
    this.#anchorNs = unixAnchorNs(options.clock);
  }

  /** The public `scope` in its three forms; `parent` is the handle it was called on, or null. */
  scope(
    name: string,
    second: ScopeOptions | ScopeFunction | undefined,
    third: ScopeFunction | undefined,
    parent: OpenScope | null,
  ): unknown {
    // The common form first, in a function that is short enough to be inlined where it is called.
    return second === undefined && third === undefined && parent === null && typeof name === "string"
      ? this.open(name, NaN, undefined)
      : this.#scope(name, second, third, parent);
  }

  #scope(
    name: string,
    second: ScopeOptions | ScopeFunction | undefined,
    third: ScopeFunction | undefined,
    parent: OpenScope | null,
  ): unknown {
    checkName(name, "open scope");
    if (parent !== null && parent.slot < 0) parent = null; // nothing hangs on a scope that has ended
    if (typeof second === "function") {
      if (third !== undefined) {
        throw new TypeError(`Cannot open scope ${quote(name)}: options must come before the function`);
      }
      return this.#run(name, NaN, undefined, parent, second);
    }
    let index = NaN;
    let attrs: Attrs | undefined;
    if (second !== undefined) {
      index = checkIndex(name, second);
      attrs = copyOptionalAttrs(second.attrs, "open scope", name);
      if (this.#scopeOptions.left > 0) this.#scopeOptions.check(name, second);
      if (attrs !== undefined) this.#attrsCount++;
    }
    if (third === undefined) {
      return parent === null ? this.open(name, index, attrs) : this.#openIn(parent, name, index, attrs);
    }
    if (typeof third !== "function") {
      throw new TypeError(`Cannot open scope ${quote(name)}: expected a function, got ${kindOf(third)}`);
    }
    return this.#run(name, index, attrs, parent, third);
  }

  /** Opens a scope in the calling flow's innermost one, and makes it the innermost. Checks nothing. */
  open(name: string, index: number, attrs: Attrs | undefined): OpenScope {
    const frame = this.flows.current();
    return this.push(frame, frame.innermost() ?? this.session, name, index, attrs);
  }

  /** Opens a scope with the given parent on top of `frame`. */
  push(
    frame: Frame<OpenScope>,
    parent: OpenScope | null,
    name: string,
    index: number,
    attrs: Attrs | undefined,
  ): OpenScope {
    const scope = this.#start(name, index, attrs, frame, parent);
    frame.push(scope);
    return scope;
  }

  /** Closes a scope, and notes the moment as `closedNs`. Closing a closed one does nothing. */
  close(scope: OpenScope): void {
    const slot = scope.slot;
    if (slot < 0) return;
    const from = slot * OPEN_NUMBERS;
    const open = this.#open.numbers;
    const nowNs = this.#nowNs();
    let cpuNs = NaN;
    const cpu = this.#cpu;
    if (cpu !== null) {
      if (cpu.isStale(nowNs)) cpu.read(nowNs);
      cpuNs = cpu.at(nowNs) - open[from + OPEN_CPU_NS];
      open[from + OPEN_CPU_NS] = NaN;
    }
    const memoryPeakBytes = this.#memory === null ? NaN : this.#endMemory(from);
    scope.slot = -1;
    const frame = scope.frame;
    let misnested: Frame<OpenScope> | null = null;
    if (frame === null) {
      if (scope.anchor !== null) scope.anchor.scope = null;
    } else if (!frame.remove(scope)) {
      misnested = frame;
    }
    const ring = this.#ring;
    const chunk = ring.begin();
    const row = ring.offset;
    const to = row * ROW_NUMBERS;
    const { numbers } = chunk;
    numbers[to + ROW_ID] = scope.id;
    numbers[to + ROW_PARENT] = open[from + OPEN_PARENT];
    numbers[to + ROW_INDEX] = open[from + OPEN_INDEX];
    numbers[to + ROW_START_NS] = open[from + OPEN_START_NS];
    numbers[to + ROW_END_NS] = this.closedNs = nowNs;
    numbers[to + ROW_CPU_NS] = cpuNs;
    chunk.name[row] = scope.name;
    const { extras } = scope;
    let attrs: Attrs | undefined;
    if (extras === null) {
      numbers[to + ROW_MARK_HEAD] = numbers[to + ROW_MARK_COUNT] = 0;
    } else {
      attrs = extras.attrs;
      numbers[to + ROW_MARK_HEAD] = this.#marks.join(extras);
      numbers[to + ROW_MARK_COUNT] = extras.pointCount + extras.summaryCount;
      if (extras.attrs !== undefined || numbers[to + ROW_MARK_HEAD] !== 0) ring.hold();
      // The row has them now; neither a handle that is kept nor a mark that is being made should.
      scope.extras = null;
      extras.pointHead = 0;
    }
    const dataLoadNs = open[from + OPEN_DATA_LOAD_NS];
    if (dataLoadNs === dataLoadNs) open[from + OPEN_DATA_LOAD_NS] = NaN;
    if (
      chunk.hasRare || attrs !== undefined || dataLoadNs === dataLoadNs || memoryPeakBytes === memoryPeakBytes
    ) {
      chunk.putRare(row, dataLoadNs, memoryPeakBytes, attrs);
    }
    this.#open.release(slot);
    ring.commit(nowNs);
    if (misnested !== null) this.#noteMisnesting(scope, misnested);
  }

  #endMemory(from: number): number {
    const { numbers } = this.#open;
    const peakBytes = this.#memory!.end(numbers[from + OPEN_MEMORY_SINCE]);
    numbers[from + OPEN_MEMORY_SINCE] = NaN;
    return peakBytes;
  }

  /** Closes a scope whose function threw, with the attribute `error`. */
  fail(scope: OpenScope, error: unknown): void {
    if (scope.slot < 0) return;
    scope.attrs = { ...scope.attrs, error: describeError(error) };
    this.close(scope);
  }

  /** The public `mark`; `scope` is the handle it was called on, or null for the innermost scope. */
  mark(name: string, value: MarkValue, options: MarkOptions | undefined, scope: OpenScope | null): void {
    checkName(name, "mark");
    checkValue(name, value);
    let summary = false;
    let attrs: Attrs | undefined;
    if (options !== undefined) {
      summary = checkKind(name, options);
      attrs = copyOptionalAttrs(options.attrs, "mark", name);
      if (this.#markOptions.left > 0) this.#markOptions.check(name, options);
    }
    if (scope === null) {
      scope = this.flows.current().innermost() ?? this.session;
    } else if (scope.slot < 0) {
      this.#dropMark(name, scope);
      return;
    }
    const nowNs = this.#nowNs();
    this.#marks.append(
      scope === null ? this.#orphansAt(nowNs) : scope.extras ??= new Extras(undefined),
      cutText(name),
      typeof value === "string" ? cutText(value) : value,
      summary,
      nowNs,
      attrs,
    );
  }

  #orphansAt(nowNs: number): MarkLists {
    const orphans = this.#orphans;
    if (orphans.pointHead === 0 && orphans.summaryHead === 0) this.#orphansSinceNs = nowNs;
    return orphans;
  }

  /** Where `epochs` and `batches` record. */
  loopRecorder(): Recorder | null {
    return this;
  }

  /** Notes the time that the source of a batch took to give it. */
  noteDataLoad(scope: OpenScope, sinceNs: number): void {
    if (scope.slot < 0) return;
    const { numbers } = this.#open;
    const at = scope.slot * OPEN_NUMBERS;
    numbers[at + OPEN_DATA_LOAD_NS] = numbers[at + OPEN_START_NS] - sinceNs;
  }

  /** Forgets all closed spans and the counts, and starts over with a new anchor. Open scopes stay open. */
  restart(maxSpans: number, counters: Counters): void {
    this.#ring.clear();
    this.#ring = new Ring(maxSpans, this.#marks);
    this.#marks.release(this.#marks.join(this.#orphans));
    this.#orphans = noMarks();
    this.#marks.evictCount = 0;
    this.misnestedCount = 0;
    this.markDropCount = 0;
    this.#cpu = counters.cpu;
    this.#memory = counters.memory;
    this.#gpu = counters.gpu;
    this.#gpuRow = 0;
    this.#hasMemory = counters.memory !== null;
    this.#hasGpu = counters.gpu !== null;
    this.#open.forget(OPEN_CPU_NS); // started on another CPU clock, or on none
    this.#open.forget(OPEN_MEMORY_SINCE);
    this.#anchorNs = unixAnchorNs(this.clock);
    this.#before = this.#workDone();
  }

  /** What recording has done since the buffer was started. */
  workDone(): WorkDone {
    const now = this.#workDone();
    const before = this.#before;
    return {
      scopes: now.scopes - before.scopes,
      flows: now.flows - before.flows,
      innerFlows: now.innerFlows - before.innerFlows,
      promises: now.promises - before.promises,
      attrs: now.attrs - before.attrs,
      marks: now.marks - before.marks,
      cpuReads: now.cpuReads - before.cpuReads,
      peakReads: now.peakReads - before.peakReads,
    };
  }

  #workDone(): WorkDone {
    return {
      scopes: this.#lastId,
      flows: this.#flowCount,
      innerFlows: this.#innerFlowCount,
      promises: this.#promiseCount,
      attrs: this.#attrsCount,
      marks: this.#marks.total,
      cpuReads: this.#cpu?.readCount ?? 0,
      peakReads: this.#memory?.readCount ?? 0,
    };
  }

  /** Changes the bound on closed spans; the newest stay. */
  resize(maxSpans: number): void {
    const { alarmRow, alarmNs, onAlarm } = this.#ring;
    this.#ring = this.#ring.resized(maxSpans);
    this.setAlarm(alarmRow, alarmNs, onAlarm);
  }

  /** Writes GPU times into at most `most` rows for which they are known by now; true if there may be more. */
  settleGpu(most: number): boolean {
    const gpu = this.#gpu;
    if (gpu === null) return false;
    const before = Math.max(this.#gpuRow, this.#ring.evictCount);
    const untilNs = gpu.settledNs(this.#nowNs());
    this.#gpuRow = this.#ring.fillGpu(before, untilNs, most, (startNs, endNs) => gpu.busyNs(startNs, endNs));
    return this.#gpuRow - before === most;
  }

  /** Settles what can be settled, and reads no GPU any more. */
  endGpu(): void {
    this.settleGpu(Infinity);
    this.#gpu = null;
  }

  /** The first row that a later reading may know better. */
  get settledRow(): number {
    return this.#gpu === null ? this.#ring.total : Math.max(this.#gpuRow, this.#ring.evictCount);
  }

  /** Opens the root span of a session. It is in no flow: every flow falls back on it. */
  openSession(name: string, attrs: Attrs): OpenScope {
    this.session = this.#start(name, NaN, attrs, null, null);
    return this.session;
  }

  /** Copies the session's root span out, which is open, as one that ends where it starts; null without a session. */
  readSession(ids: IdSeries): Snapshot | null {
    const { session } = this;
    if (session === null) return null;
    const at = session.slot * OPEN_NUMBERS;
    const { numbers } = this.#open;
    const builder = this.#builder(0, [session], false, ids);
    builder.addOpen(session, numbers, at, this.#marks, numbers[at + OPEN_START_NS], NaN, NaN);
    return builder.snapshot();
  }

  /** Closes every open scope, innermost first, the session's root last. */
  closeAll(): void {
    const scopes = this.#open.scopes();
    this.#isClosingAll = true;
    for (let i = scopes.length - 1; i >= 0; i--) this.close(scopes[i]);
    this.#isClosingAll = false;
    this.session = null;
  }

  /** Open scopes from the calling flow's innermost outwards, the session's root included. */
  depth(): number {
    let depth = this.session === null ? 0 : 1;
    for (let scope = this.flows.current().innermost(); scope !== null;) {
      depth++;
      scope = scope.frame === null ? null : scope.frame.outwards(scope);
    }
    return depth;
  }

  /** Counts for `health()`. */
  counts(): { open: number; spans: number; spansEvicted: number; marksEvicted: number } {
    return {
      open: this.#open.count,
      spans: this.#ring.length,
      spansEvicted: this.#ring.evictCount,
      marksEvicted: this.#marks.evictCount,
    };
  }

  /**
   * Copies the newest `last` closed spans out, and with `open` the open ones.
   * @param ids What ids are made by.
   */
  read(last: number, open: boolean, ids: IdSeries): Snapshot {
    const closed = Math.min(last, this.#ring.length);
    const scopes = open ? this.#open.scopes() : [];
    const orphaned = open && this.#orphans.pointHead + this.#orphans.summaryHead !== 0;
    this.settleGpu(Infinity);
    const from = this.#ring.total - closed;
    const builder = this.#builder(closed, scopes, orphaned, ids);
    builder.addClosed(this.#ring, this.#marks, from);
    const nowNs = this.#nowNs();
    if (orphaned) builder.addOrphans(this.#orphans, this.#marks, this.#orphansSinceNs, nowNs);
    for (const scope of scopes) {
      const at = scope.slot * OPEN_NUMBERS;
      const { numbers } = this.#open;
      const cpuNs = this.#cpu === null ? NaN : this.#readCpu(nowNs) - numbers[at + OPEN_CPU_NS];
      const memory = this.#memory === null ? NaN : this.#memory.end(numbers[at + OPEN_MEMORY_SINCE]);
      builder.addOpen(scope, numbers, at, this.#marks, nowNs, cpuNs, memory);
    }
    this.#fillGpu(builder, from);
    return builder.snapshot();
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

  // Of rows that are not settled, what is known now.
  #fillGpu(builder: SnapshotBuilder, firstRow: number): void {
    const gpu = this.#gpu;
    if (gpu === null) return;
    builder.fillGpu(Math.max(0, this.settledRow - firstRow), (startNs, endNs) => gpu.busyNs(startNs, endNs));
  }

  /**
   * Moves a sinks' cursor on: copies the closed spans from row `cursor` on, and notes that their marks were seen. No I/O.
   * @param most Rows at most.
   * @param withOpen Also the open scopes that have marks not yet seen, as rows after the closed ones.
   */
  drain(cursor: number, most: number, withOpen: boolean, ids: IdSeries): Snapshot {
    const from = Math.max(cursor, this.#ring.evictCount);
    const closed = Math.min(most, this.#ring.total - from);
    const scopes = withOpen
      ? this.#open.scopes().filter(({ marks }) => marks !== null && this.#marks.hasUndrained(marks))
      : [];
    const orphaned = withOpen && this.#marks.hasUndrained(this.#orphans);
    const builder = this.#builder(closed, scopes, orphaned, ids);
    builder.addClosed(this.#ring, this.#marks, from);
    this.#fillGpu(builder, from);
    builder.drainClosed(this.#marks);
    const nowNs = this.#nowNs();
    if (orphaned) {
      builder.addOrphans(this.#orphans, this.#marks, this.#orphansSinceNs, nowNs);
      this.#marks.drainOpen(this.#orphans);
    }
    for (const scope of scopes) {
      builder.addOpen(scope, this.#open.numbers, scope.slot * OPEN_NUMBERS, this.#marks, nowNs, NaN, NaN);
      if (scope.marks !== null) this.#marks.drainOpen(scope.marks);
    }
    return builder.snapshot();
  }

  /** Closed spans ever recorded since the last restart: the row number that a cursor moves up to. */
  get rowCount(): number {
    return this.#ring.total;
  }

  /** Row number of the oldest closed span that is still here. */
  get firstRow(): number {
    return this.#ring.evictCount;
  }

  /** Closed spans that the buffer keeps. */
  get capacity(): number {
    return this.#ring.capacity;
  }

  /**
   * Calls `onAlarm` for each span from row `row` on, and for each that closes at `ns` or later, until the alarm is set anew;
   * Infinity for never.
   */
  setAlarm(row: number, ns: number, onAlarm: (() => void) | null): void {
    this.#ring.setAlarm(row, ns, onAlarm);
  }

  /** Whether the span that closed last was opened in no other but the session's, which goes on. */
  get isClosedOutermost(): boolean {
    return this.session !== null && !this.#isClosingAll && this.#ring.lastParent === this.session.id;
  }

  /** Marks of the closed span in row `row` that no sink has seen. */
  undrainedMarks(row: number): number {
    return this.#marks.undrainedCount(this.#ring.markHead(row));
  }

  /** Calls `onLoss` before a mark is evicted that no sink has seen; null to stop. */
  setMarkGuard(onLoss: (() => void) | null): void {
    this.#marks.onLoss = onLoss;
  }

  #readCpu(nowNs: number): number {
    const cpu = this.#cpu!;
    if (cpu.isStale(nowNs)) cpu.read(nowNs);
    return cpu.at(nowNs);
  }

  #start(
    name: string,
    index: number,
    attrs: Attrs | undefined,
    frame: Frame<OpenScope> | null,
    parent: OpenScope | null,
  ): OpenScope {
    const table = this.#open;
    const slot = table.take();
    const scope = new OpenScope(this, ++this.#lastId, cutText(name), slot, frame, attrs);
    table.scope[slot] = scope;
    const open = table.numbers;
    const at = slot * OPEN_NUMBERS;
    open[at + OPEN_PARENT] = parent === null ? 0 : parent.id;
    open[at + OPEN_INDEX] = index;
    if (this.#memory !== null) open[at + OPEN_MEMORY_SINCE] = this.#memory.start();
    let nowNs = this.#nowNs();
    const cpu = this.#cpu;
    if (cpu !== null) {
      if (cpu.isStale(nowNs)) {
        cpu.read(nowNs);
        nowNs = this.#nowNs(); // the reading's own 600 ns are not the span's
        cpu.restamp(nowNs);
      }
      open[at + OPEN_CPU_NS] = cpu.at(nowNs);
    }
    open[at + OPEN_START_NS] = nowNs;
    return scope;
  }

  // A child opened from a handle. On the stack only if that makes its parent the scope below it: pushed elsewhere,
  // it would catch the marks of another flow.
  #openIn(parent: OpenScope, name: string, index: number, attrs: Attrs | undefined): OpenScope {
    const frame = this.flows.current();
    if (frame.innermost() === parent) return this.push(frame, parent, name, index, attrs);
    return this.#start(name, index, attrs, null, parent);
  }

  #run(
    name: string,
    index: number,
    attrs: Attrs | undefined,
    parent: OpenScope | null,
    fn: ScopeFunction,
  ): unknown {
    this.#flowCount++;
    this.flows.open();
    const below = parent ?? this.flows.current().innermost();
    if (below !== null && below.frame !== this.flows.main) this.#innerFlowCount++;
    const frame = new Frame<OpenScope>(below);
    const scope = this.#start(name, index, attrs, frame, below ?? this.session);
    frame.push(scope);
    try {
      const result = this.flows.run(frame, fn, scope);
      const then = thenOf(result);
      if (then !== null) {
        this.#promiseCount++;
        return asPromise(result as PromiseLike<unknown>, then).then(
          value => {
            this.close(scope);
            return value;
          },
          error => {
            this.fail(scope, error);
            throw error;
          },
        );
      }
      this.close(scope);
      return result;
    } catch (error) {
      this.fail(scope, error);
      throw error;
    }
  }

  #noteMisnesting(scope: OpenScope, frame: Frame<OpenScope>): void {
    this.misnestedCount++;
    if (this.misnestedCount > 1) return;
    const top = frame.innermost();
    const inner = top === null ? "" : `, while ${quote(top.name)} was still open in the same flow`;
    this.#warn(
      `Scope ${
        quote(scope.name)
      } was closed out of order${inner}. Its times are right, but scopes and marks made `
        + `meanwhile may hang on the wrong parent. Concurrent work needs a flow of its own: scope(name, fn)`,
    );
  }

  #dropMark(name: string, scope: OpenScope): void {
    this.markDropCount++;
    if (this.markDropCount > 1) return;
    this.#warn(`Mark ${quote(name)} was dropped: scope ${quote(scope.name)} had already ended`);
  }
}

type Then = PromiseLike<unknown>["then"];

// Read once, as `await` does. A getter that throws is the caller's business: whoever awaits the value will see it.
function thenOf(value: unknown): Then | null {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  try {
    const { then } = value as { then?: unknown };
    return typeof then === "function" ? then as Then : null;
  } catch {
    return null;
  }
}

// A promise as it is, so that a subclass stays one. Another thenable (a query that runs when it is awaited, say) is run
// once, here: its `then` need not give a promise.
function asPromise(value: PromiseLike<unknown>, then: Then): Promise<unknown> {
  return value instanceof Promise
    ? value
    : new Promise((resolve, reject) => then.call(value, resolve, reject));
}
