/**
 * Calls NVML from a thread of its own and writes down what it answered. NVML can take milliseconds, hold a lock of the
 * whole driver, and hang for good; none of that may reach the program's thread, and a program that computes for a minute
 * without a turn of its event loop must be measured too. So the thread needs nothing from the program but memory that
 * both see, and decides nothing that it need not: what the answers mean is worked out where it can be tested.
 *
 * @module
 */
import type { NVML_SYMBOLS } from "./nvml.ts";
import type { SymbolTable } from "./types.ts";

/** Cells of the header, an Int32Array over shared memory. */
export const CELL = {
  /** 0: starting; 1: running; 2: ended. */
  state: 0,
  /** Bytes written to the log so far, modulo 2^32. */
  written: 1,
  /** Bytes read from it. */
  read: 2,
  /** What the thread sleeps on: 0 nothing, 1 tick now, 2 end. */
  wake: 3,
  /** Answers that did not fit into the log. */
  dropped: 4,
  /** The number of the function that is being called, plus 1; 0 for none. */
  calling: 5,
  /** Ticks that have ended. */
  ticks: 6,
  /** Since when, in nanoseconds: a double in two cells. */
  callingSinceNs: 8,
  /** From here a cell per device: bit 0 asks for shares by process, the rest is a MIG instance plus 1, or 0. */
  wanted: 16,
} as const;

/** Devices that are looked at. */
export const MAX_DEVICES = 64;

/** Bytes of the header. */
export const HEADER_BYTES: number = (CELL.wanted + MAX_DEVICES) * 4;

/** Bytes of the log, a power of two: with one device, half an hour of ticks that nobody reads. */
export const LOG_BYTES: number = 1 << 19;

/** Bytes before an answer's payload: u32 size, u32 function, i32 device, i32 code, f64 begin, f64 end, u32 count, u32 extra. */
export const ANSWER_HEADER_BYTES = 40;

/** The function number of the filler at the end of the log, before it starts over. */
export const FILLER = 0xffff;

/** What the thread is started with. */
export interface NvmlWorkerData {
  readonly header: SharedArrayBuffer;
  readonly log: SharedArrayBuffer;
  readonly cell: typeof CELL;
  readonly answerHeaderBytes: number;
  readonly filler: number;
  readonly maxDevices: number;
  readonly symbols: SymbolTable;
  readonly libraryPath: string;
  readonly libcPath: string;
  readonly monotonic: number;
  /** Seconds of the monotonic clock at which the program's clock is 0. */
  readonly originSeconds: number;
  readonly pid: number;
  /** Milliseconds between two ticks, on average. */
  readonly intervalMs: number;
  /** Polls of the first tick, which calibrate the driver's clock. */
  readonly firstPolls: number;
  /** Milliseconds between two of these. */
  readonly pollMs: number;
  readonly processSentinel: number;
  readonly memoryV2Version: number;
  readonly gpmMetricsBytes: number;
  readonly gpmMetric: number;
}

type NvmlName = keyof typeof NVML_SYMBOLS;
type Native = (...args: (number | bigint | ArrayBufferView)[]) => number;
type Dlopen = (path: string, table: object) => { symbols: Record<string, Native> };

interface Device {
  readonly index: number;
  readonly handle: bigint;
  readonly off: Set<NvmlName>;
  readonly failures: Map<NvmlName, number>;
  isMig: boolean;
  isAccounted: boolean;
  isLost: boolean;
  samplesCursor: bigint;
  sharesCursor: bigint;
  gpm: bigint[];
  gpmAtNs: number;
}

/**
 * The thread's whole program. Its source is what the thread is started with, so that it works from a raw URL, in a bundle
 * and in a single binary alike: it may name nothing but its parameters and what the language has.
 */
export function nvmlWorker(data: NvmlWorkerData, load: (name: string) => unknown): void {
  const { cell, symbols } = data;
  const header = new Int32Array(data.header);
  const headerDoubles = new Float64Array(data.header);
  const log = new Uint8Array(data.log);
  const logView = new DataView(data.log);
  const names = Object.keys(symbols) as NvmlName[];

  const isBun = "Bun" in globalThis;
  const dlopen = isBun
    ? (load("bun:ffi") as { dlopen: Dlopen }).dlopen
    : (globalThis as unknown as { Deno: { dlopen: Dlopen } }).Deno.dlopen;
  const open = (path: string, name: string, { parameters, result }: SymbolTable[string]): Native | null => {
    const bunType = (type: string) => type === "buffer" ? "ptr" : type;
    try {
      const table = isBun
        ? { [name]: { args: parameters.map(bunType), returns: bunType(result) } }
        : { [name]: { parameters, result } };
      return dlopen(path, table).symbols[name];
    } catch {
      return null; // an older driver does not have it
    }
  };

  // All memory that C sees is a view over an ArrayBuffer of its own, which no engine moves (oven-sh/bun#32054).
  const bytes = (length: number) => new Uint8Array(new ArrayBuffer(length));
  const timespec = bytes(16);
  const timespecWords = new Uint32Array(timespec.buffer);
  const clockGettime = open(data.libcPath, "clock_gettime", {
    parameters: ["i32", "buffer"],
    result: "i32",
  })!;
  const nowNs = (): number => {
    clockGettime(data.monotonic, timespec);
    return (timespecWords[0] - data.originSeconds) * 1e9 + timespecWords[2];
  };

  const write = (
    name: NvmlName,
    device: number,
    code: number,
    beginNs: number,
    endNs: number,
    count: number,
    extra: number,
    payload: Uint8Array,
    length: number,
  ): void => {
    const size = data.answerHeaderBytes + ((length + 7) & ~7);
    const written = header[cell.written] >>> 0;
    let at = written % log.length;
    const filler = at + size > log.length ? log.length - at : 0;
    const free = log.length - ((written - (Atomics.load(header, cell.read) >>> 0)) >>> 0);
    if (filler + size > free) {
      Atomics.add(header, cell.dropped, 1);
      return;
    }
    if (filler > 0) {
      logView.setUint32(at, filler, true);
      logView.setUint32(at + 4, data.filler, true);
      at = 0;
    }
    logView.setUint32(at, size, true);
    logView.setUint32(at + 4, names.indexOf(name), true);
    logView.setInt32(at + 8, device, true);
    logView.setInt32(at + 12, code, true);
    logView.setFloat64(at + 16, beginNs, true);
    logView.setFloat64(at + 24, endNs, true);
    logView.setUint32(at + 32, count, true);
    logView.setUint32(at + 36, extra, true);
    log.set(payload.subarray(0, length), at + data.answerHeaderBytes);
    Atomics.store(header, cell.written, (written + filler + size) | 0);
  };

  const functions = new Map<NvmlName, Native | null>();
  for (const name of names) functions.set(name, open(data.libraryPath, name, symbols[name]));

  let beginNs = 0;
  let endNs = 0;
  // Makes a call and tells its code; a function that the driver lacks answers as one that a driver says it lacks.
  const invoke = (name: NvmlName, ...args: (number | bigint | ArrayBufferView)[]): number => {
    const native = functions.get(name) ?? null;
    beginNs = nowNs();
    headerDoubles[cell.callingSinceNs / 2] = beginNs;
    Atomics.store(header, cell.calling, names.indexOf(name) + 1);
    const code = native === null ? 13 : native(...args);
    Atomics.store(header, cell.calling, 0);
    endNs = nowNs();
    return code;
  };

  const nothing = bytes(8);
  const text = bytes(96);
  const number = new Uint32Array(new ArrayBuffer(8));
  const numberBytes = new Uint8Array(number.buffer);
  const second = new Uint32Array(new ArrayBuffer(8));
  const wide = new BigUint64Array(new ArrayBuffer(8));
  const wideBytes = new Uint8Array(wide.buffer);
  const samples = bytes(256 * 16);
  const samplesView = new DataView(samples.buffer);
  const shares = bytes(4096 * 32);
  const sharesView = new DataView(shares.buffer);
  const processes = bytes(512 * 32);
  const memory = bytes(40);
  const accounting = bytes(64);
  const gpmSupport = bytes(8);
  const gpmMetrics = bytes(data.gpmMetricsBytes);

  let isOff = false;
  let initsLeft = 1;
  // Acts on a code; true if the answer can be used.
  const accept = (device: Device | null, name: NvmlName, code: number): boolean => {
    if (code === 0) {
      device?.failures.delete(name);
      return true;
    }
    if (code === 6 || code === 7) return false;
    if (code === 1 && initsLeft > 0) {
      initsLeft--;
      const again = invoke("nvmlInit_v2");
      write("nvmlInit_v2", -1, again, beginNs, endNs, 0, 0, nothing, 0);
      isOff ||= again !== 0;
    } else if ([1, 9, 12, 18].includes(code)) isOff = true;
    else if (device === null) return false;
    else if (code === 15 || code === 16) device.isLost = true;
    else if ([2, 3, 4, 13, 17, 25].includes(code)) device.off.add(name);
    else {
      const failures = (device.failures.get(name) ?? 0) + 1;
      device.failures.set(name, failures);
      if (failures >= 3) device.off.add(name);
    }
    return false;
  };
  const note = (name: NvmlName, index: number, code: number, payload: Uint8Array, length: number): void =>
    write(name, index, code, beginNs, endNs, 0, 0, payload, code === 0 ? length : 0);

  const findDevices = (): Device[] => {
    const initCode = invoke("nvmlInit_v2");
    note("nvmlInit_v2", -1, initCode, nothing, 0);
    if (initCode !== 0) return [];
    note("nvmlSystemGetDriverVersion", -1, invoke("nvmlSystemGetDriverVersion", text, 80), text, 80);
    const countCode = invoke("nvmlDeviceGetCount_v2", number);
    note("nvmlDeviceGetCount_v2", -1, countCode, numberBytes, 4);
    const found: Device[] = [];
    const count = countCode === 0 ? Math.min(number[0], data.maxDevices) : 0;
    for (let index = 0; index < count; index++) {
      const code = invoke("nvmlDeviceGetHandleByIndex_v2", index, wide);
      note("nvmlDeviceGetHandleByIndex_v2", index, code, nothing, 0);
      if (code !== 0) continue;
      const handle = wide[0];
      note("nvmlDeviceGetName", index, invoke("nvmlDeviceGetName", handle, text, 96), text, 96);
      note("nvmlDeviceGetUUID", index, invoke("nvmlDeviceGetUUID", handle, text, 96), text, 96);
      const migCode = invoke("nvmlDeviceGetMigMode", handle, number, second);
      note("nvmlDeviceGetMigMode", index, migCode, numberBytes, 4);
      const isMig = migCode === 0 && number[0] === 1;
      const isAccounted = invoke("nvmlDeviceGetAccountingMode", handle, number) === 0 && number[0] === 1;
      found.push({
        index,
        handle,
        off: new Set<NvmlName>(),
        failures: new Map<NvmlName, number>(),
        isMig,
        isAccounted,
        isLost: false,
        samplesCursor: 0n,
        sharesCursor: 0n,
        gpm: [],
        gpmAtNs: NaN,
      });
    }
    return found;
  };

  const readSamples = (device: Device): boolean => {
    number[0] = 256;
    const code = invoke(
      "nvmlDeviceGetSamples",
      device.handle,
      1,
      device.samplesCursor,
      second,
      number,
      samples,
    );
    const isRead = accept(device, "nvmlDeviceGetSamples", code);
    const count = isRead ? Math.min(number[0], 256) : 0;
    write("nvmlDeviceGetSamples", device.index, code, beginNs, endNs, count, second[0], samples, count * 16);
    for (let i = 0; i < count; i++) {
      const timestamp = samplesView.getBigUint64(i * 16, true);
      const isGarbage = second[0] === 1 && samplesView.getUint32(i * 16 + 8, true) > 100;
      if (!isGarbage && timestamp > device.samplesCursor) device.samplesCursor = timestamp;
    }
    return count > 0;
  };

  const readRates = (device: Device): void => {
    if (device.off.has("nvmlDeviceGetUtilizationRates")) return;
    const code = invoke("nvmlDeviceGetUtilizationRates", device.handle, numberBytes);
    accept(device, "nvmlDeviceGetUtilizationRates", code);
    note("nvmlDeviceGetUtilizationRates", device.index, code, numberBytes, 8);
  };

  const readGpm = (device: Device): void => {
    if (device.gpm.length === 0) {
      new Uint32Array(gpmSupport.buffer)[0] = 1;
      const code = invoke("nvmlGpmQueryDeviceSupport", device.handle, gpmSupport);
      let isSupported = code === 0 && new Uint32Array(gpmSupport.buffer)[1] === 1;
      for (let i = 0; i < 2 && isSupported; i++) {
        isSupported = invoke("nvmlGpmSampleAlloc", wide) === 0;
        device.gpm.push(wide[0]);
      }
      if (!isSupported) {
        note("nvmlGpmQueryDeviceSupport", device.index, code === 0 ? 3 : code, nothing, 0);
        device.off.add("nvmlGpmMetricsGet");
        return;
      }
    }
    const [older, newer] = device.gpm;
    const instance = header[cell.wanted + device.index] >> 1;
    const name = instance > 0 ? "nvmlGpmMigSampleGet" : "nvmlGpmSampleGet";
    const code = instance > 0
      ? invoke(name, device.handle, instance - 1, older)
      : invoke(name, device.handle, older);
    const atNs = beginNs;
    if (!accept(device, name, code)) {
      note(name, device.index, code, nothing, 0);
      // Under MIG the whole device may be refused, until it is known which instance is this process's.
      if (device.off.has(name) && !(device.isMig && instance === 0)) device.off.add("nvmlGpmMetricsGet");
      return;
    }
    const sinceNs = device.gpmAtNs;
    if (atNs - sinceNs < 100e6) return; // closer than GPM can tell apart: the older sample stays the one to compare with
    device.gpm = [newer, older];
    device.gpmAtNs = atNs;
    if (sinceNs !== sinceNs) return;
    const view = new DataView(gpmMetrics.buffer);
    gpmMetrics.fill(0);
    view.setUint32(0, 1, true);
    view.setUint32(4, 1, true);
    view.setBigUint64(8, newer, true);
    view.setBigUint64(16, older, true);
    view.setUint32(24, data.gpmMetric, true);
    const metricsCode = invoke("nvmlGpmMetricsGet", gpmMetrics);
    const isRead = accept(device, "nvmlGpmMetricsGet", metricsCode);
    write("nvmlGpmMetricsGet", device.index, metricsCode, sinceNs, atNs, 1, 0, gpmMetrics, isRead ? 64 : 0);
  };

  const readAccounting = (device: Device): void => {
    accounting.fill(0);
    new Uint32Array(accounting.buffer)[0] = data.pid;
    const code = invoke("nvmlDeviceGetAccountingStats_v2", device.handle, accounting);
    accept(device, "nvmlDeviceGetAccountingStats_v2", code);
    note("nvmlDeviceGetAccountingStats_v2", device.index, code, accounting, 64);
  };

  const readProcesses = (device: Device): void => {
    const name = "nvmlDeviceGetComputeRunningProcesses_v3";
    processes.fill(data.processSentinel);
    number[0] = 512;
    const code = invoke(name, device.handle, number, processes);
    const isRead = accept(device, name, code);
    const count = isRead ? Math.min(number[0], 512) : 0;
    // The whole of what was written, and one entry more: the reader finds out how long an entry is.
    write(name, device.index, code, beginNs, endNs, count, 0, processes, Math.min(512, count + 1) * 32);
  };

  const readShares = (device: Device): void => {
    const name = "nvmlDeviceGetProcessUtilization";
    number[0] = 4096;
    const after = device.sharesCursor;
    const code = invoke(name, device.handle, shares, number, after);
    const count = accept(device, name, code) ? Math.min(number[0], 128) : 0;
    write(name, device.index, code, beginNs, endNs, count, 0, shares, count * 32);
    for (let i = 0; i < count; i++) {
      const timestamp = sharesView.getBigUint64(i * 32 + 8, true);
      const isReal = sharesView.getUint32(i * 32, true) !== 0
        && sharesView.getUint32(i * 32 + 16, true) <= 100;
      if (isReal && timestamp > device.sharesCursor) device.sharesCursor = timestamp;
    }
  };

  const readTotals = (device: Device): void => {
    if (!device.off.has("nvmlDeviceGetMemoryInfo_v2")) {
      new Uint32Array(memory.buffer)[0] = data.memoryV2Version;
      const code = invoke("nvmlDeviceGetMemoryInfo_v2", device.handle, memory);
      accept(device, "nvmlDeviceGetMemoryInfo_v2", code);
      note("nvmlDeviceGetMemoryInfo_v2", device.index, code, memory, 40);
    } else if (!device.off.has("nvmlDeviceGetMemoryInfo")) {
      const code = invoke("nvmlDeviceGetMemoryInfo", device.handle, memory);
      accept(device, "nvmlDeviceGetMemoryInfo", code);
      note("nvmlDeviceGetMemoryInfo", device.index, code, memory, 24);
    }
    if (!device.off.has("nvmlDeviceGetTotalEnergyConsumption")) {
      const code = invoke("nvmlDeviceGetTotalEnergyConsumption", device.handle, wide);
      accept(device, "nvmlDeviceGetTotalEnergyConsumption", code);
      note("nvmlDeviceGetTotalEnergyConsumption", device.index, code, wideBytes, 8);
    }
  };

  const sleep = (ms: number): void => void Atomics.wait(header, cell.wake, 0, ms);
  const isEnding = (): boolean => isOff || Atomics.load(header, cell.wake) === 2;

  const devices = findDevices();
  Atomics.store(header, cell.state, 1);
  for (let tick = 0; devices.length > 0 && !isEnding(); tick++) {
    for (const device of devices) {
      if (device.isLost || isEnding()) continue;
      const can = (name: NvmlName) => !device.off.has(name);
      if (tick % 10 === 0 && can("nvmlDeviceGetComputeRunningProcesses_v3")) readProcesses(device);
      const wantsShares = (Atomics.load(header, cell.wanted + device.index) & 1) === 1;
      if (wantsShares && can("nvmlDeviceGetProcessUtilization")) readShares(device);
      if (!device.isMig && can("nvmlDeviceGetSamples")) {
        let isNew = readSamples(device);
        for (let poll = 1; tick === 0 && poll < data.firstPolls && can("nvmlDeviceGetSamples"); poll++) {
          sleep(data.pollMs);
          if (isEnding()) break;
          isNew = readSamples(device) || isNew;
        }
        // Nothing newer is no proof of idleness. This is, for the period before it.
        if (!isNew && can("nvmlDeviceGetSamples")) readRates(device);
      } else if (can("nvmlGpmMetricsGet")) readGpm(device);
      else if (device.isAccounted && can("nvmlDeviceGetAccountingStats_v2")) readAccounting(device);
      else readRates(device);
      readTotals(device);
    }
    if (isEnding()) break; // the last tick has ended when it is known that it was the last
    Atomics.add(header, cell.ticks, 1);
    Atomics.notify(header, cell.ticks);
    // Not quite regular: a tick in step with the driver's sampler would always see samples of the same age.
    sleep(data.intervalMs * (0.9 + 0.2 * Math.random()));
    Atomics.compareExchange(header, cell.wake, 1, 0);
  }
  Atomics.store(header, cell.state, 2);
  Atomics.add(header, cell.ticks, 1);
  Atomics.notify(header, cell.ticks);
}
