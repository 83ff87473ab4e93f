// deno-lint-ignore-file camelcase -- health and attributes are data that leaves the process
/**
 * All GPUs: which of them count, what they were busy with, and how the NVML thread is doing.
 *
 * @module
 */
import { decodeText, NVML_FUNCTIONS, nvmlCodeName, nvmlPolicy } from "../../../ffi/nvml.ts";
import { CELL } from "../../../ffi/nvml_worker.ts";
import type { GpuDeviceHealth, GpuHealth } from "../../data/health.ts";
import type { Attrs } from "../../data/values.ts";
import type { LateMeter } from "../meter.ts";
import { type Answer, readAnswers } from "./answer_log.ts";
import { GpuDevice } from "./device.ts";

/** A call that has not returned for so long is given up, and NVML with it. */
export const HANG_NS = 5e9;

/** A moment that no sample has reached for so long is given up: two ticks and what they may be late. */
export const GIVE_UP_NS = 3e9;

/** A tick out of turn is asked for no sooner after the last one. */
const POKE_NS = 100e6;

/** What a monitor is made with. */
export interface GpuMonitorOptions {
  readonly header: SharedArrayBuffer;
  readonly log: SharedArrayBuffer;
  /** Where NVML was found. */
  readonly library: string;
  readonly nowNs: () => number;
  readonly pid: number;
  /** Whether process numbers are the system's own, as outside containers. */
  readonly isInitialNamespace: boolean;
}

/** Reads what the NVML thread wrote down. Each method first takes in what is new; none waits or calls NVML. */
export class GpuMonitor implements LateMeter {
  readonly #options: GpuMonitorOptions;
  readonly #header: Int32Array;
  readonly #headerDoubles: Float64Array;
  readonly #log: Uint8Array;
  readonly #devices = new Map<number, GpuDevice>();
  readonly #startNs: number;
  #driver: string | null = null;
  /** Why there will be nothing more; null while there may be. */
  #offReason: string | null = null;
  #deviceFailure: string | null = null;
  #lastTickNs = -Infinity;

  constructor(options: GpuMonitorOptions) {
    this.#options = options;
    this.#header = new Int32Array(options.header);
    this.#headerDoubles = new Float64Array(options.header);
    this.#log = new Uint8Array(options.log);
    this.#startNs = options.nowNs();
  }

  /**
   * The moment up to which busy time is as well known as it will ever be: samples have reached it, or it is so long ago
   * that none will.
   */
  settledNs(nowNs: number): number {
    this.#takeAnswers();
    if (this.#offReason !== null) return nowNs;
    let untilNs = Infinity;
    for (const device of this.#counted()) {
      if (!device.isLost) untilNs = Math.min(untilNs, device.line.untilNs);
    }
    return Math.min(nowNs, Math.max(untilNs === Infinity ? -Infinity : untilNs, nowNs - GIVE_UP_NS));
  }

  /** Time that the counted GPUs were busy, summed over them; NaN if it is not known for one of them. Takes in nothing. */
  between(startNs: number, endNs: number): number {
    const devices = this.#counted();
    let sum = devices.length === 0 ? NaN : 0;
    for (const device of devices) sum += device.line.busyNs(startNs, endNs);
    return sum;
  }

  /** Asks for a tick now, so that what is read next is fresher. */
  poke(): void {
    const nowNs = this.#options.nowNs();
    if (nowNs - this.#lastTickNs < POKE_NS) return;
    this.#lastTickNs = nowNs;
    if (Atomics.compareExchange(this.#header, CELL.wake, 0, 1) === 0) Atomics.notify(this.#header, CELL.wake);
  }

  /** Ends the thread, as soon as it returns from whatever it is in. Nobody waits for it. */
  stop(): void {
    this.#takeAnswers();
    this.#end("the session has ended");
  }

  /** Notes that there is no thread any more. */
  fail(reason: string): void {
    this.#end(reason);
  }

  /** The state of it all, for `health()`. */
  health(): GpuHealth {
    this.#takeAnswers();
    const counted = this.#counted();
    const devices = [...this.#devices.values()].map(device => this.#deviceHealth(device));
    const first = counted[0];
    if (first === undefined) {
      return {
        ...NO_GPU,
        reason: this.#offReason ?? this.#deviceFailure ?? this.#waitingFor(),
        driver: this.#driver,
        devices,
      };
    }
    const nowNs = this.#options.nowNs();
    const periods = counted.map(device => device.clock.periodNs / 1e6).filter(ms => ms === ms);
    return {
      present: this.#offReason === null,
      source: `${[...new Set(counted.map(device => device.source))].join(", ")} of ${this.#options.library}`,
      reason: this.#offReason,
      driver: this.#driver,
      scope: this.#scope(counted),
      sample_period_ms: periods.length === 0 ? null : Math.max(...periods),
      coverage: Math.min(...counted.map(device => device.line.coverage(this.#startNs, nowNs))),
      devices,
    };
  }

  /** What the session's span says about the GPUs; nothing before they are known. */
  attrs(): Attrs {
    const counted = this.#counted();
    if (counted.length === 0) return {};
    return {
      device: counted.map(device => device.name).join(", "),
      gpu_driver: this.#driver,
      gpu_scope: this.#scope(counted),
      gpu_energy_mj: sumOf(counted.map(device => device.energyMj)),
      gpu_memory_peak_bytes: sumOf(counted.map(device => device.memoryPeakBytes)),
    };
  }

  #takeAnswers(): void {
    readAnswers(this.#header, this.#log, answer => this.#take(answer));
    if (this.#offReason !== null) return;
    for (const device of this.#devices.values()) {
      const instance = device.gpuInstanceId;
      const wanted = (device.wantsShares ? 1 : 0) | (instance === null ? 0 : (instance + 1) << 1);
      Atomics.store(this.#header, CELL.wanted + device.index, wanted);
    }
    const calling = Atomics.load(this.#header, CELL.calling);
    const sinceNs = this.#headerDoubles[CELL.callingSinceNs / 2];
    if (calling !== 0 && this.#options.nowNs() - sinceNs > HANG_NS) {
      this.#end(`${NVML_FUNCTIONS[calling - 1]} did not return within ${HANG_NS / 1e9} s`);
    } else if (Atomics.load(this.#header, CELL.state) === 2) {
      this.#end(this.#deviceFailure ?? "NVML has no device");
    }
  }

  #take(answer: Answer): void {
    const { name, code, device: index } = answer;
    this.#lastTickNs = answer.endNs;
    if (index < 0) {
      if (code !== 0) this.#deviceFailure = `${name}: ${nvmlCodeName(code)}`;
      else if (name === "nvmlSystemGetDriverVersion") {
        this.#driver = decodeText(new Uint8Array(answer.payload.buffer));
      }
      return;
    }
    if (name === "nvmlDeviceGetHandleByIndex_v2") {
      if (code !== 0) this.#deviceFailure = `device ${index}: ${nvmlCodeName(code)}`;
      else this.#devices.set(index, new GpuDevice(index, this.#options.pid, this.#canTrustPids()));
      return;
    }
    if (nvmlPolicy(code) === "all off") this.#deviceFailure = `${name}: ${nvmlCodeName(code)}`;
    this.#devices.get(index)?.take(answer);
  }

  // In a container, drivers before 570 number some processes as the host does, and a number there may be anybody's here.
  #canTrustPids(): boolean {
    return this.#options.isInitialNamespace || parseInt(this.#driver ?? "0") >= 570;
  }

  // The devices that this process is known to use; if none is, all. Those that tell nothing are left out.
  #counted(): readonly GpuDevice[] {
    const all = [...this.#devices.values()];
    const ours = all.filter(device => device.isOurs);
    return (ours.length > 0 ? ours : all).filter(device => device.source !== null);
  }

  #scope(counted: readonly GpuDevice[]): "process" | "device" {
    return counted.every(device => device.isOurs) ? "process" : "device";
  }

  #deviceHealth(device: GpuDevice): GpuDeviceHealth {
    const { periodNs } = device.clock;
    return {
      name: device.name,
      uuid: device.uuid,
      source: device.source,
      sample_period_ms: Number.isNaN(periodNs) ? null : periodNs / 1e6,
      coverage: device.line.coverage(this.#startNs, this.#options.nowNs()),
      scope: device.isOurs ? "process" : "device",
      share: device.share,
      failures: Object.fromEntries(device.failures),
    };
  }

  #waitingFor(): string {
    const calling = Atomics.load(this.#header, CELL.calling);
    return calling === 0 ? "NVML has not answered yet" : `waiting for ${NVML_FUNCTIONS[calling - 1]}`;
  }

  #end(reason: string): void {
    this.#offReason ??= reason;
    Atomics.store(this.#header, CELL.wake, 2);
    Atomics.notify(this.#header, CELL.wake);
  }
}

/** The health of a GPU probe that is not there. */
export const NO_GPU: GpuHealth = {
  present: false,
  source: null,
  reason: null,
  driver: null,
  scope: null,
  sample_period_ms: null,
  coverage: null,
  devices: [],
};

function sumOf(values: readonly (number | null)[]): number | null {
  const told = values.filter(value => value !== null);
  return told.length === 0 ? null : told.reduce((sum, value) => sum + value, 0);
}
