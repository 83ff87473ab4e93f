/**
 * NVIDIA's management library: where it lies, what we call in it, what its return codes mean, how its structs decode.
 * Plain data and pure functions. Layouts from nvml.h 13.3 on 64-bit little-endian Linux; x86-64 and arm64 agree.
 *
 * @module
 */

/**
 * The functions that are called, by the names that the library exports: a changed ABI gets a suffix, and the plain name
 * stays the oldest one. `nvmlDevice_t` and `nvmlGpmSample_t` are pointers that only NVML follows: 64-bit integers here.
 */
export const NVML_SYMBOLS = {
  // nvmlReturn_t nvmlInit_v2(void): counts its callers; may take seconds where it wakes the GPU
  nvmlInit_v2: { parameters: [], result: "i32" },
  nvmlSystemGetDriverVersion: {
    parameters: [
      "buffer", // char *version
      "u32", // unsigned int length
    ],
    result: "i32",
  },
  nvmlDeviceGetCount_v2: {
    parameters: ["buffer"], // unsigned int *deviceCount
    result: "i32",
  },
  nvmlDeviceGetHandleByIndex_v2: {
    parameters: [
      "u32", // unsigned int index
      "buffer", // nvmlDevice_t *device
    ],
    result: "i32",
  },
  nvmlDeviceGetName: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // char *name
      "u32", // unsigned int length
    ],
    result: "i32",
  },
  nvmlDeviceGetUUID: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // char *uuid
      "u32", // unsigned int length
    ],
    result: "i32",
  },
  nvmlDeviceGetMigMode: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // unsigned int *currentMode
      "buffer", // unsigned int *pendingMode
    ],
    result: "i32",
  },
  nvmlDeviceGetSamples: {
    parameters: [
      "u64", // nvmlDevice_t device
      "u32", // nvmlSamplingType_t type: 1 is GPU utilization
      "u64", // unsigned long long lastSeenTimeStamp: one that NVML gave, or 0 for all
      "buffer", // nvmlValueType_t *sampleValType
      "buffer", // unsigned int *sampleCount: room in, found out
      "buffer", // nvmlSample_t *samples
    ],
    result: "i32",
  },
  nvmlDeviceGetUtilizationRates: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlUtilization_t *utilization
    ],
    result: "i32",
  },
  nvmlDeviceGetProcessUtilization: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlProcessUtilizationSample_t *utilization
      "buffer", // unsigned int *processSamplesCount: room in, found out
      "u64", // unsigned long long lastSeenTimeStamp
    ],
    result: "i32",
  },
  nvmlDeviceGetComputeRunningProcesses_v3: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // unsigned int *infoCount: room in, found out
      "buffer", // nvmlProcessInfo_t *infos
    ],
    result: "i32",
  },
  nvmlDeviceGetMemoryInfo: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlMemory_t *memory
    ],
    result: "i32",
  },
  nvmlDeviceGetMemoryInfo_v2: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlMemory_v2_t *memory
    ],
    result: "i32",
  },
  nvmlDeviceGetTotalEnergyConsumption: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // unsigned long long *energy: mJ since the driver was loaded
    ],
    result: "i32",
  },
  nvmlDeviceGetAccountingMode: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlEnableState_t *mode
    ],
    result: "i32",
  },
  nvmlDeviceGetAccountingStats_v2: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlAccountingStats_v2_t *stats: the process in, the rest out
    ],
    result: "i32",
  },
  nvmlGpmQueryDeviceSupport: {
    parameters: [
      "u64", // nvmlDevice_t device
      "buffer", // nvmlGpmSupport_t *gpmSupport
    ],
    result: "i32",
  },
  nvmlGpmSampleAlloc: {
    parameters: ["buffer"], // nvmlGpmSample_t *gpmSample
    result: "i32",
  },
  nvmlGpmSampleGet: {
    parameters: [
      "u64", // nvmlDevice_t device
      "u64", // nvmlGpmSample_t gpmSample
    ],
    result: "i32",
  },
  nvmlGpmMigSampleGet: {
    parameters: [
      "u64", // nvmlDevice_t device
      "u32", // unsigned int gpuInstanceId
      "u64", // nvmlGpmSample_t gpmSample
    ],
    result: "i32",
  },
  nvmlGpmMetricsGet: {
    parameters: ["buffer"], // nvmlGpmMetricsGet_t *metricsGet
    result: "i32",
  },
} as const;

/** A function of {@link NVML_SYMBOLS}. */
export type NvmlFunction = keyof typeof NVML_SYMBOLS;

/** The functions in the order that numbers them. */
export const NVML_FUNCTIONS: readonly NvmlFunction[] = Object.keys(NVML_SYMBOLS) as NvmlFunction[];

/**
 * Where the library may lie, in the order to try: absolute paths, which Deno can grant one by one. Never the name without
 * the suffix, which in a CUDA toolkit is a stub.
 * @param platform As `process.platform`.
 * @param arch As `process.arch`.
 */
export function nvmlPaths(platform: string, arch: string): string[] {
  if (platform !== "linux") return [];
  const machine = arch === "arm64" ? "aarch64" : "x86_64";
  return [
    `/usr/lib/${machine}-linux-gnu/libnvidia-ml.so.1`, // Debian, Ubuntu, and most containers
    "/usr/lib64/libnvidia-ml.so.1", // Fedora, RHEL, SUSE
    "/usr/lib/libnvidia-ml.so.1", // Arch
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1", // mounted into containers
    "/run/nvidia/driver/usr/lib64/libnvidia-ml.so.1", // a driver that itself runs in a container
    "/run/opengl-driver/lib/libnvidia-ml.so.1", // NixOS
    "/usr/lib/wsl/lib/libnvidia-ml.so.1", // WSL 2
  ];
}

/** Return codes by number, as in nvml.h. */
const CODES: Readonly<Record<number, string>> = {
  0: "SUCCESS",
  1: "UNINITIALIZED",
  2: "INVALID_ARGUMENT",
  3: "NOT_SUPPORTED",
  4: "NO_PERMISSION",
  5: "ALREADY_INITIALIZED",
  6: "NOT_FOUND",
  7: "INSUFFICIENT_SIZE",
  8: "INSUFFICIENT_POWER",
  9: "DRIVER_NOT_LOADED",
  10: "TIMEOUT",
  11: "IRQ_ISSUE",
  12: "LIBRARY_NOT_FOUND",
  13: "FUNCTION_NOT_FOUND",
  14: "CORRUPTED_INFOROM",
  15: "GPU_IS_LOST",
  16: "RESET_REQUIRED",
  17: "OPERATING_SYSTEM",
  18: "LIB_RM_VERSION_MISMATCH",
  19: "IN_USE",
  20: "MEMORY",
  21: "NO_DATA",
  22: "VGPU_ECC_NOT_SUPPORTED",
  23: "INSUFFICIENT_RESOURCES",
  24: "FREQ_NOT_SUPPORTED",
  25: "ARGUMENT_VERSION_MISMATCH",
  26: "DEPRECATED",
  27: "NOT_READY",
  28: "GPU_NOT_FOUND",
  29: "INVALID_STATE",
  30: "RESET_TYPE_NOT_SUPPORTED",
  999: "UNKNOWN",
};

/** A return code's name; newer drivers add codes, which keep their number. */
export function nvmlCodeName(code: number): string {
  return Object.hasOwn(CODES, code)
    ? `NVML_ERROR_${CODES[code]}`.replace("ERROR_SUCCESS", "SUCCESS")
    : `NVML code ${code}`;
}

/** What a return code means for whoever called. */
export type NvmlPolicy =
  /** It worked. */
  | "ok"
  /** Nothing newer, or no such process: neither an error nor a zero. */
  | "nothing"
  /** This function never works on this device. */
  | "function off"
  /** The device is gone until somebody resets it. */
  | "device off"
  /** NVML is gone for this process. */
  | "all off"
  /** Initialise once more. */
  | "init again"
  /** Skip it this time; off after some in a row. */
  | "retry";

/** What to do about a return code. */
export function nvmlPolicy(code: number): NvmlPolicy {
  switch (code) {
    case 0:
      return "ok";
    case 6:
      return "nothing";
    case 1:
      return "init again";
    case 2: // our mistake, or a stale handle
    case 3:
    case 4:
    case 13:
    case 17: // a cgroup keeps the device from us
    case 25: // a struct version that this driver does not know: a lower one is asked for by another function
      return "function off";
    case 15:
    case 16:
      return "device off";
    case 9:
    case 12:
    case 18: // the driver was updated under a module that is still the old one
      return "all off";
    default:
      return "retry";
  }
}

/** A sample of the driver's ring. */
export interface NvmlSample {
  /** Microseconds on the driver's clock, of which neither the start nor the pace is known. */
  readonly timestampUs: number;
  /** Busy share of the period that ended then, from 0 to 1. */
  readonly busy: number;
}

const VALUE_READERS: readonly ((view: DataView, at: number) => number)[] = [
  (view, at) => view.getFloat64(at, true),
  (view, at) => view.getUint32(at, true),
  (view, at) => Number(view.getBigUint64(at, true)), // unsigned long, on 64-bit Linux
  (view, at) => Number(view.getBigUint64(at, true)),
  (view, at) => Number(view.getBigInt64(at, true)),
  (view, at) => view.getInt32(at, true),
  (view, at) => view.getUint16(at, true),
];

/** Bytes of `nvmlSample_t`: u64 timeStamp, then a union of 8 bytes. */
export const SAMPLE_BYTES = 16;

/**
 * Samples newer than a moment, sorted and each once. Garbage is left out: no order is promised, and entries without a time
 * or beyond 100 % were seen.
 * @param valueType `nvmlValueType_t`: how wide the value is. What lies beyond it in the union is anything.
 */
export function decodeSamples(
  view: DataView,
  count: number,
  valueType: number,
  afterUs: number,
): NvmlSample[] {
  const readValue = VALUE_READERS[valueType];
  if (readValue === undefined) return [];
  const samples: NvmlSample[] = [];
  const most = Math.min(count, Math.floor(view.byteLength / SAMPLE_BYTES));
  for (let i = 0; i < most; i++) {
    const timestampUs = Number(view.getBigUint64(i * SAMPLE_BYTES, true));
    const percent = readValue(view, i * SAMPLE_BYTES + 8);
    if (timestampUs > afterUs && percent >= 0 && percent <= 100) {
      samples.push({ timestampUs, busy: percent / 100 });
    }
  }
  samples.sort((a, b) => a.timestampUs - b.timestampUs);
  return samples.filter((sample, i) => i === 0 || sample.timestampUs !== samples[i - 1].timestampUs);
}

/** A process that has a context on a device. */
export interface NvmlProcess {
  readonly pid: number;
  /** Device memory it uses; null where that is not told. */
  readonly memoryBytes: number | null;
  /** The MIG instance it runs in; null without MIG. */
  readonly gpuInstanceId: number | null;
}

const NOT_AVAILABLE_64 = 0xffff_ffff_ffff_ffffn;
const NOT_AVAILABLE_32 = 0xffff_ffff;

/** What the buffer for running processes is filled with before the call, to see how far it was written. */
export const PROCESS_SENTINEL = 0xa5;

/**
 * Running processes. An entry has 24 bytes, but 32 in early R535 drivers under the same symbol: how many follows from
 * how far the buffer was written.
 * @param view The buffer, filled with {@link PROCESS_SENTINEL} before the call.
 */
export function decodeProcesses(view: DataView, count: number): NvmlProcess[] {
  if (count <= 0) return [];
  let written = view.byteLength;
  while (written > 0 && view.getUint8(written - 1) === PROCESS_SENTINEL) written--;
  // The last bytes of an entry may happen to hold the sentinel: rounding up makes good for fewer than 8 of them.
  const stride = Math.ceil(written / count) > 24 ? 32 : 24;
  const processes: NvmlProcess[] = [];
  for (let at = 0, i = 0; i < count && at + 24 <= view.byteLength; i++, at += stride) {
    const memory = view.getBigUint64(at + 8, true);
    const instance = view.getUint32(at + 16, true);
    processes.push({
      pid: view.getUint32(at, true),
      memoryBytes: memory === NOT_AVAILABLE_64 ? null : Number(memory),
      gpuInstanceId: instance === NOT_AVAILABLE_32 ? null : instance,
    });
  }
  return processes;
}

/** Bytes of `nvmlProcessUtilizationSample_t`. */
export const PROCESS_UTILIZATION_BYTES = 32;

/** How much of the SMs each process had since the moment asked for: good for shares only. */
export interface ProcessShare {
  readonly pid: number;
  readonly timestampUs: bigint;
  readonly smPercent: number;
}

/** Shares by process. Entries beyond the real ones can be garbage with huge figures: those are left out. */
export function decodeProcessShares(view: DataView, count: number, after: bigint): ProcessShare[] {
  const shares: ProcessShare[] = [];
  const most = Math.min(count, Math.floor(view.byteLength / PROCESS_UTILIZATION_BYTES));
  for (let i = 0; i < most; i++) {
    const at = i * PROCESS_UTILIZATION_BYTES;
    const pid = view.getUint32(at, true);
    const timestampUs = view.getBigUint64(at + 8, true);
    const smPercent = view.getUint32(at + 16, true);
    if (pid !== 0 && smPercent <= 100 && timestampUs > after) shares.push({ pid, timestampUs, smPercent });
  }
  return shares;
}

/** Version field of `nvmlMemory_v2_t`: its size, and 2 in the top byte. */
export const MEMORY_V2_VERSION: number = 40 | (2 << 24);

/** Bytes in use of a `nvmlMemory_v2_t`, the driver's own reserve left out. */
export function decodeMemoryV2(view: DataView): number {
  return Number(view.getBigUint64(32, true));
}

/** Bytes in use of a `nvmlMemory_t`, the driver's own reserve among them. */
export function decodeMemoryV1(view: DataView): number {
  return Number(view.getBigUint64(16, true));
}

/** The sums that accounting keeps for one process. */
export interface AccountingSums {
  /** Samples so far. */
  readonly count: number;
  /** Their sum, in hundredths of a percent. */
  readonly sum: number;
}

/** The sums of a `nvmlAccountingStats_v2_t`. */
export function decodeAccounting(view: DataView): AccountingSums {
  return { count: view.getUint32(24, true), sum: Number(view.getBigUint64(32, true)) };
}

/** Bytes of `nvmlGpmMetricsGet_t` with room for the metrics of any driver up to 13.2; its version stayed 1. */
export const GPM_METRICS_BYTES = 13_344;

/** GPM metric 1: percent of the time in which any work was active. */
export const GPM_GRAPHICS_UTIL = 1;

/** Busy share from 0 to 1 of a `nvmlGpmMetricsGet_t` with that one metric; NaN if it has none. */
export function decodeGpmBusy(view: DataView): number {
  const code = view.getInt32(24 + 4, true);
  const percent = view.getFloat64(24 + 8, true);
  return code === 0 && percent >= 0 && percent <= 100 ? percent / 100 : NaN;
}

/** A C string's text, up to its NUL. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
