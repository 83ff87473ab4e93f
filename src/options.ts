/**
 * Options of a session, and their checks.
 *
 * @module
 */
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
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot profile: options must be an object, got ${options === null ? "null" : typeof options}`,
    );
  }
  const { enabled, traceBufferMaxSpans, counters } = options;
  if (enabled !== undefined && typeof enabled !== "boolean") {
    throw new TypeError(`Cannot profile: enabled must be a boolean, got ${typeof enabled}`);
  }
  if (traceBufferMaxSpans !== undefined) checkMaxSpans(traceBufferMaxSpans);
  if (counters !== undefined) checkCounters(counters);
}

/** @throws {RangeError} If `maxSpans` is no whole number from 1 on. */
export function checkMaxSpans(maxSpans: number): void {
  if (!Number.isSafeInteger(maxSpans) || maxSpans < 1) {
    throw new RangeError(`traceBufferMaxSpans must be a whole number from 1 on, got ${String(maxSpans)}`);
  }
}

function checkCounters(counters: CounterOptions): void {
  if (typeof counters !== "object" || counters === null) {
    throw new TypeError(`counters must be an object, got ${counters === null ? "null" : typeof counters}`);
  }
  const { cpu, cpuCoalesceNs, memory, gpu } = counters;
  if (cpu !== undefined && cpu !== "process" && cpu !== "thread" && cpu !== false) {
    throw new RangeError(`counters.cpu must be "process", "thread" or false, got ${String(cpu)}`);
  }
  if (cpuCoalesceNs !== undefined && !(typeof cpuCoalesceNs === "number" && cpuCoalesceNs >= 0)) {
    throw new RangeError(`counters.cpuCoalesceNs must be a number from 0 on, got ${String(cpuCoalesceNs)}`);
  }
  for (const [name, value] of Object.entries({ memory, gpu })) {
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`counters.${name} must be a boolean, got ${typeof value}`);
    }
  }
}

/**
 * The sinks that `output` names; empty for `"none"`, which wins over the others.
 * @throws {RangeError} If a name is unknown.
 * @throws {CirronError} If a sink is not available yet.
 */
export function checkOutput(output: ProfileOptions["output"] = "spool"): readonly OutputName[] {
  const names: readonly unknown[] = Array.isArray(output) ? output : [output];
  for (const name of names) {
    if (typeof name !== "string") {
      throw new CirronError("Cannot profile: sinks of your own are not available yet; use output: \"none\"");
    }
    if (!OUTPUT_NAMES.includes(name)) {
      throw new RangeError(
        `Cannot profile: unknown output ${JSON.stringify(name)}, expected ${
          OUTPUT_NAMES.map(n => `"${n}"`).join(", ")
        }`,
      );
    }
  }
  if (names.length === 0 || names.includes("none")) return [];
  throw new CirronError(
    `Cannot profile: output "${names.join("\", \"")}" is not available yet; use output: "none"`,
  );
}
