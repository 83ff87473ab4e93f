/**
 * One sink at work: what it throws is caught and counted, and what it takes its time for is bounded.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import { describeError } from "../data/text_limits.ts";
import type { JsonValue } from "../data/values.ts";
import type { Drained } from "./batch.ts";
import { type AnySink, type ColumnSink, type Sink, TAKE, takesColumns } from "./sink.ts";

/** Spans and marks kept for a slow sink. */
export const WAITING_ROWS = 100_000;

/** What a runner needs from above. */
export interface RunnerOptions {
  /** Milliseconds from one commit to the next, as the user says; null for what the sink wishes. */
  readonly intervalMs: number | null;
  /** The same for a sink that has no wish. */
  readonly usualMs: number;
  readonly warn: (message: string) => void;
}

/** Gives batches to one sink. Never throws. */
export class SinkRunner {
  /** Times it threw or rejected. */
  errorCount = 0;
  /** Spans and marks it was never given, because it was too slow. */
  dropCount = 0;
  /** Nanoseconds from one commit to the next, at most. */
  readonly intervalNs: number;
  /** Spans that may wait for it. */
  readonly batchSpans: number;
  /** When the next commit is due, as the flusher notes it. */
  dueNs = 0;
  readonly #sink: AnySink;
  /** The same, if it takes columns. */
  readonly #columnSink: ColumnSink | null;
  readonly #warn: (message: string) => void;
  #pending: Promise<void> | null = null;
  #waiting: Drained[] = [];
  #waitingRows = 0;
  #isClosing = false;
  #isAsked = false;

  constructor(sink: AnySink, { intervalMs, usualMs, warn }: RunnerOptions) {
    this.#sink = sink;
    this.#columnSink = takesColumns(sink) ? sink : null;
    this.intervalNs = (intervalMs ?? this.#columnSink?.intervalMs ?? usualMs) * 1e6;
    this.batchSpans = this.#columnSink?.batchSpans ?? Infinity;
    this.#warn = warn;
  }

  /** Whether the sink is told of the session's begin. */
  get wantsBegin(): boolean {
    return this.#columnSink?.begin !== undefined;
  }

  /** Tells the sink that the session begins. */
  begin(session: Drained): void {
    this.#guardPromise(() => this.#columnSink?.begin?.(session));
  }

  /** Gives what was drained, or keeps it until the sink has taken what came before. */
  emit(drained: Drained): void {
    if (this.#pending === null) {
      this.#give(drained);
      return;
    }
    this.#waiting.push(drained);
    this.#waitingRows += drained.rowCount;
    while (this.#waitingRows > WAITING_ROWS && this.#waiting.length > 1) {
      const { rowCount } = this.#waiting.shift()!;
      this.#waitingRows -= rowCount;
      this.dropCount += rowCount;
    }
  }

  /** Whether the sink is given what is new of open scopes. */
  get wantsOpen(): boolean {
    return this.#columnSink?.takeOpen !== undefined;
  }

  /** Whether the sink has lost some of what it was given of open scopes. */
  get lacksOpen(): boolean {
    return this.#columnSink?.lacksOpen === true;
  }

  /** Gives what is new of open scopes. */
  emitOpen(drained: Drained): void {
    this.#guard(() => this.#columnSink?.takeOpen?.(drained));
  }

  /** Whether the sink is given spans of which not all is known yet. */
  get wantsEarly(): boolean {
    return this.#columnSink?.takeEarly !== undefined;
  }

  /** Gives such spans. */
  emitEarly(drained: Drained): void {
    this.#guard(() => this.#columnSink?.takeEarly?.(drained));
  }

  /** Tells the sink that a tick or a flush ends. */
  commit(): void {
    this.#guardPromise(() => this.#sink.commit?.());
  }

  /** Tells the sink that the process ends. */
  exit(): void {
    this.#guardPromise(() => this.#columnSink?.exit?.());
  }

  /** Tells the sink that the session ends, once it has taken what it was given. */
  close(): void {
    this.#isClosing = true;
    if (this.#pending === null) this.#close();
  }

  #close(): void {
    this.#guardPromise(() => this.#sink.close?.());
  }

  /** A copy of what the sink says of itself; null if it says nothing, or cannot. */
  health(): JsonValue {
    if (this.#isAsked) return null; // a sink that asks for health() to tell its own
    this.#isAsked = true;
    try {
      // In a record, so that whatever it is has the bounds of attributes.
      return this.#guard(() => copyAttrs({ said: this.#said() }).said) ?? null;
    } finally {
      this.#isAsked = false;
    }
  }

  #said(): unknown {
    const said = this.#sink.health?.();
    if (!isThenable(said)) return said;
    void Promise.resolve(said).catch(error => this.#fail(error));
    return undefined;
  }

  /** Resolves when the sink has taken all it was given so far. */
  async settled(): Promise<void> {
    while (this.#pending !== null) await this.#pending;
    await this.#guard(() => this.#columnSink?.settled?.()?.catch(error => this.#fail(error)));
  }

  #give(drained: Drained): void {
    const taken = this.#guard(() => {
      const result = this.#columnSink === null
        ? (this.#sink as Sink).emit(drained.batch)
        : this.#columnSink[TAKE](drained);
      return isThenable(result) ? Promise.resolve(result) : null;
    });
    if (taken === null) return;
    this.#pending = taken.then(() => {}, error => this.#fail(error)).then(() => this.#giveNext());
  }

  #giveNext(): void {
    this.#pending = null;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#waitingRows -= next.rowCount;
      this.#give(next);
    }
    if (this.#pending === null && this.#waiting.length > 0) this.#giveNext();
    else if (this.#pending === null && this.#isClosing) this.#close();
  }

  // Nobody waits for a promise here, but one that rejects with nobody listening would end the program.
  #guardPromise(act: () => unknown): void {
    this.#guard(() => {
      const result = act();
      if (isThenable(result)) void Promise.resolve(result).catch(error => this.#fail(error));
    });
  }

  #guard<T>(act: () => T): T | null {
    try {
      return act();
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  #fail(error: unknown): void {
    this.errorCount++;
    if (this.errorCount > 1) return;
    this.#warn(`A sink failed; the trace is kept in memory all the same: ${describeError(error)}`);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
