import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import type { ForeignContext } from "../../src/data/trace_context.ts";
import { NO_COUNTERS } from "../../src/record/counters.ts";
import { ForeignContexts, type Referrers } from "../../src/record/foreign.ts";
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

/** Referrers that the test moves on. */
class FakeReferrers implements Referrers {
  rowCount = 0;
  firstRow = 0;
  open: number[] = [];

  visitOpenRoots(see: (root: number) => void): void {
    this.open.forEach(see);
  }
}

test("ForeignContexts.add() gives numbers downwards from -1, and the same one to the same context again", () => {
  const contexts = new ForeignContexts(new FakeReferrers());
  const numbers = [1, 1, 2, 2, 1].map(i => contexts.add(contextOf(i)));
  assertEquals(numbers, [-1, -1, -2, -2, -3]);
  assertEquals(numbers.map(number => contexts.get(number)), [1, 1, 2, 2, 1].map(contextOf));
});

test("ForeignContexts keeps what open scopes have, and lets go of the rest when no row is left that may have it", () => {
  const referrers = new FakeReferrers();
  referrers.open = [-5, -900, 7];
  const contexts = new ForeignContexts(referrers);
  for (let i = 1; i <= 100_000; i++) {
    contexts.add(contextOf(i));
    referrers.rowCount++;
    referrers.firstRow = Math.max(0, i - 1000);
    assert(contexts.count <= 1000 + 2 * 257 + 2, `${contexts.count} after ${i}`);
    assertNotEquals(contexts.get(-Math.max(1, i - 999)), undefined);
  }
  assertEquals([-5, -900].map(number => contexts.get(number)), [contextOf(5), contextOf(900)]);
  assertEquals(contexts.get(-10), undefined);
  referrers.open = [];
  for (let i = 0; i < 300; i++) contexts.add(contextOf(100_001 + i));
  contexts.forgetRows();
  assertEquals([contexts.get(-5), contexts.get(-900)], [undefined, undefined]);
  assert(contexts.count < 300);
});

test("ForeignContexts gives a context a new number whose last one may be leaving", () => {
  const contexts = new ForeignContexts(new FakeReferrers());
  for (let i = 1; i <= 257; i++) contexts.add(contextOf(i));
  assertEquals(contexts.add(contextOf(257)), -257);
});

test("A recorder keeps as many foreign contexts as its rows and open scopes may refer to, however many come", () => {
  const recorder = new Recorder({
    clock: new FakeClock(),
    counters: NO_COUNTERS,
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
  assert(most <= 1600, `${most} contexts`); // of 1000 requests in the ring, and those that come between two looks
  assertEquals(kept.traceparent.slice(3, 35), contextOf(0).traceId);
  const { length, root, parent, foreign } = recorder.buffer.read(Infinity, true, IDS);
  assertEquals(length, 2001);
  for (let row = 0; row < length; row++) {
    assert(foreign!.has(root![row]) && (parent[row] > 0 || parent[row] === root![row]));
  }
});
