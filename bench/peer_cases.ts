/**
 * The very same work by others: a span with one attribute, and one value inside it.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import process from "node:process";
import { Host } from "../src/api/host.ts";
import type { CounterOptions } from "../src/data/counters.ts";
import type { TraceDict } from "../src/data/values.ts";
import type { Scope } from "../src/record/scope.ts";
import { Engine } from "../src/session/engine.ts";
import type { Case, Group } from "./case.ts";
import { clock } from "./clock.ts";
import { loadOpenTelemetry, type OtelTracer } from "./peers/opentelemetry.ts";

/** How often a case does its work per call: some take a hundred times as long as others. */
const PIECES = 100;

const DENO: Pick<Group, "denoFlags" | "denoEnv"> = {
  denoFlags: ["--lock=bench/peers/deno.lock"],
  // Deno's own OpenTelemetry, with nobody to send to.
  denoEnv: {
    OTEL_DENO: "true",
    OTEL_DENO_CONSOLE: "ignore",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
  },
};

/** Groups of this file. The heap is marked while the event loop turns, which costs some more than others. */
export const peerGroups: readonly Group[] = [
  { name: "peers", cases: () => peerCases(""), seconds: 15, ...DENO },
  {
    name: "peers, loop turns",
    cases: () => peerCases(", loop turns"),
    seconds: 15,
    turnsAfterMs: 20,
    ...DENO,
  },
];

const OURS = [
  "cirron, span + attribute + mark, wall only",
  "cirron, span + attribute + mark, with cpu",
] as const;

/** A span as every contestant must have recorded it. */
interface Recorded {
  readonly name: string;
  readonly attrs: Record<string, unknown>;
  readonly marks: readonly (readonly [name: string, value: unknown])[];
}

interface Contestant {
  readonly name: string;
  /** Records spans 0 to `count - 1`. */
  readonly record: (count: number) => void;
  /** What it recorded; null for one that cannot be read back. */
  readonly read: (() => Recorded[]) | null;
  /** Forgets everything, so that nothing grows through the run. */
  readonly clear: () => void;
}

/** @param suffix Tells the cases of one group from those of another. */
async function peerCases(suffix: string): Promise<Case[]> {
  const sdk = await loadOpenTelemetry();
  const memory = new sdk.InMemorySpanExporter();
  const inMemory = new sdk.BasicTracerProvider({ spanProcessors: [new sdk.SimpleSpanProcessor(memory)] });
  const toNowhere = new sdk.BasicTracerProvider({ spanProcessors: [] });
  const contestants: Contestant[] = [
    {
      name: "OpenTelemetry JS, in memory",
      record: otel(inMemory.getTracer("bench")),
      read: () =>
        memory.getFinishedSpans().map(({ name, attributes, events }) => ({
          name,
          attrs: { ...attributes },
          marks: events.map(event => [event.name, event.attributes?.value] as const),
        })),
      clear: () => memory.reset(),
    },
    {
      name: "OpenTelemetry JS, null processor",
      record: otel(toNowhere.getTracer("bench")),
      read: null,
      clear: () => {},
    },
    ...denoTelemetry(),
    userTiming(),
    handWritten(),
    ours(OURS[0], { cpu: false }),
    ours(OURS[1], {}),
  ];
  for (const { name, record, read, clear } of contestants) {
    record(3);
    if (read === null) console.log(`${name}: cannot be read back, so its result is not compared`);
    else {
      deepStrictEqual(
        read(),
        [0, 1, 2].map(i => ({ name: "step", attrs: { kind: "train" }, marks: [["loss", i]] })),
        name,
      );
    }
    clear();
  }
  return contestants.map(({ name, record, clear }) => ({
    name: name + suffix,
    pieces: PIECES,
    run: () => {
      record(PIECES);
      clear();
    },
    timesOf: OURS.some(ours => ours === name) ? undefined : OURS.map(ours => ours + suffix),
  }));
}

function ours(name: string, counters: CounterOptions): Contestant {
  const engine = new Engine({ clock });
  engine.profile({ output: "none", counters: { gpu: false, ...counters } });
  const { recording } = engine;
  return {
    name,
    record: count => {
      for (let i = 0; i < count; i++) {
        const scope = recording.scope("step", { attrs: { kind: "train" } }, undefined, null) as Scope;
        scope.mark("loss", i);
        scope.end();
      }
    },
    read: () =>
      (new Host(engine).trace({ format: "dict", name: "step" }) as TraceDict).roots.map((
        { name, attrs, marks },
      ) => ({
        name,
        attrs,
        marks: marks.map(mark => [mark.name, mark.value] as const),
      })),
    clear: () => {}, // the buffer is bounded
  };
}

function otel(tracer: OtelTracer): (count: number) => void {
  return count => {
    for (let i = 0; i < count; i++) {
      const span = tracer.startSpan("step", { attributes: { kind: "train" } });
      span.addEvent("loss", { value: i });
      span.end();
    }
  };
}

// None elsewhere, nor without OTEL_DENO=true.
function denoTelemetry(): Contestant[] {
  const { Deno } = globalThis as unknown as {
    Deno?: { telemetry?: { tracerProvider?: { getTracer(name: string): OtelTracer } } };
  };
  const provider = Deno?.telemetry?.tracerProvider;
  if (provider === undefined || process.env.OTEL_DENO !== "true") return [];
  return [{
    name: "Deno's own OpenTelemetry",
    record: otel(provider.getTracer("bench")),
    read: null,
    clear: () => {},
  }];
}

function userTiming(): Contestant {
  return {
    name: "performance.mark + measure",
    record: count => {
      for (let i = 0; i < count; i++) {
        const start = performance.mark("step");
        performance.measure("step", {
          start: start.startTime,
          detail: { attrs: { kind: "train" }, marks: [["loss", i]] },
        });
      }
    },
    read: () =>
      (performance.getEntriesByType("measure") as PerformanceMeasure[]).map(({ name, detail }) => ({
        name,
        ...detail,
      })),
    clear: () => {
      performance.clearMarks();
      performance.clearMeasures();
    },
  };
}

function handWritten(): Contestant {
  interface Row extends Recorded {
    readonly start: number;
    end: number;
  }
  let rows: Row[] = [];
  return {
    name: "an array of objects by hand",
    record: count => {
      for (let i = 0; i < count; i++) {
        const marks: [string, number][] = [];
        const row: Row = { name: "step", attrs: { kind: "train" }, marks, start: performance.now(), end: 0 };
        marks.push(["loss", i]);
        row.end = performance.now();
        rows.push(row);
      }
    },
    read: () => rows.map(({ name, attrs, marks }) => ({ name, attrs, marks })),
    clear: () => {
      rows = [];
    },
  };
}
