import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import type { ForeignContext } from "../../src/data/trace_context.ts";
import { ForeignContexts } from "../../src/record/foreign.ts";
import { Recorder } from "../../src/record/recorder.ts";
import type { Scope } from "../../src/record/scope.ts";
import { IDS } from "../support/cases.ts";
import { FakeClock } from "../support/engine.ts";

function contextOf(i: number): ForeignContext {
  return { traceId: i.toString(16).padStart(32, "a"), spanId: i.toString(16).padStart(16, "b"), flags: 1 };
}

function traceparentOf(i: number): string {
  const { traceId, spanId } = contextOf(i);
  return `00-${traceId}-${spanId}-01`;
}

test("ForeignContexts.add() gives numbers downwards from -1, and the same one to the same context again", () => {
  const contexts = new ForeignContexts(() => {});
  const numbers = [1, 1, 2, 2, 1].map(i => contexts.add(contextOf(i)));
  assertEquals(numbers, [-1, -1, -2, -2, -3]);
  assertEquals(numbers.map(number => contexts.get(number)), [1, 1, 2, 2, 1].map(contextOf));
});

test("ForeignContexts keeps what is in use, and lets go of the rest when there are many", () => {
  const used = [-5, -900];
  const contexts = new ForeignContexts(see => used.forEach(see));
  for (let i = 1; i <= 100_000; i++) {
    contexts.add(contextOf(i));
    assert(contexts.count <= 1025);
  }
  assertEquals(used.map(number => contexts.get(number)), [contextOf(5), contextOf(900)]);
  assertEquals(contexts.get(-10), undefined);
  assertNotEquals(contexts.get(-100_000), undefined);
});

test("A recorder keeps as many foreign contexts as its rows and open scopes may refer to, however many come", () => {
  const counters = { cpu: null, memory: null, gpu: null };
  const recorder = new Recorder({
    clock: new FakeClock(),
    counters,
    maxSpans: 2000,
    ids: () => IDS,
    warn() {},
  });
  const kept = recorder.scope("open", { parent: traceparentOf(0) }, undefined, null) as Scope;
  let most = 0;
  for (let i = 1; i <= 30_000; i++) {
    recorder.scope("request", { parent: traceparentOf(i) }, scope => scope.scope("inner").end(), null);
    most = Math.max(most, recorder.buffer.foreign.count);
  }
  assert(most <= 2003, `${most} contexts`); // of 1000 requests in the ring, and as many again before one is looked for
  assertEquals(kept.traceparent.slice(3, 35), contextOf(0).traceId);
  const { length, root, parent, foreign } = recorder.buffer.read(Infinity, true, IDS);
  assertEquals(length, 2001);
  for (let row = 0; row < length; row++) {
    assert(foreign!.has(root![row]) && (parent[row] > 0 || parent[row] === root![row]));
  }
});
