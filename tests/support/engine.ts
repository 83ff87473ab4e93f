/**
 * An engine with a clock that only the test moves, and what it printed.
 *
 * @module
 */
import { Host } from "../../src/api/host.ts";
import type { TraceOptions } from "../../src/api/trace_options.ts";
import type { MarkValue, TraceDict } from "../../src/data/values.ts";
import type { Clock } from "../../src/meters/clock.ts";
import { BATCHES, EPOCHS, loop, type LoopSource } from "../../src/record/loops.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "../../src/record/scope.ts";
import type { Terminal } from "../../src/runtime/terminal.ts";
import { Engine, type EngineOptions } from "../../src/session/engine.ts";
import type { ProfileOptions } from "../../src/session/options.ts";
import type { UnitCosts } from "../../src/session/overhead.ts";
import { NO_DRIVER } from "./openers.ts";

/** Unix time at which fake clocks start: 2026-01-02T03:04:05.678901234Z. */
export const FAKE_UNIX_NS = 1_767_323_045_678_901_234n;

/** A clock that stands still unless told otherwise. Starts at a large value, so that nobody counts from 0. */
export class FakeClock implements Clock {
  readonly source = "fake";
  /** The moment, in nanoseconds. */
  ns = 777_777_777_777;
  /** CPU time consumed, in nanoseconds. */
  cpuNs = 55_555_555;
  /** Readings of the CPU clock so far. */
  cpuReads = 0;
  /** What every reading of the monotonic clock adds afterwards. */
  stepNs = 0;
  readonly #startNs = this.ns;

  readonly nowNs = (): number => {
    const now = this.ns;
    this.ns += this.stepNs;
    return now;
  };

  readonly unixNs = (): bigint => FAKE_UNIX_NS + BigInt(this.ns - this.#startNs);

  readonly cpu: Clock["cpu"] = {
    process: { ok: true, value: () => this.#readCpu(), source: "fake process" },
    thread: { ok: true, value: () => this.#readCpu() / 2, source: "fake thread" },
  };

  /** Moves the clock on; `busy` is the share of it that one thread works. */
  advance(ns: number, busy = 0): void {
    this.ns += ns;
    this.cpuNs += ns * busy;
  }

  /** Moves the clock on by microseconds. */
  us(us: number, busy = 0): void {
    this.advance(us * 1000, busy);
  }

  #readCpu(): number {
    this.cpuReads++;
    return this.cpuNs;
  }
}

/** What recording is said to cost, in nanoseconds. */
export const UNIT_COSTS: UnitCosts = {
  scopes: 100,
  flows: 500,
  innerFlows: 700,
  promises: 30,
  attrs: 200,
  marks: 50,
  cpuReads: 600,
  meterReads: 1700,
};

/** An engine of the test's own, with the public functions as methods. */
export class TestEngine {
  readonly clock: FakeClock = new FakeClock();
  /** Lines printed to stdout. */
  readonly printed: string[] = [];
  /** Lines printed to stderr. */
  readonly warnings: string[] = [];
  /** Set to true to stand in a notebook. */
  isNotebook = false;
  /** Set to stand before a terminal. */
  terminal: Terminal | null = null;
  readonly engine: Engine;
  readonly host: Host;

  /**
   * @param maxSpans Bound of the buffer; the package's default without one.
   * @param options What else to put in place of the machine. No driver of a GPU is looked for.
   */
  constructor(maxSpans?: number, options: EngineOptions = {}) {
    this.engine = new Engine({
      calibration: { costs: () => UNIT_COSTS },
      isExitSilent: () => false,
      clock: this.clock,
      idSuffix: "0123456789abcdef",
      print: text => void this.printed.push(text),
      warn: message => void this.warnings.push(message),
      ...options,
      open: { gpu: () => NO_DRIVER, ...options.open },
    });
    this.host = new Host(this.engine, {
      print: text => void this.printed.push(text),
      isNotebook: () => this.isNotebook,
      terminal: () => this.terminal,
    });
    if (maxSpans !== undefined) this.engine.setMaxSpans(maxSpans);
  }

  /** `profile({ output: "none" })`. */
  profile(options: ProfileOptions = {}): ReturnType<Engine["profile"]> {
    return this.engine.profile({ output: "none", ...options });
  }

  scope(name: string, options?: ScopeOptions): Scope;
  scope<T>(name: string, fn: (scope: Scope) => T): T;
  scope<T>(name: string, options: ScopeOptions, fn: (scope: Scope) => T): T;
  scope(name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
    return this.engine.recording.scope(name, second, third, null);
  }

  mark(name: string, value: MarkValue, options?: MarkOptions): void {
    this.engine.recording.mark(name, value, options, null);
  }

  epochs(source: number): Iterable<number>;
  epochs<T>(source: Iterable<T>): Iterable<T>;
  epochs<T>(source: AsyncIterable<T>): AsyncIterable<T>;
  epochs(source: LoopSource<unknown>): unknown {
    return loop(() => this.engine.recording.loopRecorder(), EPOCHS, source);
  }

  batches(source: number): Iterable<number>;
  batches<T>(source: Iterable<T>): Iterable<T>;
  batches<T>(source: AsyncIterable<T>): AsyncIterable<T>;
  batches(source: LoopSource<unknown>): unknown {
    return loop(() => this.engine.recording.loopRecorder(), BATCHES, source);
  }

  /** The trace as nested objects. */
  dict(options: Omit<TraceOptions, "format"> = {}): TraceDict {
    return this.host.trace({ ...options, format: "dict" }) as TraceDict;
  }

  /** The trace as JSON text. */
  json(options: Omit<TraceOptions, "format"> = {}): string {
    return this.host.trace({ ...options, format: "json" }) as string;
  }

  /** The printed tree. */
  text(options: Omit<TraceOptions, "format"> = {}): string {
    this.host.trace(options);
    return this.printed.at(-1) ?? "";
  }

  /** The tree's shape, see {@link shape}. */
  shape(options: Omit<TraceOptions, "format"> = {}): string {
    return shape(this.dict(options));
  }
}

/**
 * A trace as an indented literal without ids and times, to be compared as a whole: `name[index] {mark=value}`, with
 * ` open` after open spans and ` !error` after failed ones.
 */
export function shape(dict: TraceDict): string {
  const lines: string[] = [];
  const stack = dict.roots.map(node => ({ node, depth: 0 })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, depth } = next;
    let line = "  ".repeat(depth) + node.name;
    if (node.index !== null) line += `[${node.index}]`;
    if (node.end_us === null) line += " open";
    if (node.marks.length > 0) line += ` {${node.marks.map(m => `${m.name}=${String(m.value)}`).join(", ")}}`;
    if ("error" in node.attrs) line += ` !${String(node.attrs.error)}`;
    lines.push(line);
    for (const child of node.children.toReversed()) stack.push({ node: child, depth: depth + 1 });
  }
  return lines.join("\n");
}

/** An indented literal without its margin, for comparison with {@link shape}. */
export function literal(text: string): string {
  const lines = text.split("\n").filter(line => line.trim() !== "");
  const margin = Math.min(...lines.map(line => line.length - line.trimStart().length));
  return lines.map(line => line.slice(margin).trimEnd()).join("\n");
}
