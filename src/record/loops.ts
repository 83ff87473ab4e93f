/**
 * `epochs` and `batches`: iterables that open a scope around each turn of the loop that consumes them.
 *
 * Written out as iterators, not as generators: one closing and one opening a turn, and nothing kept between two.
 *
 * @module
 */
import { kindOf } from "../data/arguments.ts";
import type { Frame } from "./flows.ts";
import type { OpenScope } from "./open_scope.ts";

/** What loops need of the recorder, which may be that of another copy of the package: it may only grow. */
export interface LoopRecorder {
  readonly clock: { readonly nowNs: () => number };
  /** When the last scope closed. */
  readonly closedNs: number;
  /** The parent of whatever is opened outside any scope. */
  readonly session: OpenScope | null;
  readonly flows: { current(): Frame<OpenScope> };
  /** Opens a scope in the calling flow's innermost one, and makes it the innermost. */
  open(name: string, index: number, attrs: undefined): OpenScope;
  /** Opens a scope with the given parent on top of `frame`. */
  push(
    frame: Frame<OpenScope>,
    parent: OpenScope | null,
    name: string,
    index: number,
    attrs: undefined,
  ): OpenScope;
  close(scope: OpenScope): void;
  /** Closes a scope whose turn threw. */
  fail(scope: OpenScope, error: unknown): void;
  /** Notes the time that the source of a batch took to give it. */
  noteDataLoad(scope: OpenScope, sinceNs: number): void;
}

/** What `epochs` and `batches` take: anything to loop over, or a whole number n meaning 0 to n - 1. */
export type LoopSource<T> = Iterable<T> | AsyncIterable<T> | number;

/** How the turns of a loop are recorded. */
export interface LoopKind {
  /** The public function, for messages. */
  readonly call: string;
  /** Name of each turn's scope. */
  readonly name: string;
  /** Whether to note the time inside the source's `next()` on each turn. */
  readonly noteDataLoad: boolean;
}

/** The turns of `epochs()`. */
export const EPOCHS: LoopKind = { call: "epochs", name: "epoch", noteDataLoad: false };

/** The turns of `batches()`. */
export const BATCHES: LoopKind = { call: "batches", name: "batch", noteDataLoad: true };

/**
 * A loop over `source` with a scope around each turn. Each iteration starts again at index 0.
 * @param recorder Asked when an iteration starts; null to iterate without recording.
 * @throws {RangeError} If `source` is a number but not a whole one, or negative.
 * @throws {TypeError} If `source` cannot be iterated.
 */
export function loop<T>(
  recorder: () => LoopRecorder | null,
  kind: LoopKind,
  source: LoopSource<T>,
): Iterable<T> | AsyncIterable<T> {
  const iterable = typeof source === "number" ? countTo(source, kind) : source;
  const turns: Partial<Iterable<T> & AsyncIterable<T>> = {};
  // What the source offers is what is offered on: the loop that consumes it chooses, as it would without us.
  if (hasMethod(iterable, Symbol.iterator)) {
    turns[Symbol.iterator] = () => {
      const iterator = (iterable as Iterable<T>)[Symbol.iterator]();
      const active = recorder();
      return active === null ? iterator : new Turns<T>(active, kind, iterator);
    };
  }
  if (hasMethod(iterable, Symbol.asyncIterator)) {
    turns[Symbol.asyncIterator] = () => {
      const iterator = (iterable as AsyncIterable<T>)[Symbol.asyncIterator]();
      const active = recorder();
      return active === null ? iterator : new AsyncTurns<T>(active, kind, iterator);
    };
  }
  if (turns[Symbol.iterator] === undefined && turns[Symbol.asyncIterator] === undefined) {
    throw new TypeError(
      `Cannot loop over ${kind.call}: expected an iterable, an async iterable or a whole number, got ${
        kindOf(source)
      }`,
    );
  }
  return turns as Iterable<T> | AsyncIterable<T>;
}

function hasMethod(value: unknown, key: symbol): boolean {
  return value !== null && value !== undefined
    && typeof (value as Record<symbol, unknown>)[key] === "function";
}

function countTo(count: number, kind: LoopKind): Iterable<never> {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`Cannot loop over ${kind.call}: expected a whole number from 0 on, got ${count}`);
  }
  const numbers: Iterable<number> = {
    [Symbol.iterator]: () => {
      let next = 0;
      return {
        next: () => next < count ? { done: false, value: next++ } : { done: true, value: undefined },
      };
    },
  };
  return numbers as Iterable<never>; // T is number here, which the caller's overload says
}

/** One iteration over a synchronous source. */
class Turns<T> implements Iterator<T, unknown, unknown> {
  readonly #kind: LoopKind;
  readonly #recorder: LoopRecorder;
  readonly #source: Iterator<T, unknown, unknown>;
  #turn: OpenScope | null = null;
  #index = 0;

  constructor(recorder: LoopRecorder, kind: LoopKind, source: Iterator<T, unknown, unknown>) {
    this.#recorder = recorder;
    this.#kind = kind;
    this.#source = source;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(argument?: unknown): IteratorResult<T, unknown> {
    const recorder = this.#recorder;
    const loadSinceNs = endTurn(recorder, this.#turn, this.#kind.noteDataLoad);
    this.#turn = null;
    const result = this.#source.next(argument);
    if (isTurn(result)) {
      const turn = recorder.open(this.#kind.name, this.#index++, undefined);
      if (this.#kind.noteDataLoad) recorder.noteDataLoad(turn, loadSinceNs);
      this.#turn = turn;
    }
    return result;
  }

  return(value?: unknown): IteratorResult<T, unknown> {
    endTurn(this.#recorder, this.#turn, false);
    this.#turn = null;
    return this.#source.return?.(value) ?? { done: true, value };
  }

  throw(error?: unknown): IteratorResult<T, unknown> {
    if (this.#turn !== null) this.#recorder.fail(this.#turn, error);
    this.#turn = null;
    if (this.#source.throw !== undefined) return this.#source.throw(error);
    this.#source.return?.();
    throw error;
  }
}

/** One iteration over an asynchronous source. */
class AsyncTurns<T> implements AsyncIterator<T, unknown, unknown> {
  readonly #kind: LoopKind;
  readonly #recorder: LoopRecorder;
  readonly #source: AsyncIterator<T, unknown, unknown>;
  // The parent of every turn: what was innermost when the iteration began. While the source is awaited, other flows
  // may open scopes in the same frame, and those are not ours.
  #parent: OpenScope | null | undefined = undefined;
  #turn: OpenScope | null = null;
  #index = 0;
  #returned = false;

  constructor(recorder: LoopRecorder, kind: LoopKind, source: AsyncIterator<T, unknown, unknown>) {
    this.#recorder = recorder;
    this.#kind = kind;
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(argument?: unknown): Promise<IteratorResult<T, unknown>> {
    const recorder = this.#recorder;
    // Asked before the await: an async generator runs in its consumer's context, but what follows an await in it
    // need not.
    const frame = recorder.flows.current();
    const loadSinceNs = endTurn(recorder, this.#turn, this.#kind.noteDataLoad);
    this.#turn = null;
    if (this.#parent === undefined) this.#parent = frame.innermost();
    const result = await this.#source.next(argument);
    // A second `next()` or a `return()` may have come meanwhile: for await never does so, callers by hand may.
    endTurn(recorder, this.#turn, false);
    this.#turn = null;
    if (isTurn(result) && !this.#returned) {
      const parent = this.#parent !== null && this.#parent.isOpen ? this.#parent : recorder.session;
      const turn = recorder.push(frame, parent, this.#kind.name, this.#index++, undefined);
      if (this.#kind.noteDataLoad) recorder.noteDataLoad(turn, loadSinceNs);
      this.#turn = turn;
    }
    return result;
  }

  async return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    this.#returned = true;
    endTurn(this.#recorder, this.#turn, false);
    this.#turn = null;
    return await this.#source.return?.(value) ?? { done: true, value };
  }

  async throw(error?: unknown): Promise<IteratorResult<T, unknown>> {
    if (this.#turn !== null) this.#recorder.fail(this.#turn, error);
    this.#turn = null;
    if (this.#source.throw !== undefined) return await this.#source.throw(error);
    await this.#source.return?.();
    throw error;
  }
}

// A source may break the protocol: then the loop throws, and must find no scope open.
function isTurn(result: IteratorResult<unknown, unknown>): boolean {
  return !result.done && typeof result === "object";
}

// Closes the turn that ends and gives the moment, which is also when the source starts to work: one reading for both.
function endTurn(recorder: LoopRecorder, turn: OpenScope | null, needsMoment: boolean): number {
  if (turn !== null && turn.isOpen) {
    recorder.close(turn);
    return recorder.closedNs;
  }
  return needsMoment ? recorder.clock.nowNs() : NaN;
}
