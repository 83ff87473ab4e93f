/**
 * Records spans, reads them back once in one format, and prints the nanoseconds that took.
 *
 * @module
 */
import process from "node:process";
import type { Polars } from "../../src/api/frames.ts";
import type { TraceFormat } from "../../src/api/trace_options.ts";
import { traceOf } from "../read_cases.ts";

const [format, spans] = process.argv.slice(2) as [TraceFormat, string];
const pl = format === "df" ? (await import("../../polars.ts")).pl as unknown as Polars : undefined;
const trace = traceOf(Number(spans), pl);
const beginMs = performance.now();
trace(format);
console.log((performance.now() - beginMs) * 1e6);
