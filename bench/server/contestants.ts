/**
 * Who traces the server: nobody, the least that one can do, OpenTelemetry JS, and the package with each of its outputs.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as ci from "../../mod.ts";
import { loadOpenTelemetry, loadOpenTelemetryContext, type OtelSpan } from "../peers/opentelemetry.ts";
import type { Attributes, Recorded, Tracing } from "./workload.ts";

/** One that traces. */
export interface Contestant extends Tracing {
  /** What it has recorded, by the first requests; null for one that records nothing. */
  readonly read: (() => Recorded[] | Promise<Recorded[]>) | null;
  /** Scopes recorded and not lost. */
  readonly count: () => number;
  /** Gives what waits to where it goes. */
  readonly flush: () => unknown;
}

/** Starts a contestant. In a process of its own: what an engine has learned from one must not slow another. */
export type Start = () => Contestant | Promise<Contestant>;

/** By name, in the order of the table. */
export const CONTESTANTS = {
  "nobody": nobody,
  "AsyncLocalStorage.run alone": storageAlone,
  "the smallest tracer by hand": smallest,
  "OpenTelemetry JS": openTelemetry,
  "cirron, output none, wall only": () => ours({ output: "none", counters: { cpu: false } }),
  "cirron, output none": () => ours({ output: "none" }),
  "cirron, output spool": () => ours({ output: "spool" }),
  "cirron, output journal": () => ours({ output: "journal" }),
} satisfies Record<string, Start>;

/** A contestant's name. */
export type ContestantName = keyof typeof CONTESTANTS;

function nobody(): Contestant {
  return { scope: (_name, _attrs, fn) => fn(), mark: () => {}, read: null, count: () => 0, flush: () => {} };
}

function storageAlone(): Contestant {
  const storage = new AsyncLocalStorage<object>();
  return {
    scope: (_name, attrs, fn) => storage.run(attrs, fn),
    mark: () => {},
    read: null,
    count: () => 0,
    flush: () => {},
  };
}

class SmallestSpan implements Recorded {
  readonly name: string;
  readonly attrs: Attributes;
  readonly marks: [string, number][] = [];
  readonly startMs = performance.now();
  endMs = 0;
  readonly #parent: SmallestSpan | null;

  constructor(name: string, attrs: Attributes, parent: SmallestSpan | null) {
    this.name = name;
    this.attrs = attrs;
    this.#parent = parent;
  }

  get parent(): string | null {
    return this.#parent?.name ?? null;
  }
}

/** An object and two readings of the clock for a scope; the newest 4096 are kept. */
function smallest(): Contestant {
  const storage = new AsyncLocalStorage<SmallestSpan>();
  const kept: SmallestSpan[] = [];
  let count = 0;
  const close = (span: SmallestSpan) => {
    span.endMs = performance.now();
    kept[count++ % 4096] = span;
  };
  return {
    scope: (name, attrs, fn) => {
      const span = new SmallestSpan(name, attrs, storage.getStore() ?? null);
      return closing(() => storage.run(span, fn), () => close(span));
    },
    mark: (name, value) => void storage.getStore()?.marks.push([name, value]),
    read: () => kept.map(({ name, parent, attrs, marks }) => ({ name, parent, attrs, marks })),
    count: () => count,
    flush: () => {},
  };
}

/** Calls `fn`, and `close` when it is done, which for a promise is when that is. */
function closing<T>(fn: () => T, close: () => void): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    close();
    throw error;
  }
  if (!(result instanceof Promise)) {
    close();
    return result;
  }
  const closed = result.then(value => {
    close();
    return value;
  }, error => {
    close();
    throw error;
  });
  return closed as T;
}

/** As its pages say: its context manager, a batch processor as it comes, and an exporter that does nothing. */
async function openTelemetry(): Promise<Contestant> {
  const sdk = await loadOpenTelemetry();
  const { context, trace, AsyncLocalStorageContextManager } = await loadOpenTelemetryContext();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  let count = 0;
  let kept: OtelSpan[] | null = [];
  const processor = new sdk.BatchSpanProcessor({
    export: (spans: readonly OtelSpan[], done: (result: { code: number }) => void) => {
      count += spans.length;
      kept?.push(...spans);
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  });
  const tracer = new sdk.BasicTracerProvider({ spanProcessors: [processor] }).getTracer("bench");
  return {
    scope: (name, attributes, fn) => {
      return tracer.startActiveSpan(name, { attributes }, span => closing(fn, () => span.end()));
    },
    mark: (name, value) => void trace.getActiveSpan()?.addEvent(name, { value }),
    read: async () => {
      await processor.forceFlush();
      const spans = kept!;
      kept = null;
      const names = new Map(spans.map(span => [span.spanContext().spanId, span.name]));
      return spans.map(({ name, parentSpanContext, attributes, events }) => ({
        name,
        parent: names.get(parentSpanContext?.spanId ?? "") ?? null,
        attrs: { ...attributes } as Attributes,
        marks: events.map(event => [event.name, event.attributes?.value as number] as const),
      }));
    },
    count: () => count,
    flush: () => processor.forceFlush(),
  };
}

/** The package, writing into a folder that goes with the process. */
function ours(options: ci.ProfileOptions): Contestant {
  const outputDir = mkdtempSync(join(tmpdir(), "cirron-bench-"));
  process.on("exit", () => rmSync(outputDir, { recursive: true, force: true }));
  ci.profile({ outputDir, ...options });
  return {
    scope: (name, attrs, fn) => ci.scope(name, { attrs }, fn),
    mark: (name, value) => ci.mark(name, value),
    read: () => {
      const { roots } = ci.trace({ format: "dict", name: "request" });
      const recorded: Recorded[] = [];
      const add = ({ name, attrs, marks, children }: ci.TraceNode, parent: string | null): void => {
        recorded.push({
          name,
          parent,
          attrs: attrs as Attributes,
          marks: marks.map(mark => [mark.name, mark.value as number] as const),
        });
        for (const child of children) add(child, name);
      };
      for (const root of roots) add(root, null);
      return recorded;
    },
    count: () => {
      const health = ci.health();
      const failures = health.sink_error_count + health.internal_error_count + health.mark_drop_count;
      if (failures > 0) throw new Error(`Something failed: ${JSON.stringify(health)}`);
      return health.span_count + health.span_evict_count - health.sink_drop_count
        - health.spool_span_drop_count - health.journal_span_drop_count;
    },
    flush: () => ci.flush(),
  };
}
