import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Attrs } from "../../src/data/values.ts";
import type { LateMeter } from "../../src/meters/meter.ts";
import type { CounterColumns } from "../../src/record/counters.ts";
import { Marks, noMarks } from "../../src/record/marks.ts";
import { DEFAULT_MAX_SPANS, Ring, type RowTarget } from "../../src/record/ring.ts";
import { COUNTED_MARKS, countOf, headOf, packMarks } from "../../src/record/span_chunk.ts";
import { GARBAGE, LARGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { readMarks } from "../support/marks.ts";
import { collectGarbage } from "../support/recording.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const collectingTest = testUnless(GARBAGE, import.meta.url);

const CHUNK = 2048;

/** Appends a row all of whose columns follow from `id`. */
function append(ring: Ring, id: number): void {
  ring.append(
    id,
    id + 0.25,
    `n${id}`,
    -id,
    id * 10,
    id * 10 + 5,
    id * 3,
    id % 3 === 0 ? id * 2 : NaN,
    id % 5 === 0 ? { id } : undefined,
    0,
    0,
    -id * 2,
    [id % 7 === 0 ? id * 4096 : NaN],
  );
}

/** A late meter that nothing is asked of but figures. */
function lateMeter(between: (startNs: number, endNs: number) => number): LateMeter {
  return { settledNs: () => NaN, between, poke: () => {}, attrs: () => ({}), stop: () => {} };
}

/** Counters of which the ring only wants to know how many there are. */
const COUNTED: CounterColumns = {
  span: [{ column: "memory_peak_bytes", meter: { start: () => {}, end: () => {} } }],
  late: [{ column: "gpu_ns", meter: lateMeter(() => NaN) }],
};

function filled(capacity: number, rows: number): Ring {
  const ring = new Ring(capacity, new Marks(), COUNTED);
  for (let id = 1; id <= rows; id++) append(ring, id);
  return ring;
}

function target(length: number): RowTarget {
  return {
    id: new Float64Array(length),
    parent: new Float64Array(length),
    index: new Float64Array(length),
    startNs: new Float64Array(length),
    endNs: new Float64Array(length),
    cpuNs: new Float64Array(length),
    dataLoadNs: new Float64Array(length),
    counters: [new Float64Array(length)],
    late: [new Float64Array(length)],
    root: new Float64Array(length),
    markHead: new Uint32Array(length),
    markCount: new Uint32Array(length),
    name: [],
    attrs: [],
  };
}

/** Asserts that the rows from `from` on are those of the ids from `first` to `last`, in every column. */
function assertRows(ring: Ring, from: number, first: number, last: number): void {
  const length = last - first + 1;
  const read = target(length);
  ring.read(from, read);
  const ids = Array.from({ length }, (_, i) => first + i);
  assertEquals([...read.id], ids);
  assertEquals([...read.parent], ids.map(id => id + 0.25));
  assertEquals([...read.root], ids.map(id => -id * 2));
  assertEquals(read.name, ids.map(id => `n${id}`));
  assertEquals([...read.index], ids.map(id => -id));
  assertEquals([...read.startNs], ids.map(id => id * 10));
  assertEquals([...read.counters[0]], ids.map(id => id % 7 === 0 ? id * 4096 : NaN));
  assertEquals([...read.late[0]], ids.map(() => NaN));
  assertEquals([...read.endNs], ids.map(id => id * 10 + 5));
  assertEquals([...read.cpuNs], ids.map(id => id * 3));
  assertEquals([...read.dataLoadNs], ids.map(id => id % 3 === 0 ? id * 2 : NaN));
  assertEquals(ids.map((_, i) => read.attrs[i]), ids.map(id => id % 5 === 0 ? { id } : undefined));
}

test("DEFAULT_MAX_SPANS is 100 000", () => {
  assertEquals(DEFAULT_MAX_SPANS, 100_000);
});

test("Ring is empty at first", () => {
  const ring = new Ring(3, new Marks());
  assertEquals([ring.length, ring.total, ring.evictCount, ring.capacity], [0, 0, 0, 3]);
});

test("Ring.read() of an empty ring writes nothing", () => {
  const read = target(1);
  new Ring(3, new Marks()).read(0, read);
  assertEquals([read.id[0], read.name.length], [0, 0]);
});

test("Ring of capacity 1 keeps the newest row", () => {
  const ring = filled(1, 5000);
  assertEquals([ring.length, ring.total, ring.evictCount], [1, 5000, 4999]);
  assertRows(ring, 4999, 5000, 5000);
});

for (const capacity of [1, 2, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3000, 2 * CHUNK, 2 * CHUNK + 1]) {
  for (
    const [what, rows] of [
      ["one below", capacity - 1],
      ["exactly at", capacity],
      ["one over", capacity + 1],
      ["just over a round beyond", 2 * capacity + 1],
      ["far over", 5 * capacity + 3 * CHUNK + 17],
    ] as const
  ) {
    test(`Ring.append() ${what} the bound of ${capacity} keeps the newest rows`, () => {
      const ring = filled(capacity, rows);
      const kept = Math.min(rows, capacity);
      assertEquals([ring.length, ring.total, ring.evictCount], [kept, rows, rows - kept]);
      assertRows(ring, ring.evictCount, rows - kept + 1, rows);
    });
  }
}

test("Ring.read() from a later row gives what came since", () => {
  const ring = filled(100, 50);
  assertRows(ring, 40, 41, 50);
});

test("Ring.read() from the newest row on gives one row", () => {
  const ring = filled(100, 250);
  assertRows(ring, 249, 250, 250);
});

test("Ring.read() from the total on gives nothing", () => {
  const ring = filled(100, 250);
  const read = target(1);
  ring.read(250, read);
  assertEquals([read.id[0], read.name.length], [0, 0]);
});

test("Ring.read() from an evicted row starts at the oldest that is left", () => {
  const ring = filled(100, 250);
  assertRows(ring, 0, 151, 250);
});

test("Ring.read() across the border of two chunks keeps the order", () => {
  const ring = filled(3 * CHUNK, 2 * CHUNK + 10);
  assertRows(ring, CHUNK - 3, CHUNK - 2, 2 * CHUNK + 10);
});

test("Ring.read() across the wrap-around keeps the order", () => {
  const ring = filled(3000, 4096 + 500);
  assertRows(ring, 4096 - 10, 4096 - 9, 4596);
});

test("Ring.read() changes nothing", () => {
  const ring = filled(3000, 5000);
  assertRows(ring, 2000, 2001, 5000);
  assertRows(ring, 2000, 2001, 5000);
});

test("Ring.read() leaves nothing of what its target held before", () => {
  const marks = new Marks();
  const before = new Ring(2, marks, COUNTED);
  before.append(1, 2, "old", 3, 4, 5, 6, 7, { old: true }, 8, 9, 0, [60]);
  const after = new Ring(2, marks, COUNTED);
  after.append(0, 0, "new", NaN, 0, 0, NaN, NaN, undefined, 0, 0);
  const read = target(1);
  before.read(0, read);
  after.read(0, read);
  assertEquals([read.name[0], read.id[0], read.dataLoadNs[0]], ["new", 0, NaN]);
  assertEquals([read.counters[0][0], read.late[0][0]], [NaN, NaN]);
});

test("Ring.haveAttrs() tells whether rows may have attributes, wherever the ring is", () => {
  const ring = new Ring(3 * CHUNK, new Marks(), COUNTED);
  const plain = (rows: number) => {
    for (let i = 0; i < rows; i++) {
      ring.append(i, 0, "x", NaN, 0, 0, NaN, NaN, undefined, 0, 0);
    }
  };
  assertEquals(ring.haveAttrs(0), false);
  plain(CHUNK + 5);
  assertEquals(ring.haveAttrs(0), false);
  ring.append(0, 0, "x", NaN, 0, 0, NaN, NaN, { some: 1 }, 0, 0);
  plain(CHUNK);
  assertEquals([0, CHUNK + 5, 2 * CHUNK, ring.total].map(from => ring.haveAttrs(from)), [
    true,
    true,
    false,
    false,
  ]);
  plain(3 * CHUNK);
  const read = target(ring.length);
  ring.read(ring.total - 3 * CHUNK, read);
  assertEquals(read.attrs.filter(attrs => attrs !== undefined), []);
});

test("Ring.append() writes no attrs of the row that was there before", () => {
  const ring = new Ring(1, new Marks(), COUNTED);
  for (let id = 0; id < CHUNK; id++) ring.append(id, 0, "x", NaN, 0, 0, NaN, 5, { id }, 0, 0);
  for (let id = 0; id < CHUNK; id++) ring.append(id, 0, "x", NaN, 0, 0, NaN, NaN, undefined, 0, 0);
  const read = target(1);
  ring.read(ring.total - 1, read);
  assertEquals([read.attrs[0], read.dataLoadNs[0]], [undefined, NaN]);
});

test("Ring.append() releases the marks of the row it evicts", () => {
  const marks = new Marks();
  const ring = new Ring(1, marks);
  const slots: number[] = [];
  for (let id = 0; id < 10; id++) {
    const lists = noMarks();
    marks.append(lists, "m", id, false, 0, undefined);
    slots.push(lists.pointTail);
    ring.append(id, 0, "x", NaN, 0, 0, NaN, NaN, undefined, marks.join(lists), 1);
  }
  assertEquals(Math.max(...slots), 2); // one in the ring, one in hand
});

collectingTest("Ring.append() lets go of the attrs of the row it evicts", async () => {
  const ring = new Ring(2, new Marks());
  const attrs = fill();
  await collectGarbage();
  assertEquals(attrs.map(one => one.deref() !== undefined), [false, true, true]);
  assertEquals(ring.length, 2);

  function fill(): WeakRef<Attrs>[] {
    return [1, 2, 3].map(id => {
      const attrs = { id };
      ring.append(id, 0, "x", NaN, 0, 0, NaN, NaN, attrs, 0, 0);
      return new WeakRef(attrs);
    });
  }
});

// Other sizes.

for (const rows of [0, 1000, CHUNK + 1, 12_345]) {
  for (const before of [1, CHUNK, 3000, 9000]) {
    for (const after of [1, CHUNK, 2999, 3 * CHUNK]) {
      test(`Ring.resize() from ${before} to ${after} after ${rows} rows keeps the newest`, () => {
        const ring = filled(before, rows);
        ring.resize(after);
        const kept = Math.min(rows, before, after);
        assertEquals([ring.length, ring.total, ring.evictCount], [kept, rows, rows - kept]);
        assertRows(ring, ring.evictCount, rows - kept + 1, rows);
      });
    }
  }
}

test("Ring.resize() makes a ring that goes on to its own bound", () => {
  const ring = filled(3000, 7000);
  ring.resize(4500);
  for (let id = 7001; id <= 20_000; id++) append(ring, id);
  assertEquals([ring.length, ring.total, ring.evictCount], [4500, 20_000, 15_500]);
  assertRows(ring, 15_500, 15_501, 20_000);
});

test("Ring.resize() keeps the rows' marks, and releases those it evicts", () => {
  const marks = new Marks();
  const ring = new Ring(4, marks, COUNTED);
  for (let id = 1; id <= 4; id++) {
    const lists = noMarks();
    marks.append(lists, "m", id, false, 0, undefined);
    ring.append(id, 0, "x", NaN, 0, 0, NaN, NaN, undefined, marks.join(lists), 1);
  }
  const read = target(2);
  ring.resize(2);
  ring.read(0, read);
  const values = [...read.markHead].flatMap(head =>
    readMarks((target, at) => marks.readInto(head, target, at)).value
  );
  assertEquals(values, [3, 4]);
  const next = noMarks();
  for (let i = 0; i < 2; i++) marks.append(next, "m", i, false, 0, undefined);
  assertEquals(next.pointTail <= 4, true); // in the slots of the two that left
});

test("Ring agrees with an array, whatever is appended, resized and read", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(
        fc.oneof(
          fc.record({ step: fc.constant("append" as const), number: fc.nat(3000) }),
          fc.record({ step: fc.constant("resize" as const), number: fc.integer({ min: 1, max: 7000 }) }),
        ),
        { maxLength: 12 },
      ),
      fc.nat(6000),
      (capacity, steps, back) => {
        const ring = new Ring(capacity, new Marks(), COUNTED);
        let total = 0;
        let kept = 0;
        let bound = capacity;
        for (const { step, number } of steps) {
          if (step === "resize") {
            ring.resize(bound = number);
            kept = Math.min(kept, bound);
          } else {
            for (let i = 0; i < number; i++) append(ring, ++total);
            kept = Math.min(kept + number, bound);
          }
        }
        assertEquals([ring.length, ring.total, ring.evictCount], [kept, total, total - kept]);
        const count = Math.min(back, kept);
        assertRows(ring, total - count, total - count + 1, total);
      },
    ),
    { numRuns: 50 },
  );
});

// The alarm.

test("Ring.setAlarm() is heard for each row from its number on, and for each that ends at its moment or later", () => {
  const step = fc.record({
    rows: fc.nat(5000),
    /** Rows from now to the alarm, and how much later than now its moment is; null for never. */
    toRow: fc.option(fc.integer({ min: -2, max: 5000 })),
    toNs: fc.option(fc.integer({ min: -2, max: 5000 })),
    isHeld: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 10, 2047, 2048, 2049, 6000),
      fc.array(step, { maxLength: 8 }),
      (capacity, steps) => {
        const ring = new Ring(capacity, new Marks());
        let heard = 0;
        let expected = 0;
        let endNs = 0;
        for (const { rows, toRow, toNs, isHeld } of steps) {
          const row = toRow === null ? Infinity : ring.total + toRow;
          const ns = toNs === null ? Infinity : endNs + toNs;
          ring.setAlarm(row, ns, () => heard++);
          for (let i = 0; i < rows; i++) {
            endNs++;
            ring.append(1, 0, "x", NaN, 0, endNs, NaN, NaN, isHeld ? { held: i } : undefined, 0, 0);
            if (ring.total >= row || endNs >= ns) expected++;
            if (heard !== expected) assertEquals([ring.total, heard], [ring.total, expected]);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

// Clearing.

test("Ring.restart() forgets every row and the alarm", () => {
  const ring = filled(3000, 5000);
  let alarms = 0;
  ring.setAlarm(0, 0, () => alarms++);
  ring.restart(10);
  assertEquals([ring.length, ring.total, ring.evictCount, ring.capacity], [0, 0, 0, 10]);
  append(ring, 1);
  assertEquals(alarms, 0);
});

test("Ring.restart() releases the marks of every row", () => {
  const marks = new Marks();
  const ring = new Ring(5000, marks);
  for (let id = 0; id < 5000; id++) {
    const lists = noMarks();
    marks.append(lists, "m", id, false, 0, undefined);
    ring.append(id, 0, "x", NaN, 0, 0, NaN, NaN, undefined, marks.join(lists), 1);
  }
  ring.restart(5000);
  let highest = 0;
  const next = noMarks();
  for (let i = 0; i < 5000; i++) {
    marks.append(next, "m", i, true, 0, undefined);
    highest = Math.max(highest, next.summaryTail);
  }
  assertEquals(highest, 5000);
});

test("Ring.append() after restart() counts from 0 to the new bound", () => {
  const ring = filled(3000, 5000);
  ring.restart(2500, COUNTED);
  for (let id = 1; id <= 9000; id++) append(ring, id);
  assertEquals([ring.length, ring.evictCount], [2500, 6500]);
  assertRows(ring, 6500, 6501, 9000);
});

test("Ring.resize() keeps the alarm", () => {
  const ring = filled(3000, 5000);
  let alarms = 0;
  ring.setAlarm(5003, Infinity, () => alarms++);
  ring.resize(100);
  for (let id = 5001; id <= 5004; id++) append(ring, id);
  assertEquals(alarms, 2);
});

collectingTest("Ring.restart() lets go of attrs", async () => {
  const ring = new Ring(10, new Marks());
  const attrs = fill();
  ring.restart(10);
  await collectGarbage();
  assertEquals(attrs.deref(), undefined);
  assertEquals(ring.length, 0);

  function fill(): WeakRef<Attrs> {
    const attrs = { id: 1 };
    ring.append(1, 0, "x", NaN, 0, 0, NaN, NaN, attrs, 0, 0);
    return new WeakRef(attrs);
  }
});

test("Ring.settle() writes rows up to a moment or a number, and none twice", () => {
  const ring = filled(5000, 4000);
  const asked: number[] = [];
  const meters = [lateMeter((startNs, endNs) => {
    asked.push(startNs);
    return startNs % 30 === 0 ? NaN : endNs - startNs + 0.4;
  })];
  const untilNs = 10 * 2500 + 5;
  assertEquals([ring.settle(untilNs, 100, meters), ring.settledRow], [true, 100]);
  assertEquals([ring.settle(untilNs, Infinity, meters), ring.settledRow], [false, 2500]);
  assertEquals([ring.settle(untilNs, Infinity, meters), ring.settledRow], [false, 2500]);
  assertEquals(asked, Array.from({ length: 2500 }, (_, i) => (i + 1) * 10));
  const read = target(4000);
  ring.read(0, read);
  for (let i = 0; i < 4000; i++) {
    const id = i + 1;
    assertStrictEquals(read.late[0][i], i < 2500 && id % 3 !== 0 ? 5 : NaN, `row ${i}`);
  }
});

test("Ring.settle() starts at the oldest row that is left, and a new row starts without", () => {
  const ring = filled(2048, 5000);
  ring.settle(Infinity, Infinity, [lateMeter(() => 7)]);
  assertEquals(ring.settledRow, 5000);
  append(ring, 5001);
  const read = target(2048);
  ring.read(0, read);
  assertEquals([read.late[0][0], read.late[0][2046], read.late[0][2047]], [7, 7, NaN]);
});

test("Ring.settle() leaves nothing of the row that was there before, whether a figure is known, never will be, or not yet", () => {
  const ring = new Ring(CHUNK, new Marks(), COUNTED);
  const plain = (rows: number) => {
    for (let i = 0; i < rows; i++) ring.append(i + 1, 0, "x", NaN, 0, 0, NaN, NaN, undefined, 0, 0);
  };
  plain(CHUNK);
  ring.settle(Infinity, Infinity, [lateMeter(() => 7)]);
  plain(3);
  ring.settle(Infinity, 1, [lateMeter(() => 8)]);
  ring.settle(Infinity, 1, [lateMeter(() => NaN)]);
  const read = target(CHUNK);
  ring.read(3, read);
  assertEquals([...read.late[0].subarray(-4)], [7, 8, NaN, NaN]);
});

test("Ring.resize() keeps late figures and those of both ends", () => {
  const ring = filled(100, 100);
  ring.settle(995, Infinity, [lateMeter(startNs => startNs)]);
  const read = target(10);
  ring.resize(10);
  ring.read(0, read);
  assertEquals([...read.late[0]], Array.from({ length: 10 }, (_, i) => i < 9 ? (91 + i) * 10 : NaN));
  assertEquals(read.counters[0][0], 91 * 4096);
  assertEquals(ring.settledRow, 99);
});

// Marks in one number.

test("packMarks() keeps the first mark of a row and their count in one number", () => {
  for (const head of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    for (const count of [1, 1024, COUNTED_MARKS - 1, COUNTED_MARKS]) {
      const marks = packMarks(head, count);
      assertEquals([headOf(marks), countOf(marks)], [head, count]);
    }
    assertEquals(countOf(packMarks(head, COUNTED_MARKS + 7)), COUNTED_MARKS); // the reader counts them
    assertEquals(headOf(packMarks(head, 2 ** 32)), head);
  }
});

largeTest("A span keeps more summary marks than its row counts, and a reading has all of them", () => {
  const ci = new TestEngine();
  const many = COUNTED_MARKS + 3;
  const scope = ci.scope("a");
  for (let i = 0; i < many; i++) scope.mark("x", i, { kind: "summary" });
  scope.end();
  const { markCount, marks } = ci.engine.read(1, false);
  assertEquals([markCount[0], marks.first[1], marks.value[many - 1]], [many, many, many - 1]);
});
