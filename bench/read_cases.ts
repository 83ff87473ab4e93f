/**
 * What reading back costs, beside what the runtime or polars takes for the same result out of what is ready for it. Both
 * begin on a heap that was just collected: they make millions of objects, and would clear up after each other.
 *
 * @module
 */
import { deepStrictEqual, equal } from "node:assert";
import { readFileSync } from "node:fs";
import type { Polars } from "../src/api/frames.ts";
import { polarsEngine } from "../src/api/frames.ts";
import { Host } from "../src/api/host.ts";
import type { TraceFormat } from "../src/api/trace_options.ts";
import type { TraceDict } from "../src/data/values.ts";
import type { Recording } from "../src/record/recording.ts";
import type { Scope } from "../src/record/scope.ts";
import { Engine } from "../src/session/engine.ts";
import type { Case, Group, Target } from "./case.ts";
import { clock } from "./clock.ts";

const SPANS = 100_000;
const FEW = 1000;
const MANY = 1_000_000;

/** So many spans at a time, of which the memory is measured. */
const GROWTH = 250_000;

// With the second flag, since a function that slept through a few collections would else be compiled anew: of those that
// a benchmark asks for there are more than of any program's own.
const COLLECTS = ["--v8-flags=--expose-gc,--no-flush-bytecode"];

const FORMATS: readonly TraceFormat[] = ["tree", "dict", "json", "df"];

/** Groups of this file. */
export const readGroups: readonly Group[] = [
  { name: "trace dict", cases: dictCases, seconds: 10, denoFlags: COLLECTS },
  { name: "trace json and tree", cases: jsonCases, seconds: 15, denoFlags: COLLECTS },
  { name: "trace df", cases: frameCases, seconds: 10, turnsAfterMs: 0, denoFlags: COLLECTS },
  { name: "trace last", cases: lastCases, turnsAfterMs: 0 },
  ...FORMATS.map((format): Group => ({
    name: `trace ${format} by size`,
    cases: () => sizeCases(format),
    denoFlags: COLLECTS,
    leastRounds: 7,
    turnsAfterMs: format === "df" ? 0 : undefined,
  })),
  ...[0, 1].map((marks): Group => ({
    name: `memory, ${marks} marks`,
    cases: () => memoryCases(marks),
    denoFlags: COLLECTS,
    seconds: 1,
  })),
];

function dictCases(): Case[] {
  const trace = traceOf(SPANS);
  const json = trace("json") as string;
  deepStrictEqual(trace("dict"), JSON.parse(json));
  return [
    { name: "JSON.parse of the dict's JSON", run: onCleanHeap(() => JSON.parse(json)) },
    {
      name: "trace dict, 100 000 spans",
      run: onCleanHeap(() => trace("dict")),
      target: { of: { "JSON.parse of the dict's JSON": 1 } },
    },
  ];
}

function jsonCases(): Case[] {
  const trace = traceOf(SPANS);
  const dict = trace("dict") as TraceDict;
  equal(trace("json"), JSON.stringify(dict));
  equal((trace("tree") as string).split("\n").length, dict.span_count);
  return [
    { name: "JSON.stringify of the dict", run: onCleanHeap(() => JSON.stringify(dict)) },
    {
      name: "trace json, 100 000 spans",
      run: onCleanHeap(() => trace("json")),
      target: { of: { "JSON.stringify of the dict": 1 } },
    },
    {
      name: "trace tree as text, 100 000 spans",
      run: onCleanHeap(() => trace("tree")),
      target: { of: { "JSON.stringify of the dict": 0.7 } },
    },
  ];
}

async function frameCases(): Promise<Case[]> {
  const { pl } = await import("../polars.ts");
  const trace = traceOf(SPANS, pl as unknown as Polars);
  const df = trace("df") as { columns: string[]; getColumn(name: string): { toArray(): unknown[] } };
  const texts = ["id", "parent_id", "name", "trace_id"];
  const words = ["mark_count", "depth"];
  const ready = df.columns.map((name): [name: string, values: number[] | Uint32Array | Float64Array] => {
    const values = df.getColumn(name).toArray();
    if (texts.includes(name)) return [name, values as number[]]; // strings: the overloads know of no arrays but these
    if (words.includes(name)) return [name, Uint32Array.from(values as number[])];
    return [name, Float64Array.from(values, value => value === null ? NaN : Number(value))];
  });
  // Columns of integers as the fastest that polars takes: doubles that are cast, NaN as null.
  const build = () =>
    pl.DataFrame(ready.map(([name, values]) => {
      if (texts.includes(name)) return pl.Series(name, values as unknown as string[], pl.Utf8);
      if (words.includes(name)) return pl.Series(name, values as never, pl.UInt32);
      const series = pl.Series(name, values as Float64Array, pl.Float64);
      return name === "wall_us" ? series : series.cast(pl.Int64, false);
    }));
  equal(build().frameEqual(df as never, true), true);
  return [
    { name: "DataFrame of ready-made columns", run: onCleanHeap(build) },
    {
      name: "trace df, 100 000 spans",
      run: onCleanHeap(() => trace("df")),
      target: { of: { "DataFrame of ready-made columns": 1.3 } },
    },
  ];
}

async function lastCases(): Promise<Case[]> {
  const { pl } = await import("../polars.ts");
  const trace = traceOf(SPANS, pl as unknown as Polars);
  equal((trace("tree", 5) as string).split("\n").length, 5);
  return FORMATS.map(format => ({
    name: `trace ${format}, last 5 of 100 000`,
    pieces: 20,
    run: () => {
      for (let i = 0; i < 20; i++) trace(format, 5);
    },
    target: { of: {}, plus: 100_000 },
  }));
}

async function sizeCases(format: TraceFormat): Promise<Case[]> {
  const { pl } = await import("../polars.ts");
  const [few, many] = [FEW, MANY].map(spans => traceOf(spans, pl as unknown as Polars));
  return [
    ...bothSizes(`trace ${format}`, () => few(format), () => many(format), 1.5),
    ...ownOfSizes(format, few, many),
  ];
}

function bothSizes(what: string, few: () => unknown, many: () => unknown, most?: number): Case[] {
  const name = `${what}, a span of 1000`;
  const repeat = 100;
  return [
    {
      name,
      pieces: FEW * repeat,
      run: onCleanHeap(() => {
        for (let i = 0; i < repeat; i++) few();
      }),
    },
    {
      name: `${what}, a span of 1 000 000`,
      pieces: MANY,
      run: onCleanHeap(many),
      target: most === undefined ? undefined : { of: { [name]: most } },
    },
  ];
}

/** What the runtime itself takes for results of the same sizes: what is kept costs more, by the span, than what is dropped. */
function ownOfSizes(
  format: TraceFormat,
  few: (format: TraceFormat) => unknown,
  many: (format: TraceFormat) => unknown,
): Case[] {
  if (format === "dict") {
    const [fewJson, manyJson] = [few("json") as string, many("json") as string];
    return bothSizes("JSON.parse", () => JSON.parse(fewJson), () => JSON.parse(manyJson));
  }
  if (format === "json") {
    const [fewDict, manyDict] = [few("dict"), many("dict")];
    return bothSizes("JSON.stringify", () => JSON.stringify(fewDict), () => JSON.stringify(manyDict));
  }
  return [];
}

/** What a process grows by for each span that closes; most of the runtime's own comings and goings fall out of the median. */
function memoryCases(marks: number): Case[] {
  const { recording } = open(100 * GROWTH);
  let before = NaN;
  const target: Target = { of: {}, plus: marks === 0 ? 100 : 160 };
  return [{
    name: marks === 0 ? "memory of a closed span" : "memory of a closed span with a mark",
    unit: "bytes",
    pieces: GROWTH,
    target,
    run: () => {
      before = settledBytes();
      for (let i = 0; i < GROWTH; i++) {
        const scope = begin(recording, "step");
        for (let k = 0; k < marks; k++) recording.mark("loss", i + 0.5, undefined, null);
        scope.end();
      }
      return settledBytes() - before;
    },
  }];
}

/** A trace of epochs of batches, a mark in each span, in every format; text is what would be printed. */
export function traceOf(spans: number, pl?: Polars): (format: TraceFormat, last?: number) => unknown {
  const { engine, host, recording, printed } = open(spans);
  if (pl !== undefined) engine.frameEngine = polarsEngine(pl);
  let made = 0;
  const step = (name: string, index: number | undefined, value: number, inside: () => void) => {
    const scope = begin(recording, name, index);
    recording.mark("loss", value, undefined, null);
    inside();
    scope.end();
    made++;
  };
  for (let epoch = 0; made < spans; epoch++) {
    step("epoch", epoch, 0.5 / (epoch + 1), () => {
      for (let batch = 0; batch < 100 && made < spans - 3; batch++) {
        step("batch", batch, 1 / (batch + 1.5), () => {
          step("forward", undefined, batch, () => {});
          step("backward", undefined, Math.sqrt(batch), () => {});
        });
      }
    });
  }
  return (format, last) => {
    const result = host.trace({ format, last });
    return format === "tree" ? printed.text : result;
  };
}

function open(
  spans: number,
): {
  readonly engine: Engine;
  readonly host: Host;
  readonly recording: Recording;
  readonly printed: { text: string };
} {
  const printed = { text: "" };
  const engine = new Engine({ clock });
  const host = new Host(engine, {
    print: text => void (printed.text = text),
    terminal: () => null,
    isNotebook: () => false,
  });
  engine.profile({ output: "none", traceBufferMaxSpans: spans });
  return { engine, host, recording: engine.recording, printed };
}

function begin(recording: Recording, name: string, index?: number): Scope {
  return recording.scope(name, index === undefined ? undefined : { index }, undefined, null) as Scope;
}

function onCleanHeap(work: () => unknown): () => number {
  return () => {
    collect();
    const beginMs = performance.now();
    work();
    return (performance.now() - beginMs) * 1e6;
  };
}

function collect(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(isSync: boolean): void }; gc?: () => void };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.();
}

/** The process's memory, once the runtime has given back what it had for a while. */
function settledBytes(): number {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < 4; i++) {
    collect();
    Atomics.wait(never, 0, 0, 200);
  }
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}
