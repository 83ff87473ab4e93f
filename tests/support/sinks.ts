/**
 * Sinks of the tests' own, and the programs that feed them.
 *
 * @module
 */
import { clearInterval, setInterval } from "node:timers";
import type { Drained, SpanBatch } from "../../src/sinks/batch.ts";
import { type AnySink, type ColumnSink, type Sink, TAKE } from "../../src/sinks/sink.ts";
import type { MarkRow, SpanRow } from "../../src/spool/rows.ts";
import { TestEngine } from "./engine.ts";

/** Keeps all it is given. */
export class MemorySink implements Sink {
  readonly spans: SpanRow[] = [];
  readonly marks: MarkRow[] = [];
  /** What was called, in order, with the number of spans and marks of batches: `emit 3 1`, `commit`, `close`. */
  readonly calls: string[] = [];
  /** Called at the end of each `emit`. */
  onEmit: ((batch: SpanBatch) => void | PromiseLike<unknown>) | null = null;
  /** Called at the end of each `commit`. */
  onCommit: (() => void) | null = null;

  emit(batch: SpanBatch): void | PromiseLike<unknown> {
    this.calls.push(`emit ${batch.spanCount} ${batch.marks.length}`);
    for (const span of batch.spans) this.spans.push(span);
    for (const mark of batch.marks) this.marks.push(mark);
    return this.onEmit?.(batch);
  }

  commit(): void {
    this.calls.push("commit");
    this.onCommit?.();
  }

  close(): void {
    this.calls.push("close");
  }

  /** The spans' names with their index, in the order they came. */
  get names(): string[] {
    return this.spans.map(({ name, index }) => index === null ? name : `${name}[${index}]`);
  }

  /** Marks as `name=value`, in the order they came. */
  get values(): string[] {
    return this.marks.map(({ name, value }) => `${name}=${String(value)}`);
  }

  /** Indices of spans of one name, in the order they came. */
  indices(name: string): (number | null)[] {
    return this.spans.filter(span => span.name === name).map(span => span.index);
  }
}

/** What sinks of the package are given of a session that records and then flushes. */
export function drainedOf(record: (ci: TestEngine) => void): Drained {
  const got: Drained[] = [];
  const ci = startWith([{ [TAKE]: drained => void got.push(drained) }]);
  record(ci);
  ci.engine.flush();
  ci.engine.shutdown();
  return got[0];
}

/** A sink of the package as one that a user may give. */
export function given(sink: ColumnSink): Sink {
  return sink as unknown as Sink;
}

/** Records and closes scopes `x[from]` up to before `x[until]`. */
export function recordMany(ci: TestEngine, until: number, from = 0): void {
  for (let i = from; i < until; i++) ci.scope("x", { index: i }).end();
}

/** The numbers from 0 up to before `until`. */
export function upTo(until: number): number[] {
  return Array.from({ length: until }, (_, i) => i);
}

/** Resolves when `sink` ends its next tick or flush. */
export function nextCommit(sink: MemorySink): Promise<void> {
  return keepAlive(
    new Promise(resolve => {
      sink.onCommit = () => {
        sink.onCommit = null;
        resolve();
      };
    }),
  );
}

/** Waits for what comes from ticks: they do not keep the process alive, so something else has to. */
export async function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

/** A promise to be settled by the test. */
export interface Gate {
  readonly promise: Promise<void>;
  open(): void;
  fail(error: unknown): void;
}

/** Makes a promise to be settled by the test. */
export function gate(): Gate {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { promise, open: resolve, fail: reject };
}

/** Milliseconds after which no tick comes by itself. */
export const HOUR_MS = 3_600_000;

/** An engine in a session whose ticks do not come by themselves. */
export function startWith(
  sinks: readonly AnySink[],
  maxSpans?: number,
  flushIntervalMs: number = HOUR_MS,
): TestEngine {
  const ci = new TestEngine();
  ci.profile({ output: sinks as readonly Sink[], flushIntervalMs, traceBufferMaxSpans: maxSpans });
  return ci;
}
