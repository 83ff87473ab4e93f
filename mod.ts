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
export type { FlushBatch, MarkRow, SpanRow } from "./src/batch.ts";
export {
  batches,
  Cirron,
  epochs,
  flush,
  getDefault,
  health,
  mark,
  profile,
  scope,
  shutdown,
  trace,
} from "./src/cirron.ts";
export type { CpuKind } from "./src/clock.ts";
export { CirronDependencyError, CirronError } from "./src/errors.ts";
export type { CirronOptions, Output, OutputName, ProfileOptions } from "./src/options.ts";
export type { CounterOptions } from "./src/probes.ts";
export type { Profiler } from "./src/profiler.ts";
export type { SummaryRow } from "./src/read/summary.ts";
export type { TraceSummary } from "./src/read/summary_table.ts";
export { readSpool, type SpoolTrace } from "./src/read_spool.ts";
export type {
  Attrs,
  GpuDeviceHealth,
  GpuHealth,
  Health,
  JsonValue,
  MarkKind,
  MarkValue,
  Overhead,
  ProbeHealth,
  TraceDict,
  TraceMark,
  TraceNode,
} from "./src/rows.ts";
export type { MarkOptions, Scope, ScopeOptions } from "./src/scope.ts";
export type { Logger } from "./src/sinks/log.ts";
export type { Sink } from "./src/sinks/sink.ts";
export type { DataFrame, TraceFunction, TraceTree } from "./src/trace.ts";
export type { TraceFormat, TraceOptions } from "./src/trace_options.ts";
