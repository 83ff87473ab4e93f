import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { TraceNode } from "../../src/data/values.ts";
import { TestEngine } from "../support/engine.ts";

// Streams that are read in any order, by turns and at once, against a model of what each of them should have recorded.

/** What a body does next. `open` keeps a scope open until the body's end, over every yield. */
type Step = "scope" | "open" | "yield" | "throw" | { readonly inner: readonly Step[] };

/** What a consumer does with one of the streams. */
interface Act {
  readonly stream: number;
  readonly call: "next" | "return" | "throw";
}

interface Program {
  readonly bodies: readonly (readonly Step[])[];
  /** What is done at once, one after the other. */
  readonly turns: readonly (readonly Act[])[];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("yield" as const) },
  { weight: 3, arbitrary: fc.constant("scope" as const) },
  { weight: 1, arbitrary: fc.constant("open" as const) },
  { weight: 1, arbitrary: fc.constant("throw" as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      inner: fc.array(fc.constantFrom("scope" as const, "open" as const, "yield" as const), { maxLength: 4 }),
    }),
  },
);

const act: fc.Arbitrary<Act> = fc.record({
  stream: fc.nat(3),
  call: fc.oneof(
    { weight: 8, arbitrary: fc.constant("next" as const) },
    fc.constantFrom("return" as const, "throw" as const),
  ),
});

const programs: fc.Arbitrary<Program> = fc.record({
  bodies: fc.array(fc.array(step, { maxLength: 8, size: "max" }), { minLength: 4, maxLength: 4 }),
  turns: fc.array(fc.array(act, { minLength: 1, maxLength: 5, size: "max" }), { maxLength: 12, size: "max" }),
});

const BODY_ERROR = new Error("body");
const CALL_ERROR = new Error("call");

/** What a stream should have recorded. */
class Model {
  readonly lines: string[];
  readonly #steps: readonly Step[];
  #at = 0;
  #depth = 1;
  #end: "" | " ended" | " !body" | " !call" = "";

  constructor(name: string, steps: readonly Step[]) {
    this.lines = [name];
    this.#steps = steps;
  }

  get isOver(): boolean {
    return this.#end !== "";
  }

  get text(): string {
    const [name, ...rest] = this.lines;
    return [name + this.#end, ...rest].join("\n");
  }

  call(call: Act["call"]): void {
    if (this.isOver) return;
    if (call === "next") this.#next();
    else this.#end = call === "return" ? " ended" : " !call";
  }

  #next(): void {
    for (; this.#at < this.#steps.length;) {
      const next = this.#steps[this.#at++];
      if (next === "yield") return;
      if (next === "throw") {
        this.#end = " !body";
        return;
      }
      if (next === "scope") this.#line("scope");
      else if (next === "open") {
        this.#line("open");
        this.#depth++;
      } else this.#inner(next.inner);
    }
    this.#end = " ended";
  }

  // Read to its end within the body, in its own flow.
  #inner(steps: readonly Step[]): void {
    this.#line("inner");
    let depth = 1;
    for (const step of steps) {
      if (step === "scope" || step === "open") this.#line(step, depth);
      if (step === "open") depth++;
    }
  }

  #line(name: string, deeper = 0): void {
    this.lines.push("  ".repeat(this.#depth + deeper) + name);
  }
}

function* body(ci: TestEngine, steps: readonly Step[]): Generator<number> {
  const open: { end(): void }[] = [];
  try {
    for (const step of steps) {
      if (step === "yield") yield 1;
      else if (step === "throw") throw BODY_ERROR;
      else if (step === "scope") ci.scope("scope", () => {});
      else if (step === "open") open.push(ci.scope("open"));
      else for (const _ of ci.scope("inner", () => body(ci, step.inner)));
    }
  } finally {
    for (const scope of open.reverse()) scope.end();
  }
}

async function* bodyLater(ci: TestEngine, steps: readonly Step[]): AsyncGenerator<number> {
  const open: { end(): void }[] = [];
  try {
    for (const step of steps) {
      await null;
      if (step === "yield") yield 1;
      else if (step === "throw") throw BODY_ERROR;
      else if (step === "scope") await ci.scope("scope", async () => await null);
      else if (step === "open") open.push(ci.scope("open"));
      else for await (const _ of ci.scope("inner", () => bodyLater(ci, step.inner)));
    }
  } finally {
    await null;
    for (const scope of open.reverse()) scope.end();
  }
}

function linesOf(node: TraceNode, depth = 0): string[] {
  const end = depth > 0
    ? ""
    : node.end_us === null
    ? ""
    : "error" in node.attrs
    ? ` !${String(node.attrs.error).replace("Error: ", "")}`
    : " ended";
  const own = "  ".repeat(depth) + node.name + end;
  return [own, ...node.children.flatMap(child => linesOf(child, depth + 1))];
}

function check(ci: TestEngine, models: readonly Model[], turns: number): void {
  const { roots } = ci.dict({ open: true });
  const found = Object.fromEntries(roots.map(root => [root.name, linesOf(root).join("\n")]));
  const expected = Object.fromEntries(models.map(model => [model.lines[0], model.text]));
  for (let i = 0; i < turns; i++) expected[`turn${i}`] = `turn${i} ended`;
  assertEquals(found, expected);
  assertEquals(ci.engine.health().misnested_count, 0);
}

const nameOf = (i: number): string => `stream${i}`;

test("Streams that are read by turns in any order record what each of them does, and nothing else", () => {
  fc.assert(
    fc.property(programs, ({ bodies, turns }) => {
      const ci = new TestEngine();
      const models = bodies.map((steps, i) => new Model(nameOf(i), steps));
      const streams = bodies.map((steps, i) => ci.scope(nameOf(i), () => body(ci, steps)));
      turns.forEach((acts, i) =>
        ci.scope(`turn${i}`, () => {
          for (const { stream, call } of acts) {
            models[stream].call(call);
            try {
              if (call === "throw") streams[stream].throw(CALL_ERROR);
              else if (call === "next") streams[stream].next();
              else streams[stream].return(0);
            } catch (error) {
              if (error !== CALL_ERROR && error !== BODY_ERROR) throw error;
            }
          }
        })
      );
      check(ci, models, turns.length);
    }),
    { numRuns: 500 },
  );
});

test("Async streams that are read by turns and at once record what each of them does, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async ({ bodies, turns }) => {
      const ci = new TestEngine();
      const models = bodies.map((steps, i) => new Model(nameOf(i), steps));
      const streams = bodies.map((steps, i) => ci.scope(nameOf(i), () => bodyLater(ci, steps)));
      for (const [i, acts] of turns.entries()) {
        await ci.scope(`turn${i}`, async () => {
          await Promise.all(acts.map(async ({ stream, call }) => {
            models[stream].call(call);
            try {
              if (call === "throw") await streams[stream].throw(CALL_ERROR);
              else if (call === "next") await streams[stream].next();
              else await streams[stream].return(0);
            } catch (error) {
              if (error !== CALL_ERROR && error !== BODY_ERROR) throw error;
            }
          }));
        });
      }
      check(ci, models, turns.length);
    }),
    { numRuns: 300 },
  );
});
