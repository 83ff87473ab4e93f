/**
 * Gives closed spans to the sinks: a cursor into the ring, a timer, slices, and what failed.
 *
 * A tick is cut into slices of some milliseconds, each a turn of the event loop of its own. Between ticks an alarm of
 * the ring starts slices early when much is waiting; and when the ring is about to lap the cursor, or a span to evict
 * a mark that no sink has seen, everything is given out at once: a synchronous loop loses nothing.
 *
 * @module
 */
import { FlushBatch, type Identity } from "./batch.ts";
import {
  attempt,
  cancelSoon,
  every,
  guarded,
  type Immediate,
  soon,
  stopTimer,
  type Timer,
} from "./host_calls.ts";
import type { Recorder } from "./recorder.ts";
import { SinkRunner } from "./sinks/runner.ts";
import type { Sink } from "./sinks/sink.ts";

/** Milliseconds between two ticks, by default. */
export const DEFAULT_FLUSH_INTERVAL_MS = 1000;

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
  readonly recorder: Recorder;
  readonly sinks: readonly Sink[];
  readonly intervalMs: number;
  readonly identity: Identity;
  readonly idPrefix: string;
  readonly warn: (message: string) => void;
}

/** Drains one session's recorder into its sinks. */
export class Flusher {
  /** Duration of the last flush or slice, in nanoseconds; null before the first. */
  latencyNs: number | null = null;
  /** Duration of all flushes and slices, in nanoseconds. */
  totalNs = 0;
  /** Spans that left the ring before a sink saw them: only where a sink records while it is given spans. */
  lapCount = 0;

  readonly #options: FlusherOptions;
  readonly #runners: readonly SinkRunner[];
  #cursor: number;
  #isFlushing = false;
  #isStopping = false;
  #isStopped = false;
  /** Whether the recorder is another flusher's by now. */
  #isReleased = false;
  /** What was taken out of it before. */
  #left: FlushBatch | null = null;
  #timer: Timer | null = null;
  #slice: Immediate | null = null;

  // Called while the program closes a scope, which must not fail for it.
  readonly #flushInScope = guarded(() => this.flush());

  constructor(options: FlusherOptions) {
    this.#options = options;
    this.#runners = options.sinks.map(sink => new SinkRunner(sink, options.warn));
    this.#cursor = options.recorder.rowCount;
  }

  /** Starts the ticks. They never keep the process alive. */
  start(): void {
    this.#timer = every(this.#options.intervalMs, () => this.#startSlices());
    this.#options.recorder.setMarkGuard(this.#flushInScope);
    this.#arm();
  }

  /** Gives out everything, synchronously. */
  flush(): void {
    if (this.#isFlushing || this.#isStopped) return; // a sink that flushes: it is being done
    const { clock } = this.#options.recorder;
    const startNs = clock.nowNs();
    this.#isFlushing = true;
    try {
      this.#endSlices();
      this.#drainAll();
      // What closed when a sink ended the session meanwhile.
      if (this.#isStopping && this.#waiting > 0) this.#drainAll();
    } finally {
      this.#isFlushing = false;
      this.#arm();
    }
    this.#noteLatency(clock.nowNs() - startNs);
    if (this.#isStopping) this.#end();
  }

  /**
   * Gives out the open scopes as spans that end now, for a process that may be about to die. They stay open: should it
   * live on, each is given out again when it closes, and whoever reads them keeps the later one.
   */
  giveOpen(): void {
    const { recorder, identity, idPrefix } = this.#options;
    if (recorder.session === null || this.#isFlushing || this.#isStopped) return;
    const snapshot = recorder.read(0, true, idPrefix);
    const batch = new FlushBatch({ ...snapshot, closedLength: snapshot.length }, identity);
    for (const runner of this.#runners) runner.emit(batch);
    this.#commit();
  }

  /** Gives out everything, ends the ticks and closes the sinks; called by a sink, as soon as that one returns. */
  stop(): void {
    this.#isStopping = true;
    this.flush();
  }

  /**
   * Takes what is left out of the recorder, which is about to start over, and lets go of it. Only where a sink ends the
   * session and starts the next one while it is given spans: else there is nothing left by then.
   */
  release(): void {
    if (this.#isStopped || this.#isReleased) return;
    this.#left = this.#take(Infinity, true);
    this.#disarm();
    this.#isReleased = true;
  }

  #end(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#endSlices();
    if (this.#timer !== null) stopTimer(this.#timer);
    this.#timer = null;
    if (!this.#isReleased) this.#disarm();
    for (const runner of this.#runners) runner.close();
  }

  #disarm(): void {
    this.#options.recorder.setAlarm(Infinity, null);
    this.#options.recorder.setMarkGuard(null);
  }

  #drainAll(): void {
    if (!this.#isReleased) this.#options.recorder.settleGpu(Infinity);
    while (this.#drain(FLUSH_SPANS, true) === FLUSH_SPANS);
    this.#commit();
  }

  /** Resolves when every sink with promises has taken what it was given so far. Never rejects. */
  async settled(): Promise<void> {
    await Promise.all(this.#runners.map(runner => runner.settled()));
  }

  /** Times that sinks failed, and spans that a slow one was not given. */
  get counts(): { errors: number; dropped: number } {
    let errors = 0;
    let dropped = this.lapCount;
    for (const runner of this.#runners) {
      errors += runner.errorCount;
      dropped += runner.dropCount;
    }
    return { errors, dropped };
  }

  get #waiting(): number {
    if (this.#isReleased) return this.#left === null ? 0 : this.#left.spanCount;
    return this.#options.recorder.rowCount - this.#cursor;
  }

  // Gives up to `most` spans to every sink; tells how many there were.
  #drain(most: number, withOpen: boolean): number {
    const batch = this.#isReleased ? this.#left : this.#take(most, withOpen);
    this.#left = null;
    if (batch === null) return 0;
    for (const runner of this.#runners) runner.emit(batch);
    return batch.spanCount;
  }

  // Takes up to `most` spans from the ring, and the new marks of open ones; null if there is nothing.
  #take(most: number, withOpen: boolean): FlushBatch | null {
    const { recorder, identity, idPrefix } = this.#options;
    const before = this.#cursor;
    const snapshot = recorder.drain(before, most, withOpen, idPrefix);
    const lapped = Math.max(0, recorder.firstRow - before);
    this.lapCount += lapped;
    this.#cursor = before + lapped + snapshot.closedLength;
    return snapshot.length > 0 ? new FlushBatch(snapshot, identity) : null;
  }

  // A tick leaves spans whose GPU time is not known yet to a later one, in which it will be: sinks see a span once.
  #drainSettled(): number {
    if (this.#isReleased) return this.#drain(SLICE_SPANS, false);
    const { recorder } = this.#options;
    recorder.settleGpu(SLICE_SPANS);
    const settled = recorder.settledRow - this.#cursor;
    return settled <= 0 ? 0 : this.#drain(Math.min(SLICE_SPANS, settled), false);
  }

  #noteLatency(ns: number): void {
    this.latencyNs = ns;
    this.totalNs += ns;
  }

  #commit(): void {
    for (const runner of this.#runners) runner.commit();
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
    const { clock } = this.#options.recorder;
    const startNs = clock.nowNs();
    const untilNs = startNs + SLICE_NS;
    let isDone = false;
    this.#isFlushing = true;
    try {
      do isDone = this.#drainSettled() < SLICE_SPANS; while (!isDone && clock.nowNs() < untilNs);
      if (this.#isStopping) {
        this.#drainAll(); // a sink has ended the session
      } else if (isDone) {
        this.#drain(0, true); // the marks of open scopes, once a tick
        this.#commit();
      }
    } finally {
      this.#isFlushing = false;
      this.#arm();
    }
    if (this.#isStopping) {
      this.#end();
    } else {
      this.#noteLatency(clock.nowNs() - startNs);
      if (!isDone) this.#startSlices();
    }
  }

  // The next alarm: early slices, then, if the loop does not come to run them, the last moment before a lap.
  #arm(): void {
    if (this.#isReleased) return;
    const { recorder } = this.#options;
    const last = this.#cursor + recorder.capacity;
    const early = this.#cursor + Math.min(EARLY_SPANS, recorder.capacity);
    if (this.#waiting < EARLY_SPANS && early < last) {
      recorder.setAlarm(early, () => {
        recorder.setAlarm(last, this.#flushInScope);
        attempt(() => this.#startSlices(), undefined);
      });
    } else {
      recorder.setAlarm(last, this.#flushInScope);
    }
  }
}
