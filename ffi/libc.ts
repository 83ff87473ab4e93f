/**
 * The C library: where it lies, what we call in it, and how its answers decode. Plain data and pure functions.
 *
 * @module
 */
import type { Library, Opener, Probe, SymbolTable } from "./types.ts";

/** The functions of libc that the clocks use. */
export const LIBC_SYMBOLS = {
  // int clock_gettime(clockid_t clock, struct timespec *out)
  clock_gettime: {
    parameters: [
      "i32", // clockid_t clock
      "buffer", // struct timespec *out
    ],
    result: "i32", // 0, or -1 with errno set
  },
} as const satisfies SymbolTable;

/** libc, opened. */
export type Libc = Library<typeof LIBC_SYMBOLS>;

/** The functions of libc that exit handling uses. */
export const LIBC_SIGNAL_SYMBOLS = {
  // int sigaction(int signum, const struct sigaction *act, struct sigaction *old)
  sigaction: {
    parameters: [
      "i32", // int signum
      "u64", // const struct sigaction *act: always NULL, nothing is changed
      "buffer", // struct sigaction *old
    ],
    result: "i32", // 0, or -1 with errno set
  },
} as const satisfies SymbolTable;

/** libc, opened for its signal functions. */
export type SignalLibc = Library<typeof LIBC_SIGNAL_SYMBOLS>;

/** The numbers that `clock_gettime` knows its clocks by; they differ between systems. */
export interface ClockIds {
  readonly monotonic: number;
  readonly processCpu: number;
  readonly threadCpu: number;
}

// <bits/time.h> on Linux (glibc and musl agree), <time.h> on macOS.
const LINUX_CLOCKS: ClockIds = { monotonic: 1, processCpu: 2, threadCpu: 3 };
const MACOS_CLOCKS: ClockIds = { monotonic: 6, processCpu: 12, threadCpu: 16 };

/** The clock numbers of `platform` (`process.platform`), or null where libc's clocks are not known. */
export function clockIds(platform: string): ClockIds | null {
  if (platform === "linux" || platform === "android") return LINUX_CLOCKS;
  if (platform === "darwin") return MACOS_CLOCKS;
  return null;
}

/**
 * Where libc may lie, in the order to try. Absolute paths come first: Deno can grant them one by one, while a
 * bare name would need `--allow-ffi` for everything, and in Bun falls back to a file in the working directory.
 * @param platform As `process.platform`.
 * @param arch As `process.arch`.
 */
export function libcPaths(platform: string, arch: string): string[] {
  if (platform === "darwin") return ["/usr/lib/libSystem.B.dylib"];
  if (platform !== "linux" && platform !== "android") return [];
  const machine = arch === "arm64" ? "aarch64" : "x86_64";
  return [
    `/lib/${machine}-linux-gnu/libc.so.6`, // Debian, Ubuntu
    "/lib64/libc.so.6", // Fedora, RHEL, SUSE, Arch
    "/usr/lib/libc.so.6", // Arch on 64-bit Arm
    `/lib/libc.musl-${machine}.so.1`, // Alpine
    `/lib/ld-musl-${machine}.so.1`, // other musl systems: the loader is the library
    "libc.so.6", // NixOS and Guix keep no fixed path; the loader already has it open
  ];
}

/**
 * Opens libc at the first place that has it.
 * @returns The library and the path it came from, or why each place failed.
 */
export function openLibc(opener: Opener, platform: string, arch: string): Probe<Libc> {
  return openFirst(opener, platform, arch, LIBC_SYMBOLS);
}

/** Opens libc as `openLibc` does, for its signal functions. */
export function openSignalLibc(opener: Opener, platform: string, arch: string): Probe<SignalLibc> {
  return openFirst(opener, platform, arch, LIBC_SIGNAL_SYMBOLS);
}

function openFirst<T extends SymbolTable>(
  opener: Opener,
  platform: string,
  arch: string,
  table: T,
): Probe<Library<T>> {
  const paths = libcPaths(platform, arch);
  if (paths.length === 0) return { ok: false, reason: `no C library is known for ${platform}` };
  const reasons = new Set<string>();
  for (const path of paths) {
    const probe = opener.open(path, table);
    if (probe.ok) return probe;
    reasons.add(probe.reason);
  }
  return { ok: false, reason: [...reasons].join("; ") };
}

/** Bytes of `struct timespec` on the 64-bit systems that Deno and Bun run on: `time_t` 8, `long` 8. */
export const TIMESPEC_BYTES = 16;

/**
 * Nanoseconds of a `struct timespec` seen as 32-bit words (both machines are little-endian), relative to
 * `baseSeconds` so that the sum stays exact in a number for 104 days. Reads the low word of the seconds only.
 */
export function timespecNs(words: Uint32Array, baseSeconds: number): number {
  return (words[0] - baseSeconds) * 1e9 + words[2];
}

/** Room for `struct sigaction`: 152 bytes on Linux (glibc and musl), 16 on macOS. */
export const SIGACTION_BYTES = 256;

/** Whether a `struct sigaction` seen as 32-bit words ignores its signal: the handler comes first, SIG_IGN is 1. */
export function isSigactionIgnored(words: Uint32Array): boolean {
  return words[0] === 1 && words[1] === 0;
}
