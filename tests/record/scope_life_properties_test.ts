import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Scope, ScopeOptions } from "../../src/record/scope.ts";
import { flat, idOf, traceOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";

const largeTest = testUnless(LARGE, import.meta.url);

// Programs over everything that can be done with a scope, in any order and with any handle, open or ended, and in flows that take
// turns; beside a plain model of what must come of them. The model does each step where the program does it, so it need not know
// who has the next turn.

const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A scope or a stream by its place among those that were opened so far, which may have ended. */
type Which = number;

type Parent = "flow" | "null" | "remote" | { readonly of: Which; readonly as: "option" | "method" };

/** What takes no turns: also what the body of a stream does from one `yield` to the next. */
type Step =
  | { readonly do: "open"; readonly parent: Parent }
  | { readonly do: "call"; readonly parent: Parent; readonly body: readonly Step[]; readonly throws: boolean }
  | { readonly do: "run"; readonly of: Which; readonly body: readonly Step[] }
  | { readonly do: "set"; readonly of: Which; readonly key: string; readonly value: number }
  | { readonly do: "end"; readonly of: Which }
  | { readonly do: "rename"; readonly of: Which }
  | { readonly do: "fail"; readonly of: Which }
  | { readonly do: "mark" }
  | { readonly do: "yield" };

type Change = Extract<Step, { readonly do: "set" | "rename" | "fail" }>;

/** What flows do that take turns. */
type Task =
  | Step
  | {
    readonly do: "callLater";
    readonly parent: Parent;
    readonly body: readonly Task[];
    readonly throws: boolean;
    readonly isAwaited: boolean;
  }
  | {
    readonly do: "runLater";
    readonly of: Which;
    readonly body: readonly Task[];
    readonly isAwaited: boolean;
  }
  | {
    readonly do: "stream";
    readonly parent: Parent;
    readonly body: readonly Step[];
    readonly throws: boolean;
  }
  | { readonly do: "next"; readonly of: Which }
  | { readonly do: "return"; readonly of: Which }
  | { readonly do: "throw"; readonly of: Which }
  | { readonly do: "wait"; readonly turns: number };

const which = fc.nat(7);
const parent: fc.Arbitrary<Parent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Parent>("flow") },
  fc.constantFrom<Parent>("null", "remote"),
  fc.record({ of: which, as: fc.constantFrom("option" as const, "method" as const) }),
);
const plain: readonly fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constant("open" as const), parent }),
  fc.record({ do: fc.constant("end" as const), of: which }),
  fc.record({ do: fc.constantFrom("rename" as const, "fail" as const, "end" as const), of: which }),
  fc.record({
    do: fc.constant("set" as const),
    of: which,
    key: fc.constantFrom("a", "b"),
    value: fc.nat(9),
  }),
  fc.constant<Step>({ do: "mark" }),
];
const throws = fc.boolean();
const { tasks } = fc.letrec<{ step: Step; steps: Step[]; task: Task; tasks: Task[] }>(tie => {
  const body = tie("steps");
  const later = { body: tie("tasks"), isAwaited: fc.boolean() };
  const inTurn: fc.Arbitrary<Step>[] = [
    fc.record({ do: fc.constant("call" as const), parent, body, throws }),
    fc.record({ do: fc.constant("run" as const), of: which, body }),
  ];
  const act = fc.constantFrom(
    "next" as const,
    "next" as const,
    "next" as const,
    "return" as const,
    "throw" as const,
  );
  return {
    step: fc.oneof(
      { depthSize: "small", maxDepth: 3 },
      ...plain,
      fc.constant<Step>({ do: "yield" }),
      ...inTurn,
    ),
    steps: fc.array(tie("step"), { maxLength: 6, depthIdentifier: "steps" }),
    task: fc.oneof(
      { depthSize: "small", maxDepth: 4 },
      ...plain,
      fc.record({ do: fc.constant("wait" as const), turns: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: act, of: which }),
      fc.record({ do: fc.constant("stream" as const), parent, body, throws }),
      ...inTurn,
      fc.record({ do: fc.constant("callLater" as const), parent, throws, ...later }),
      fc.record({ do: fc.constant("runLater" as const), of: which, ...later }),
    ),
    tasks: fc.array(tie("task"), { maxLength: 10, depthIdentifier: "tasks" }),
  };
});

interface Flow {
  readonly outer: Modelled | null;
  readonly stack: Modelled[];
}

interface Modelled {
  readonly number: number;
  name: string;
  readonly parent: Modelled | "remote" | null;
  readonly flow: Flow | null;
  readonly attrs: Record<string, unknown>;
  marks: number;
  isOpen: boolean;
  /** Once it has ended: the next one outwards. */
  outwards: Modelled | null;
}

interface Streamed {
  readonly handle: Generator<number>;
  readonly model: Modelled;
  /** Where the body runs from one `yield` to the next. */
  flow: Flow;
  isOver: boolean;
}

interface Place {
  readonly parent: Modelled["parent"];
  readonly isOnStack: boolean;
  readonly outer: Modelled | null;
}

type Body<T> = (scope: Scope) => T;

const THROWN = new Error("thrown");

class Program {
  readonly all: Modelled[] = [];
  readonly handles: Scope[] = [];
  readonly streams: Streamed[] = [];
  dropped = 0;
  /** Marks outside any scope. */
  orphans = 0;
  readonly #ci: TestEngine;
  /** Numbers that the session has taken. */
  readonly #before: number;
  readonly #main: Flow = { outer: null, stack: [] };
  readonly #running: Promise<void>[] = [];

  constructor(ci: TestEngine, before: number) {
    this.#ci = ci;
    this.#before = before;
  }

  /** Runs lists of tasks at once, in the main flow. */
  async run(lists: readonly (readonly Task[])[]): Promise<void> {
    await Promise.all(lists.map(list => this.#later(list, this.#main)));
    while (this.#running.length > 0) await this.#running.pop();
  }

  async #later(list: readonly Task[], flow: Flow): Promise<void> {
    for (const task of list) {
      if (task.do === "wait") { for (let i = 0; i < task.turns; i++) await null; }
      else if (task.do === "stream") this.#stream(task, flow);
      else if (task.do === "next" || task.do === "return" || task.do === "throw") {
        this.#act(task.do, task.of, flow);
      } else if (task.do === "callLater" || task.do === "runLater") {
        const running = task.do === "callLater" ? this.#callLater(task, flow) : this.#runLater(task, flow);
        if (task.isAwaited) await running;
        else this.#running.push(running);
      } else this.#step(task, flow);
    }
  }

  #step(step: Step, flow: Flow): void {
    if (step.do === "yield") return;
    if (step.do === "mark") return this.#mark(flow);
    if (step.do === "open") {
      const { place, open } = this.#place(step.parent, flow);
      this.handles.push(open(undefined) as Scope);
      this.#add(place.parent, place.isOnStack ? flow : null);
      return;
    }
    if (step.do === "call") return this.#call(step, flow);
    const found = this.#find(step.of);
    if (found === null) return;
    const [model, handle] = found;
    if (step.do === "run") {
      handle.run(() => this.#steps(step.body, model.isOpen ? startIn(model) : flow));
    } else if (step.do === "end") {
      handle.end();
      this.#end(model);
    } else this.#change(step, model, handle);
  }

  #steps(list: readonly Step[], flow: Flow): void {
    for (const step of list) this.#step(step, flow);
  }

  #change(
    step: Change,
    model: Modelled,
    handle: Scope,
  ): void {
    if (step.do === "set") handle.set({ [step.key]: step.value });
    else if (step.do === "rename") handle.rename("renamed");
    else handle.fail(new Error("failed"));
    if (!model.isOpen) this.dropped++;
    else if (step.do === "set") model.attrs[step.key] = step.value;
    else if (step.do === "rename") model.name = "renamed";
    else model.attrs.error = "Error: failed";
  }

  #mark(flow: Flow): void {
    const innermost = innermostOf(flow);
    const { recording } = this.#ci.engine;
    assertEquals(
      recording.current?.()?.id,
      innermost === null ? undefined : idOf(innermost.number).slice(0, 16),
    );
    this.#ci.mark("m", 1);
    if (innermost === null) this.orphans++;
    else innermost.marks++;
  }

  #call({ parent, body, throws }: Step & { readonly do: "call" }, flow: Flow): void {
    let model!: Modelled;
    this.#catching(() =>
      this.#begin(parent, flow, inner => {
        model = inner.model;
        this.#steps(body, inner.flow);
        if (throws) throw THROWN;
      })
    );
    this.#end(model, throws);
  }

  async #callLater(task: Task & { readonly do: "callLater" }, flow: Flow): Promise<void> {
    const running = this.#begin(task.parent, flow, inner => {
      const body = this.#later(task.body, inner.flow).then(() => {
        if (task.throws) throw THROWN;
      });
      const end = (): void => this.#end(inner.model, task.throws);
      body.then(end, end); // just before the scope is told
      return body;
    }) as Promise<void>;
    await running.catch(ignoreThrown);
  }

  async #runLater(task: Task & { readonly do: "runLater" }, flow: Flow): Promise<void> {
    const found = this.#find(task.of);
    if (found === null) return;
    const [model, handle] = found;
    await handle.run(() => this.#later(task.body, model.isOpen ? startIn(model) : flow));
  }

  #stream({ parent, body, throws }: Task & { readonly do: "stream" }, flow: Flow): void {
    let streamed!: Streamed;
    const steps = (list: readonly Step[]): void => list.forEach(step => this.#step(step, streamed.flow));
    function* items(): Generator<number> {
      let from = 0;
      for (const [at, step] of body.entries()) {
        if (step.do !== "yield") continue;
        steps(body.slice(from, at));
        from = at;
        yield at;
      }
      steps(body.slice(from));
      if (throws) throw THROWN;
    }
    this.#begin(parent, flow, inner => {
      const handle = items();
      streamed = { handle, model: inner.model, flow: inner.flow, isOver: false };
      this.#flowOf.set(streamed, inner.flow);
      this.streams.push(streamed);
      return handle;
    });
  }

  readonly #flowOf = new Map<Streamed, Flow>();

  #act(call: "next" | "return" | "throw", of: Which, flow: Flow): void {
    if (this.streams.length === 0) return;
    const streamed = this.streams[of % this.streams.length];
    // Once its handle has ended, a stream goes on where it is read.
    streamed.flow = streamed.model.isOpen ? this.#flowOf.get(streamed)! : flow;
    let isDone = true;
    const hasThrown = this.#catching(() => {
      isDone = call === "next"
        ? streamed.handle.next().done === true
        : (call === "return" ? streamed.handle.return(0) : streamed.handle.throw(THROWN)).done === true;
    });
    if (isDone && !streamed.isOver) {
      streamed.isOver = true;
      this.#end(streamed.model, hasThrown);
    }
  }

  /** Opens a scope with a function, here and in the model. */
  #begin(asked: Parent, flow: Flow, fn: (inner: { model: Modelled; flow: Flow }) => unknown): unknown {
    const { place, open } = this.#place(asked, flow);
    const inner = startIn(place.outer);
    return open(scope => {
      this.handles.push(scope);
      return fn({ model: this.#add(place.parent, inner), flow: inner });
    });
  }

  #catching(fn: () => unknown): boolean {
    try {
      fn();
      return false;
    } catch (error) {
      ignoreThrown(error);
      return true;
    }
  }

  #find(of: Which): [Modelled, Scope] | null {
    if (this.all.length === 0) return null;
    const at = of % this.all.length;
    return [this.all[at], this.handles[at]];
  }

  /** Where a scope comes to hang, and how it is opened there. */
  #place(asked: Parent, flow: Flow): { place: Place; open: (fn: Body<unknown> | undefined) => unknown } {
    const { recording } = this.#ci.engine;
    const opened =
      (options: ScopeOptions | undefined, on?: Scope) => (fn: Body<unknown> | undefined): unknown =>
        on !== undefined
          ? fn === undefined ? on.scope("x") : on.scope("x", fn)
          : recording.scope("x", options ?? fn, options === undefined ? undefined : fn, null);
    const apart = { isOnStack: false, outer: null };
    if (asked === "null") return { place: { parent: null, ...apart }, open: opened({ parent: null }) };
    if (asked === "remote") {
      const options = { parent: `00-${REMOTE_TRACE}-b7ad6b7169203331-01` };
      return { place: { parent: "remote", ...apart }, open: opened(options) };
    }
    const innermost = innermostOf(flow);
    const inFlow = { parent: innermost, isOnStack: true, outer: innermost };
    const found = asked === "flow" ? null : this.#find(asked.of);
    if (asked === "flow" || found === null) return { place: inFlow, open: opened(undefined) };
    const [model, handle] = found;
    return {
      place: model.isOpen ? { parent: model, isOnStack: innermost === model, outer: model } : inFlow,
      open: asked.as === "option" ? opened({ parent: handle }) : opened(undefined, handle),
    };
  }

  #add(parent: Modelled["parent"], flow: Flow | null): Modelled {
    const number = this.#before + this.all.length + 1;
    const model: Modelled = {
      number,
      name: "x",
      parent,
      flow,
      attrs: {},
      marks: 0,
      isOpen: true,
      outwards: null,
    };
    this.all.push(model);
    flow?.stack.push(model);
    return model;
  }

  #end(model: Modelled, isFailed = false): void {
    if (!model.isOpen) return;
    if (isFailed) model.attrs.error = "Error: thrown";
    model.isOpen = false;
    if (model.flow === null) return;
    const { stack, outer } = model.flow;
    const at = stack.indexOf(model);
    model.outwards = stack[at - 1] ?? nearestOpen(outer);
    stack.splice(at, 1);
  }
}

function ignoreThrown(error: unknown): void {
  if (error !== THROWN) throw error;
}

/** A flow that starts in a scope. One that is on no stack remembers from then on what it hangs on. */
function startIn(outer: Modelled | null): Flow {
  for (let at = outer; at !== null && at.flow === null && at.outwards === null;) {
    const { parent } = at;
    if (parent === null || parent === "remote" || !parent.isOpen) break;
    at.outwards = parent;
    at = parent;
  }
  return { outer, stack: [] };
}

function innermostOf(flow: Flow): Modelled | null {
  return flow.stack.at(-1) ?? nearestOpen(flow.outer);
}

function nearestOpen(model: Modelled | null): Modelled | null {
  let at = model;
  while (at !== null && !at.isOpen) at = at.outwards;
  return at;
}

function traceIdOf(model: Modelled): string {
  let at = model;
  while (at.parent !== null && at.parent !== "remote") at = at.parent;
  return at.parent === "remote" ? REMOTE_TRACE : traceOf(at.number);
}

largeTest(
  "Scopes of any program are what a plain model says, whatever flows, parents, changes and streams they have",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(tasks, { minLength: 1, maxLength: 3 }),
        async (hasSession, lists) => {
          const ci = new TestEngine();
          if (hasSession) ci.profile();
          const program = new Program(ci, hasSession ? 1 : 0);
          await program.run(lists);
          for (const [i, { traceparent }] of program.handles.entries()) {
            const model = program.all[i];
            const id = idOf(model.number).slice(0, 16);
            assertEquals(traceparent, `00-${traceIdOf(model)}-${id}-01`);
          }
          const nodes = flat(ci.dict({ open: true })).map(({ node }) => node);
          const own = nodes.filter(({ name }) => name === "x" || name === "renamed");
          assertEquals(
            own.map(({ id, parent_id, trace_id, name, attrs, marks, end_us }) => (
              { id, parent_id, trace_id, name, attrs, marks: marks.length, isOpen: end_us === null }
            )).toSorted((a, b) => a.id < b.id ? -1 : 1),
            program.all.map(model => ({
              id: idOf(model.number),
              parent_id: model.parent === "remote"
                ? "b7ad6b7169203331"
                : model.parent === null
                ? hasSession ? idOf(1) : null
                : idOf(model.parent.number),
              trace_id: traceIdOf(model),
              name: model.name,
              attrs: model.attrs,
              marks: model.marks,
              isOpen: model.isOpen,
            })).toSorted((a, b) => a.id < b.id ? -1 : 1),
          );
          const outside = nodes.filter(node => !own.includes(node)).map(({ marks }) => marks.length);
          assertEquals(outside.reduce((sum, count) => sum + count, 0), program.orphans);
          assertEquals(ci.engine.health().change_drop_count, program.dropped);
        },
      ),
      { numRuns: 10_000 },
    );
  },
);
