/**
 * The highest resident set during each span, through the kernel's own high-water mark.
 *
 * Linux keeps one mark per process and lets it be reset. So at every boundary of a span the mark is read, which gives
 * the peak since the boundary before, and reset; the peak of a span is the highest of those inside it. Any other program
 * or library that resets or reads the mark (`VmHWM`) meanwhile gets in the way, and so does a second profiler in a worker.
 *
 * @module
 */
import {
  cString,
  maxRssBytes,
  type MemoryLibc,
  O_RDONLY_CLOEXEC,
  O_WRONLY_CLOEXEC,
  openMemoryLibc,
  RUSAGE_BYTES,
} from "../../ffi/libc.ts";
import type { Opener, Probe } from "../../ffi/types.ts";
import { doubled } from "../data/doubled.ts";
import { node } from "../runtime/builtins.ts";
import { opener } from "../runtime/opener.ts";
import type { SpanMeter } from "./meter.ts";

/** Exact peaks, both ends of a span included, from a mark that can be reset. About 1.7 us a boundary: two system calls. */
export class ResettingPeakMeter implements SpanMeter {
  readonly #read: () => number;
  readonly #reset: () => void;
  // The peaks of the intervals between boundaries, but only those that no later one reaches: falling from the bottom
  // up. The peak since interval n is the lowest one on the stack that is not older than n. As peaks count in pages, the
  // stack holds at most as many as the process ever had pages, and in practice a handful.
  #interval = 0;
  #depth = 0;
  #intervals = new Float64Array(64);
  #peaks = new Float64Array(64);

  /**
   * @param read The high-water mark in bytes.
   * @param reset Makes the mark what is resident now.
   */
  constructor(read: () => number, reset: () => void) {
    this.#read = read;
    this.#reset = reset;
  }

  start(to: Float64Array, at: number): void {
    this.#endInterval();
    to[at] = this.#interval;
  }

  end(since: Float64Array, from: number, to: Float64Array, at: number): void {
    const first = since[from];
    if (!(first >= 0)) {
      to[at] = NaN;
      return;
    }
    this.#endInterval();
    let low = 0;
    let high = this.#depth - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#intervals[middle] < first) low = middle + 1;
      else high = middle;
    }
    to[at] = this.#peaks[low];
  }

  #endInterval(): void {
    const peak = this.#read();
    this.#reset();
    while (this.#depth > 0 && this.#peaks[this.#depth - 1] <= peak) this.#depth--;
    if (this.#depth === this.#peaks.length) {
      this.#intervals = doubled(this.#intervals);
      this.#peaks = doubled(this.#peaks);
    }
    this.#intervals[this.#depth] = this.#interval++;
    this.#peaks[this.#depth++] = peak;
  }
}

/**
 * Peaks where the mark cannot be reset: known only for a span in which the whole process reached a new peak, since only
 * then the mark provably lies inside it.
 */
export class LifetimePeakMeter implements SpanMeter {
  readonly #read: () => number;

  /** @param read The high-water mark in bytes. */
  constructor(read: () => number) {
    this.#read = read;
  }

  start(to: Float64Array, at: number): void {
    to[at] = this.#read();
  }

  end(since: Float64Array, from: number, to: Float64Array, at: number): void {
    const peak = this.#read();
    to[at] = peak > since[from] ? peak : NaN;
  }
}

/** What a peak meter is opened with; tests put others in place. */
export interface PeakOptions {
  readonly from?: Opener;
  readonly platform?: string;
  readonly arch?: string;
  /**
   * Whether its files stay open for good, one or two of them. Not in a worker, which may end and tell nobody, while its
   * descriptors stay with the process: there they are opened for each reading, which takes 1.7 us more.
   * @default true
   */
  readonly keepsFiles?: boolean;
}

/** Opens the best peak meter there is. Never prompts, never throws. May keep file descriptors for good: call it once. */
export function openPeakMeter(options: PeakOptions = {}): Probe<SpanMeter> {
  const { from = opener, platform = node.process.platform, arch = node.process.arch, keepsFiles = true } =
    options;
  const libc = openMemoryLibc(from, platform, arch);
  if (!libc.ok) return runtimeMeter(libc.reason);
  const rusage = new ArrayBuffer(RUSAGE_BYTES);
  const bytes = new Uint8Array(rusage);
  const words = new Uint32Array(rusage);
  const { getrusage } = libc.value;
  const read = () => {
    getrusage(0, bytes);
    return maxRssBytes(words, platform);
  };
  if (getrusage(0, bytes) !== 0 || read() === 0) return { ok: false, reason: "getrusage() does not answer" };
  const source = `ru_maxrss of ${libc.source}`;
  const reset = openReset(libc.value, platform, keepsFiles);
  if (reset === null) {
    const value = new LifetimePeakMeter(read);
    return {
      ok: true,
      value,
      source: `${source}, which cannot be reset here: known only for spans with a new peak`,
    };
  }
  return {
    ok: true,
    value: new ResettingPeakMeter(aboveFloor(libc.value, read, keepsFiles), reset),
    source: `${source}, reset through /proc/self/clear_refs`,
  };
}

// Where the reset is refused (a container's /proc may be read-only, a kernel built without it), null.
function openReset(libc: MemoryLibc, platform: string, keepsFile: boolean): (() => void) | null {
  if (platform !== "linux" && platform !== "android") return null;
  const { write } = libc;
  const resetPeak = cString("5"); // CLEAR_REFS_MM_HIWATER_RSS
  return openFile(libc, "/proc/self/clear_refs", O_WRONLY_CLOEXEC, keepsFile, file => {
    return write(file, resetPeak, 1n) === 1 ? 1 : NaN;
  });
}

/**
 * `ru_maxrss` never falls below the peak of the program that started this one (the kernel keeps that of the image before
 * exec), reset or not. At or below that floor the mark is read from /proc/self/status instead, which takes 10 us.
 */
function aboveFloor(libc: MemoryLibc, read: () => number, keepsFile: boolean): () => number {
  const { pread } = libc;
  const buffer = new Uint8Array(new ArrayBuffer(4096));
  const decoder = new TextDecoder();
  const openStatus = (isKept: boolean) =>
    openFile(libc, "/proc/self/status", O_RDONLY_CLOEXEC, isKept, file => {
      const length = pread(file, buffer, 4096n, 0n);
      const found = /^VmHWM:\s+(\d+) kB$/m.exec(decoder.decode(buffer.subarray(0, Math.max(0, length))));
      return found === null ? NaN : Number(found[1]) * 1024;
    });
  // Right after the reset the two agree to within a few pages, unless the floor holds one up.
  const floor = read();
  const status = openStatus(false)?.();
  if (status === undefined || !(floor - status > FLOOR_SLACK_BYTES)) return read;
  const readStatus = openStatus(keepsFile) ?? (() => NaN);
  return () => {
    const peak = read();
    if (peak > floor) return peak;
    const own = readStatus();
    return own === own ? own : peak;
  };
}

/**
 * What `act` does with a file's descriptor, as a function; null if the file cannot be opened, or `act` does not succeed.
 * @param isKept Whether the file stays open for good. Else it is opened each time.
 * @param act Gives NaN if it did not succeed.
 */
function openFile(
  { open, close }: MemoryLibc,
  path: string,
  flags: number,
  isKept: boolean,
  act: (file: number) => number,
): (() => number) | null {
  const cPath = cString(path);
  const once = (): number => {
    const file = open(cPath, flags);
    if (file < 0) return NaN;
    const result = act(file);
    close(file);
    return result;
  };
  if (Number.isNaN(once())) return null;
  if (!isKept) return once;
  const file = open(cPath, flags);
  return file < 0 ? null : () => act(file);
}

/** The kernel counts pages per CPU and adds them up late; a real floor is another program's whole size. */
const FLOOR_SLACK_BYTES = 4 << 20;

function runtimeMeter(reason: string): Probe<SpanMeter> {
  const { resourceUsage } = node.process as { resourceUsage?: () => { maxRSS: number } };
  try {
    // In KiB in Node and Bun, whatever the system.
    const read = () => resourceUsage!.call(node.process).maxRSS * 1024;
    if (read() > 0) {
      return {
        ok: true,
        value: new LifetimePeakMeter(read),
        source: `process.resourceUsage() (${reason}): known only for spans with a new peak`,
      };
    }
  } catch {
    // This runtime has no such figure, or does not give it.
  }
  return { ok: false, reason };
}
