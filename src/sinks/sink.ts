/**
 * What a sink is: one of a user's own is given objects, one of the package's columns.
 *
 * @module
 */
import type { Drained, SpanBatch } from "./batch.ts";

/**
 * A destination of closed spans. A sink that throws is counted and reported once; it never stops the others or the
 * program.
 */
export interface Sink {
  /**
   * Takes a batch. A promise makes the sink a remote one: it is given one batch at a time, and what comes meanwhile is
   * kept for it up to a bound, the newest.
   */
  emit(batch: SpanBatch): void | PromiseLike<unknown>;
  /** Called at the end of each tick and each `flush()`: what was emitted should now be visible. */
  commit?(): void;
  /** Called once, when the session ends. */
  close?(): void;
  /**
   * What the sink has to say of itself: plain data, of which `health().sinks` has a copy, within the bounds of attributes. Asked
   * whenever `health()` is, also after `close()`.
   */
  health?(): unknown;
}

/**
 * The method by which a sink of the package is known: it takes columns. A name that no method of a user's own has, and the same one in
 * all copies of the package, which share one engine. Not a symbol: a class that is exported spells its methods' names out, or its
 * declaration could not be read off its own text.
 */
export const TAKE = "cirron.take/1";

/**
 * A sink of the package. What it does not have it is not asked for. None of it may take long: a sink that waits for something
 * gives a promise, as any sink does.
 */
export interface ColumnSink {
  /** Takes closed spans and new marks, as {@link Sink.emit} does. They may be kept, and not be changed. */
  [TAKE](drained: Drained): void | PromiseLike<unknown>;
  /** As {@link Sink.commit}. */
  commit?(): void;
  /** As {@link Sink.close}. */
  close?(): void;
  /** Resolves when what was given is where it goes, as far as that can be had now. */
  settled?(): Promise<void>;
  /** Its own part of `health()`: fields of it for a sink that has a name there, anything for one that a user opens. */
  health?(): unknown;
  /**
   * Takes the session's own span as the session begins: one without an end, and said to be that by the attribute
   * `cirron.unfinished`. A commit follows at once.
   */
  begin?(drained: Drained): void;
  /**
   * Called when the process certainly ends, after the last flush. The session is not closed for that: exit handlers of the program
   * may still record, and then it is called again.
   */
  exit?(): void;
  /**
   * Takes what is new of the scopes that are open at a tick: their rows, as of now, without their marks, which are given as any others
   * are. A scope is given once it has been open for a tick, and again when it changes; the session's each time, and now and then alone.
   */
  takeOpen?(drained: Drained): void;
  /** Whether it has lost some of what it was given of open scopes. Then all of them are new at the next tick. */
  readonly lacksOpen?: boolean;
  /**
   * Takes closed spans of which not all is known yet, with their marks, and without what is known late: for a sink that cannot wait, as
   * it would lose them. When all is known they are given as any others are, and their marks are not.
   */
  takeEarly?(drained: Drained): void;
  /**
   * Whether something is lost that was given, or not given yet, where nothing tells of the end of the process. Then the session
   * warns of that.
   */
  readonly needsExitHook?: boolean;
  /** Milliseconds from one commit to the next, at most, unless `flushIntervalMs` is given. Ticks come as the least of the sinks asks. */
  readonly intervalMs?: number;
  /**
   * Spans that may wait for it, fewer than the buffer keeps: the close of the last one gives them out, at once, and commits this sink.
   * All sinks are given what is drained then, as all share the cursor, but others are committed when they were to be.
   */
  readonly batchSpans?: number;
}

/** Either kind. */
export type AnySink = Sink | ColumnSink;

/** Whether a sink takes columns. */
export function takesColumns(sink: AnySink): sink is ColumnSink {
  return typeof (sink as ColumnSink)[TAKE] === "function";
}

/** Whether the session should warn where nothing tells of the end of the process. */
export function needsExitHook(sink: AnySink): boolean {
  return takesColumns(sink) && sink.needsExitHook === true;
}
