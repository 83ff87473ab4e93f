/**
 * Options of a session, and their checks.
 *
 * @module
 */
import { isOptions, kindOf } from "./arguments.ts";
import { CirronError } from "./errors.ts";
import type { CounterOptions } from "./probes.ts";

/** The package's own sinks. */
export type OutputName = "spool" | "log" | "stdout" | "none";

const OUTPUT_NAMES: readonly string[] = ["spool", "log", "stdout", "none"];

/** Options of `profile()`; given to `new Cirron()`, they are the defaults of its `profile()`. */
export interface ProfileOptions {
  /**
   * Where closed spans go. Only `"none"` is available yet: spans stay in memory, for `trace()`.
   * @default "spool"
   */
  output?: OutputName | readonly OutputName[];
  /** Which counters to record. */
  counters?: CounterOptions;
  /**
   * Closed spans kept in memory for `trace()`, at least 1: the newest. About 80 bytes each, and 50 more a mark.
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

/** Checks everything before anything is started. */
export function checkOptions(options: ProfileOptions): void {
  if (!isOptions(options)) {
    throw new TypeError(
      `Cannot profile: options must be an object, got ${kindOf(options)}`,
    );
  }
  const { enabled, traceBufferMaxSpans, counters } = options;
  if (enabled !== undefined && typeof enabled !== "boolean") {
    throw new TypeError(`Cannot profile: enabled must be a boolean, got ${typeof enabled}`);
  }
  if (traceBufferMaxSpans !== undefined) checkMaxSpans(traceBufferMaxSpans);
  if (counters !== undefined) checkCounters(counters);
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

function checkCounters(counters: CounterOptions): void {
  if (!isOptions(counters)) {
    throw new TypeError(`counters must be an object, got ${kindOf(counters)}`);
  }
  const { cpu, cpuCoalesceNs, memory, gpu } = counters;
  if (cpu !== undefined && cpu !== "process" && cpu !== "thread" && cpu !== false) {
    throw new RangeError(`counters.cpu must be "process", "thread" or false, got ${String(cpu)}`);
  }
  if (cpuCoalesceNs !== undefined) {
    checkNumber("counters.cpuCoalesceNs", cpuCoalesceNs);
    if (!(cpuCoalesceNs >= 0)) {
      throw new RangeError(`counters.cpuCoalesceNs must be a number from 0 on, got ${cpuCoalesceNs}`);
    }
  }
  for (const [name, value] of Object.entries({ memory, gpu })) {
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`counters.${name} must be a boolean, got ${typeof value}`);
    }
  }
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${kindOf(value)}`);
  }
}

/**
 * The sinks that `output` names; empty for `"none"`, which wins over the others.
 * @param enabled Whether they will be needed.
 * @throws {RangeError} If a name is unknown.
 * @throws {CirronError} If a sink is not available yet.
 */
export function checkOutput(
  output: ProfileOptions["output"] = "spool",
  enabled: boolean = true,
): readonly OutputName[] {
  const names: readonly unknown[] = Array.isArray(output) ? output : [output];
  for (const name of names) {
    if (typeof name !== "string") {
      throw new CirronError('Cannot profile: sinks of your own are not available yet; use output: "none"');
    }
    if (!OUTPUT_NAMES.includes(name)) {
      const expected = OUTPUT_NAMES.map(known => `"${known}"`).join(", ");
      throw new RangeError(`Cannot profile: unknown output ${JSON.stringify(name)}, expected ${expected}`);
    }
  }
  if (!enabled || names.length === 0 || names.includes("none")) return [];
  throw new CirronError(
    `Cannot profile: output "${names.join('", "')}" is not available yet; use output: "none"`,
  );
}

/** `options` over `defaults`: what is left out or undefined is the default's. */
export function mergeOptions(defaults: ProfileOptions, options: ProfileOptions): ProfileOptions {
  const counters = { ...defaults.counters, ...given(options.counters ?? {}) };
  return { ...defaults, ...given(options), counters };
}

function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
