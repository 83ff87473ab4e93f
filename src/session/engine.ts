/**
 * The engine behind the public functions: it owns the recorder and the session, and wires the floors together.
 *
 * Its life: nothing exists until the first scope, mark or reading, which opens the clock and the buffer; `profile()` starts
 * a session on an empty buffer; `shutdown()` ends it and leaves the buffer to be read. One engine serves the process.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { Health, Overhead } from "../data/health.ts";
import { IdSeries } from "../data/id_series.ts";
import { randomIdSuffix } from "../data/ids.ts";
import { SESSION_NAME } from "../data/session_names.ts";
import type { Snapshot } from "../data/snapshot.ts";
import { NO_CONTEXT } from "../data/trace_context.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import { type Clock, openClock } from "../meters/clock.ts";
import type { MeterOptions } from "../meters/meter.ts";
import { type Counters, NO_COUNTERS } from "../record/counters.ts";
import { Recorder, type RecorderOptions } from "../record/recorder.ts";
import { NO_RECORDING, type Recording } from "../record/recording.ts";
import { DEFAULT_MAX_SPANS } from "../record/ring.ts";
import { isMainThread } from "../runtime/builtins.ts";
import type { End } from "../runtime/end.ts";
import { isExitSilent, onExit } from "../runtime/exit.ts";
import { hostCallFailures } from "../runtime/host_calls.ts";
import { threadId } from "../runtime/thread.ts";
import { Flusher } from "../sinks/flusher.ts";
import { needsExitHook } from "../sinks/sink.ts";
import { type Capture, Captures } from "./captures.ts";
import type { EngineV1 } from "./engine_v1.ts";
import { platformContext, recordedOutput, withEnvironment } from "./environment.ts";
import { LateTicker } from "./late_ticker.ts";
import {
  type CheckedCounters,
  checkMaxSpans,
  checkOptions,
  type Output,
  type ProfileOptions,
} from "./options.ts";
import { type OpenOutput, openOutputs, outputsHealth } from "./outputs.ts";
import { Calibration, estimateOverhead } from "./overhead.ts";
import type { Profiler } from "./profiler.ts";
import { sessionAttrs } from "./session_attrs.ts";
import { type CounterOpeners, SessionCounters } from "./session_counters.ts";
import { sessionParent } from "./session_parent.ts";

/** What tests put in place of the machine. */
export interface EngineOptions {
  readonly clock?: Clock;
  /** What ids end with and follow from: 16 lower-case hex characters. */
  readonly idSuffix?: string;
  /** Writes a line to stdout. */
  readonly print?: (text: string) => void;
  /** Writes a line to stderr. */
  readonly warn?: (message: string) => void;
  readonly calibration?: Pick<Calibration, "costs">;
  /** Whether nothing will tell of the end of the program. */
  readonly isExitSilent?: () => boolean;
  /** How counters are opened, by name. */
  readonly open?: CounterOpeners;
  /** Whether another thread may end this one. */
  readonly isWorker?: () => boolean;
}

interface Session {
  /** Whether `shutdown()` is at it. */
  isEnding: boolean;
  readonly profiler: Profiler;
  readonly output: readonly string[];
  readonly outputs: readonly OpenOutput[];
  /** Null without sinks: then nothing has to be given out, neither at a tick nor at exit. */
  readonly flusher: Flusher | null;
  /** Takes the exit hooks back. */
  readonly releaseExit: (() => void) | null;
  /** One for each counter that is known late. */
  readonly tickers: readonly LateTicker[];
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
  /** What records outside captures. */
  #direct: Recording;
  readonly #captures: Captures = new Captures(() => this.#direct, () => this.#recordBy(this.#direct));
  #recorder: Recorder | null = null;
  #clock: Clock | null = null;
  readonly #probes: SessionCounters;
  #counters: Counters = NO_COUNTERS;
  #ids: IdSeries | null = null;
  #maxSpans = DEFAULT_MAX_SPANS;
  #session: Session | null = null;
  /** Ended, and kept for what its last flush has to say in `health()`. */
  #lastSession: Session | null = null;
  #warned = false;
  /** Whether the session was begun by no call of `profile()`. */
  #isByItself = false;
  /** Warnings that no session gives again. */
  readonly #said = new Set<string>();
  #calibration: Pick<Calibration, "costs"> | null = null;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#probes = new SessionCounters(options.open ?? {});
    this.#lazy = {
      scope: (name, second, third, parent) => this.#begin().scope(name, second, third, parent),
      mark: (name, value, markOptions, scope) => this.#begin().mark(name, value, markOptions, scope),
      loopRecorder: () => this.#begin(),
      streamRecorder: () => this.#begin(),
      spanRecorder: () => this.#begin(),
      current: () => null, // nothing is open before anything was opened
      context: () => NO_CONTEXT,
    };
    this.recording = this.#direct = this.#lazy;
  }

  #recordBy(recording: Recording): void {
    this.#direct = recording;
    this.recording = this.#captures.recording ?? recording;
  }

  /** Starts a session; a second one while it runs warns once and gives the first. */
  profile(given: ProfileOptions = {}): Profiler {
    let options = checkOptions(given);
    // The program has a session of its own to begin: what it opened before is in the other.
    if (this.#isByItself) this.shutdown();
    const recorded = options.output === undefined ? recordedOutput() : undefined;
    const asked = options.output ?? (recorded === undefined ? DEFAULT_OUTPUTS : [recorded]);
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
      this.#recordBy(NO_RECORDING); // and the buffer stays as it is
      this.#session = {
        isEnding: false,
        profiler,
        output: [],
        outputs: [],
        flusher: null,
        releaseExit: null,
        tickers: [],
        platformContext: {},
      };
      return profiler;
    }
    if (asked.length > 0) options = withEnvironment(options, message => this.#warnOnce(message));
    const recorder = this.#open();
    const outputs = openOutputs(asked, options, {
      clock: recorder.clock,
      print: this.#print,
      warn: message => this.#warn(message),
      isWorker: () => this.#isWorker(),
    });
    const sinks = outputs.map(({ sink }) => sink);
    if (sinks.some(needsExitHook) && (this.#options.isExitSilent ?? isExitSilent)()) {
      this.#warn(
        "bun test tells nobody of its end: call shutdown() in afterAll(), or the last spans are lost",
      );
    }
    this.#lastSession?.flusher?.release();
    this.#counters = this.#probes.open(this.#meterOptions(options.counters));
    this.#calibration = null; // other counters, other costs
    recorder.restart(options.traceBufferMaxSpans ?? this.#maxSpans, this.#counters);
    const platform = platformContext();
    const attrs = sessionAttrs(platform);
    const parent = sessionParent(options.parent, outputs, message => this.#warnOnce(message));
    recorder.openSession(SESSION_NAME, attrs, parent);
    const isWorker = sinks.length > 0 && this.#isWorker();
    flusher = sinks.length === 0 ? null : new Flusher({
      buffer: recorder.buffer,
      clock: recorder.clock,
      sinks,
      isWorker,
      intervalMs: options.flushIntervalMs ?? null,
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
    const tickers = this.#counters.late.map(({ meter }) => new LateTicker(recorder.buffer, meter));
    for (const ticker of tickers) ticker.start();
    const releaseExit = flusher === null ? null : onExit(end => this.#flushAtExit(end));
    this.#session = {
      isEnding: false,
      profiler,
      output: asked.map(output => typeof output === "string" ? output : "custom"),
      outputs,
      flusher,
      releaseExit,
      tickers,
      platformContext: platform,
    };
    return profiler;
  }

  #meterOptions(options: CheckedCounters = {}): MeterOptions {
    return { clock: this.#clock!, options, isWorker: () => this.#isWorker() };
  }

  /** Ends the session, if one is running. */
  shutdown(): void {
    const session = this.#session;
    if (session === null || session.isEnding) return; // a sink that shuts down: it is being done
    session.isEnding = true;
    if (this.#direct === NO_RECORDING) {
      this.#recordBy(this.#recorder ?? this.#lazy);
    } else {
      for (const ticker of session.tickers) ticker.stop();
      this.#recorder?.closeAll();
      this.#recorder?.buffer.endLate();
      session.flusher?.stop();
      session.releaseExit?.();
    }
    this.#lastSession = session;
    this.#session = null;
    this.#warned = false;
    this.#isByItself = false;
  }

  /** Gives what was recorded to the session's sinks; complete when it returns, but for sinks with promises. */
  flush(): void {
    for (const ticker of this.#session?.tickers ?? []) ticker.poke();
    this.#session?.flusher?.flush();
  }

  // The session goes on: exit handlers of the program may still record, and hooks that come later flush that too.
  #flushAtExit(end: End): void {
    for (const ticker of this.#session?.tickers ?? []) ticker.describe();
    if (end === "yes") this.#recorder?.closeAll();
    this.flush();
    if (end === "perhaps") this.#session?.flusher?.giveOpen();
    if (end === "yes") this.#session?.flusher?.exit();
  }

  /** Copies the newest closed spans out, and the open ones if asked. Its sinks see the spans first. */
  read(last: number, open: boolean): Snapshot {
    if (this.#session !== null) this.flush();
    return this.#open().buffer.read(last, open, this.#openIds());
  }

  /** A recorder of its own for the scopes and marks of one function; nothing goes there where nothing is recorded. */
  capture(): Capture {
    const { clock } = this.#open();
    const ids = new IdSeries(randomIdSuffix());
    const recorder = new Recorder({
      clock,
      counters: { ...NO_COUNTERS, cpu: this.#counters.cpu },
      maxSpans: this.#maxSpans,
      ids: () => ids,
      warn: message => this.#warnOnce(message),
    });
    return {
      run: fn => this.#direct === NO_RECORDING ? fn() : this.#captures.run(recorder, fn),
      read: (last, open) => recorder.buffer.read(last, open, ids),
    };
  }

  /** The state of recording, as a copy. */
  health(): Health {
    const recorder = this.#open();
    const counts = recorder.buffer.counts();
    const { flusher, outputs } = this.#session ?? this.#lastSession ?? NO_SINKS;
    const output = this.#session?.output ?? [];
    const said = flusher?.health() ?? []; // before its errors are counted
    return {
      enabled: this.#direct !== NO_RECORDING,
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
      ...outputsHealth(outputs, said),
      flush_latency_ns: flusher?.latencyNs ?? null,
      overhead: this.#overhead(recorder, flusher?.totalNs ?? 0),
      probes: {
        wall: { present: true, source: recorder.clock.source, reason: null },
        ...this.#probes.health(),
      },
    };
  }

  #overhead(recorder: Recorder, flushNs: number): Overhead {
    const { process, thread } = recorder.clock.cpu;
    const readCpu = this.#counters.cpu === null ? null : process.ok ? process.value : valueOf(thread);
    const calibration = this.#calibration ??= this.#options.calibration ?? new Calibration({
      clock: recorder.clock,
      maxSpans: recorder.buffer.capacity,
      readCpu,
      meters: this.#counters.span.map(({ meter }) => meter),
    });
    const done = recorder.workDone();
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

  // The first that is recorded. Who started the program may want it to be in files, whether or not the program calls profile().
  #begin(): Recorder {
    if (this.#session === null && this.#captures.recording === null && recordedOutput() !== undefined) {
      this.profile();
      this.#isByItself = true;
    }
    return this.#open();
  }

  // Opens clock, counters and buffer, at the first use of any.
  #open(): Recorder {
    if (this.#recorder === null) {
      this.#clock = this.#options.clock ?? openClock();
      this.#counters = this.#probes.openClock(this.#meterOptions());
      const options: RecorderOptions = {
        clock: this.#clock,
        counters: this.#counters,
        maxSpans: this.#maxSpans,
        ids: () => this.#openIds(),
        warn: message => this.#warn(message),
      };
      // A rehearsal: the 0.1 ms in which a runtime compiles what a scope runs would else be in the first span.
      new Recorder({ ...options, counters: NO_COUNTERS, maxSpans: 1 }).open("", NaN, undefined).end();
      this.#recorder = new Recorder(options);
    }
    if (this.#direct === this.#lazy) this.#recordBy(this.#recorder);
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

const DEFAULT_OUTPUTS: readonly Exclude<Output, "none">[] = ["journal"];

function valueOf<T>(probe: Probe<T>): T | null {
  return probe.ok ? probe.value : null;
}

const NO_SINKS: Pick<Session, "flusher" | "outputs"> = { flusher: null, outputs: [] };
