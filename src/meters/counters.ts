/**
 * The counters there are. Whatever opens, records, shows or writes them goes by this list, in this order.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { CounterColumn, CounterName, CounterOptions } from "../data/counters.ts";
import type { ProbeHealth } from "../data/health.ts";
import { type CpuMeter, openCpuMeter } from "./cpu.ts";
import { NO_GPU } from "./gpu/monitor.ts";
import { openGpu } from "./gpu/open.ts";
import { openPeakMeter } from "./memory.ts";
import type { LateMeter, MeterOptions, SpanMeter } from "./meter.ts";

/** What an option of a counter may be: one of several, `true` or `false`, or a number from 0 on. */
export type OptionValues = readonly (string | boolean)[] | "boolean" | "number from 0";

interface CounterEntry<Kind extends string, Meter> {
  /** As options and `health().probes` name it. */
  readonly name: CounterName;
  /** As rows, nodes and frames name it: whole numbers, with their unit in the name. */
  readonly column: CounterColumn;
  /** How people see it: as a duration, as a size, or as a number. */
  readonly unit: "ns" | "bytes" | "number";
  /** What stands before it in lines, and above it in tables. */
  readonly label: string;
  /**
   * What several spans have together. Of a sum, spans that ran at once have each counted all that was used meanwhile, and it is shown
   * with a sign.
   */
  readonly total: "sum" | "highest";
  /** Whether it is recorded only if asked for. Then it is in the printed tree as well. */
  readonly isOptIn: boolean;
  /** Its options, the one of its own name first. */
  readonly options: { readonly [option in keyof CounterOptions]: OptionValues };
  /**
   * When it is known: as a span ends, of a meter that is read at both ends, or late. `"clock"` is the CPU clock alone, whose readings
   * go with those of time; see `Recorder.close()`.
   */
  readonly kind: Kind;
  /** Finds what it is read from. Never prompts, never throws. */
  readonly open: (given: MeterOptions) => Probe<Meter>;
  /** Whether what it opens is for good, and so is opened once for all sessions. */
  readonly isKept?: boolean;
  /** What `health()` has of it besides where it is absent. */
  readonly absent?: ProbeHealth;
}

/** One counter. */
export type Counter =
  | CounterEntry<"clock", CpuMeter>
  | CounterEntry<"span", SpanMeter>
  | CounterEntry<"late", LateMeter>;

/** In the order of the columns. */
export const COUNTERS: readonly Counter[] = [
  {
    name: "cpu",
    column: "cpu_ns",
    unit: "ns",
    label: "cpu",
    total: "sum",
    isOptIn: false,
    options: { cpu: ["process", "thread", false], cpuCoalesceNs: "number from 0" },
    kind: "clock",
    open: ({ clock, options }) => openCpuMeter(clock, options),
  },
  {
    name: "gpu",
    column: "gpu_ns",
    unit: "ns",
    label: "gpu",
    total: "sum",
    isOptIn: false,
    options: { gpu: "boolean" },
    kind: "late",
    open: ({ clock }) => openGpu(clock),
    absent: NO_GPU,
  },
  {
    name: "memory",
    column: "memory_peak_bytes",
    unit: "bytes",
    label: "mem",
    total: "highest",
    isOptIn: true,
    options: { memory: "boolean" },
    kind: "span",
    open: ({ isWorker }) => openPeakMeter({ keepsFiles: !isWorker() }),
    isKept: true,
  },
];
