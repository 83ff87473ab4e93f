import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { cutText } from "../../src/data/text_limits.ts";
import { VERSION } from "../../src/data/version.ts";
import { toSpeedscope } from "../../src/formats/speedscope.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { chain, type HandRow, snapshotOf } from "../support/cases.ts";
import { LARGE, testUnless } from "../support/conditions.ts";
import { TEXTS } from "../support/hostile.ts";

const largeTest = testUnless(LARGE, import.meta.url);

interface File {
  name: string;
  exporter: string;
  activeProfileIndex: number;
  shared: { frames: { name: string }[] };
  profiles: {
    type: string;
    name: string;
    unit: string;
    startValue: number;
    endValue: number;
    events: { type: "O" | "C"; frame: number; at: number }[];
  }[];
}

function file(snapshot: Snapshot): File {
  return JSON.parse(toSpeedscope(buildTree(snapshot), 4711));
}

/** Events as text: `O outer 0`. */
function written({ shared, profiles }: File): string[][] {
  return profiles.map(({ events }) =>
    events.map(({ type, frame, at }) => `${type} ${shared.frames[frame].name} ${at}`)
  );
}

test("toSpeedscope() of nothing is a file without profiles", () => {
  const { profiles, shared, name } = file(snapshotOf([]));
  assertEquals([profiles, shared.frames, name], [[], [], "(no spans)"]);
});

test("toSpeedscope() opens and closes each span, in nanoseconds from the trace's start, over a frame per name", () => {
  const found = file(snapshotOf([
    { id: 2, parent: 1, name: "batch", index: 0, startNs: 1010, endNs: 1020 },
    { id: 3, parent: 1, name: "batch", index: 1, startNs: 1020, endNs: 1050 },
    { id: 1, name: "epoch", startNs: 1000, endNs: 1060 },
  ]));
  assertEquals(written(found), [[
    "O epoch 0",
    "O batch 10",
    "C batch 20",
    "O batch 20",
    "C batch 50",
    "C epoch 60",
  ]]);
  assertEquals(found.shared.frames, [{ name: "epoch" }, { name: "batch" }]);
  const [{ type, name, unit, startValue, endValue }] = found.profiles;
  assertEquals([type, name, unit, startValue, endValue], ["evented", "main", "nanoseconds", 0, 60]);
  assertEquals([found.name, found.exporter, found.activeProfileIndex], [
    "epoch",
    `@cirron/sdk@${VERSION}`,
    0,
  ]);
});

test("toSpeedscope() has a profile for each flow that runs at once, and names processes where there are several", () => {
  const rows: HandRow[] = [{ id: 1, startNs: 0, endNs: 9 }, { id: 2, startNs: 1, endNs: 8 }];
  assertEquals(file(snapshotOf(rows)).profiles.map(({ name, startValue }) => [name, startValue]), [
    ["main", 0],
    ["flow 2", 1],
  ]);
  const threads = {
    list: [{ pid: 7, rank: 0, threadId: 0 }, { pid: 9, rank: 1, threadId: 0 }],
    of: Uint32Array.of(0, 1),
  };
  assertEquals(file({ ...snapshotOf(rows), threads }).profiles.map(({ name }) => name), [
    "rank 0, process 7, main",
    "rank 1, process 9, main",
  ]);
});

test("toSpeedscope() shows open spans up to the moment of the copy", () => {
  assertEquals(written(file(snapshotOf([], [{ id: 1, name: "x", startNs: 5, endNs: 8 }]))), [[
    "O x 0",
    "C x 3",
  ]]);
});

test("toSpeedscope() takes a span that ends before it starts for one without a length", () => {
  const rows = [{ id: 1, name: "x", startNs: 9, endNs: 5 }, { id: 2, name: "y", startNs: 9, endNs: 10 }];
  assertEquals(written(file(snapshotOf(rows))), [["O x 0", "C x 0", "O y 0", "C y 1"]]);
});

test("toSpeedscope() never opens or closes out of order, for any spans at all", () => {
  const spans = fc.array(fc.record({ parent: fc.nat(), start: fc.nat(40), length: fc.nat(20) }), {
    maxLength: 60,
  });
  fc.assert(fc.property(spans, list => {
    const rows = list.map(({ parent, start, length }, i): HandRow => ({
      id: i + 1,
      parent: parent % (i + 1),
      startNs: start,
      endNs: start + length,
    }));
    const found = file(snapshotOf(rows));
    let opened = 0;
    let total = 0;
    for (const { events, startValue, endValue } of found.profiles) {
      const open: { frame: number; at: number }[] = [];
      let last = startValue;
      for (const { type, frame, at } of events) {
        assert(at >= last && at <= endValue);
        last = at;
        if (type === "O") {
          open.push({ frame, at });
          opened++;
          continue;
        }
        const top = open.pop()!;
        assertEquals(frame, top.frame);
        total += at - top.at;
      }
      assertEquals(open, []);
    }
    assertEquals([opened, total], [rows.length, list.reduce((sum, { length }) => sum + length, 0)]);
  }));
});

test("toSpeedscope() is valid JSON, whatever names hold, and takes any for a frame", () => {
  for (const text of [...Object.values(TEXTS).map(cutText), "__proto__", "constructor"]) {
    assertEquals(file(snapshotOf([{ id: 1, name: text }])).shared.frames, [{ name: text }]);
  }
});

largeTest("toSpeedscope() takes a chain of 100 000 spans", () => {
  assertEquals(file(snapshotOf(chain(100_000))).profiles[0].events.length, 200_000);
});
