import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { clockIds, LIBC_SYMBOLS, libcPaths, openLibc, TIMESPEC_BYTES, timespecNs } from "../../ffi/libc.ts";
import type { Library, Opener, Probe, SymbolTable } from "../../ffi/types.ts";
import { FakeOpener, reasonOf } from "../support/openers.ts";

const CLOCK_GETTIME = { clock_gettime: () => 0 };

const PLATFORMS = [
  ["linux", "x64"],
  ["linux", "arm64"],
  ["android", "arm64"],
  ["darwin", "arm64"],
  ["darwin", "x64"],
] as const;

for (const [platform, arch] of PLATFORMS) {
  test(`libcPaths() of ${platform} ${arch} names each place once, absolute ones first`, () => {
    const paths = libcPaths(platform, arch);
    assert(paths.length > 0);
    assertEquals(new Set(paths).size, paths.length);
    const absolute = paths.map(path => path.startsWith("/"));
    assertEquals(absolute, absolute.toSorted((a, b) => Number(b) - Number(a)));
    assert(absolute[0]);
  });

  test(`libcPaths() of ${platform} ${arch} names no other machine`, () => {
    const other = arch === "arm64" ? /x86_64|x64/ : /aarch64|arm64/;
    assertEquals(libcPaths(platform, arch).filter(path => other.test(path)), []);
  });

  test(`clockIds() of ${platform} are known wherever libcPaths() are`, () => {
    assert(clockIds(platform) !== null);
  });
}

for (const platform of ["win32", "freebsd", "sunos", "", "constructor"]) {
  test(`libcPaths() and clockIds() know nothing of "${platform}"`, () => {
    assertEquals(libcPaths(platform, "x64"), []);
    assertStrictEquals(clockIds(platform), null);
  });
}

test("libcPaths() of linux looks where Debian, Fedora and Alpine have it", () => {
  const paths = libcPaths("linux", "x64");
  for (
    const path of ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"]
  ) assert(paths.includes(path), path);
  assert(libcPaths("linux", "arm64").includes("/lib/aarch64-linux-gnu/libc.so.6"));
});

test("libcPaths() never names another C library than the process's own", () => {
  // A musl that is there for cross-compiling, opened in a process of glibc, crashed it at the first call.
  assertEquals(libcPaths("linux", "x64").filter(path => path.includes("musl")), []);
  assertEquals(libcPaths("linux", "x64", true).filter(path => !path.includes("musl")), []);
  assert(libcPaths("linux", "arm64", true).includes("/lib/libc.musl-aarch64.so.1"));
});

test("clockIds() gives the numbers of each system's headers", () => {
  assertEquals(clockIds("linux"), { monotonic: 1, processCpu: 2, threadCpu: 3 });
  assertEquals(clockIds("darwin"), { monotonic: 6, processCpu: 12, threadCpu: 16 });
});

test("openLibc() opens the first place that has it, and asks no further", () => {
  const [first, second, third] = libcPaths("linux", "x64");
  const opener = new FakeOpener({ [second]: CLOCK_GETTIME, [third]: CLOCK_GETTIME });
  const probe = openLibc(opener, "linux", "x64");
  assertEquals(probe.ok && probe.source, second);
  assertStrictEquals<unknown>(probe.ok && probe.value, CLOCK_GETTIME);
  assertEquals(opener.asked, [first, second]);
});

test("openLibc() goes on past a library without the symbols", () => {
  const [first, second] = libcPaths("linux", "x64");
  const probe = openLibc(new FakeOpener({ [first]: {}, [second]: CLOCK_GETTIME }), "linux", "x64");
  assertEquals(probe.ok && probe.source, second);
});

test("openLibc() says why each place failed", () => {
  const paths = libcPaths("linux", "x64");
  const reason = reasonOf(openLibc(new FakeOpener({ [paths[1]]: {} }), "linux", "x64"));
  for (const path of paths) assert(reason.includes(path), `${path} in ${reason}`);
  assert(reason.includes(`${paths[1]}: no symbol clock_gettime`));
});

test("openLibc() gives a reason that all places share once", () => {
  let asked = 0;
  const opener: Opener = {
    isMusl: false,
    open<T extends SymbolTable>(): Probe<Library<T>> {
      asked++;
      return { ok: false, reason: "not permitted" };
    },
  };
  assertEquals(openLibc(opener, "linux", "x64"), { ok: false, reason: "not permitted" });
  assertEquals(asked, libcPaths("linux", "x64").length);
});

test("openLibc() names the platform that has no known C library, and opens nothing", () => {
  const opener = new FakeOpener({});
  assert(reasonOf(openLibc(opener, "win32", "x64")).includes("win32"));
  assertEquals(opener.asked, []);
});

test("LIBC_SYMBOLS passes no pointer but buffers: Deno grants those by path", () => {
  for (const { parameters } of Object.values(LIBC_SYMBOLS)) {
    for (const type of parameters) assert(["i32", "u32", "u64", "buffer"].includes(type));
  }
});

function timespec(seconds: bigint, nanoseconds: bigint): Uint32Array {
  const buffer = new ArrayBuffer(TIMESPEC_BYTES);
  new BigInt64Array(buffer).set([seconds, nanoseconds]);
  return new Uint32Array(buffer);
}

const TIMESPECS: readonly (readonly [seconds: bigint, nanoseconds: bigint, base: number, ns: number])[] = [
  [0n, 0n, 0, 0],
  [0n, 1n, 0, 1],
  [1n, 999_999_999n, 0, 1_999_999_999],
  [1000n, 5n, 1000, 5],
  [999n, 999_999_999n, 1000, -1],
  // A machine that is up for 60 years, and a session of 100 days in it: still exact.
  [1_900_000_000n + 8_640_000n, 123_456_789n, 1_900_000_000, 8_640_000_123_456_789],
  [0xffff_ffffn, 7n, 0xffff_ffff, 7],
];

for (const [seconds, nanoseconds, base, ns] of TIMESPECS) {
  test(`timespecNs() of ${seconds} s and ${nanoseconds} ns since ${base} s is ${ns}`, () => {
    assertStrictEquals(timespecNs(timespec(seconds, nanoseconds), base), ns);
  });
}
