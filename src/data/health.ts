// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * What `health()` tells: counts, and where each counter is read from.
 *
 * @module
 */
import type { JsonValue } from "./values.ts";

import type { CounterName } from "./counters.ts";

/** The state of one hardware or system source. */
export interface ProbeHealth {
  /** Whether it gives readings. */
  present: boolean;
  /** What the figures are read from; null if absent. */
  source: string | null;
  /** Why there are none; null if present. */
  reason: string | null;
}

/** The state of the CPU clock. */
export interface CpuHealth extends ProbeHealth {
  /**
   * How long a reading is carried forward in nanoseconds, which is how far off each end of a span may be: `cpuCoalesceNs`, or what
   * follows from how long a reading takes here. Left out where there are no readings.
   */
  coalesce_ns?: number;
}

/** The state of the GPU probe. */
export interface GpuHealth extends ProbeHealth {
  /** The driver's version; null before it is known. */
  driver: string | null;
  /**
   * Whose work `gpu_ns` counts: this process's, or everybody's on the device where it cannot be told apart; null if absent.
   */
  scope: "process" | "device" | null;
  /** Distance of the driver's samples in milliseconds: a span much shorter than it has an estimate, not a measurement. */
  sample_period_ms: number | null;
  /** Share of the session's time about which something is known, from 0 to 1; of the worst device. */
  coverage: number | null;
  /** Every device that could be opened. */
  devices: GpuDeviceHealth[];
}

/** The state of one GPU. */
export interface GpuDeviceHealth {
  /** The product's name. */
  name: string;
  /** NVIDIA's identifier of the device. */
  uuid: string;
  /** What busy time is taken from: the driver's ring of samples, GPM, accounting, or one utilization a tick. */
  source: "ring" | "gpm" | "accounting" | "rates" | null;
  /** Distance of the driver's samples in milliseconds. */
  sample_period_ms: number | null;
  /** Share of the session's time about which something is known, from 0 to 1. */
  coverage: number;
  /** Whose work is counted. */
  scope: "process" | "device";
  /** The part of the device's busy time that is counted, from 0 to 1: less than 1 where others use it too. */
  share: number;
  /** What NVML cannot do here, and why. */
  failures: Record<string, string>;
}

/**
 * What recording has cost the program since the session began, or since the process did: an estimate, of counts of what was
 * done and of costs apiece, measured in this process on a recorder of its own. In nanoseconds of the program's own thread.
 *
 * The costs are those of compiled code in a loop, with the garbage of what is made most: about right for a program that has
 * recorded some ten thousand spans. Not contained are the first use and the time before the compiler is through (2 to 5 us
 * for each of the first thousand scopes), what `AsyncLocalStorage` adds to the program's own awaits, caches that
 * are cold as other code ran in between (a program of many parts pays up to 1.7 times as much), attributes of marks and more
 * than two of a scope, and the threads of the driver and of the collector.
 */
export interface Overhead {
  /** The sum of the rest. */
  estimated_ns: number;
  /** Opening and closing scopes: plain, with functions, with promises, with attributes. */
  span_ns: number;
  /** Marks. */
  mark_ns: number;
  /** Readings of the CPU clock, and of what else is read at both ends of spans. */
  counter_ns: number;
  /** Giving spans to the sinks; measured, not estimated. */
  flush_ns: number;
}

/** What `health()` returns: a snapshot, never live. */
export interface Health {
  /** Whether scopes are recorded; false after `profile({ enabled: false })`. */
  enabled: boolean;
  /** Libraries that are hooked, by name; none as yet. */
  installed_hooks: string[];
  /**
   * What identifies the session's run, as the environment said when it began: `run_id`, `pipeline_id`, `deployment_id` and
   * `workspace_id`, those that `CIRRON_RUN_ID` and its like set. Empty without a session.
   */
  platform_context: Record<string, string>;
  /** How spans leave the process: as files, if at all. */
  transport: "file_only";
  /** The sinks of the running session; empty without one. */
  output: string[];
  /** Open scopes from here outwards in the calling flow. */
  scope_depth: number;
  /** Open scopes in the whole process. */
  open_count: number;
  /** Closed spans that `trace()` can show. */
  span_count: number;
  /** Closed spans that left the full buffer. */
  span_evict_count: number;
  /** Marks never accepted: made on a scope that had ended. */
  mark_drop_count: number;
  /** Changes never made: `set()`, `fail()` and `rename()` of a scope that had ended. */
  change_drop_count: number;
  /** Point marks that left a span with more than 1024 of them. */
  mark_evict_count: number;
  /** Scopes that were closed while another was innermost in the same flow. */
  misnested_count: number;
  /** Times a sink threw or rejected. */
  sink_error_count: number;
  /** Times something of the package's own failed in a timer, a hook or a listener, where nothing may reach the program. */
  internal_error_count: number;
  /**
   * Spans and marks that a sink was not given: it was too slow, or they were recorded while sinks were given spans, more than
   * the buffer holds or in the session's last flush.
   */
  sink_drop_count: number;
  /** Spool files that were evicted for the bound, whoever wrote them. */
  spool_drop_count: number;
  /** Spans in no spool file: none could be written, and more waited for one than is kept, or the session has ended. */
  spool_span_drop_count: number;
  /** Marks likewise. */
  spool_mark_drop_count: number;
  /** Bytes of spool files on disk, those of other processes as of the last look at the directory. */
  spool_bytes: number;
  /** Where the spool is; null without one. */
  spool_dir: string | null;
  /** Segments of journals that were evicted for the bound, whoever wrote them. */
  journal_drop_count: number;
  /** Spans in no journal: they could not be written, and more waited than is kept, or the session has ended. */
  journal_span_drop_count: number;
  /** Marks likewise. */
  journal_mark_drop_count: number;
  /** Spans that could not be written, wait in memory and are tried again. */
  journal_waiting_span_count: number;
  /** Bytes of journals on disk, those of other processes as of the last look at the directory; in a worker its own. */
  journal_bytes: number;
  /** The folder of this thread's journal, in that of its run; null without one. */
  journal_dir: string | null;
  /**
   * Threads that record, or have recorded, into the run that this one's journal is part of: of `node:worker_threads` and web workers
   * with a session of their own, and this one. 1 without a journal: threads do not see each other then.
   */
  thread_count: number;
  /**
   * What sinks of your own say of themselves by `Sink.health()`, in the order of `output`, null for one that says nothing: copies,
   * within the bounds of attributes. Like the counts, those of the last session where none runs.
   */
  sinks: JsonValue[];
  /** Duration of the last flush; null before the first. */
  flush_latency_ns: number | null;
  /**
   * What recording has cost so far. The first call measures the costs apiece of what was done by then, and a later one again
   * what was done ten times as much since: some milliseconds, and some 30 in Deno where every kind of scope is in use.
   */
  overhead: Overhead;
  /** The sources of `wall_us`, and of each counter. */
  probes: { wall: ProbeHealth; cpu: CpuHealth; gpu: GpuHealth } & Record<CounterName, ProbeHealth>;
}

/** The spool's part of it, which the sink fills in. */
export type SpoolHealth = Pick<
  Health,
  "spool_drop_count" | "spool_span_drop_count" | "spool_mark_drop_count" | "spool_bytes" | "spool_dir"
>;

/** The journal's part likewise. */
export type JournalHealth = Pick<
  Health,
  | "journal_drop_count"
  | "journal_span_drop_count"
  | "journal_mark_drop_count"
  | "journal_waiting_span_count"
  | "journal_bytes"
  | "journal_dir"
  | "thread_count"
>;
