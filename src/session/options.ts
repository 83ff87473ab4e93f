/**
 * Options of a session, and their checks.
 *
 * @module
 */
import { isOptions, kindOf, quote, shown } from "../data/arguments.ts";
import type { CounterOptions } from "../data/counters.ts";
import { checkNumber, checkWhole } from "../data/number_checks.ts";
import { checkOptionNames } from "../data/option_names.ts";
import { COUNTERS, type OptionValues } from "../meters/counters.ts";
import type { Logger } from "../sinks/log.ts";
import { type AnySink, type Sink, takesColumns } from "../sinks/sink.ts";

/** The package's own sinks. */
export type OutputName = "journal" | "spool" | "log" | "stdout" | "none";

/** A sink that the package makes, as `otlp()` does. It is given columns, in a way that may change. */
export interface BuiltSink {
  /** By this it is known. */
  "cirron.take/1"(drained: never): void | PromiseLike<unknown>;
}

/** A sink, by name, of your own, or made by the package. */
export type Output = OutputName | Sink | BuiltSink;

/** Outputs in a list. */
const MAX_OUTPUTS = 1000;

const OUTPUT_NAMES: readonly string[] = ["journal", "spool", "log", "stdout", "none"];

/**
 * Options of `profile()`; given to `new Cirron()`, they are the defaults of its `profile()`. `null` is the same as leaving
 * an option out.
 */
export interface ProfileOptions {
  /**
   * Where closed spans go, besides the buffer that `trace()` reads: files that another process can read, a line per
   * span through `logger` or to stdout, nowhere, a sink of your own, or a list of these. `"none"` in a list wins.
   * The files are a journal, of which a process that is killed loses 100 ms at most, or a spool: JSON, for tools that read that.
   * @default "journal"
   */
  output?: Output | readonly Output[] | null;
  /**
   * Where the files of the journal or the spool go; made if need be. A `.cirron` that is made gets a `.gitignore`.
   * @default the directory `journal` or `spool` in `CIRRON_OUTPUT_DIR`, if that may be read and is set, else in ".cirron"
   */
  outputDir?: string | null;
  /**
   * Bytes of spool files to keep; beyond it the oldest are removed.
   * @default `CIRRON_SPOOL_MAX_BYTES`, if that may be read and is set, else 1000000000
   */
  spoolMaxBytes?: number | null;
  /**
   * Bytes of journals to keep; beyond it the oldest files of runs that have ended are removed, then the oldest of this one.
   * @default `CIRRON_JOURNAL_MAX_BYTES`, if that may be read and is set, else 1000000000
   */
  journalMaxBytes?: number | null;
  /**
   * The trace context that the session continues, as W3C writes it and `context()` gives it: its own span, and all in it, hang on
   * that of another thread or process.
   * @default in a worker of `node:worker_threads`, `traceparent` of its `workerData`; else `TRACEPARENT`, if that may be read and is
   * set; else, in a worker with a journal, the session of the main thread
   */
  parent?: string | null;
  /**
   * Milliseconds from one commit to the next, at most; at least 1. A process that is killed loses at most what closed in this time
   * before the last span that it closed, or before its event loop last turned.
   * @default `CIRRON_FLUSH_INTERVAL`, in seconds, if that may be read and is set, else 100 for a journal and in a worker, and 1000
   */
  flushIntervalMs?: number | null;
  /**
   * What `output: "log"` writes to.
   * @default console
   */
  logger?: Logger | null;
  /** Which counters to record. */
  counters?: CounterOptions | null;
  /**
   * Closed spans kept in memory for `trace()`, at least 1: the newest.
   * @default 100000
   */
  traceBufferMaxSpans?: number | null;
  /**
   * `false` records nothing and costs one call per scope or mark.
   * @default true
   */
  enabled?: boolean | null;
}

/** Options without those that are null. */
type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], null> };

/** Options after their checks: the sinks each once, none for `"none"`. */
export interface CheckedOptions extends Omit<Given<ProfileOptions>, "output" | "counters"> {
  readonly output?: readonly Exclude<Output, "none">[];
  readonly counters?: CheckedCounters;
}

/** Counters after their checks. */
export type CheckedCounters = Given<CounterOptions>;

const OPTION_NAMES: readonly string[] = [
  "output",
  "outputDir",
  "spoolMaxBytes",
  "journalMaxBytes",
  "parent",
  "flushIntervalMs",
  "logger",
  "counters",
  "traceBufferMaxSpans",
  "enabled",
];

const COUNTER_OPTIONS: ReadonlyMap<string, OptionValues> = new Map(
  COUNTERS.flatMap(({ options }) => Object.entries(options)),
);

/**
 * Checks everything before anything is started.
 * @returns What was checked: each option is read once, since a getter may give something else the next time, or record.
 */
export function checkOptions(options: ProfileOptions): CheckedOptions {
  if (!isOptions(options)) {
    throw new TypeError(
      `Cannot profile: options must be an object, got ${kindOf(options)}`,
    );
  }
  checkOptionNames(options, OPTION_NAMES, "profile");
  const enabled = options.enabled ?? undefined;
  const traceBufferMaxSpans = options.traceBufferMaxSpans ?? undefined;
  const counters = options.counters ?? undefined;
  const outputDir = options.outputDir ?? undefined;
  const spoolMaxBytes = options.spoolMaxBytes ?? undefined;
  const journalMaxBytes = options.journalMaxBytes ?? undefined;
  const parent = options.parent ?? undefined;
  const flushIntervalMs = options.flushIntervalMs ?? undefined;
  const logger = options.logger ?? undefined;
  const output = options.output ?? undefined;
  if (enabled !== undefined && typeof enabled !== "boolean") {
    throw new TypeError(`Cannot profile: enabled must be a boolean, got ${typeof enabled}`);
  }
  if (traceBufferMaxSpans !== undefined) checkMaxSpans(traceBufferMaxSpans);
  if (outputDir !== undefined && typeof outputDir !== "string") {
    throw new TypeError(`outputDir must be a string, got ${kindOf(outputDir)}`);
  }
  if (spoolMaxBytes !== undefined) checkNumber("spoolMaxBytes", spoolMaxBytes, 0);
  if (journalMaxBytes !== undefined) checkNumber("journalMaxBytes", journalMaxBytes, 0);
  if (parent !== undefined && typeof parent !== "string") {
    throw new TypeError(`parent must be a traceparent, got ${kindOf(parent)}`);
  }
  if (outputDir === "") throw new RangeError("outputDir must name a directory, got an empty string");
  if (flushIntervalMs !== undefined) {
    checkNumber("flushIntervalMs", flushIntervalMs, MIN_FLUSH_INTERVAL_MS, MAX_FLUSH_INTERVAL_MS);
  }
  if (logger !== undefined && typeof logger.info !== "function") {
    throw new TypeError(`logger must have a method info, got ${kindOf(logger)}`);
  }
  return {
    output: output === undefined ? undefined : checkOutput(output),
    enabled,
    traceBufferMaxSpans,
    counters: counters === undefined ? undefined : checkCounters(counters),
    outputDir,
    spoolMaxBytes,
    journalMaxBytes,
    parent,
    flushIntervalMs,
    logger,
  };
}

/** The least interval between two ticks. */
export const MIN_FLUSH_INTERVAL_MS = 1;

/** The greatest: timers take no more than a signed 32-bit number, and read a greater one as 1. */
export const MAX_FLUSH_INTERVAL_MS: number = 2 ** 31 - 1;

/**
 * @throws {TypeError} If `maxSpans` is no number.
 * @throws {RangeError} If it is no whole number from 1 on.
 */
export function checkMaxSpans(maxSpans: number): void {
  checkWhole("traceBufferMaxSpans", maxSpans, 1);
}

function checkCounters(counters: CounterOptions): CheckedCounters {
  if (!isOptions(counters)) {
    throw new TypeError(`counters must be an object, got ${kindOf(counters)}`);
  }
  checkOptionNames(counters, [...COUNTER_OPTIONS.keys()], "choose counters");
  const checked: Record<string, unknown> = {};
  for (const [option, values] of COUNTER_OPTIONS) {
    const value = (counters as Record<string, unknown>)[option] ?? undefined;
    if (value !== undefined) checkCounterOption(`counters.${option}`, value, values);
    checked[option] = value;
  }
  return checked;
}

function checkCounterOption(name: string, value: unknown, values: OptionValues): void {
  if (values === "number from 0") {
    checkNumber(name, value, 0);
  } else if (values === "boolean") {
    if (typeof value !== "boolean") throw new TypeError(`${name} must be a boolean, got ${typeof value}`);
  } else if (!values.includes(value as string | boolean)) {
    const known = values.map(one => typeof one === "string" ? `"${one}"` : String(one));
    const expected = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
    throw new RangeError(`${name} must be ${expected}, got ${shown(value)}`);
  }
}

/**
 * The sinks that `output` asks for, each once; empty if `"none"` is among them.
 * @throws {RangeError} If a name is unknown, or a list is longer than 1000.
 * @throws {TypeError} If something is neither a name nor a sink.
 */
function checkOutput(output: Output | readonly Output[]): readonly Exclude<Output, "none">[] {
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
    if (one == null || (typeof (one as Sink).emit !== "function" && !takesColumns(one as AnySink))) {
      throw new TypeError(
        `Cannot profile: an output must be a name or have a method emit, got ${kindOf(one)}`,
      );
    }
  }
  return outputs.includes("none") ? [] : [...new Set(outputs as Exclude<Output, "none">[])];
}

/** `options` over `defaults`: what is left out is the default's. */
export function mergeOptions(defaults: CheckedOptions, options: CheckedOptions): CheckedOptions {
  const counters = { ...defaults.counters, ...given(options.counters ?? {}) };
  return { ...defaults, ...given(options), counters };
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
