/**
 * Gives closed spans to the sinks: a cursor into the ring, a timer, slices, and what failed.
 *
 * A tick is cut into slices of some milliseconds, each a turn of the event loop of its own. Between ticks an alarm of
 * the ring starts slices early when much is waiting; and when the ring is about to lap the cursor, or a span to evict
 * a mark that no sink has seen, everything is given out at once: a synchronous loop loses nothing.
 *
 * Ticks and slices need an event loop that turns. So there is a deadline as well, an interval after the last commit: the
 * first span that closes after it, or the first slice, gives out what is waiting, however much that is.
 *
 * Sinks share the cursor, and what is drained is given to all. A sink of the package may want to be committed more often than the
 * others, or to be given what waits as soon as it is so many spans.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import { UNFINISHED } from "../data/session_names.ts";
import type { JsonValue } from "../data/values.ts";
import type { Clock } from "../meters/clock.ts";
import type { TraceBuffer } from "../record/buffer.ts";
import {
  cancelSoon,
  every,
  guarded,
  type Immediate,
  soon,
  stopTimer,
  type Timer,
} from "../runtime/host_calls.ts";
import { Ahead } from "./ahead.ts";
import { Drained } from "./batch.ts";
import { SinkRunner } from "./runner.ts";
import type { AnySink } from "./sink.ts";

/** Milliseconds between two ticks, by default. */
const DEFAULT_FLUSH_INTERVAL_MS = 1000;

/** The same in a worker, which another thread may end at any moment, and no hook tells. */
const WORKER_FLUSH_INTERVAL_MS = 100;

/** Between two flushes for the sake of an outermost scope that closed in a worker. */
const OUTERMOST_NS = 100_000_000;

/** How long before the deadline a tick comes at most, so that its slices are done by then. */
const LEAD_MS = 250;

/** Spans waiting at which slices start before the next tick. */
const EARLY_SPANS = 4096;

/** Spans in a batch of a slice. */
const SLICE_SPANS = 256;

/** Spans in a batch of a flush that cannot wait. */
const FLUSH_SPANS = 8192;

/** Time after which a slice lets the event loop go on. */
const SLICE_NS = 2_000_000;

/** What the flusher needs from above. */
export interface FlusherOptions {
  readonly buffer: TraceBuffer;
  readonly clock: Clock;
  readonly sinks: readonly AnySink[];
  /** Null for what the sinks wish. */
  readonly intervalMs: number | null;
  readonly identity: Identity;
  readonly ids: IdSeries;
  readonly warn: (message: string) => void;
  /** Whether another thread may end this one: then outermost scopes are given out as they close. */
  readonly isWorker?: boolean;
}

/** Drains one session's buffer into its sinks. */
export class Flusher {
  /** Duration of the last flush or slice, in nanoseconds; null before the first. */
  latencyNs: number | null = null;
  /** Duration of all flushes and slices, in nanoseconds. */
  totalNs = 0;
  /** Spans and marks that left the ring before a sink saw them: only where a sink records while it is given spans. */
  #lostCount = 0;
  /** Marks among them if one more row comes, since they are on the row that it evicts. */
  #endangeredMarks = 0;

  readonly #options: FlusherOptions;
  readonly #runners: readonly SinkRunner[];
  readonly #ahead: Ahead;
  /** The least of the sinks' intervals. */
  readonly #intervalNs: number;
  /** Spans that may wait for the least patient sink. */
  readonly #batchSpans: number;
  #cursor: number;
  #isFlushing = false;
  #isStopping = false;
  #isStopped = false;
  /** Whether the buffer is another flusher's by now. */
  #isReleased = false;
  /** When what is waiting must be given out, whether or not the loop has turned. */
  #dueNs = Infinity;
  /** Whether the alarm is set for early slices. */
  #startsEarly = false;
  /** The row from which a batch is due. */
  #batchRow = Infinity;
  /** Rows before it were given out in a batch, or could not be: not all of them was known. */
  #triedRow = 0;
  /** From when on an outermost scope that closes is given out at once. */
  #outermostNs: number;
  /** What was taken out of it before. */
  #left: Drained | null = null;
  #timer: Timer | null = null;
  #slice: Immediate | null = null;

  // Called while the program closes a scope, which must not fail for it.
  readonly #flushInScope = guarded(() => this.flush());

  constructor(options: FlusherOptions) {
    this.#options = options;
    const { sinks, intervalMs, warn } = options;
    const usualMs = options.isWorker === true ? WORKER_FLUSH_INTERVAL_MS : DEFAULT_FLUSH_INTERVAL_MS;
    this.#runners = sinks.map(sink => new SinkRunner(sink, { intervalMs, usualMs, warn }));
    this.#intervalNs = Math.min(...this.#runners.map(runner => runner.intervalNs));
    this.#batchSpans = Math.min(...this.#runners.map(runner => runner.batchSpans));
    this.#ahead = new Ahead(options, this.#runners);
    this.#cursor = options.buffer.rowCount;
    this.#outermostNs = options.isWorker === true ? -Infinity : Infinity;
  }

  /** Starts the ticks. They never keep the process alive. */
  start(): void {
    const { buffer } = this.#options;
    this.#announce();
    const intervalMs = this.#intervalNs / 1e6;
    this.#timer = every(intervalMs - Math.min(LEAD_MS, intervalMs / 4), () => this.#startSlices());
    buffer.setMarkGuard(this.#flushInScope);
    this.#noteCommit(this.#runners);
    this.#arm();
  }

  /** Gives out everything, synchronously. */
  flush(): void {
    this.#flush(() => this.#drainAll());
  }

  #flush(drain: () => void): void {
    if (this.#isFlushing || this.#isStopped) return; // a sink that flushes: it is being done
    const { clock } = this.#options;
    const startNs = clock.nowNs();
    this.#isFlushing = true;
    try {
      drain();
      // What closed when a sink ended the session meanwhile.
      if (this.#isStopping && this.#waiting > 0) this.#drainAll();
    } finally {
      this.#endFlush(startNs);
    }
    if (this.#isStopping) this.#end();
  }

  #endFlush(startNs: number): void {
    this.#isFlushing = false;
    const nowNs = this.#options.clock.nowNs();
    this.latencyNs = nowNs - startNs;
    this.totalNs += this.latencyNs;
    this.#arm();
  }

  /**
   * Gives out the open scopes as spans that end now, for a process that may be about to die. They stay open: should it
   * live on, each is given out again when it closes, and whoever reads them keeps the later one.
   */
  giveOpen(): void {
    const { buffer, identity, ids } = this.#options;
    if (buffer.session === null || this.#isFlushing || this.#isStopped) return;
    const snapshot = buffer.read(0, true, ids);
    const drained = new Drained({ ...snapshot, closedLength: snapshot.length }, identity, true);
    for (const runner of this.#runners) runner.emit(drained);
    this.#commit();
    this.#arm();
  }

  /** Tells the sinks that the process ends. The session may go on all the same. */
  exit(): void {
    for (const runner of this.#runners) runner.exit();
  }

  /** Gives out everything, ends the ticks and closes the sinks; called by a sink, as soon as that one returns. */
  stop(): void {
    this.#isStopping = true;
    this.flush();
  }

  /**
   * Takes what is left out of the buffer, which is about to start over, and lets go of it. Only where a sink ends the
   * session and starts the next one while it is given spans: else there is nothing left by then.
   */
  release(): void {
    if (this.#isStopped || this.#isReleased) return;
    this.#left = this.#take(Infinity, true);
    this.#disarm();
    this.#isReleased = true;
  }

  // The session's own span is given out when it closes. Some sinks are given it from the start, as unfinished: should nothing of
  // ours run at the end, whoever reads can tell.
  #announce(): void {
    const { buffer, identity, ids } = this.#options;
    const runners = this.#runners.filter(runner => runner.wantsBegin);
    const snapshot = runners.length === 0 ? null : buffer.readSession(ids);
    if (snapshot === null) return;
    const attrs = [{ ...snapshot.attrs.at(0), [UNFINISHED]: true }];
    const session = new Drained({ ...snapshot, closedLength: 1, attrs }, identity, true);
    for (const runner of runners) {
      runner.begin(session);
      runner.commit();
    }
  }

  #end(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#endSlices();
    // What a sink recorded in the last drain: to give that out as well could go on for ever.
    if (this.#waiting > 0) this.#lostCount += (this.#left ?? this.#take(Infinity, false))?.rowCount ?? 0;
    if (this.#timer !== null) stopTimer(this.#timer);
    this.#timer = null;
    if (!this.#isReleased) this.#disarm();
    for (const runner of this.#runners) runner.close();
  }

  #disarm(): void {
    this.#options.buffer.setAlarm(Infinity, Infinity, null);
    this.#options.buffer.setMarkGuard(null);
  }

  #drainAll(): void {
    this.#endSlices();
    if (!this.#isReleased) this.#options.buffer.settle(Infinity);
    while (this.#drain(FLUSH_SPANS, true) === FLUSH_SPANS);
    if (!this.#isReleased) this.#ahead.giveOpen();
    this.#commit();
  }

  /** Resolves when every sink with promises has taken what it was given so far. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#runners.map(runner => runner.settled()));
  }

  /** Times that sinks failed, and spans and marks that one was not given. */
  get counts(): { errors: number; dropped: number } {
    let errors = 0;
    let dropped = this.#lostCount;
    for (const runner of this.#runners) {
      errors += runner.errorCount;
      dropped += runner.dropCount;
    }
    return { errors, dropped };
  }

  /** What each sink says of itself, in their order; null for one that says nothing. */
  health(): JsonValue[] {
    return this.#runners.map(runner => runner.health());
  }

  get #waiting(): number {
    if (this.#isReleased) return this.#left === null ? 0 : this.#left.snapshot.closedLength;
    return this.#options.buffer.rowCount - this.#cursor;
  }

  // Gives up to `most` spans to every sink; tells how many there were.
  #drain(most: number, withOpen: boolean): number {
    const drained = this.#isReleased ? this.#left : this.#take(most, withOpen);
    this.#left = null;
    if (drained === null) return 0;
    for (const runner of this.#runners) runner.emit(drained);
    return drained.snapshot.closedLength;
  }

  // Takes up to `most` spans from the ring, and the new marks of open ones; null if there is nothing.
  #take(most: number, withOpen: boolean): Drained | null {
    const { buffer, identity, ids } = this.#options;
    const before = this.#cursor;
    const snapshot = buffer.drain(before, most, withOpen, ids);
    const lapped = Math.max(0, buffer.firstRow - before);
    this.#lostCount += lapped;
    this.#endangeredMarks = 0;
    this.#cursor = before + lapped + snapshot.closedLength;
    return snapshot.length > 0 ? new Drained(snapshot, identity) : null;
  }

  // A tick leaves spans of which not all is known yet to a later one, in which it will be: sinks see a span once.
  #drainSettled(most: number): number {
    if (this.#isReleased) return this.#drain(most, false);
    const { buffer } = this.#options;
    buffer.settle(most);
    const settled = buffer.settledRow - this.#cursor;
    return settled <= 0 ? 0 : this.#drain(Math.min(most, settled), false);
  }

  // For the sinks that want what waits once it is so many spans. The deadline stays, for marks of open scopes and for the others.
  #drainBatch(): void {
    while (this.#drainSettled(FLUSH_SPANS) === FLUSH_SPANS);
    if (!this.#isReleased) this.#ahead.giveSpans(this.#cursor);
    for (const runner of this.#runners) {
      if (runner.batchSpans < Infinity) runner.commit();
    }
    this.#triedRow = this.#options.buffer.rowCount;
  }

  // What a tick gives out, without its slices.
  #drainDue(): void {
    this.#endSlices();
    while (this.#drainSettled(FLUSH_SPANS) === FLUSH_SPANS);
    this.#endTick();
  }

  #endTick(): void {
    if (!this.#isReleased) this.#ahead.giveSpans(this.#cursor);
    this.#drain(0, true); // the marks of open scopes, once a tick
    if (!this.#isReleased) this.#ahead.giveOpen();
    // The next commit may come that late.
    const nextNs = this.#options.clock.nowNs() + this.#intervalNs;
    this.#commit(this.#runners.filter(({ dueNs }) => dueNs <= nextNs));
  }

  #commit(runners: readonly SinkRunner[] = this.#runners): void {
    for (const runner of runners) runner.commit();
    this.#noteCommit(runners);
  }

  // The deadline counts from the end: where a commit takes long, the program gets as long as ever before the next.
  #noteCommit(runners: readonly SinkRunner[]): void {
    const nowNs = this.#options.clock.nowNs();
    for (const runner of runners) runner.dueNs = nowNs + runner.intervalNs;
    this.#dueNs = nowNs + this.#intervalNs;
  }

  #startSlices(): void {
    if (this.#slice !== null || this.#isFlushing) return;
    // Not unref'd: in Deno such an immediate waits until something else wakes the loop. Slices end by themselves.
    this.#slice = soon(() => this.#runSlice());
  }

  #endSlices(): void {
    if (this.#slice !== null) cancelSoon(this.#slice);
    this.#slice = null;
  }

  #runSlice(): void {
    this.#slice = null;
    if (this.#isFlushing) return;
    const { clock } = this.#options;
    const startNs = clock.nowNs();
    const untilNs = startNs + SLICE_NS;
    let isDone = false;
    this.#isFlushing = true;
    try {
      let nowNs = startNs;
      do {
        isDone = this.#drainSettled(SLICE_SPANS) < SLICE_SPANS;
        nowNs = clock.nowNs();
      } while (!isDone && nowNs < untilNs);
      if (this.#isStopping) {
        this.#drainAll(); // a sink has ended the session
      } else if (isDone) {
        this.#endTick();
      } else if (nowNs >= this.#dueNs) {
        this.#drainDue();
        isDone = true;
      }
    } finally {
      this.#endFlush(startNs);
    }
    if (this.#isStopping) this.#end();
    else if (!isDone) this.#startSlices();
  }

  // The next alarm: the deadline, or a batch, or early slices, then, if the loop does not come to run them, the last moment before a
  // lap.
  #arm(): void {
    if (this.#isReleased) return;
    const { buffer } = this.#options;
    this.#startsEarly = this.#waiting < EARLY_SPANS && EARLY_SPANS < buffer.capacity;
    this.#batchRow = Math.max(this.#cursor, this.#triedRow) + this.#batchSpans;
    this.#armAt(this.#cursor + (this.#startsEarly ? EARLY_SPANS : buffer.capacity));
  }

  #armAt(row: number): void {
    this.#options.buffer.setAlarm(
      Math.min(row, this.#batchRow),
      Math.min(this.#dueNs, this.#outermostNs),
      this.#onAlarm,
    );
  }

  // Called as a span closes: for each one, once an outermost scope that closes is to be given out at once.
  readonly #onAlarm = guarded((): void => {
    const { buffer } = this.#options;
    const isFull = this.#waiting >= buffer.capacity;
    if (this.#isFlushing) {
      if (isFull) this.#noteLoss();
    } else if (isFull) {
      this.flush();
    } else if (buffer.closedNs >= this.#dueNs) {
      this.#flush(() => this.#drainDue());
    } else if (buffer.closedNs >= this.#outermostNs && buffer.isClosedOutermost) {
      this.#outermostNs = buffer.closedNs + OUTERMOST_NS;
      this.#flush(() => this.#drainDue());
    } else if (buffer.rowCount >= this.#batchRow) {
      this.#flush(() => this.#drainBatch());
    } else if (this.#startsEarly && this.#waiting >= EARLY_SPANS) {
      this.#startsEarly = false;
      this.#startSlices();
      this.#armAt(this.#cursor + buffer.capacity);
    }
  });

  // A sink records more than the buffer holds while it is given spans. The spans are counted when the cursor moves on; their
  // marks are gone by then.
  #noteLoss(): void {
    const { buffer } = this.#options;
    this.#lostCount += this.#endangeredMarks;
    this.#endangeredMarks = buffer.undrainedMarks(buffer.rowCount - buffer.capacity);
  }
}
