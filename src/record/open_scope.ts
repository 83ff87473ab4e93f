/**
 * A scope while it is open: the handle that the program holds, and what few scopes need besides.
 *
 * @module
 */
import type { Attrs, MarkValue } from "../data/values.ts";
import type { Anchor, Frame, FrameScope } from "./flows.ts";
import type { MarkLists } from "./marks.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "./scope.ts";

/** What a handle needs of the recorder. */
export interface ScopeRecorder {
  scope(
    name: string,
    second: ScopeOptions | ScopeFunction | undefined,
    third: ScopeFunction | undefined,
    parent: OpenScope | null,
  ): unknown;
  mark(name: string, value: MarkValue, options: MarkOptions | undefined, scope: OpenScope | null): void;
  close(scope: OpenScope): void;
  readonly life: LifeOfScope;
}

/** What a handle needs besides, where the program asks for it. */
export interface LifeOfScope {
  spanIdOf(scope: OpenScope): string;
  traceparentOf(scope: OpenScope): string;
  set(scope: OpenScope, attrs: Record<string, unknown>): void;
  noteError(scope: OpenScope, error: unknown): void;
  rename(scope: OpenScope, name: string): void;
  runIn<T>(scope: OpenScope, fn: (scope: Scope) => T): T;
}

/** What a scope gets with its first attribute or mark, or the first flow that starts in it. */
export class Extras implements MarkLists {
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
  readonly recorder: ScopeRecorder;
  /** Its place in the order of opening, from 1. */
  readonly number: number;
  name: string;
  /** Place in the open table; -1 once closed. */
  slot: number;
  readonly frame: Frame<OpenScope> | null;
  below: OpenScope | null = null;
  above: OpenScope | null = null;
  /** What few scopes have. The handle is what a scope allocates: with these in it, it would be twice as large. */
  extras: Extras | null;

  constructor(
    recorder: ScopeRecorder,
    number: number,
    name: string,
    slot: number,
    frame: Frame<OpenScope> | null,
    attrs: Attrs | undefined,
  ) {
    this.recorder = recorder;
    this.number = number;
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

  get id(): string {
    return this.recorder.life.spanIdOf(this);
  }

  get traceparent(): string {
    return this.recorder.life.traceparentOf(this);
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

  set(attrs: Record<string, unknown>): void {
    this.recorder.life.set(this, attrs);
  }

  fail(error: unknown): void {
    this.recorder.life.noteError(this, error);
  }

  rename(name: string): void {
    this.recorder.life.rename(this, name);
  }

  run<T>(fn: (scope: Scope) => T): T {
    return this.recorder.life.runIn(this, fn);
  }

  end(): void {
    this.recorder.close(this);
  }

  [Symbol.dispose](): void {
    this.recorder.close(this);
  }
}
