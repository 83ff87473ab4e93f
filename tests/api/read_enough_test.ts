import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { readEnough, type ReadSnapshot } from "../../src/api/read_enough.ts";
import { toText } from "../../src/formats/text.ts";
import type { Scope } from "../../src/record/scope.ts";
import { buildTree, type Filter } from "../../src/tree/tree.ts";
import { TestEngine } from "../support/engine.ts";

/** What is done next: a scope is opened in one that is open or in none, or one that is open is closed. */
const STEP = fc.record({
  opens: fc.boolean(),
  pick: fc.nat(),
  name: fc.constantFrom("a", "b"),
  us: fc.nat({ max: 2 }),
});

/** An engine after some steps, in any nesting, closed in any order. */
function program(steps: readonly { opens: boolean; pick: number; name: string; us: number }[]): TestEngine {
  const ci = new TestEngine();
  ci.profile();
  const open: Scope[] = [];
  for (const { opens, pick, name, us } of steps) {
    ci.clock.us(us);
    const at = pick % (open.length + 1);
    if (opens) {
      const make = (parent: Scope | null) => parent === null ? ci.scope(name) : parent.scope(name);
      // In a flow of its own, so that it is on nobody's stack.
      ci.scope("flow", () => open.push(make(at === open.length ? null : open[at])));
    } else if (at < open.length) open.splice(at, 1)[0].end();
  }
  return ci;
}

const FILTERS: readonly Filter[] = [
  { roots: 0 },
  { roots: 1 },
  { roots: 3 },
  { name: "a", roots: 1 },
  { name: /a|b/, roots: 2 },
  { name: "b", where: {}, roots: 2 },
  { where: {} },
  { slowest: 2 },
  { last: 0 },
  { last: 1 },
  { last: 4 },
  { name: "a", last: 2 },
  {},
];

test("readEnough() reads what makes the same text as all would", () => {
  let shortened = 0;
  fc.assert(
    fc.property(
      fc.array(STEP, { maxLength: 60, size: "max" }),
      fc.nat(FILTERS.length - 1),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (steps, which, open, least) => {
        const ci = program(steps);
        const filter = {
          name: undefined,
          where: undefined,
          roots: undefined,
          slowest: undefined,
          last: undefined,
          ...FILTERS[which],
          open,
        };
        const isOpenNeeded = filter.where !== undefined || filter.roots !== undefined
          || filter.slowest !== undefined;
        const read: ReadSnapshot = (last, withOpen) => ci.engine.read(last, withOpen);
        const all = buildTree(read(Infinity, open || isOpenNeeded), filter);
        const snapshot = readEnough(read, filter, true, false, [least, 3 * least]);
        if (snapshot.closedLength < all.snapshot.closedLength) shortened++;
        assertEquals(toText(buildTree(snapshot, filter)), toText(all));
      },
    ),
    { numRuns: 400 },
  );
  assert(shortened > 10, `${shortened} of 400 read less than all`);
});

test("readEnough() of what is dear to read stops after some spans, and the text says that there may be more", () => {
  const ci = new TestEngine();
  ci.profile();
  for (let i = 0; i < 50; i++) ci.scope("step", () => ci.scope("part", () => ci.clock.us(1)));
  ci.engine.shutdown();
  const asked: number[] = [];
  const read: ReadSnapshot = (last, open) => {
    asked.push(last);
    return ci.engine.read(last, open);
  };
  const filter = {
    name: undefined,
    where: undefined,
    roots: undefined,
    slowest: undefined,
    last: 2,
    open: false,
  };
  const near = readEnough(read, filter, true, true, [4, 8]);
  assertEquals(asked, [6, 10]); // and not all
  const [session, step] = toText(buildTree(near, filter)).split("\n");
  assertMatch(session, /^cirron\.session - 50us \(4 or more children cut off\)/);
  assertMatch(step, /^ {2}step - 1\.0us \(1 child cut off\)$/);
  const whole = readEnough(read, filter, true, false, [4, 8]);
  assertMatch(toText(buildTree(whole, filter)), /^cirron\.session - 50us \(49 children cut off\)/);
});
