import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Scope, ScopeOptions } from "../../src/record/scope.ts";
import { flat, idOf, traceOf } from "../support/cases.ts";
import { TestEngine } from "../support/engine.ts";

// Programs over everything that can be done with a scope, in any order and with any handle, open or ended; beside a plain
// model of what must come of them.

const REMOTE_TRACE = "0af7651916cd43dd8448eb211c80319c";

/** A scope by its place among those that were opened so far, which may have ended. */
type Which = number;

type Parent = "flow" | "null" | "remote" | { readonly of: Which; readonly as: "option" | "method" };

type Step =
  | { readonly do: "open"; readonly parent: Parent }
  | {
    readonly do: "call";
    readonly parent: Parent;
    readonly body: readonly Step[];
    readonly throws: boolean;
  }
  | { readonly do: "run"; readonly of: Which; readonly body: readonly Step[] }
  | { readonly do: "set"; readonly of: Which; readonly key: string; readonly value: number }
  | { readonly do: "rename" | "fail" | "end"; readonly of: Which };

const which = fc.nat(7);
const parents: fc.Arbitrary<Parent> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Parent>("flow") },
  fc.constantFrom<Parent>("null", "remote"),
  fc.record({ of: which, as: fc.constantFrom("option" as const, "method" as const) }),
);
const { steps } = fc.letrec<{ step: Step; steps: Step[] }>(tie => ({
  step: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.record({ do: fc.constant("open" as const), parent: parents }),
    fc.record({ do: fc.constant("end" as const), of: which }),
    fc.record({ do: fc.constantFrom("rename" as const, "fail" as const, "end" as const), of: which }),
    fc.record({
      do: fc.constant("set" as const),
      of: which,
      key: fc.constantFrom("a", "b"),
      value: fc.nat(9),
    }),
    fc.record({
      do: fc.constant("call" as const),
      parent: parents,
      body: tie("steps"),
      throws: fc.boolean(),
    }),
    fc.record({ do: fc.constant("run" as const), of: which, body: tie("steps") }),
  ),
  steps: fc.array(tie("step"), { maxLength: 10, depthIdentifier: "steps" }),
}));

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
  isOpen: boolean;
  /** Once it has ended: the next one outwards at that moment. */
  outwards: Modelled | null;
}

class Program {
  readonly all: Modelled[] = [];
  readonly handles: Scope[] = [];
  dropped = 0;
  #flow: Flow = { outer: null, stack: [] };
  readonly #ci: TestEngine;
  /** Numbers that the session has taken. */
  readonly #before: number;

  constructor(ci: TestEngine, before: number) {
    this.#ci = ci;
    this.#before = before;
  }

  run(list: readonly Step[]): void {
    for (const step of list) this.#step(step);
  }

  #step(step: Step): void {
    if (step.do === "open") {
      const { placed, open } = this.#place(step.parent);
      this.handles.push(open(undefined) as Scope);
      this.#add(placed.parent, placed.isOnStack ? this.#flow : null);
      return;
    }
    if (step.do === "call") {
      this.#call(step);
      return;
    }
    if (this.all.length === 0) return;
    const at = step.of % this.all.length;
    const [model, handle] = [this.all[at], this.handles[at]];
    if (step.do === "run") {
      handle.run(() => this.#in(model.isOpen ? { outer: model, stack: [] } : this.#flow, step.body));
      return;
    }
    if (step.do === "end") {
      handle.end();
      this.#end(model);
      return;
    }
    if (step.do === "set") handle.set({ [step.key]: step.value });
    else if (step.do === "rename") handle.rename("renamed");
    else handle.fail(new Error("failed"));
    if (!model.isOpen) this.dropped++;
    else if (step.do === "set") model.attrs[step.key] = step.value;
    else if (step.do === "rename") model.name = "renamed";
    else model.attrs.error = "Error: failed";
  }

  #call({ parent, body, throws }: Step & { readonly do: "call" }): void {
    const { placed, open } = this.#place(parent);
    const flow: Flow = { outer: placed.outer, stack: [] };
    let model: Modelled | null = null;
    const error = new Error("thrown");
    try {
      open(scope => {
        this.handles.push(scope);
        model = this.#add(placed.parent, flow);
        this.#in(flow, body);
        if (throws) throw error;
      });
    } catch (caught) {
      if (caught !== error) throw caught;
      if (model!.isOpen) model!.attrs.error = "Error: thrown";
    }
    this.#end(model!);
  }

  /** Where a scope comes to hang, and how it is opened there. */
  #place(parent: Parent): {
    placed: { parent: Modelled["parent"]; isOnStack: boolean; outer: Modelled | null };
    open: (fn: ((scope: Scope) => void) | undefined) => unknown;
  } {
    const { recording } = this.#ci.engine;
    const opened =
      (options: ScopeOptions | undefined, on?: Scope) => (fn: ((scope: Scope) => void) | undefined) =>
        on !== undefined
          ? fn === undefined ? on.scope("x") : on.scope("x", fn)
          : recording.scope("x", options ?? fn, options === undefined ? undefined : fn, null);
    const innermost = this.#innermost();
    if (parent === "null") {
      return { placed: { parent: null, isOnStack: false, outer: null }, open: opened({ parent: null }) };
    }
    if (parent === "remote") {
      const options = { parent: `00-${REMOTE_TRACE}-b7ad6b7169203331-01` };
      return { placed: { parent: "remote", isOnStack: false, outer: null }, open: opened(options) };
    }
    const inFlow = { parent: innermost, isOnStack: true, outer: innermost };
    if (parent === "flow" || this.all.length === 0) return { placed: inFlow, open: opened(undefined) };
    const at = parent.of % this.all.length;
    const [model, handle] = [this.all[at], this.handles[at]];
    return {
      placed: model.isOpen
        ? { parent: model, isOnStack: innermost === model, outer: model }
        : inFlow,
      open: parent.as === "option" ? opened({ parent: handle }) : opened(undefined, handle),
    };
  }

  #add(parent: Modelled["parent"], flow: Flow | null): Modelled {
    const number = this.#before + this.all.length + 1;
    const model: Modelled = { number, name: "x", parent, flow, attrs: {}, isOpen: true, outwards: null };
    this.all.push(model);
    flow?.stack.push(model);
    return model;
  }

  #in(flow: Flow, body: readonly Step[]): void {
    const before = this.#flow;
    this.#flow = flow;
    this.run(body);
    this.#flow = before;
  }

  #end(model: Modelled): void {
    if (!model.isOpen) return;
    model.isOpen = false;
    if (model.flow === null) return;
    const { stack, outer } = model.flow;
    const at = stack.indexOf(model);
    model.outwards = stack[at - 1] ?? nearestOpen(outer);
    stack.splice(at, 1);
  }

  #innermost(): Modelled | null {
    return this.#flow.stack.at(-1) ?? nearestOpen(this.#flow.outer);
  }
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

test("Scopes of any program are what a plain model says, whatever parents, flows and changes they have", () => {
  fc.assert(
    fc.property(fc.boolean(), steps, (hasSession, list) => {
      const ci = new TestEngine();
      if (hasSession) ci.profile();
      const program = new Program(ci, hasSession ? 1 : 0);
      program.run(list);
      for (const [i, { traceparent }] of program.handles.entries()) {
        const model = program.all[i];
        const id = idOf(model.number).slice(0, 16);
        assertEquals(traceparent, `00-${traceIdOf(model)}-${id}-01`);
      }
      const nodes = flat(ci.dict({ open: true }))
        .map(({ node }) => node).filter(({ name }) => name !== "cirron.session");
      assertEquals(
        nodes.map(({ id, parent_id, trace_id, name, attrs, end_us }) => (
          { id, parent_id, trace_id, name, attrs, isOpen: end_us === null }
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
          isOpen: model.isOpen,
        })).toSorted((a, b) => a.id < b.id ? -1 : 1),
      );
      assertEquals(ci.engine.health().change_drop_count, program.dropped);
    }),
    { numRuns: 10_000 },
  );
});
