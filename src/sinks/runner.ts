/**
 * One sink at work: what it throws is caught and counted, and what it takes its time for is bounded.
 *
 * @module
 */
import { describeError } from "../data/text_limits.ts";
import type { FlushBatch } from "./batch.ts";
import type { Sink } from "./sink.ts";

/** Spans and marks kept for a slow sink. */
export const WAITING_ROWS = 100_000;

/** Gives batches to one sink. Never throws. */
export class SinkRunner {
  /** Times it threw or rejected. */
  errorCount = 0;
  /** Spans and marks it was never given, because it was too slow. */
  dropCount = 0;
  readonly #sink: Sink;
  readonly #warn: (message: string) => void;
  #pending: Promise<void> | null = null;
  #waiting: FlushBatch[] = [];
  #waitingRows = 0;
  #isClosing = false;

  constructor(sink: Sink, warn: (message: string) => void) {
    this.#sink = sink;
    this.#warn = warn;
  }

  /** Gives a batch, or keeps it until the sink has taken the one before. */
  emit(batch: FlushBatch): void {
    if (this.#pending === null) {
      this.#give(batch);
      return;
    }
    this.#waiting.push(batch);
    this.#waitingRows += batch.rowCount;
    while (this.#waitingRows > WAITING_ROWS && this.#waiting.length > 1) {
      const { rowCount } = this.#waiting.shift()!;
      this.#waitingRows -= rowCount;
      this.dropCount += rowCount;
    }
  }

  /** Tells the sink that a tick or a flush ends. */
  commit(): void {
    this.#tell("commit");
  }

  /** Tells the sink that the session ends, once it has taken what it was given. */
  close(): void {
    this.#isClosing = true;
    if (this.#pending === null) this.#tell("close");
  }

  /** Resolves when the sink has taken all it was given so far. */
  async settled(): Promise<void> {
    while (this.#pending !== null) await this.#pending;
  }

  #give(batch: FlushBatch): void {
    const taken = this.#guard(() => {
      const result = this.#sink.emit(batch);
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
    else if (this.#pending === null && this.#isClosing) this.#tell("close");
  }

  // Nobody waits for a promise here, but one that rejects with nobody listening would end the program.
  #tell(what: "commit" | "close"): void {
    this.#guard(() => {
      const result: unknown = this.#sink[what]?.();
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
