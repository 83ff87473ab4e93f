import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { SnapshotCounters } from "../../src/data/snapshot.ts";
import { toDict } from "../../src/formats/dict.ts";
import { toColumns } from "../../src/formats/frame/columns.ts";
import { toJson } from "../../src/formats/json.ts";
import { toTraceEvents } from "../../src/formats/perfetto.ts";
import { toTerminalText } from "../../src/formats/terminal.ts";
import { formatCounter } from "../../src/formats/units.ts";
import { SpanBatch } from "../../src/sinks/batch.ts";
import { summarize } from "../../src/tree/summary.ts";
import { buildTree } from "../../src/tree/tree.ts";
import { column, counting, IDS, snapshotOf } from "../support/cases.ts";

// Another copy of the package may have recorded the snapshot: one that has no CPU time, and counts what this one has not heard of.
const foreign = {
  ...snapshotOf([{ id: 2, parent: 1, name: "b", endNs: 5 }, { id: 1, name: "a", endNs: 9 }]),
  counters: {
    moons: Float64Array.of(7, 8),
    memory_peak_bytes: Float64Array.of(NaN, 2048),
  } as SnapshotCounters,
};

test("Every format has null for a counter that a snapshot has not, and passes over one that is not in the list", () => {
  const tree = buildTree(foreign);
  const [a] = toDict(tree).roots;
  assertEquals([a.cpu_ns, a.gpu_ns, a.memory_peak_bytes, a.children[0].memory_peak_bytes], [
    null,
    null,
    2048,
    null,
  ]);
  assertEquals(JSON.parse(toJson(tree)).roots, [a]);
  const columns = toColumns(tree, true);
  assertEquals(columns.slice(5, 8).map(({ name }) => column(columns, name)), [[null, null], [null, null], [
    2048,
    null,
  ]]);
  assertEquals(summarize(tree).map(row => [row.cpu_ns, row.memory_peak_bytes]), [[null, 2048], [null, null]]);
  assertEquals(toTerminalText(tree, false).split("\n")[0], "a - 0.01us mem 2.0KiB");
  const batch = new SpanBatch(foreign, { pid: 1, rank: 0, threadId: 0, markIds: IDS });
  const spans = JSON.parse(`[${batch.toJson().spans}]`);
  assertEquals(spans.map((row: { memory_peak_bytes: unknown }) => row.memory_peak_bytes), [null, 2048]);
  assertEquals(batch.spans.map(row => [row.cpu_ns, row.memory_peak_bytes]), [[null, null], [null, 2048]]);
  assertEquals([toJson(tree), toTraceEvents(tree, { pid: 1 })].map(text => text.includes("moons")), [
    false,
    false,
  ]);
});

test("toJson() writes the counters of a trace as it has them, whatever the one before it had", () => {
  const rows = [{ id: 1, name: "a", cpuNs: 4 }];
  const gpu = { gpu_ns: Float64Array.of(5) };
  for (let i = 0; i < 2; i++) {
    assertStringIncludes(
      toJson(buildTree(snapshotOf(rows))),
      ',"cpu_ns":4,"gpu_ns":null,"memory_peak_bytes":null,"attrs":{}',
    );
    assertStringIncludes(
      toJson(buildTree(counting(snapshotOf(rows), gpu))),
      ',"cpu_ns":4,"gpu_ns":5,"memory_peak_bytes":null,"attrs":{}',
    );
    assertStringIncludes(
      toJson(buildTree({ ...snapshotOf(rows), counters: gpu })),
      ',"cpu_ns":null,"gpu_ns":5,"memory_peak_bytes":null,"attrs":{}',
    );
  }
});

test("formatCounter() writes a duration, a size or a number", () => {
  assertEquals(formatCounter({ unit: "ns" }, 2_500_000), "2.5ms");
  assertEquals(formatCounter({ unit: "bytes" }, 2048), "2.0KiB");
  assertEquals(formatCounter({ unit: "number" }, 12_345), "12345");
});
