/**
 * The engine behind the public functions: it owns the recorder and the session, and wires the floors together.
 *
 * Its life: nothing exists until the first scope, mark or reading, which opens the clock and the buffer; `profile()` starts
 * a session on an empty buffer; `shutdown()` ends it and leaves the buffer to be read. One engine serves the process.
 *
 * @module
 */
import type { Probe } from "../ffi/types.ts";
import { type Clock, openClock } from "./clock.ts";
import type { CirronDependencyError } from "./errors.ts";
import { randomIdPrefix } from "./ids.ts";
import { NO_RECORDING, type Recording } from "./no_recording.ts";
import { checkMaxSpans, checkOptions, checkOutput, type OutputName, type ProfileOptions } from "./options.ts";
import { type CounterOptions, type CpuMeter, openCpuMeter, probeHealth } from "./probes.ts";
import type { FrameEngine } from "./read/frame.ts";
import { requireFrameEngine } from "./read/polars_engine.ts";
import { Recorder } from "./recorder.ts";
import { DEFAULT_MAX_SPANS } from "./ring.ts";
import type { Health, Snapshot } from "./rows.ts";
import { SESSION_NAME, sessionAttrs } from "./session.ts";
import { trace, type TraceOptions } from "./trace.ts";

/** A running session. `using` shuts it down. */
export interface Profiler {
  /** Gives what was recorded to the session's sinks; complete when it returns. */
  flush(): void;
  /** The state of recording; never throws. */
  health(): Health;
  /** Ends the session: closes what is open and flushes. The trace stays readable. Does nothing the second time. */
  shutdown(): void;
  /** Ends the session: for `using`. */
  [Symbol.dispose](): void;
}

/** What tests put in place of the machine. */
export interface EngineOptions {
  readonly clock?: Clock;
  readonly idPrefix?: string;
  /** Writes a line to stdout. */
  readonly print?: (text: string) => void;
  /** Writes a line to stderr. */
  readonly warn?: (message: string) => void;
  readonly isNotebook?: () => boolean;
}

interface Session {
  readonly profiler: Profiler;
  readonly output: readonly OutputName[];
}

/** Records, and reads back. */
export class Engine {
  /** Whatever the public functions record through; replaced, never asked. */
  recording: Recording;
  /** Builds DataFrames; set by `polars.ts`. */
  frameEngine: FrameEngine | null = null;

  readonly #options: EngineOptions;
  readonly #lazy: Recording;
  #recorder: Recorder | null = null;
  #clock: Clock | null = null;
  #cpu: Probe<CpuMeter> | null = null;
  #idPrefix: string | null = null;
  #maxSpans = DEFAULT_MAX_SPANS;
  #session: Session | null = null;
  #warned = false;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#lazy = {
      scope: (name, second, third, parent) => this.#open().scope(name, second, third, parent),
      mark: (name, value, markOptions, scope) => this.#open().mark(name, value, markOptions, scope),
      loopRecorder: () => this.#open(),
    };
    this.recording = this.#lazy;
  }

  /** Starts a session; a second one while it runs warns once and gives the first. */
  profile(options: ProfileOptions = {}): Profiler {
    checkOptions(options);
    const isEnabled = options.enabled !== false;
    const output = checkOutput(options.output, isEnabled);
    if (this.#session !== null) {
      if (!this.#warned) {
        this.#warn("profile() was called while a session is running; its options are ignored");
      }
      this.#warned = true;
      return this.#session.profiler;
    }
    const profiler: Profiler = {
      flush: () => this.flush(),
      health: () => this.health(),
      shutdown: () => {
        if (this.#session?.profiler === profiler) this.shutdown();
      },
      [Symbol.dispose]: () => profiler.shutdown(),
    };
    if (isEnabled) {
      const recorder = this.#open();
      this.#cpu = openCpuMeter(recorder.clock, options.counters);
      recorder.restart(options.traceBufferMaxSpans ?? this.#maxSpans, this.#cpu.ok ? this.#cpu.value : null);
      recorder.openSession(SESSION_NAME, sessionAttrs());
    } else {
      this.recording = NO_RECORDING; // and the buffer stays as it is
    }
    this.#session = { profiler, output };
    return profiler;
  }

  /** Ends the session, if one is running. */
  shutdown(): void {
    if (this.#session === null) return;
    if (this.recording === NO_RECORDING) {
      this.recording = this.#recorder ?? this.#lazy;
    } else {
      this.#recorder?.closeAll();
      this.flush();
    }
    this.#session = null;
    this.#warned = false;
  }

  /** Gives what was recorded to the session's sinks. There are none yet. */
  flush(): void {}

  /** Reads the buffer. */
  trace(options?: TraceOptions): unknown {
    if (this.#session !== null) this.flush();
    return trace({
      read: (last, open) => this.#read(last, open),
      frameEngine: () => this.#findFrameEngine(),
      print: this.#options.print ?? (text => console.log(text)),
      isNotebook: this.#options.isNotebook ?? isNotebook,
    }, options);
  }

  /** The state of recording, as a copy. */
  health(): Health {
    const recorder = this.#open();
    const counts = recorder.counts();
    return {
      enabled: this.recording !== NO_RECORDING,
      frameworks_installed: [],
      transport: "file_only",
      output: [...this.#session?.output ?? []],
      scope_depth: recorder.depth(),
      open_count: counts.open,
      span_count: counts.spans,
      span_evict_count: counts.spansEvicted,
      mark_drop_count: recorder.markDropCount,
      mark_evict_count: counts.marksEvicted,
      misnested_count: recorder.misnestedCount,
      sink_error_count: 0,
      spool_drop_count: 0,
      spool_bytes: 0,
      spool_dir: null,
      flush_latency_ns: null,
      probes: {
        wall: { present: true, source: recorder.clock.source, reason: null },
        cpu: probeHealth(this.#cpu!),
        gpu: { present: false, source: null, reason: "not available yet" },
        memory: { present: false, source: null, reason: "not available yet" },
      },
    };
  }

  /** Changes the bound on closed spans, at once. */
  setMaxSpans(maxSpans: number): void {
    checkMaxSpans(maxSpans);
    this.#maxSpans = maxSpans;
    this.#recorder?.resize(maxSpans);
  }

  // Opens clock, counters and buffer, at the first use of any.
  #open(): Recorder {
    if (this.#recorder === null) {
      this.#clock = this.#options.clock ?? openClock();
      this.#cpu = openCpuMeter(this.#clock, DEFAULT_COUNTERS);
      this.#recorder = new Recorder({
        clock: this.#clock,
        cpu: this.#cpu.ok ? this.#cpu.value : null,
        maxSpans: this.#maxSpans,
        warn: message => this.#warn(message),
      });
    }
    if (this.recording === this.#lazy) this.recording = this.#recorder;
    return this.#recorder;
  }

  #read(last: number, open: boolean): Snapshot {
    this.#idPrefix ??= this.#options.idPrefix ?? randomIdPrefix();
    return this.#open().read(last, open, this.#idPrefix);
  }

  #findFrameEngine(): FrameEngine | CirronDependencyError {
    if (this.frameEngine !== null) return this.frameEngine;
    const found = requireFrameEngine();
    if (typeof found === "function") this.frameEngine = found;
    return found;
  }

  #warn(message: string): void {
    const line = `[cirron] ${message}`;
    try {
      (this.#options.warn ?? console.warn)(line);
    } catch {
      // A console that throws must not break the program that is watched; health() has the counts.
    }
  }
}

/** The counters of recording without a session. */
const DEFAULT_COUNTERS: CounterOptions = {};

// Deno has a notebook API in its Jupyter kernel alone: elsewhere the property throws or is absent.
function isNotebook(): boolean {
  try {
    return typeof (globalThis as { Deno?: { jupyter?: unknown } }).Deno?.jupyter === "object";
  } catch {
    return false;
  }
}
