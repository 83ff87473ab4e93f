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
} as const;

/** libc, opened. */
export type Libc = Library<typeof LIBC_SYMBOLS>;

/** The same with a pointer that is made once. */
export const LIBC_POINTER_SYMBOLS = {
  // int clock_gettime(clockid_t clock, struct timespec *out)
  clock_gettime: {
    parameters: [
      "i32", // clockid_t clock
      "pointer", // struct timespec *out
    ],
    result: "i32", // 0, or -1 with errno set
  },
  // void *memset(void *bytes, int value, size_t count): gives its first argument back. Deno's own way to a buffer's pointer asks for
  // all of --allow-ffi, not for one library.
  memset: {
    parameters: [
      "buffer", // void *bytes
      "i32", // int value
      "u64", // size_t count: always 0, nothing is changed
    ],
    result: "pointer", // bytes
  },
} as const;

/** libc, opened for pointers. */
export type PointerLibc = Library<typeof LIBC_POINTER_SYMBOLS>;

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
} as const;

/** libc, opened for its signal functions. */
export type SignalLibc = Library<typeof LIBC_SIGNAL_SYMBOLS>;

/** The functions of libc that the memory probe uses. */
export const LIBC_MEMORY_SYMBOLS = {
  // int getrusage(int who, struct rusage *out)
  getrusage: {
    parameters: [
      "i32", // int who: 0 is the whole process
      "buffer", // struct rusage *out
    ],
    result: "i32", // 0, or -1 with errno set
  },
  // int open(const char *path, int flags, ...): variadic, but without O_CREAT nothing follows the flags
  open: {
    parameters: [
      "buffer", // const char *path
      "i32", // int flags
    ],
    result: "i32", // a file descriptor, or -1 with errno set
  },
  // ssize_t write(int fd, const void *bytes, size_t count)
  write: {
    parameters: [
      "i32", // int fd
      "buffer", // const void *bytes
      "u64", // size_t count
    ],
    result: "i32", // ssize_t, of which the low half says enough of a few bytes: -1 with errno set
  },
  // ssize_t pread(int fd, void *out, size_t count, off_t offset)
  pread: {
    parameters: [
      "i32", // int fd
      "buffer", // void *out
      "u64", // size_t count
      "u64", // off_t offset
    ],
    result: "i32", // ssize_t, as above
  },
  // int close(int fd)
  close: {
    parameters: [
      "i32", // int fd
    ],
    result: "i32", // 0, or -1 with errno set
  },
} as const;

/** libc, opened for its memory figures. */
export type MemoryLibc = Library<typeof LIBC_MEMORY_SYMBOLS>;

/** The functions of libc that read a small file. */
export const LIBC_FILE_SYMBOLS = {
  // int open(const char *path, int flags, ...): variadic, but without O_CREAT nothing follows the flags
  open: {
    parameters: [
      "buffer", // const char *path
      "i32", // int flags
    ],
    result: "i32", // a file descriptor, or -1 with errno set
  },
  // ssize_t read(int fd, void *out, size_t count)
  read: {
    parameters: [
      "i32", // int fd
      "buffer", // void *out
      "u64", // size_t count
    ],
    result: "i32", // ssize_t, of which the low half says enough: bytes read, or -1
  },
  // int close(int fd)
  close: {
    parameters: [
      "i32", // int fd
    ],
    result: "i32", // 0, or -1 with errno set
  },
} as const;

/** libc, opened to read small files. */
export type FileLibc = Library<typeof LIBC_FILE_SYMBOLS>;

/** The function of libc that tells where a symbolic link leads. */
export const LIBC_LINK_SYMBOLS = {
  // ssize_t readlink(const char *path, char *out, size_t size)
  readlink: {
    parameters: [
      "buffer", // const char *path
      "buffer", // char *out: not terminated
      "u64", // size_t size
    ],
    result: "i32", // ssize_t, of which the low half says enough: bytes written, or -1
  },
} as const;

/** libc, opened to read links. */
export type LinkLibc = Library<typeof LIBC_LINK_SYMBOLS>;

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
 * @param isMusl Whether the process runs on musl: the other one's library must not be opened.
 */
export function libcPaths(platform: string, arch: string, isMusl: boolean = false): string[] {
  if (platform === "darwin") return ["/usr/lib/libSystem.B.dylib"];
  if (platform !== "linux" && platform !== "android") return [];
  const machine = arch === "arm64" ? "aarch64" : "x86_64";
  if (isMusl) {
    return [
      `/lib/libc.musl-${machine}.so.1`, // Alpine
      `/lib/ld-musl-${machine}.so.1`, // other musl systems: the loader is the library
    ];
  }
  return [
    `/lib/${machine}-linux-gnu/libc.so.6`, // Debian, Ubuntu
    "/lib64/libc.so.6", // Fedora, RHEL, SUSE, Arch
    "/usr/lib/libc.so.6", // Arch on 64-bit Arm
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

/** Opens libc as `openLibc` does, for pointers. */
export function openPointerLibc(opener: Opener, platform: string, arch: string): Probe<PointerLibc> {
  return openFirst(opener, platform, arch, LIBC_POINTER_SYMBOLS);
}

/** Opens libc as `openLibc` does, for its memory figures. */
export function openMemoryLibc(opener: Opener, platform: string, arch: string): Probe<MemoryLibc> {
  return openFirst(opener, platform, arch, LIBC_MEMORY_SYMBOLS);
}

/** Opens libc as `openLibc` does, to read links. */
export function openLinkLibc(opener: Opener, platform: string, arch: string): Probe<LinkLibc> {
  return openFirst(opener, platform, arch, LIBC_LINK_SYMBOLS);
}

/** Opens libc as `openLibc` does, to read small files. */
export function openFileLibc(opener: Opener, platform: string, arch: string): Probe<FileLibc> {
  return openFirst(opener, platform, arch, LIBC_FILE_SYMBOLS);
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
  const paths = libcPaths(platform, arch, opener.isMusl);
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

/** Bytes of `struct rusage` on 64-bit Linux and macOS. */
export const RUSAGE_BYTES = 144;

/**
 * The highest resident set in bytes that a `struct rusage` seen as 32-bit words tells of: `ru_maxrss`, which follows the
 * two times at byte 32. Linux counts in KiB, macOS in bytes.
 */
export function maxRssBytes(words: Uint32Array, platform: string): number {
  const value = words[8] + words[9] * 2 ** 32;
  return platform === "darwin" ? value : value * 1024;
}

/** `open` flags of Linux on x86-64 and arm64. */
export const O_RDONLY_CLOEXEC = 0o2000000;
/** As above, to write. */
export const O_WRONLY_CLOEXEC = 0o2000001;

/** A string as C takes it: UTF-8 with a NUL at the end, in memory that no engine moves. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  const utf8 = new TextEncoder().encode(`${text}\0`);
  const bytes = new Uint8Array(new ArrayBuffer(utf8.length));
  bytes.set(utf8);
  return bytes;
}
