/**
 * Spans of OpenTelemetry's API: recorded here, and by OpenTelemetry's own SDK, in one run.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert";
import { mark, profile, scope, trace } from "../mod.ts";
import { register } from "../otel.ts";
import type { OpenTelemetryApi } from "../src/otel/api.ts";
import type { Case, Group } from "./case.ts";
import { loadOpenTelemetry, loadOpenTelemetryContext, type OtelApi } from "./peers/opentelemetry.ts";

const INNER = 1000;

/** Groups of this file. The batch processor sends in turns of the event loop. */
export const otelGroups: readonly Group[] = [
  {
    name: "OpenTelemetry API",
    cases: otelCases,
    seconds: 20,
    turnsAfterMs: 20,
    denoFlags: ["--lock=bench/peers/deno.lock"],
  },
];

const attributes = {
  "http.request.method": "GET",
  "http.route": "/items/:id",
  "http.response.status_code": 200,
};

/** What makes spans, and what was made. */
interface Contestant {
  readonly name: string;
  readonly tracer: ReturnType<OtelApi["trace"]["getTracer"]>;
  readonly clear: () => void;
}

async function otelCases(): Promise<Case[]> {
  const [sdk, api] = await Promise.all([loadOpenTelemetry(), loadOpenTelemetryContext()]);
  profile({ output: "none", counters: { gpu: false } });
  register(api as unknown as OpenTelemetryApi);
  const ours: Contestant = { name: "here", tracer: api.trace.getTracer("bench"), clear: () => {} };
  ours.tracer.startActiveSpan("outer", { attributes }, span => {
    scope("inner", () => mark("rows", 1));
    span.end();
  });
  const [outer] = trace({ format: "dict", name: "outer" }).roots;
  deepStrictEqual([outer.attrs["http.route"], outer.children[0].name], ["/items/:id", "inner"]);

  const memory = new sdk.InMemorySpanExporter();
  const batch = new sdk.BatchSpanProcessor({
    export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: () => Promise.resolve(),
  });
  const theirs: Contestant[] = [
    { name: "OpenTelemetry JS, no processor", spanProcessors: [], clear: () => {} },
    {
      name: "OpenTelemetry JS, in memory",
      spanProcessors: [new sdk.SimpleSpanProcessor(memory)],
      clear: () => memory.reset(),
    },
    { name: "OpenTelemetry JS, batches", spanProcessors: [batch], clear: () => void batch.forceFlush() },
  ].map(({ name, spanProcessors, clear }) => ({
    name,
    tracer: new sdk.BasicTracerProvider({ spanProcessors }).getTracer("bench"),
    clear,
  }));
  const times = theirs.map(({ name }) => `span with 3 attributes, ${name}`);
  return [
    {
      name: "callback scope, with cpu",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) scope("step", () => i);
      },
    },
    {
      name: "startActiveSpan + end, here",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) ours.tracer.startActiveSpan("step", {}, span => span.end());
      },
      target: { of: { "callback scope, with cpu": 1 }, plus: 400 },
    },
    spans(ours),
    {
      name: "span with setAttribute three times, here",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          const span = ours.tracer.startSpan("step");
          span.setAttribute("http.request.method", "GET");
          span.setAttribute("http.route", "/items/:id");
          span.setAttribute("http.response.status_code", 200);
          span.end();
        }
      },
    },
    ...theirs.map(spans),
  ];

  function spans({ name, tracer, clear }: Contestant): Case {
    return {
      name: `span with 3 attributes, ${name}`,
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) tracer.startSpan("step", { attributes }).end();
        clear();
      },
      timesOf: name === ours.name ? times : undefined,
    };
  }
}
