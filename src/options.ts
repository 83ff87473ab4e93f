/**
 * Options of a session, and their checks.
 *
 * @module
 */
import { isOptions, kindOf, quote } from "./arguments.ts";
import type { CounterOptions } from "./probes.ts";
import type { Logger } from "./sinks/log.ts";
import type { Sink } from "./sinks/sink.ts";

/** The package's own sinks. */
export type OutputName = "spool" | "log" | "stdout" | "none";

/** A sink, by name or of your own. */
export type Output = OutputName | Sink;

/** Outputs in a list. */
const MAX_OUTPUTS = 1000;

const OUTPUT_NAMES: readonly string[] = ["spool", "log", "stdout", "none"];

/** Options of `profile()`; given to `new Cirron()`, they are the defaults of its `profile()`. */
export interface ProfileOptions {
  /**
   * Where closed spans go, besides the buffer that `trace()` reads: files that another process can read, a line per
   * span through `logger` or to stdout, nowhere, a sink of your own, or a list of these. `"none"` in a list wins.
   * @default "spool"
   */
  output?: Output | readonly Output[];
  /**
   * Where the spool's files go; made if need be.
   * @default ".cirron/spool"
   */
  outputDir?: string;
  /**
   * Bytes of spool files to keep; beyond it the oldest are removed.
   * @default 1000000000
   */
  spoolMaxBytes?: number;
  /**
   * Milliseconds from one commit to the next, at most; at least 1. A process that is killed loses at most what closed in this time
   * before the last span that it closed, or before its event loop last turned.
   * @default 1000, and 100 in a worker
   */
  flushIntervalMs?: number;
  /**
   * What `output: "log"` writes to.
   * @default console
   */
  logger?: Logger;
  /** Which counters to record. */
  counters?: CounterOptions;
  /**
   * Closed spans kept in memory for `trace()`, at least 1: the newest.
   * @default 100000
   */
  traceBufferMaxSpans?: number;
  /**
   * `false` records nothing and costs one call per scope or mark.
   * @default true
   */
  enabled?: boolean;
}

/** Options of `new Cirron()`. */
export type CirronOptions = ProfileOptions;

/**
 * Checks everything before anything is started.
 * @returns What was checked: each option is read once, since a getter may give something else the next time, or record.
 */
export function checkOptions(options: ProfileOptions): ProfileOptions {
  if (!isOptions(options)) {
    throw new TypeError(
      `Cannot profile: options must be an object, got ${kindOf(options)}`,
    );
  }
  const {
    output,
    enabled,
    traceBufferMaxSpans,
    counters,
    outputDir,
    spoolMaxBytes,
    flushIntervalMs,
    logger,
  } = options;
  if (enabled !== undefined && typeof enabled !== "boolean") {
    throw new TypeError(`Cannot profile: enabled must be a boolean, got ${typeof enabled}`);
  }
  if (traceBufferMaxSpans !== undefined) checkMaxSpans(traceBufferMaxSpans);
  if (outputDir !== undefined && typeof outputDir !== "string") {
    throw new TypeError(`outputDir must be a string, got ${kindOf(outputDir)}`);
  }
  if (spoolMaxBytes !== undefined) checkFrom("spoolMaxBytes", spoolMaxBytes, 0);
  if (outputDir === "") throw new RangeError("outputDir must name a directory, got an empty string");
  // Timers take no more than a signed 32-bit number, and read a greater one as 1.
  if (flushIntervalMs !== undefined) checkFrom("flushIntervalMs", flushIntervalMs, 1, 2 ** 31 - 1);
  if (logger !== undefined && typeof logger?.info !== "function") {
    throw new TypeError(`logger must have a method info, got ${kindOf(logger)}`);
  }
  return {
    output,
    enabled,
    traceBufferMaxSpans,
    counters: counters === undefined ? undefined : checkCounters(counters),
    outputDir,
    spoolMaxBytes,
    flushIntervalMs,
    logger,
  };
}

/**
 * @throws {TypeError} If `maxSpans` is no number.
 * @throws {RangeError} If it is no whole number from 1 on.
 */
export function checkMaxSpans(maxSpans: number): void {
  checkNumber("traceBufferMaxSpans", maxSpans);
  if (!Number.isSafeInteger(maxSpans) || maxSpans < 1) {
    throw new RangeError(`traceBufferMaxSpans must be a whole number from 1 on, got ${String(maxSpans)}`);
  }
}

function checkCounters(counters: CounterOptions): CounterOptions {
  if (!isOptions(counters)) {
    throw new TypeError(`counters must be an object, got ${kindOf(counters)}`);
  }
  const { cpu, cpuCoalesceNs, memory, gpu } = counters;
  if (cpu !== undefined && cpu !== "process" && cpu !== "thread" && cpu !== false) {
    throw new RangeError(`counters.cpu must be "process", "thread" or false, got ${String(cpu)}`);
  }
  if (cpuCoalesceNs !== undefined) {
    checkFrom("counters.cpuCoalesceNs", cpuCoalesceNs, 0);
  }
  for (const [name, value] of Object.entries({ memory, gpu })) {
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`counters.${name} must be a boolean, got ${typeof value}`);
    }
  }
  return { cpu, cpuCoalesceNs, memory, gpu };
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${kindOf(value)}`);
  }
}

function checkFrom(name: string, value: number, low: number, high: number = Infinity): void {
  checkNumber(name, value);
  if (value >= low && value <= high) return;
  const bound = high === Infinity ? `from ${low} on` : `from ${low} to ${high}`;
  throw new RangeError(`${name} must be a number ${bound}, got ${value}`);
}

/**
 * The sinks that `output` asks for, each once; empty if `"none"` is among them.
 * @throws {RangeError} If a name is unknown, or a list is longer than 1000.
 * @throws {TypeError} If something is neither a name nor a sink.
 */
export function checkOutput(output: ProfileOptions["output"] = "spool"): readonly Exclude<Output, "none">[] {
  const outputs: unknown[] = [];
  // One by one, and each read once: a list may say that it has four thousand million items, or another one the next time.
  for (const one of Array.isArray(output) ? output as readonly unknown[] : [output]) {
    if (outputs.length === MAX_OUTPUTS) {
      throw new RangeError(`Cannot profile: more than ${MAX_OUTPUTS} outputs`);
    }
    outputs.push(one);
    if (typeof one === "string") {
      if (OUTPUT_NAMES.includes(one)) continue;
      const expected = OUTPUT_NAMES.map(known => `"${known}"`).join(", ");
      throw new RangeError(`Cannot profile: unknown output ${quote(one)}, expected ${expected} or a sink`);
    }
    if (typeof (one as Sink | null)?.emit !== "function") {
      throw new TypeError(
        `Cannot profile: an output must be a name or have a method emit, got ${kindOf(one)}`,
      );
    }
  }
  return outputs.includes("none") ? [] : [...new Set(outputs as Exclude<Output, "none">[])];
}

/** `options` over `defaults`: what is left out or undefined is the default's. */
export function mergeOptions(defaults: ProfileOptions, options: ProfileOptions): ProfileOptions {
  const counters = { ...defaults.counters, ...given(options.counters ?? {}) };
  return { ...defaults, ...given(options), counters };
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
