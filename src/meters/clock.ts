/**
 * The only place that reads time: libc's clocks where FFI is permitted, the runtime's own where it is not.
 *
 * @module
 */
import { clockIds, openLibc, openPointerLibc, TIMESPEC_BYTES, timespecNs } from "../../ffi/libc.ts";
import type { ClockIds, Libc, PointerLibc } from "../../ffi/libc.ts";
import type { Opener, Probe } from "../../ffi/types.ts";
import type { CpuKind } from "../data/counters.ts";
import { node } from "../runtime/builtins.ts";
import { machine } from "../runtime/machine.ts";
import { opener } from "../runtime/opener.ts";

/** Every reading of time the package makes. Tests pass their own. */
export interface Clock {
  /** What the monotonic clock is read from, for `health()`. */
  readonly source: string;
  /** Nanoseconds on the monotonic clock since some moment in this process; whole, never falling. */
  readonly nowNs: () => number;
  /** Nanoseconds since 1970 by the system's clock, which may jump. */
  readonly unixNs: () => bigint;
  /** Readers of consumed CPU time in nanoseconds, each present or absent. */
  readonly cpu: Readonly<Record<CpuKind, Probe<() => number>>>;
  /** What another thread needs to read the same clock; absent if it is not libc's. */
  readonly monotonic?: MonotonicClock;
}

/** libc's monotonic clock, and where a program's own time starts on it. */
export interface MonotonicClock {
  /** The library that has `clock_gettime`. */
  readonly path: string;
  /** What it calls the clock. */
  readonly id: number;
  /** Its seconds at which `nowNs()` is 0. */
  readonly originSeconds: number;
}

/** The Unix time at which a clock's `nowNs()` was 0, in nanoseconds. Read once per session: durations never see a jump. */
export function unixAnchorNs(clock: Clock): bigint {
  const before = clock.nowNs();
  const unixNs = clock.unixNs();
  const after = clock.nowNs();
  return unixNs - BigInt(Math.round((before + after) / 2));
}

/**
 * Opens the best clock there is: 30-45 ns a reading through libc, 40-130 ns without. Never prompts, never throws.
 * @param from The opener to find libc with; tests pass another.
 */
export function openClock(from: Opener = opener): Clock {
  const { platform, arch } = machine();
  const ids = clockIds(platform);
  const libc = openLibc(from, platform, arch);
  if (!libc.ok) return runtimeClock(libc.reason);
  if (ids === null) return runtimeClock(`the clock numbers of ${platform} are not known`);
  const pointers = from.prefersPointers === true ? openPointerLibc(from, platform, arch) : null;
  return libcClock(libc.value, ids, libc.source, pointers?.ok === true ? pointers.value : null)
    ?? runtimeClock(`clock_gettime of ${libc.source} does not answer`);
}

/**
 * A reading of `performance.now()` on a clock; null if it is none, since it is later than now.
 * @param ms The reading, in milliseconds.
 */
export function performanceNs(clock: Clock, ms: number): number | null {
  const nowMs = performance.now();
  return ms <= nowMs ? clock.nowNs() - Math.round((nowMs - ms) * 1e6) : null;
}

function libcClock(libc: Libc, ids: ClockIds, path: string, pointers: PointerLibc | null): Clock | null {
  // One buffer for the life of the clock, over an explicit ArrayBuffer: Bun moves small typed arrays away from
  // under a pointer once the caller is compiled (oven-sh/bun#32054). Deno and Bun both take the view itself.
  const timespec = new ArrayBuffer(TIMESPEC_BYTES);
  const bytes = new Uint8Array(timespec);
  const words = new Uint32Array(timespec);
  const wide = new BigUint64Array(timespec);
  const { monotonic, processCpu, threadCpu } = ids;
  const { clock_gettime, out } = readerInto(bytes, libc, pointers);

  for (const id of [monotonic, processCpu, threadCpu]) {
    if (clock_gettime(id, out) !== 0) return null;
  }
  clock_gettime(monotonic, out);
  const baseSeconds = words[0];
  if (timespecNs(words, baseSeconds) >= 1e9) return null; // nanoseconds out of range: not a timespec

  return {
    source: `clock_gettime(CLOCK_MONOTONIC) of ${path}`,
    nowNs: () => {
      clock_gettime(monotonic, out);
      return timespecNs(words, baseSeconds);
    },
    unixNs: () => {
      clock_gettime(0, out); // CLOCK_REALTIME is 0 everywhere
      return wide[0] * 1_000_000_000n + wide[1];
    },
    cpu: {
      process: cpuClock(processCpu, "CLOCK_PROCESS_CPUTIME_ID"),
      thread: cpuClock(threadCpu, "CLOCK_THREAD_CPUTIME_ID"),
    },
    monotonic: { path, id: monotonic, originSeconds: baseSeconds },
  };

  function cpuClock(id: number, name: string): Probe<() => number> {
    const value = () => {
      clock_gettime(id, out);
      return timespecNs(words, 0);
    };
    return { ok: true, value, source: `clock_gettime(${name}) of ${path}` };
  }
}

/** How a clock is read into `bytes`. */
interface Reader {
  readonly clock_gettime: (id: number, out: object) => number;
  /** What is given for `out` at each call. */
  readonly out: object;
}

/** A reader by a pointer where there is one, and it leads there: `bytes` live as long as the clock, so it stays right. */
function readerInto(bytes: Uint8Array, libc: Libc, pointers: PointerLibc | null): Reader {
  const byView: Reader = { clock_gettime: libc.clock_gettime as Reader["clock_gettime"], out: bytes };
  const out = pointers === null ? null : pointers.memset(bytes, 0, 0n);
  if (pointers === null || out === null) return byView;
  bytes.fill(0);
  const isThere = pointers.clock_gettime(0, out) === 0 && bytes.some(byte => byte !== 0); // 1970 is over
  return isThere ? { clock_gettime: pointers.clock_gettime as Reader["clock_gettime"], out } : byView;
}

function runtimeClock(reason: string): Clock {
  return {
    source: `performance.now() (${reason})`,
    nowNs: () => Math.round(performance.now() * 1e6),
    unixNs: () => BigInt(Date.now()) * 1_000_000n,
    cpu: {
      process: typeof node.process.cpuUsage === "function"
        ? { ok: true, value: cpuUsageNs, source: `process.cpuUsage() (${reason})` }
        : { ok: false, reason },
      // process.threadCpuUsage() costs 12 us a call in Deno and moves in steps of 10 ms: worse than nothing.
      thread: { ok: false, reason },
    },
  };
}

function cpuUsageNs(): number {
  const { user, system } = node.process.cpuUsage();
  return (user + system) * 1000;
}
