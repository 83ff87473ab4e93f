/**
 * Random programs of scopes and marks for the property tests, and a naive model of what they record: plain objects and
 * arrays, no ring, no open table, no linked lists.
 *
 * @module
 */
import fc from "fast-check";
import type { MarkValue, TraceMark, TraceNode } from "../../src/data/values.ts";
import type { Scope } from "../../src/record/scope.ts";
import { type HandRow, idOf, traceOf } from "./cases.ts";
import { FAKE_UNIX_NS, type TestEngine } from "./engine.ts";

/** One step of a program. `on` picks one of the handles so far, open or closed. */
export type Step =
  | { readonly do: "open"; readonly name: string; readonly index?: number }
  | { readonly do: "child"; readonly on: number; readonly name: string; readonly index?: number }
  | { readonly do: "run"; readonly name: string; readonly throws: boolean; readonly body: readonly Step[] }
  | { readonly do: "childRun"; readonly on: number; readonly name: string; readonly body: readonly Step[] }
  | { readonly do: "end"; readonly on: number }
  | { readonly do: "mark"; readonly name: string; readonly value: MarkValue; readonly summary: boolean }
  | { readonly do: "markOn"; readonly on: number; readonly name: string; readonly value: MarkValue }
  | { readonly do: "wait"; readonly ns: number }
  | { readonly do: "bound"; readonly maxSpans: number };

/** A whole program. */
export interface Program {
  /** The buffer's bound at first. */
  readonly maxSpans: number;
  /** Whether a session runs. */
  readonly session: boolean;
  readonly steps: readonly Step[];
  /** What is left open at the end: stays so, or is closed, oldest or newest first. */
  readonly finish: "open" | "oldest" | "newest";
}

const name = fc.constantFrom("a", "b", "c", "root", "");
const on = fc.nat(40);
const index = fc.option(fc.constantFrom(0, 1, -5, Number.MAX_SAFE_INTEGER), { nil: undefined });
const value: fc.Arbitrary<MarkValue> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string({ maxLength: 5, unit: "binary" }),
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
);

const { step } = fc.letrec<{ step: Step; body: Step[] }>(tie => ({
  body: fc.array(tie("step"), { maxLength: 6, size: "max", depthIdentifier: "program" }),
  step: fc.oneof(
    { depthIdentifier: "program", depthSize: "max", maxDepth: 4 },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("open" as const), name, index }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("end" as const), on }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ns: fc.nat(5_000_000) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("child" as const), on, name, index }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("mark" as const), name, value, summary: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("markOn" as const), on, name, value }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("bound" as const), maxSpans: fc.integer({ min: 1, max: 12 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("run" as const),
        name,
        throws: fc.boolean(),
        body: tie("body"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("childRun" as const), on, name, body: tie("body") }),
    },
  ),
}));

/** Programs of every kind, also those that close out of order and mark what has ended. */
export const programs: fc.Arbitrary<Program> = fc.record({
  maxSpans: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(1000)),
  session: fc.boolean(),
  steps: fc.array(step, { maxLength: 40, size: "max" }),
  finish: fc.constantFrom("open", "oldest", "newest"),
});

/** The same program in a buffer that nothing leaves. */
export function unbounded(program: Program): Program {
  const strip = (steps: readonly Step[]): Step[] =>
    steps.filter(step => step.do !== "bound")
      .map(step => "body" in step ? { ...step, body: strip(step.body) } : step);
  return { ...program, maxSpans: 100_000, steps: strip(program.steps) };
}

/** Steps of a program on one thread, for {@link sequentialRows}: open a span, close the innermost, or let time pass. */
export const sequential: fc.Arbitrary<readonly ("open" | "close" | number)[]> = fc.array(
  fc.oneof(
    fc.constant("open" as const),
    fc.constant("close" as const),
    fc.oneof(fc.nat(3), fc.nat(5_000_000), fc.nat(2 ** 45)),
  ),
  { maxLength: 80, size: "max" },
);

/** The rows of such a program, in order of close. */
export function sequentialRows(steps: readonly ("open" | "close" | number)[]): HandRow[] {
  const rows: HandRow[] = [];
  const open: HandRow[] = [];
  let id = 0;
  let now = 0;
  const close = (): void => {
    const row = open.pop();
    if (row !== undefined) rows.push({ ...row, endNs: now });
  };
  for (const step of steps) {
    if (step === "open") open.push({ id: ++id, parent: open.at(-1)?.id, startNs: now });
    else if (step === "close") close();
    else now += step;
  }
  while (open.length > 0) close();
  return rows;
}

/** A scope of a program whose scopes close in the reverse order of opening. */
export interface Block {
  readonly name: string;
  readonly form: "using" | "function" | "handle";
  readonly before: number;
  readonly after: number;
  readonly marks: number;
  readonly blocks: readonly Block[];
}

/** Well-nested programs. */
export const blocks: fc.Arbitrary<Block[]> = fc.letrec<{ block: Block; blocks: Block[] }>(tie => ({
  blocks: fc.array(tie("block"), { maxLength: 4, size: "max", depthIdentifier: "block" }),
  block: fc.record({
    name,
    form: fc.constantFrom("using" as const, "function" as const, "handle" as const),
    before: fc.nat(3000),
    after: fc.nat(3000),
    marks: fc.nat(2),
    blocks: fc.oneof(
      { depthIdentifier: "block", depthSize: "max", maxDepth: 4 },
      fc.constant([]),
      tie("blocks"),
    ),
  }),
})).blocks;

/** Runs a well-nested program. */
export function runBlocks(ci: TestEngine, list: readonly Block[], parent: Scope | null = null): void {
  for (const block of list) {
    const inside = (scope: Scope) => {
      ci.clock.advance(block.before, 1);
      for (let i = 0; i < block.marks; i++) ci.mark("m", i);
      runBlocks(ci, block.blocks, scope);
      ci.clock.advance(block.after, 1);
    };
    if (block.form === "using") {
      using scope = ci.scope(block.name);
      inside(scope);
    } else if (block.form === "function" || parent === null) {
      ci.scope(block.name, inside);
    } else {
      parent.scope(block.name, inside);
    }
  }
}

interface ModelSpan {
  readonly id: number;
  readonly parent: ModelSpan | null;
  readonly name: string;
  readonly index: number | null;
  readonly startNs: number;
  endNs: number | null;
  error: string | null;
  readonly marks: { name: string; value: MarkValue; summary: boolean; atNs: number }[];
  /** The flow in whose stack it is; null for a scope on no stack. */
  readonly flow: ModelFlow | null;
  /** Once closed: the next scope outwards at that moment, by flows. */
  outwards: ModelSpan | null;
}

interface ModelFlow {
  /** What was innermost where the flow was started. */
  readonly outer: ModelSpan | null;
  readonly stack: ModelSpan[];
}

/** What a program should have recorded. Runs the program on an engine and on itself, step by step. */
export class Model {
  /** Closed spans in the buffer, in order of close. */
  readonly closed: ModelSpan[] = [];
  readonly all: ModelSpan[] = [];
  evicted = 0;
  misnested = 0;
  droppedMarks = 0;
  readonly #ci: TestEngine;
  readonly #handles: { readonly scope: Scope; readonly span: ModelSpan }[] = [];
  readonly #session: ModelSpan | null = null;
  readonly #anchorNs: bigint;
  #lost: ModelSpan | null = null;
  #maxSpans: number;
  #flow: ModelFlow = { outer: null, stack: [] };

  constructor(ci: TestEngine, program: Program) {
    this.#ci = ci;
    this.#maxSpans = program.maxSpans;
    this.#anchorNs = FAKE_UNIX_NS - BigInt(ci.clock.ns);
    if (program.session) {
      ci.profile();
      this.#session = this.#start("cirron.session", undefined, null, null);
    }
    this.#steps(program.steps);
    if (program.finish === "open") return;
    for (const { scope, span } of program.finish === "oldest" ? this.#handles : this.#handles.toReversed()) {
      this.#end(span);
      scope.end();
    }
  }

  /** The nodes that a trace should have, in order of start, without children. */
  nodes(options: { name?: string; last?: number; open?: boolean } = {}): TraceNode[] {
    return this.#kept(options).sort((a, b) => a.id - b.id).map(span => this.#node(span));
  }

  /** The ids that a trace should have, in order of close, open ones last. */
  idsInOrderOfClose(options: { name?: string; last?: number; open?: boolean } = {}): string[] {
    return this.#kept(options).map(span => textOf(span.id));
  }

  // In order of close, then open spans in order of start.
  #kept({ name, last, open = false }: { name?: string; last?: number; open?: boolean }): ModelSpan[] {
    let closed = this.closed;
    let rest = open ? this.all.filter(span => span.endNs === null) : [];
    if (open && this.#lost !== null) rest = [this.#lost, ...rest];
    if (name !== undefined) {
      const shown = new Set([...closed, ...rest]);
      const isKept = (span: ModelSpan | null): boolean =>
        span !== null && shown.has(span) && (span.name === name || isKept(span.parent));
      closed = closed.filter(isKept);
      rest = rest.filter(isKept);
    }
    if (last !== undefined) closed = closed.slice(Math.max(0, closed.length - last));
    return [...closed, ...rest];
  }

  // What began its trace: the session begins one only for itself.
  #rootOf(span: ModelSpan): ModelSpan {
    let root = span;
    while (root.parent !== null && root.parent !== this.#session) root = root.parent;
    return root;
  }

  #node(span: ModelSpan): TraceNode {
    const endNs = span.endNs ?? this.#ci.clock.ns;
    return {
      id: textOf(span.id),
      parent_id: span.parent === null ? null : textOf(span.parent.id),
      trace_id: span.id === 0 ? null : traceOf(this.#rootOf(span).id),
      name: span.name,
      index: span.index,
      start_us: this.#unixUs(span.startNs),
      end_us: span.endNs === null ? null : this.#unixUs(endNs),
      wall_us: (endNs - span.startNs) / 1000,
      // One thread works all the time.
      cpu_ns: span.id === 0 ? null : endNs - span.startNs,
      gpu_ns: null,
      memory_peak_bytes: null,
      attrs: span.error === null ? {} : { error: span.error },
      marks: span.marks.map((mark): TraceMark => ({
        name: mark.name,
        value: valueOf(mark.value),
        kind: mark.summary ? "summary" : "point",
        ts_us: this.#unixUs(mark.atNs),
        attrs: {},
      })),
      children: [],
    };
  }

  #unixUs(ns: number): number {
    return Number((this.#anchorNs + BigInt(ns)) / 1000n);
  }

  #innermost(): ModelSpan | null {
    return this.#flow.stack.at(-1) ?? nearestOpen(this.#flow.outer);
  }

  #start(
    name: string,
    index: number | undefined,
    parent: ModelSpan | null,
    flow: ModelFlow | null,
  ): ModelSpan {
    const span: ModelSpan = {
      id: this.all.length + 1,
      parent,
      name,
      index: index ?? null,
      startNs: this.#ci.clock.ns,
      endNs: null,
      error: null,
      marks: [],
      flow,
      outwards: null,
    };
    flow?.stack.push(span);
    this.all.push(span);
    return span;
  }

  #end(span: ModelSpan): void {
    if (span.endNs !== null) return;
    span.endNs = this.#ci.clock.ns;
    if (span.flow !== null) {
      const { outer, stack } = span.flow;
      const place = stack.indexOf(span);
      if (place !== stack.length - 1) this.misnested++;
      span.outwards = place > 0 ? stack[place - 1] : nearestOpen(outer);
      stack.splice(place, 1);
    }
    this.closed.push(span);
    this.#evict();
  }

  #evict(): void {
    while (this.closed.length > this.#maxSpans) {
      this.closed.shift();
      this.evicted++;
    }
  }

  #pick(on: number): { readonly scope: Scope; readonly span: ModelSpan } | null {
    return this.#handles.length === 0 ? null : this.#handles[on % this.#handles.length];
  }

  #steps(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    const ci = this.#ci;
    if (step.do === "wait") {
      ci.clock.advance(step.ns, 1);
    } else if (step.do === "bound") {
      this.#maxSpans = step.maxSpans;
      this.#evict();
      ci.engine.setMaxSpans(step.maxSpans);
    } else if (step.do === "open") {
      const span = this.#start(step.name, step.index, this.#innermost() ?? this.#session, this.#flow);
      this.#handles.push({ span, scope: ci.scope(step.name, { index: step.index }) });
    } else if (step.do === "run") {
      this.#run(null, step.name, step.throws, step.body);
    } else if (step.do === "mark") {
      this.#mark(step.name, step.value, step.summary);
    } else {
      const handle = this.#pick(step.on);
      if (handle === null) return;
      if (step.do === "end") {
        this.#end(handle.span);
        handle.scope.end();
      } else if (step.do === "child") {
        // Nothing hangs on a scope that has ended: there it is the same as a plain scope.
        const parent = handle.span.endNs === null ? handle.span : this.#innermost();
        const flow = parent === this.#innermost() ? this.#flow : null;
        const span = this.#start(step.name, step.index, parent ?? this.#session, flow);
        this.#handles.push({ span, scope: handle.scope.scope(step.name, { index: step.index }) });
      } else if (step.do === "childRun") {
        this.#run(handle, step.name, false, step.body);
      } else {
        if (handle.span.endNs !== null) this.droppedMarks++;
        else {
          const { name, value } = step;
          handle.span.marks.push({ name, value, summary: false, atNs: ci.clock.ns });
        }
        handle.scope.mark(step.name, step.value);
      }
    }
  }

  #mark(name: string, value: MarkValue, summary: boolean): void {
    const atNs = this.#ci.clock.ns;
    const target = this.#innermost() ?? this.#session
      ?? (this.#lost ??= {
        id: 0,
        parent: null,
        name: "root",
        index: null,
        startNs: atNs,
        endNs: null,
        error: null,
        marks: [],
        flow: null,
        outwards: null,
      });
    target.marks.push({ name, value, summary, atNs });
    this.#ci.mark(name, value, { kind: summary ? "summary" : "point" });
  }

  #run(
    parent: { readonly scope: Scope; readonly span: ModelSpan } | null,
    name: string,
    throws: boolean,
    body: readonly Step[],
  ): void {
    const outer = parent === null || parent.span.endNs !== null ? this.#innermost() : parent.span;
    const before = this.#flow;
    this.#flow = { outer, stack: [] };
    const span = this.#start(name, undefined, outer ?? this.#session, this.#flow);
    const fn = (scope: Scope) => {
      this.#handles.push({ scope, span });
      this.#steps(body);
      if (throws) throw new Error("thrown on purpose");
    };
    try {
      if (parent === null) this.#ci.scope(name, fn);
      else parent.scope.scope(name, fn);
    } catch (error) {
      if (!throws || (error as Error).message !== "thrown on purpose") throw error;
      if (span.endNs === null) span.error = "Error: thrown on purpose";
    }
    // The engine has closed it by now: the clock stands still meanwhile, so the moment is the same.
    this.#end(span);
    this.#flow = before;
  }
}

function nearestOpen(span: ModelSpan | null): ModelSpan | null {
  let at = span;
  while (at !== null && at.endNs !== null) at = at.outwards;
  return at;
}

function textOf(id: number): string {
  return id === 0 ? "root" : idOf(id);
}

function valueOf(value: MarkValue): number | string | boolean {
  if (typeof value !== "bigint") return value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}
