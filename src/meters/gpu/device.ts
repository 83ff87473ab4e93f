/**
 * One GPU: what NVML's answers about it mean.
 *
 * @module
 */
import {
  decodeAccounting,
  decodeGpmBusy,
  decodeMemoryV1,
  decodeMemoryV2,
  decodeProcesses,
  decodeProcessShares,
  decodeSamples,
  decodeText,
  nvmlCodeName,
  type NvmlFunction,
  nvmlPolicy,
  type NvmlProcess,
} from "../../../ffi/nvml.ts";
import type { Answer } from "./answer_log.ts";
import { BusyLine } from "./busy_line.ts";
import { DriverClock } from "./driver_clock.ts";

/** What a device's busy time is taken from, best first. */
export type GpuSource =
  /** The driver's ring of utilization samples. */
  | "ring"
  /** GPM: hardware counters between two ticks (Hopper and newer; also under MIG). */
  | "gpm"
  /** The driver's accounting of this process. */
  | "accounting"
  /** The driver's last utilization, once a tick: coarse. */
  | "rates";

const SOURCES: Partial<Record<NvmlFunction, GpuSource>> = {
  nvmlDeviceGetSamples: "ring",
  nvmlGpmMetricsGet: "gpm",
  nvmlDeviceGetAccountingStats_v2: "accounting",
};

/** Polls after which the driver's clock is taken for calibrated. */
export const CALIBRATION_POLLS = 10;

/** Nothing is waited for longer: an idle device may give no samples at all. */
const CALIBRATION_NS = 500e6;

/**
 * Half of what the driver's samples leave out on average: they are whole percents, cut and not rounded. On an H100 (driver 580) busy
 * time was too low by 0.5 to 0.7 points of a hundred without it, whatever the load.
 */
const CUT = 0.005;

/** Longest time that a single utilization reading speaks for. */
const RATES_NS = 1e9;

/** A GPU as NVML's answers describe it. */
export class GpuDevice {
  readonly index: number;
  name = "";
  uuid = "";
  isMig = false;
  /** Gone until somebody resets it. */
  isLost = false;
  /** What the line is made from; null before there is anything. */
  source: GpuSource | null = null;
  readonly line: BusyLine = new BusyLine();
  readonly clock: DriverClock = new DriverClock();
  /** The processes that have a context here; null until they were listed. */
  processes: readonly NvmlProcess[] | null = null;
  /** Whether this process was ever among them. */
  isOurs = false;
  /** The part of busy time that is this process's, from 0 to 1. */
  share = 1;
  /** Most bytes in use by all processes at any tick; null where that is not told. */
  memoryPeakBytes: number | null = null;
  /** Millijoules since the first reading; null where that is not told. */
  energyMj: number | null = null;
  /** Why functions do not work here, by name. */
  readonly failures: Map<NvmlFunction, string> = new Map<NvmlFunction, string>();

  readonly #pid: number;
  readonly #canTrustPids: boolean;
  #waiting: { timestampUs: number; busy: number }[] | null = [];
  #polls = 0;
  #firstPollNs = NaN;
  #cursorUs = 0;
  #lastPlacedUs = 0;
  #sharesCursor = 0n;
  #firstEnergyMj = NaN;
  #accounting: { atNs: number; count: number; sum: number } | null = null;
  #idleUntilNs = -Infinity;

  /**
   * @param index As NVML numbers devices.
   * @param pid This process.
   * @param canTrustPids Whether the driver's process numbers mean what they mean here.
   */
  constructor(index: number, pid: number, canTrustPids: boolean) {
    this.index = index;
    this.#pid = pid;
    this.#canTrustPids = canTrustPids;
  }

  /** Whether shares by process are worth asking for: only where ours is not the only one. */
  get wantsShares(): boolean {
    return this.isOurs && (this.processes?.length ?? 0) > 1;
  }

  /** The MIG instance that this process runs in; null if there is none, or it is not known. */
  get gpuInstanceId(): number | null {
    if (!this.#canTrustPids) return null;
    return this.processes?.find(process => process.pid === this.#pid)?.gpuInstanceId ?? null;
  }

  /** Takes in an answer about this device. */
  take(answer: Answer): void {
    const policy = nvmlPolicy(answer.code);
    if (policy === "device off") this.isLost = true;
    if (policy !== "ok" && policy !== "nothing") this.failures.set(answer.name, nvmlCodeName(answer.code));
    else this.failures.delete(answer.name);
    if (policy === "ok") this.#takeOk(answer);
    else if (answer.name === "nvmlDeviceGetSamples") this.#endCalibration(answer, policy === "nothing");
  }

  #takeOk(answer: Answer): void {
    const { name, payload } = answer;
    const source = SOURCES[name];
    if (source !== undefined) this.source = source;
    switch (name) {
      case "nvmlDeviceGetName":
        this.name = decodeText(new Uint8Array(payload.buffer));
        break;
      case "nvmlDeviceGetUUID":
        this.uuid = decodeText(new Uint8Array(payload.buffer));
        break;
      case "nvmlDeviceGetMigMode":
        this.isMig = payload.getUint32(0, true) === 1;
        break;
      case "nvmlDeviceGetSamples":
        this.#takeSamples(answer);
        break;
      case "nvmlDeviceGetUtilizationRates":
        this.#takeRates(answer, payload.getUint32(0, true));
        break;
      case "nvmlGpmMetricsGet": {
        const busy = decodeGpmBusy(payload);
        if (busy === busy) this.line.add(answer.beginNs, answer.endNs, busy * this.share);
        break;
      }
      case "nvmlDeviceGetAccountingStats_v2":
        this.#takeAccounting(answer);
        break;
      case "nvmlDeviceGetComputeRunningProcesses_v3":
        this.#takeProcesses(answer);
        break;
      case "nvmlDeviceGetProcessUtilization":
        this.#takeShares(answer);
        break;
      case "nvmlDeviceGetMemoryInfo_v2":
        this.memoryPeakBytes = Math.max(this.memoryPeakBytes ?? 0, decodeMemoryV2(payload));
        break;
      case "nvmlDeviceGetMemoryInfo":
        this.memoryPeakBytes = Math.max(this.memoryPeakBytes ?? 0, decodeMemoryV1(payload));
        break;
      case "nvmlDeviceGetTotalEnergyConsumption": {
        const energyMj = Number(payload.getBigUint64(0, true));
        if (Number.isNaN(this.#firstEnergyMj)) this.#firstEnergyMj = energyMj;
        this.energyMj = Math.max(0, energyMj - this.#firstEnergyMj); // starts over with the driver
        break;
      }
    }
  }

  #takeSamples(answer: Answer): void {
    const samples = decodeSamples(answer.payload, answer.count, answer.extra, this.#cursorUs);
    for (const { timestampUs } of samples) {
      if (this.#cursorUs !== 0) this.clock.notePeriod((timestampUs - this.#cursorUs) * 1000);
      this.#cursorUs = timestampUs;
    }
    if (samples.length > 0) this.clock.note(answer.endNs, this.#cursorUs);
    // Until the driver's clock is calibrated nobody knows where samples belong.
    if (this.#waiting === null) { for (const sample of samples) this.#place(sample); }
    else this.#waiting.push(...samples);
    this.#endCalibration(answer, true);
  }

  #endCalibration(answer: Answer, isPoll: boolean): void {
    if (this.#waiting === null) return;
    if (Number.isNaN(this.#firstPollNs)) this.#firstPollNs = answer.endNs;
    if (isPoll && ++this.#polls < CALIBRATION_POLLS && answer.endNs - this.#firstPollNs < CALIBRATION_NS) {
      return;
    }
    const samples = this.#waiting;
    this.#waiting = null;
    for (const sample of samples) this.#place(sample);
  }

  // A sample speaks for the time since the one before, but for no more than one and a half periods.
  #place({ timestampUs, busy }: { timestampUs: number; busy: number }): void {
    const { offsetNs, periodNs } = this.clock;
    const endNs = timestampUs * 1000 + offsetNs;
    const sinceLastNs = this.#lastPlacedUs === 0 ? Infinity : (timestampUs - this.#lastPlacedUs) * 1000;
    this.#lastPlacedUs = timestampUs;
    const mostNs = Number.isNaN(periodNs) ? RATES_NS : 1.5 * periodNs;
    // A clean join where the offset moved a little meanwhile: what is too long or short by that is no hole.
    const startNs = sinceLastNs <= mostNs && this.line.untilNs > endNs - 2 * mostNs
      ? Math.min(this.line.untilNs, endNs)
      : endNs - Math.min(sinceLastNs, Number.isNaN(periodNs) ? RATES_NS : periodNs);
    // Nothing is cut off an idle or a busy period.
    const likely = busy > 0 && busy < 1 ? busy + CUT : busy;
    this.line.add(startNs, endNs, likely * this.share);
  }

  #takeRates(answer: Answer, percent: number): void {
    if (percent > 100) return;
    const atNs = answer.beginNs;
    if (this.isMig || this.failures.has("nvmlDeviceGetSamples")) {
      this.source = "rates";
      this.line.add(Math.max(this.line.untilNs, atNs - RATES_NS), atNs, percent / 100 * this.share);
      return;
    }
    // The ring has nothing newer. That the device is idle is known only if its last period was, and a sample of that
    // period may yet come.
    this.source ??= "ring";
    if (percent !== 0) return;
    const periodNs = Number.isNaN(this.clock.periodNs) ? RATES_NS : this.clock.periodNs;
    const sinceNs = Math.max(this.line.untilNs, this.#idleUntilNs);
    this.#idleUntilNs = Math.max(sinceNs, atNs - 1.5 * periodNs);
    if (sinceNs > -Infinity) this.line.add(sinceNs, this.#idleUntilNs, 0);
  }

  #takeAccounting(answer: Answer): void {
    const { count, sum } = decodeAccounting(answer.payload);
    const before = this.#accounting;
    const atNs = answer.beginNs;
    if (before === null) {
      this.#accounting = { atNs, count, sum };
      return;
    }
    if (count <= before.count) return; // the driver adds to its sums once a second
    const busy = (sum - before.sum) / 10_000 / (count - before.count);
    if (busy >= 0 && busy <= 1) this.line.add(before.atNs, atNs, busy);
    this.#accounting = { atNs, count, sum };
  }

  #takeProcesses(answer: Answer): void {
    this.processes = decodeProcesses(answer.payload, answer.count);
    if (!this.#canTrustPids) return;
    if (this.processes.some(process => process.pid === this.#pid)) this.isOurs = true;
    if (!this.wantsShares) this.share = 1;
  }

  #takeShares(answer: Answer): void {
    const shares = decodeProcessShares(answer.payload, answer.count, this.#sharesCursor);
    let own = 0;
    let all = 0;
    for (const { pid, timestampUs, smPercent } of shares) {
      // What is neither here nor on the list is garbage.
      if (!this.processes?.some(process => process.pid === pid)) continue;
      if (timestampUs > this.#sharesCursor) this.#sharesCursor = timestampUs;
      all += smPercent;
      if (pid === this.#pid) own += smPercent;
    }
    if (this.wantsShares && all > 0) this.share = own / all;
  }
}
