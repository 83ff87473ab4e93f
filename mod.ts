/**
 * An in-process tracing profiler for Deno and Bun: nest scopes, mark values, and read the tree back as text, nested
 * objects, JSON or a polars DataFrame, with counters read from the operating system through FFI.
 *
 * @example Train, then look
 * ```ts
 * import * as ci from "@cirron/sdk";
 *
 * ci.profile({ output: "none" });
 * for (const _epoch of ci.epochs(2)) {
 *   for (const batch of ci.batches([[1, 2], [3, 4]])) {
 *     ci.scope("forward", () => ci.mark("loss", 1 / batch.length));
 *   }
 * }
 * ci.trace();
 * ci.shutdown();
 * ```
 *
 * @module
 */
export { capture, type Captured, type CapturedTrace } from "./src/api/capture.ts";
export {
  batches,
  Cirron,
  context,
  current,
  epochs,
  flush,
  getDefault,
  health,
  mark,
  profile,
  scope,
  shutdown,
  stream,
  trace,
} from "./src/api/cirron.ts";
export { read, readSpool, type ReadTrace, type SpoolTrace } from "./src/api/read.ts";
export type { DataFrame, TraceFunction, TraceTree } from "./src/api/trace.ts";
export type {
  SummaryBy,
  SummaryOptions,
  TraceFormat,
  TraceOptions,
  TraceSource,
} from "./src/api/trace_options.ts";
export { traced, type TracedDecorator } from "./src/api/traced.ts";
export type { CounterName, CounterOptions, CounterValues, CpuKind } from "./src/data/counters.ts";
export { CirronDependencyError, CirronError } from "./src/data/errors.ts";
export type {
  CpuHealth,
  GpuDeviceHealth,
  GpuHealth,
  Health,
  Overhead,
  ProbeHealth,
} from "./src/data/health.ts";
export type {
  Attrs,
  JsonValue,
  MarkKind,
  MarkValue,
  TraceDict,
  TraceMark,
  TraceNode,
} from "./src/data/values.ts";
export type { TraceSummary } from "./src/formats/summary_table.ts";
export type { StreamOptions } from "./src/record/item_stream.ts";
export type { MarkOptions, Scope, ScopeOptions } from "./src/record/scope.ts";
export type { BuiltSink, Output, OutputName, ProfileOptions } from "./src/session/options.ts";
export type { Profiler } from "./src/session/profiler.ts";
export type { SpanBatch } from "./src/sinks/batch.ts";
export type { Logger } from "./src/sinks/log.ts";
export type { Sink } from "./src/sinks/sink.ts";
export type { MarkRow, SpanRow } from "./src/spool/rows.ts";
export type { NameSummaryRow } from "./src/tree/by_name.ts";
export type { SummaryFigures, SummaryRow } from "./src/tree/summary.ts";
