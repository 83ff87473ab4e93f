/**
 * The recording path: opens and closes scopes, runs functions in them, appends marks. Every line runs on each scope; what is
 * done with the record besides is in `buffer.ts`.
 *
 * An open scope lives in two places: a handle that the program holds (its place in the flow, its marks), and a slot of
 * the open table (its numbers, as typed-array columns: no boxed double is allocated per scope). Closing writes one
 * row of the ring and frees the slot. The table is also how open scopes are found for `trace({ open: true })`.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import type { IdSeries } from "../data/id_series.ts";
import { cutText, describeError } from "../data/text_limits.ts";
import type { ForeignContext } from "../data/trace_context.ts";
import type { Attrs, MarkValue } from "../data/values.ts";
import type { Clock } from "../meters/clock.ts";
import type { CpuMeter } from "../meters/cpu.ts";
import { TraceBuffer } from "./buffer.ts";
import { checkIndex, checkKind, checkName, checkValue, copyOptionalAttrs, OptionNames } from "./checks.ts";
import type { Counters } from "./counters.ts";
import { Flows, type Frame } from "./flows.ts";
import type { ItemRecorder } from "./item_stream.ts";
import type { LoopRecorder } from "./loops.ts";
import type { Marks } from "./marks.ts";
import { Mishaps } from "./mishaps.ts";
import { Extras, OpenScope, type ScopeRecorder } from "./open_scope.ts";
import {
  OPEN_CPU_NS,
  OPEN_DATA_LOAD_NS,
  OPEN_INDEX,
  OPEN_NUMBERS,
  OPEN_PARENT,
  OPEN_ROOT,
  OPEN_START_NS,
  type OpenTable,
} from "./open_table.ts";
import { APART, askedParent, IN_FLOW } from "./places.ts";
import type { Ring } from "./ring.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "./scope.ts";
import { ScopeLife } from "./scope_life.ts";
import {
  packMarks,
  ROW_CPU_NS,
  ROW_END_NS,
  ROW_ID,
  ROW_INDEX,
  ROW_MARKS,
  ROW_NUMBERS,
  ROW_PARENT,
  ROW_ROOT,
  ROW_START_NS,
} from "./span_chunk.ts";
import type { SpanMeters } from "./span_meters.ts";
import { hangOn, type SpanRecorder } from "./span_recorder.ts";
import { StreamScope } from "./stream_scope.ts";
import { follow, isAsyncIterable, isStream } from "./streams.ts";
import { asPromise, isEager, type Then, thenOf } from "./thenables.ts";
import { NOTHING_DONE, type WorkDone, workSince } from "./work_done.ts";

/** What the recorder needs from above. */
export interface RecorderOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly maxSpans: number;
  /** Gives what ids are made by; asked for the first id. */
  readonly ids: () => IdSeries;
  /** Tells the user something once; never throws. */
  readonly warn: (message: string) => void;
}

/** Records scopes and marks of one JavaScript thread. */
export class Recorder implements ScopeRecorder, LoopRecorder, ItemRecorder, SpanRecorder {
  readonly clock: Clock;
  /** What is recorded, and how it is read. */
  readonly buffer: TraceBuffer;
  readonly flows: Flows<OpenScope> = new Flows<OpenScope>();
  /** When the last scope closed. A field, because V8 boxes a double that a function returns unless it inlines it. */
  closedNs: number = NaN;
  readonly mishaps: Mishaps;
  /** The streams whose scopes are open. */
  readonly streams: Set<StreamScope> = new Set();
  /** The calls on handles besides opening, marking and closing. */
  readonly life: ScopeLife;

  readonly #nowNs: () => number;
  readonly #scopeOptions: OptionNames;
  readonly #markOptions: OptionNames;
  readonly #ring: Ring;
  readonly #open: OpenTable<OpenScope>;
  readonly #marks: Marks;
  #cpu: CpuMeter | null;
  /** What else is read at both ends of a span; null where nothing is. */
  #meters: SpanMeters | null;
  #lastNumber = 0;
  /** Scopes with a function, those of them in the flow of another, and those whose function gave a promise. */
  #flowCount = 0;
  #innerFlowCount = 0;
  #promiseCount = 0;
  /** Scopes with attributes. */
  #attrsCount = 0;
  /** What had been done when the buffer was started. */
  #before: WorkDone = NOTHING_DONE;

  constructor(options: RecorderOptions) {
    this.clock = options.clock;
    this.buffer = new TraceBuffer(options.clock, options.maxSpans, options.counters);
    this.#ring = this.buffer.ring;
    this.buffer.lastNumber = () => this.#lastNumber;
    this.#open = this.buffer.open;
    this.#marks = this.buffer.marks;
    this.#nowNs = options.clock.nowNs;
    this.#cpu = options.counters.cpu;
    this.#meters = this.buffer.meters;
    this.mishaps = new Mishaps(options.warn);
    this.life = new ScopeLife(this.buffer, this.flows, this.mishaps, options.ids);
    this.#scopeOptions = new OptionNames(["index", "attrs", "parent"], "Scope", options.warn);
    this.#markOptions = new OptionNames(["kind", "attrs"], "Mark", options.warn);
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
    if (typeof second === "function") {
      if (third !== undefined) {
        throw new TypeError(`Cannot open scope ${quote(name)}: options must come before the function`);
      }
      return this.#run(name, NaN, undefined, openOne(parent), IN_FLOW, second);
    }
    let index = NaN;
    let attrs: Attrs | undefined;
    let place = IN_FLOW;
    if (second !== undefined) {
      index = checkIndex(name, second);
      attrs = copyOptionalAttrs(second.attrs, "open scope", name);
      if (this.#scopeOptions.left > 0) this.#scopeOptions.check(name, second);
      if (attrs !== undefined) this.#attrsCount++;
    }
    if (third !== undefined && typeof third !== "function") {
      throw new TypeError(`Cannot open scope ${quote(name)}: expected a function, got ${kindOf(third)}`);
    }
    const wanted = second?.parent;
    if (wanted !== undefined) {
      const asked = askedParent(this, name, wanted);
      if (typeof asked === "number") place = asked;
      else parent = asked ?? parent;
    }
    parent = openOne(parent); // asked now: an option's getter may have ended it
    if (third !== undefined) return this.#run(name, index, attrs, parent, place, third);
    if (place !== IN_FLOW) return this.#openApart(name, index, attrs, null, place);
    return parent === null ? this.open(name, index, attrs) : this.#openIn(parent, name, index, attrs);
  }

  // A scope that is not in the flow it is opened in: a root, or the child of a foreign context.
  #openApart(
    name: string,
    index: number,
    attrs: Attrs | undefined,
    frame: Frame<OpenScope> | null,
    place: number,
  ): OpenScope {
    const scope = this.#start(name, index, attrs, frame, this.#open.session);
    if (place < 0) {
      const { numbers } = this.#open;
      const at = scope.slot * OPEN_NUMBERS;
      numbers[at + OPEN_PARENT] = numbers[at + OPEN_ROOT] = place;
    }
    return scope;
  }

  /** Opens a scope in the calling flow's innermost one, and makes it the innermost. Checks nothing. */
  open(name: string, index: number, attrs: Attrs | undefined): OpenScope {
    const frame = this.flows.current();
    const parent = frame.innermost();
    return parent === null && frame.surroundings !== null
      ? this.#openOutermost(frame, name, index, attrs)
      : this.push(frame, parent ?? this.#open.session, name, index, attrs);
  }

  // Where another library says what a flow continues.
  #openOutermost(
    frame: Frame<OpenScope>,
    name: string,
    index: number,
    attrs: Attrs | undefined,
  ): OpenScope {
    const scope = this.#openSurrounded(frame, name, index, attrs);
    frame.push(scope);
    return scope;
  }

  #openSurrounded(
    frame: Frame<OpenScope>,
    name: string,
    index: number,
    attrs: Attrs | undefined,
  ): OpenScope {
    const parent = frame.surroundings!.outermost(this.flows);
    const remote = parent === null ? null : parent.remote;
    const place = remote === null ? APART : this.buffer.foreign.add(remote);
    const scope = this.#openApart(name, index, attrs, frame, place);
    if (parent !== null && parent.number > 0) {
      hangOn(this, scope, parent.number, place === APART ? parent.root : place);
    }
    return scope;
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
    // CPU time apart from what else is counted, and inline: every session has it, most of its readings are one addition, and a call
    // through a list would cost as much as the span.
    const cpu = this.#cpu;
    if (cpu !== null) {
      if (cpu.isStale(nowNs)) cpu.read(nowNs);
      cpuNs = cpu.at(nowNs) - open[from + OPEN_CPU_NS];
      open[from + OPEN_CPU_NS] = NaN;
    }
    scope.slot = -1;
    const frame = scope.frame;
    let misnested: Frame<OpenScope> | null = null;
    if (frame === null) {
      scope.below = null;
      if (scope.anchor !== null) scope.anchor.scope = null;
    } else if (!frame.remove(scope)) {
      misnested = frame;
    }
    const ring = this.#ring;
    const chunk = ring.begin();
    const row = ring.offset;
    const to = row * ROW_NUMBERS;
    const { numbers } = chunk;
    numbers[to + ROW_ID] = scope.number;
    numbers[to + ROW_PARENT] = open[from + OPEN_PARENT];
    numbers[to + ROW_ROOT] = open[from + OPEN_ROOT];
    numbers[to + ROW_INDEX] = open[from + OPEN_INDEX];
    numbers[to + ROW_START_NS] = open[from + OPEN_START_NS];
    numbers[to + ROW_END_NS] = this.closedNs = nowNs;
    numbers[to + ROW_CPU_NS] = cpuNs;
    chunk.name[row] = scope.name;
    const { extras } = scope;
    let attrs: Attrs | undefined;
    if (extras === null) {
      numbers[to + ROW_MARKS] = 0;
    } else {
      attrs = extras.attrs;
      const head = this.#marks.join(extras);
      numbers[to + ROW_MARKS] = head === 0 ? 0 : packMarks(head, extras.pointCount + extras.summaryCount);
      if (attrs !== undefined || head !== 0) ring.hold();
      // The row has them now; neither a handle that is kept nor a mark that is being made should.
      scope.extras = null;
      extras.pointHead = 0;
    }
    const dataLoadNs = open[from + OPEN_DATA_LOAD_NS];
    if (dataLoadNs === dataLoadNs) open[from + OPEN_DATA_LOAD_NS] = NaN;
    if (chunk.hasRare || attrs !== undefined || dataLoadNs === dataLoadNs) {
      chunk.putRare(row, dataLoadNs, attrs);
    }
    const meters = this.#meters;
    if (meters !== null) meters.end(slot, chunk.counters, row);
    this.#open.release(slot);
    ring.commit(nowNs);
    if (misnested !== null) this.mishaps.noteMisnesting(scope, misnested);
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
      scope = this.flows.current().innermost() ?? this.#open.session;
    } else if (scope.slot < 0) {
      this.mishaps.dropMark(name, scope);
      return;
    }
    const nowNs = this.#nowNs();
    this.#marks.append(
      scope === null ? this.buffer.orphansAt(nowNs) : scope.extras ??= new Extras(undefined),
      cutText(name),
      typeof value === "string" ? cutText(value) : value,
      summary,
      nowNs,
      attrs,
    );
  }

  /** The parent of whatever is opened outside any scope. */
  get session(): OpenScope | null {
    return this.#open.session;
  }

  /** The innermost open scope of the calling flow; null outside any. */
  current(): Scope | null {
    return this.flows.current().innermost();
  }

  /** The trace context of the innermost open scope; outside any the session's, and without a session that of nothing. */
  context(): string {
    return this.life.context();
  }

  /** Where `epochs` and `batches` record. */
  loopRecorder(): LoopRecorder | null {
    return this;
  }

  /** Where `stream` records. */
  streamRecorder(): ItemRecorder | null {
    return this;
  }

  /** Where spans of OpenTelemetry are recorded. */
  spanRecorder(): SpanRecorder | null {
    return this;
  }

  /** Notes the time that the source of a batch took to give it. */
  noteDataLoad(scope: OpenScope, sinceNs: number): void {
    if (scope.slot < 0) return;
    const { numbers } = this.#open;
    const at = scope.slot * OPEN_NUMBERS;
    numbers[at + OPEN_DATA_LOAD_NS] = numbers[at + OPEN_START_NS] - sinceNs;
  }

  /** Forgets all closed spans and the counts, and starts over. Open scopes stay open. */
  restart(maxSpans: number, counters: Counters): void {
    this.buffer.restart(maxSpans, counters);
    this.mishaps.clear();
    this.#cpu = counters.cpu;
    this.#meters = this.buffer.meters;
    this.#before = this.#workDone();
  }

  /** What recording has done since the buffer was started. */
  workDone(): WorkDone {
    return workSince(this.#before, this.#workDone());
  }

  #workDone(): WorkDone {
    return {
      scopes: this.#lastNumber,
      flows: this.#flowCount,
      innerFlows: this.#innerFlowCount,
      promises: this.#promiseCount,
      attrs: this.#attrsCount,
      marks: this.#marks.total,
      cpuReads: this.#cpu?.readCount ?? 0,
      meterReads: this.#meters?.readCount ?? 0,
    };
  }

  /**
   * Opens the root span of a session. It is in no flow: every flow falls back on it.
   * @param parent What it continues, and all that is opened in it; null for nothing.
   */
  openSession(name: string, attrs: Attrs, parent: ForeignContext | null = null): OpenScope {
    const session = this.#open.session = this.#start(name, NaN, attrs, null, null);
    const at = session.slot * OPEN_NUMBERS;
    const { numbers } = this.#open;
    if (parent === null) numbers[at + OPEN_ROOT] = 0; // what is opened in it begins a trace of its own
    else numbers[at + OPEN_PARENT] = numbers[at + OPEN_ROOT] = this.buffer.foreign.add(parent);
    return session;
  }

  /** Closes every open scope, innermost first, the session's root last. */
  closeAll(): void {
    for (const stream of this.streams) stream.leave();
    const scopes = this.#open.scopes();
    this.buffer.isClosingAll = true;
    for (let i = scopes.length - 1; i >= 0; i--) this.close(scopes[i]);
    this.buffer.isClosingAll = false;
    this.#open.session = null;
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
    const number = ++this.#lastNumber;
    const scope = new OpenScope(this, number, cutText(name), slot, frame, attrs);
    table.scope[slot] = scope;
    const open = table.numbers;
    const at = slot * OPEN_NUMBERS;
    let root = 0;
    if (parent === null) {
      open[at + OPEN_PARENT] = 0;
    } else {
      open[at + OPEN_PARENT] = parent.number;
      root = open[parent.slot * OPEN_NUMBERS + OPEN_ROOT];
    }
    open[at + OPEN_ROOT] = root === 0 ? number : root;
    open[at + OPEN_INDEX] = index;
    const meters = this.#meters;
    if (meters !== null) meters.start(slot);
    let nowNs = this.#nowNs();
    const cpu = this.#cpu;
    if (cpu !== null) {
      if (cpu.isStale(nowNs)) {
        cpu.read(nowNs);
        nowNs = this.#nowNs(); // the reading's own 600 ns are not the span's: so it goes with those of the clock
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
    const scope = this.#start(name, index, attrs, null, parent);
    scope.below = parent;
    return scope;
  }

  /** Opens a scope that is innermost in a flow of its own, for whoever has it to run things in. */
  openFlow(name: string, options: ScopeOptions): OpenScope {
    const index = checkIndex(name, options);
    const attrs = copyOptionalAttrs(options.attrs, "open scope", name);
    if (attrs !== undefined) this.#attrsCount++;
    const asked = options.parent === undefined ? null : askedParent(this, name, options.parent);
    return typeof asked === "number"
      ? this.#openFlow(name, index, attrs, null, asked)
      : this.#openFlow(name, index, attrs, openOne(asked), IN_FLOW);
  }

  /**
   * Opens a scope that another library begins and ends. Checks nothing.
   * @param parent What it hangs on, where the place says nothing else; null for the session.
   * @param isActive Whether it is innermost in a flow of its own; else it is in none.
   */
  openDetached(
    name: string,
    attrs: Attrs,
    parent: OpenScope | null,
    place: number,
    isActive: boolean,
  ): OpenScope {
    this.#attrsCount++;
    if (place === IN_FLOW && parent === null) place = APART;
    if (isActive) return this.#openFlow(name, NaN, attrs, parent, place);
    if (place !== IN_FLOW) return this.#openApart(name, NaN, attrs, null, place);
    const scope = this.#start(name, NaN, attrs, null, parent);
    scope.below = parent;
    return scope;
  }

  #openFlow(
    name: string,
    index: number,
    attrs: Attrs | undefined,
    parent: OpenScope | null,
    place: number,
  ): OpenScope {
    this.#flowCount++;
    this.flows.open();
    const below = place === IN_FLOW ? parent ?? this.flows.current().innermost() : null;
    if (below !== null && below.frame !== this.flows.main) this.#innerFlowCount++;
    const frame = this.flows.begin(below);
    const scope = place !== IN_FLOW
      ? this.#openApart(name, index, attrs, frame, place)
      : below === null && frame.surroundings !== null
      ? this.#openSurrounded(frame, name, index, attrs)
      : this.#start(name, index, attrs, frame, below ?? this.#open.session);
    frame.push(scope);
    return scope;
  }

  #run(
    name: string,
    index: number,
    attrs: Attrs | undefined,
    parent: OpenScope | null,
    place: number,
    fn: ScopeFunction,
  ): unknown {
    const scope = this.#openFlow(name, index, attrs, parent, place);
    try {
      const result = this.flows.run(scope.frame!, fn, scope);
      const then = thenOf(result);
      if (then !== null && !isAsyncIterable(result)) {
        this.#promiseCount++;
        return isEager(then)
          ? this.#finishLater(scope, result as Promise<unknown>)
          : this.#finishLazy(scope, result as PromiseLike<unknown>, then);
      }
      return this.#finish(scope, result);
    } catch (error) {
      this.fail(scope, error);
      throw error;
    }
  }

  // What begins its work when it is awaited (a query, say) does it in the scope.
  #finishLazy(scope: OpenScope, result: PromiseLike<unknown>, then: Then): unknown {
    return this.flows.run(scope.frame!, () => this.#finishLater(scope, asPromise(result, then)), undefined);
  }

  #finishLater(scope: OpenScope, result: Promise<unknown>): Promise<unknown> {
    return result.then(
      value => {
        // Most give nothing that could be a stream.
        if (typeof value === "object" && value !== null) return this.#finish(scope, value);
        this.close(scope);
        return value;
      },
      error => {
        this.fail(scope, error);
        throw error;
      },
    );
  }

  // A stream is not over when the function is that gave it.
  #finish(scope: OpenScope, result: unknown): unknown {
    if (isStream(result) && scope.isOpen) return follow(result, new StreamScope(this, scope));
    this.close(scope);
    return result;
  }
}

// Nothing hangs on a scope that has ended.
function openOne(parent: OpenScope | null): OpenScope | null {
  return parent !== null && parent.slot < 0 ? null : parent;
}
