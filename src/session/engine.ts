/**
 * The engine behind the public functions: it owns the recorder and the session, and wires the floors together.
 *
 * Its life: nothing exists until the first scope, mark or reading, which opens the clock and the buffer; `profile()` starts
 * a session on an empty buffer; `shutdown()` ends it and leaves the buffer to be read. One engine serves the process.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import { quote } from "../data/arguments.ts";
import type { Health, Overhead } from "../data/health.ts";
import { IdSeries } from "../data/id_series.ts";
import { randomHex, randomIdSuffix } from "../data/ids.ts";
import { SESSION_NAME } from "../data/session_names.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { NO_CONTEXT } from "../data/trace_context.ts";
import { VERSION } from "../data/version.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import { type Clock, openClock } from "../meters/clock.ts";
import { type CounterOptions, type CpuMeter, openCpuMeter, probeHealth } from "../meters/cpu.ts";
import { type GpuMonitor, NO_GPU } from "../meters/gpu/monitor.ts";
import { type GpuOptions, openGpu } from "../meters/gpu/open.ts";
import { openPeakMeter, type PeakMeter } from "../meters/memory.ts";
import type { Counters } from "../record/counters.ts";
import { Recorder, type RecorderOptions } from "../record/recorder.ts";
import { NO_RECORDING, type Recording } from "../record/recording.ts";
import { DEFAULT_MAX_SPANS } from "../record/ring.ts";
import { isMainThread, node } from "../runtime/builtins.ts";
import type { End } from "../runtime/end.ts";
import { isExitSilent, onExit } from "../runtime/exit.ts";
import { hostCallFailures } from "../runtime/host_calls.ts";
import { isWritable } from "../runtime/permissions.ts";
import { threadId } from "../runtime/thread.ts";
import { DEFAULT_FLUSH_INTERVAL_MS, Flusher, WORKER_FLUSH_INTERVAL_MS } from "../sinks/flusher.ts";
import { logSink, stdoutSink } from "../sinks/log.ts";
import type { Sink } from "../sinks/sink.ts";
import { DEFAULT_SPOOL_MAX_BYTES, SpoolSink } from "../sinks/spool.ts";
import type { EngineV1 } from "./engine_v1.ts";
import { platformContext, withEnvironment } from "./environment.ts";
import { GpuTicker } from "./gpu_ticker.ts";
import {
  type CheckedOptions,
  checkMaxSpans,
  checkOptions,
  type Output,
  type ProfileOptions,
} from "./options.ts";
import { Calibration, estimateOverhead } from "./overhead.ts";
import type { Profiler } from "./profiler.ts";
import { sessionAttrs } from "./session_attrs.ts";

/** What tests put in place of the machine. */
export interface EngineOptions {
  readonly clock?: Clock;
  /** What ids end with and follow from: 16 lower-case hex characters. */
  readonly idSuffix?: string;
  /** Writes a line to stdout. */
  readonly print?: (text: string) => void;
  /** Writes a line to stderr. */
  readonly warn?: (message: string) => void;
  readonly calibration?: Pick<Calibration, "costs" | "peakReadCount">;
  readonly openPeakMeter?: () => Probe<PeakMeter>;
  /** Whether nothing will tell of the end of the program. */
  readonly isExitSilent?: () => boolean;
  readonly gpu?: GpuOptions;
  /** Whether another thread may end this one. */
  readonly isWorker?: () => boolean;
}

interface Session {
  /** Whether `shutdown()` is at it. */
  isEnding: boolean;
  readonly profiler: Profiler;
  readonly output: readonly string[];
  /** Null without sinks: then nothing has to be given out, neither at a tick nor at exit. */
  readonly flusher: Flusher | null;
  /** Takes the exit hooks back. */
  readonly releaseExit: (() => void) | null;
  readonly spool: SpoolSink | null;
  readonly gpu: GpuTicker | null;
  /** What identifies the run, as the environment had it at the start. */
  readonly platformContext: Readonly<Record<string, string>>;
}

/** Records, and copies out what was recorded. It knows no format. */
export class Engine implements EngineV1 {
  /** Whatever the public functions record through; replaced, never asked. */
  recording: Recording;
  /** Builds DataFrames; set by `polars.ts`, and kept for the other copies of the package. */
  frameEngine: FrameEngine | null = null;

  readonly #options: EngineOptions;
  readonly #lazy: Recording;
  #recorder: Recorder | null = null;
  #clock: Clock | null = null;
  #cpu: Probe<CpuMeter> | null = null;
  /** Opened once, as it keeps file descriptors. */
  #peakMeter: Probe<PeakMeter> | null = null;
  #memory: Probe<PeakMeter> = MEMORY_OFF;
  #gpu: Probe<GpuMonitor> = GPU_OFF;
  #ids: IdSeries | null = null;
  #maxSpans = DEFAULT_MAX_SPANS;
  #session: Session | null = null;
  /** Ended, and kept for what its last flush has to say in `health()`. */
  #lastSession: Session | null = null;
  #warned = false;
  /** Warnings that no session gives again. */
  readonly #said = new Set<string>();
  #calibration: Pick<Calibration, "costs" | "peakReadCount"> | null = null;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#lazy = {
      scope: (name, second, third, parent) => this.#open().scope(name, second, third, parent),
      mark: (name, value, markOptions, scope) => this.#open().mark(name, value, markOptions, scope),
      loopRecorder: () => this.#open(),
      current: () => null, // nothing is open before anything was opened
      context: () => NO_CONTEXT,
    };
    this.recording = this.#lazy;
  }

  /** Starts a session; a second one while it runs warns once and gives the first. */
  profile(given: ProfileOptions = {}): Profiler {
    let options = checkOptions(given);
    const outputs = options.output ?? DEFAULT_OUTPUTS;
    if (this.#session !== null) {
      if (!this.#warned) {
        this.#warn("profile() was called while a session is running; its options are ignored");
      }
      this.#warned = true;
      return this.#session.profiler;
    }
    let flusher: Flusher | null = null;
    const profiler: Profiler = {
      flush: () => this.flush(),
      health: () => this.health(),
      settled: () => flusher?.settled() ?? Promise.resolve(),
      shutdown: () => {
        if (this.#session?.profiler === profiler) this.shutdown();
      },
      [Symbol.dispose]: () => profiler.shutdown(),
    };
    if (options.enabled === false) {
      this.recording = NO_RECORDING; // and the buffer stays as it is
      this.#session = {
        isEnding: false,
        profiler,
        output: [],
        flusher: null,
        releaseExit: null,
        spool: null,
        gpu: null,
        platformContext: {},
      };
      return profiler;
    }
    if (outputs.length > 0) options = withEnvironment(options, message => this.#warnOnce(message));
    const recorder = this.#open();
    const sinks = outputs.map(output => this.#openSink(output, options)).filter(sink => sink !== null);
    if (sinks.some(sink => sink instanceof SpoolSink) && (this.#options.isExitSilent ?? isExitSilent)()) {
      this.#warn(
        "bun test tells nobody of its end: call shutdown() in afterAll(), or the last spans are lost",
      );
    }
    this.#lastSession?.flusher?.release();
    recorder.restart(
      options.traceBufferMaxSpans ?? this.#maxSpans,
      this.#openCounters(recorder.clock, options),
    );
    const platform = platformContext();
    const attrs = sessionAttrs(platform);
    recorder.openSession(SESSION_NAME, attrs);
    const isWorker = sinks.length > 0 && this.#isWorker();
    const spool = sinks.find(sink => sink instanceof SpoolSink) ?? null;
    flusher = sinks.length === 0 ? null : new Flusher({
      buffer: recorder.buffer,
      clock: recorder.clock,
      sinks,
      isWorker,
      announceTo: spool,
      intervalMs: options.flushIntervalMs
        ?? (isWorker ? WORKER_FLUSH_INTERVAL_MS : DEFAULT_FLUSH_INTERVAL_MS),
      identity: {
        pid: attrs.pid as number,
        rank: attrs.rank as number,
        threadId: threadId(),
        markIds: new IdSeries(randomIdSuffix()),
      },
      ids: this.#openIds(),
      warn: message => this.#warn(message),
    });
    flusher?.start();
    const gpu = this.#gpu.ok ? new GpuTicker(recorder.buffer, this.#gpu.value) : null;
    gpu?.start();
    const releaseExit = flusher === null ? null : onExit(end => this.#flushAtExit(end));
    this.#session = {
      isEnding: false,
      profiler,
      output: outputs.map(output => typeof output === "string" ? output : "custom"),
      flusher,
      releaseExit,
      spool,
      gpu,
      platformContext: platform,
    };
    return profiler;
  }

  #openCounters(clock: Clock, { counters = {} }: CheckedOptions): Counters {
    this.#cpu = openCpuMeter(clock, counters);
    this.#calibration = null; // other counters, other costs
    this.#memory = counters.memory === true
      ? this.#peakMeter ??= this.#options.openPeakMeter?.()
        ?? openPeakMeter({ keepsFiles: !this.#isWorker() })
      : MEMORY_OFF;
    this.#gpu = counters.gpu === false
      ? { ok: false, reason: "off (counters: { gpu: false })" }
      : openGpu(clock, this.#options.gpu);
    return { cpu: valueOf(this.#cpu), memory: valueOf(this.#memory), gpu: valueOf(this.#gpu) };
  }

  // Null where the runtime does not let the spool write: then the trace stays in memory.
  #openSink(output: Exclude<Output, "none">, options: CheckedOptions): Sink | null {
    if (typeof output === "object") return output;
    if (output === "stdout") return stdoutSink(this.#print);
    if (output === "log") return logSink(options.logger ?? { info: line => console.info(line) });
    const directory = absolutePath(options.outputDir!);
    if (!isWritable(directory)) {
      this.#warn(
        `The spool may not write to ${
          quote(directory)
        } (--allow-read and --allow-write); the trace stays in memory`,
      );
      return null;
    }
    const { unixNs, nowNs } = this.#clock!;
    return new SpoolSink({
      directory,
      maxBytes: options.spoolMaxBytes ?? DEFAULT_SPOOL_MAX_BYTES,
      sdkVersion: VERSION,
      unixNs,
      randomId: () => randomHex(32),
      nowMs: () => nowNs() / 1e6,
    });
  }

  /** Ends the session, if one is running. */
  shutdown(): void {
    const session = this.#session;
    if (session === null || session.isEnding) return; // a sink that shuts down: it is being done
    session.isEnding = true;
    if (this.recording === NO_RECORDING) {
      this.recording = this.#recorder ?? this.#lazy;
    } else {
      session.gpu?.stop();
      this.#recorder?.closeAll();
      this.#recorder?.buffer.endGpu();
      session.flusher?.stop();
      session.releaseExit?.();
    }
    this.#lastSession = session;
    this.#session = null;
    this.#warned = false;
  }

  /** Gives what was recorded to the session's sinks; complete when it returns, but for sinks with promises. */
  flush(): void {
    this.#session?.gpu?.poke();
    this.#session?.flusher?.flush();
  }

  // The session goes on: exit handlers of the program may still record, and hooks that come later flush that too.
  #flushAtExit(end: End): void {
    this.#session?.gpu?.describe();
    if (end === "yes") this.#recorder?.closeAll();
    this.flush();
    if (end === "perhaps") this.#session?.flusher?.giveOpen();
    if (end === "yes") this.#session?.spool?.tidy();
  }

  /** Copies the newest closed spans out, and the open ones if asked. Its sinks see the spans first. */
  read(last: number, open: boolean): Snapshot {
    if (this.#session !== null) this.flush();
    return this.#open().buffer.read(last, open, this.#openIds());
  }

  /** The state of recording, as a copy. */
  health(): Health {
    const recorder = this.#open();
    const counts = recorder.buffer.counts();
    const { flusher, spool } = this.#session ?? this.#lastSession ?? NO_SINKS;
    const output = this.#session?.output ?? [];
    return {
      enabled: this.recording !== NO_RECORDING,
      installed_hooks: [],
      platform_context: { ...this.#session?.platformContext },
      transport: "file_only",
      output: [...output],
      scope_depth: recorder.life.depth(),
      open_count: counts.open,
      span_count: counts.spans,
      span_evict_count: counts.spansEvicted,
      mark_drop_count: recorder.mishaps.markDropCount,
      change_drop_count: recorder.mishaps.changeDropCount,
      mark_evict_count: counts.marksEvicted,
      misnested_count: recorder.mishaps.misnestedCount,
      sink_error_count: flusher?.counts.errors ?? 0,
      internal_error_count: hostCallFailures(),
      sink_drop_count: flusher?.counts.dropped ?? 0,
      spool_drop_count: spool?.dropCount ?? 0,
      spool_span_drop_count: spool?.spanDropCount ?? 0,
      spool_mark_drop_count: spool?.markDropCount ?? 0,
      spool_bytes: spool?.bytes ?? 0,
      spool_dir: spool?.directory ?? null,
      flush_latency_ns: flusher?.latencyNs ?? null,
      overhead: this.#overhead(recorder, flusher?.totalNs ?? 0),
      probes: {
        wall: { present: true, source: recorder.clock.source, reason: null },
        cpu: probeHealth(this.#cpu!),
        gpu: this.#gpu.ok ? this.#gpu.value.health() : { ...NO_GPU, reason: this.#gpu.reason },
        memory: probeHealth(this.#memory),
      },
    };
  }

  #overhead(recorder: Recorder, flushNs: number): Overhead {
    const { process, thread } = recorder.clock.cpu;
    const readCpu = this.#cpu?.ok !== true ? null : process.ok ? process.value : valueOf(thread);
    const calibration = this.#calibration ??= this.#options.calibration ?? new Calibration({
      clock: recorder.clock,
      maxSpans: recorder.buffer.capacity,
      readCpu,
      peak: valueOf(this.#memory),
    });
    const all = recorder.workDone();
    const done = { ...all, peakReads: all.peakReads - calibration.peakReadCount };
    return estimateOverhead(calibration.costs(done), done, flushNs);
  }

  /** Changes the bound on closed spans, at once. */
  setMaxSpans(maxSpans: number): void {
    checkMaxSpans(maxSpans);
    this.#maxSpans = maxSpans;
    // Before, so that no row is dropped that the sinks have not seen; after, so that the alarm fits the new bound.
    this.flush();
    this.#recorder?.buffer.resize(maxSpans);
    this.flush();
  }

  #isWorker(): boolean {
    return this.#options.isWorker?.() ?? !isMainThread();
  }

  // Opens clock, counters and buffer, at the first use of any.
  #open(): Recorder {
    if (this.#recorder === null) {
      this.#clock = this.#options.clock ?? openClock();
      this.#cpu = openCpuMeter(this.#clock, DEFAULT_COUNTERS);
      const options: RecorderOptions = {
        clock: this.#clock,
        counters: { cpu: valueOf(this.#cpu), memory: null, gpu: null },
        maxSpans: this.#maxSpans,
        ids: () => this.#openIds(),
        warn: message => this.#warn(message),
      };
      // A rehearsal: the 0.1 ms in which a runtime compiles what a scope runs would else be in the first span.
      new Recorder({ ...options, counters: NO_COUNTERS, maxSpans: 1 }).open("", NaN, undefined).end();
      this.#recorder = new Recorder(options);
    }
    if (this.recording === this.#lazy) this.recording = this.#recorder;
    return this.#recorder;
  }

  #openIds(): IdSeries {
    return this.#ids ??= new IdSeries(this.#options.idSuffix ?? randomIdSuffix());
  }

  readonly #print = (text: string): void => (this.#options.print ?? console.log)(text);

  #warnOnce(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#warn(message);
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

const DEFAULT_OUTPUTS: readonly Exclude<Output, "none">[] = ["spool"];

const MEMORY_OFF: Probe<never> = {
  ok: false,
  reason: "off (profile({ counters: { memory: true } }) turns it on)",
};

const GPU_OFF: Probe<never> = { ok: false, reason: "no session: profile() looks for a GPU" };

function valueOf<T>(probe: Probe<T>): T | null {
  return probe.ok ? probe.value : null;
}

const NO_SINKS: Pick<Session, "flusher" | "spool"> = { flusher: null, spool: null };

// Once, so that a program that changes its working directory does not split its spool.
function absolutePath(path: string): string {
  try {
    return node.path.resolve(path);
  } catch {
    return path; // the working directory is gone, or must not be known
  }
}

const NO_COUNTERS: Counters = { cpu: null, memory: null, gpu: null };

/** The counters of recording without a session. */
const DEFAULT_COUNTERS: CounterOptions = {};
