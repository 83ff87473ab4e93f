import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Attrs, MarkValue } from "../../src/data/values.ts";
import { type MarkLists, Marks, noMarks, POINT_MARKS_PER_SPAN } from "../../src/record/marks.ts";
import { Ring } from "../../src/record/ring.ts";
import { GARBAGE, LARGE, testUnless } from "../support/conditions.ts";
import { readMarks } from "../support/marks.ts";
import { collectGarbage } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

const largeTest = testUnless(LARGE, import.meta.url);

const MAX = POINT_MARKS_PER_SPAN;

function point(marks: Marks, lists: MarkLists, value: MarkValue, attrs?: Attrs): void {
  marks.append(lists, "p", value, false, 0, attrs);
}

function summary(marks: Marks, lists: MarkLists, value: MarkValue, attrs?: Attrs): void {
  marks.append(lists, "s", value, true, 0, attrs);
}

/** Values of a closed span's marks. */
function values(marks: Marks, head: number): MarkValue[] {
  return readMarks((target, at) => marks.readInto(head, target, at)).value;
}

/** Values of an open span's marks. */
function openValues(marks: Marks, lists: MarkLists): MarkValue[] {
  return readMarks((target, at) => marks.readOpenInto(lists, target, at)).value;
}

/** What else is known of a closed span's marks. */
function rows(marks: Marks, head: number): unknown[] {
  const { name, value, summary, tsNs, attrs, order, drained } = readMarks((target, at) =>
    marks.readInto(head, target, at)
  );
  return name.map((_, i) => [name[i], value[i], summary[i], tsNs[i], attrs[i], order[i], drained[i]]);
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test("POINT_MARKS_PER_SPAN is 1024", () => {
  assertEquals(POINT_MARKS_PER_SPAN, 1024);
});

test("Marks.readInto() gives nothing for an empty list", () => {
  const marks = new Marks();
  assertEquals(values(marks, marks.join(noMarks())), []);
  assertEquals(openValues(marks, noMarks()), []);
});

test("Marks.readInto() gives all that was appended of a mark", () => {
  const marks = new Marks();
  const lists = noMarks();
  marks.append(lists, "a", 1.5, false, 111, undefined);
  marks.append(lists, "b", "two", true, 222, { k: 1 });
  assertEquals(rows(marks, marks.join(lists)), [
    ["a", 1.5, 0, 111, undefined, 0, 0],
    ["b", "two", 1, 222, { k: 1 }, 1, 0],
  ]);
});

test("Marks.readInto() begins where it is told, and says where it ended", () => {
  const marks = new Marks();
  const lists = noMarks();
  for (const value of [1, 2]) point(marks, lists, value);
  const ends: number[] = [];
  const { value } = readMarks((target, at) => {
    for (let i = 0; i < 2; i++) ends.push(at = marks.readInto(marks.join(lists), target, at));
    return at;
  });
  assertEquals([ends, value], [[2, 4], [1, 2, 1, 2]]);
});

test("Marks.haveAttrs tells whether any mark may have attributes", () => {
  const marks = new Marks();
  const lists = noMarks();
  point(marks, lists, 1);
  assertEquals(marks.haveAttrs, false);
  point(marks, lists, 1, { some: 1 });
  assertEquals(marks.haveAttrs, true);
});

test("Marks.readInto() tells every type of value apart", () => {
  const marks = new Marks();
  const lists = noMarks();
  const all: MarkValue[] = [0, -0.5, true, false, "", "text", 0n, 2n ** 70n, NaN, Infinity];
  for (const value of all) point(marks, lists, value);
  assertEquals(values(marks, marks.join(lists)), all);
});

test("Marks.append() keeps exactly 1024 points without evicting", () => {
  const marks = new Marks();
  const lists = noMarks();
  for (let i = 0; i < MAX; i++) point(marks, lists, i);
  assertEquals([lists.pointCount, marks.evictCount], [MAX, 0]);
  assertEquals(values(marks, marks.join(lists)), upTo(0, MAX));
});

test("Marks.append() evicts the oldest point of 1025", () => {
  const marks = new Marks();
  const lists = noMarks();
  for (let i = 0; i <= MAX; i++) point(marks, lists, i);
  assertEquals([lists.pointCount, marks.evictCount], [MAX, 1]);
  assertEquals(values(marks, marks.join(lists)), upTo(1, MAX + 1));
});

test("Marks.append() keeps the newest 1024 points of very many", () => {
  const marks = new Marks();
  const lists = noMarks();
  for (let i = 0; i < 100_000; i++) point(marks, lists, i);
  assertEquals([lists.pointCount, marks.evictCount], [MAX, 100_000 - MAX]);
  assertEquals(values(marks, marks.join(lists)), upTo(100_000 - MAX, 100_000));
});

test("Marks.append() never evicts a summary", () => {
  const marks = new Marks();
  const lists = noMarks();
  for (let i = 0; i < 10_000; i++) summary(marks, lists, i);
  assertEquals([lists.summaryCount, marks.evictCount], [10_000, 0]);
  assertEquals(values(marks, marks.join(lists)), upTo(0, 10_000));
});

test("Marks.append() evicts no summary for a point, however old", () => {
  const marks = new Marks();
  const lists = noMarks();
  summary(marks, lists, -1);
  for (let i = 0; i < MAX + 10; i++) point(marks, lists, i);
  summary(marks, lists, -2);
  assertEquals(values(marks, marks.join(lists)), [-1, ...upTo(10, MAX + 10), -2]);
});

test("Marks.append() evicts of the span that is full alone", () => {
  const marks = new Marks();
  const full = noMarks();
  const other = noMarks();
  point(marks, other, -1);
  for (let i = 0; i < MAX + 5; i++) point(marks, full, i);
  point(marks, other, -2);
  assertEquals(values(marks, marks.join(other)), [-1, -2]);
  assertEquals(values(marks, marks.join(full)), upTo(5, MAX + 5));
});

for (
  const [what, kinds] of [
    ["points then summaries", "ppppssss"],
    ["summaries then points", "sssspppp"],
    ["in turns", "pspspsps"],
    ["in runs", "ppspppsssp"],
    ["one point", "p"],
    ["one summary", "s"],
  ]
) {
  test(`Marks.join() and readOpenInto() keep the order of ${what}`, () => {
    const marks = new Marks();
    const lists = noMarks();
    [...kinds].forEach((kind, i) => (kind === "p" ? point : summary)(marks, lists, i));
    assertEquals(openValues(marks, lists), upTo(0, kinds.length));
    assertEquals(openValues(marks, lists), upTo(0, kinds.length), "readOpenInto() changes nothing");
    assertEquals(values(marks, marks.join(lists)), upTo(0, kinds.length));
  });
}

test("Marks keeps the order and the newest points of several spans, whatever is appended and released", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        span: fc.nat(2),
        kind: fc.constantFrom("point", "summary", "release"),
        times: fc.nat(400),
      }),
      { maxLength: 30 },
    ),
    steps => {
      const marks = new Marks();
      const spans = [0, 1, 2].map(() => ({
        lists: noMarks(),
        model: [] as { value: number; point: boolean }[],
      }));
      let value = 0;
      for (const { span, kind, times } of steps) {
        if (kind === "release") {
          marks.release(marks.join(spans[span].lists));
          spans[span] = { lists: noMarks(), model: [] };
          continue;
        }
        const { lists, model } = spans[span];
        for (let i = 0; i < times; i++) {
          const isPoint = kind === "point";
          (isPoint ? point : summary)(marks, lists, ++value);
          model.push({ value, point: isPoint });
        }
      }
      for (const { lists, model } of spans) {
        const points = model.filter(mark => mark.point).slice(-MAX);
        const kept = model.filter(mark => !mark.point || points.includes(mark)).map(mark => mark.value);
        assertEquals(openValues(marks, lists), kept);
        assertEquals(values(marks, marks.join(lists)), kept);
        assertEquals(lists.pointCount + lists.summaryCount, kept.length);
      }
    },
  ));
});

largeTest("Marks keeps marks apart at the borders of its chunks", () => {
  const marks = new Marks();
  const spans = Array.from({ length: 5000 }, () => noMarks());
  spans.forEach((lists, i) => point(marks, lists, i));
  spans.forEach((lists, i) => summary(marks, lists, -i));
  const wrong = spans.filter((lists, i) => {
    const [first, second] = values(marks, marks.join(lists));
    return first !== i || second !== -i;
  });
  assertEquals(wrong.length, 0);
});

test("Marks.release() gives slots back that the next marks take", () => {
  const marks = new Marks();
  const first = noMarks();
  for (let i = 0; i < 100; i++) point(marks, first, i);
  const highest = first.pointTail;
  marks.release(marks.join(first));
  const second = noMarks();
  const slots = new Set<number>();
  for (let i = 0; i < 100; i++) {
    point(marks, second, i);
    slots.add(second.pointTail);
  }
  assertEquals([slots.size, Math.max(...slots) <= highest], [100, true]);
  assertEquals(values(marks, marks.join(second)), upTo(0, 100));
});

test("Marks.release() gives the slots of both kinds back", () => {
  const marks = new Marks();
  for (let round = 0; round < 50; round++) {
    const lists = noMarks();
    for (let i = 0; i < 100; i++) (i % 3 === 0 ? summary : point)(marks, lists, i);
    assertEquals(lists.pointTail <= 100 && lists.summaryTail <= 100, true);
    marks.release(marks.join(lists));
  }
});

test("Marks.append() takes no new slot for a full span", () => {
  const marks = new Marks();
  const lists = noMarks();
  let highest = 0;
  for (let i = 0; i < 50_000; i++) {
    point(marks, lists, i);
    highest = Math.max(highest, lists.pointTail);
  }
  assertLess(highest, MAX + 2); // one more while a mark is in before the oldest is out
});

test("Marks.append() to a reused slot has neither the value nor the attrs of the mark before", () => {
  const marks = new Marks();
  const first = noMarks();
  summary(marks, first, "text", { k: 1 });
  const slot = first.summaryTail;
  marks.release(marks.join(first));
  const second = noMarks();
  point(marks, second, 7);
  assertEquals(second.pointTail, slot);
  assertEquals(rows(marks, marks.join(second)), [["p", 7, 0, 0, undefined, 1, 0]]);
});

collectingTest("Marks.release() lets go of attrs", async () => {
  const marks = new Marks();
  const [released, kept] = fill();
  await collectGarbage();
  assertEquals([released.deref(), kept.deref() !== undefined], [undefined, true]);
  point(marks, noMarks(), 1); // the storage is still in use

  function fill(): WeakRef<Attrs>[] {
    const attrs = [{ k: 1 }, { k: 2 }];
    const [released, kept] = attrs.map(one => {
      const lists = noMarks();
      point(marks, lists, 1, one);
      return lists;
    });
    marks.release(marks.join(released));
    assertEquals(kept.pointCount, 1);
    return attrs.map(one => new WeakRef(one));
  }
});

collectingTest("Marks.append() lets go of the attrs of an evicted point", async () => {
  const marks = new Marks();
  const lists = noMarks();
  const evicted = fill();
  await collectGarbage();
  assertEquals(evicted.deref(), undefined);
  assertEquals(lists.pointCount, MAX);

  function fill(): WeakRef<Attrs> {
    const attrs: Attrs = { k: 1 };
    point(marks, lists, 1, attrs);
    for (let i = 0; i < MAX; i++) point(marks, lists, i);
    return new WeakRef(attrs);
  }
});

largeTest("Marks over a bounded ring take as many slots as the ring can hold, for 1 000 000 marks", () => {
  const marks = new Marks();
  const ring = new Ring(100, marks);
  let highest = 0;
  for (let span = 0; span < 100_000; span++) {
    const lists = noMarks();
    for (let i = 0; i < 10; i++) {
      (i === 0 ? summary : point)(marks, lists, span * 10 + i);
      highest = Math.max(highest, lists.pointTail, lists.summaryTail);
    }
    ring.append(span, 0, "x", NaN, 0, 0, NaN, NaN, undefined, marks.join(lists), 10);
  }
  assertEquals(highest, 1010); // 100 closed spans and an open one
});
