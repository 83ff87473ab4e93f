import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { LIBC_SYMBOLS, openLibc } from "../../ffi/libc.ts";
import { opener as denoOpener } from "../../ffi/open.deno.ts";
import { opener as noOpener } from "../../ffi/open.none.ts";
import type { Opener, SymbolTable } from "../../ffi/types.ts";
import { opener as chosenOpener } from "../../src/runtime/opener.ts";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { FakeOpener, reasonOf } from "../support/openers.ts";
import { TempDirectory } from "../support/temp_directory.ts";

const libc = openLibc(chosenOpener, process.platform, process.arch);
const LIBC_PATH = libc.ok ? libc.source : "/lib/libc.so";
const nativeTest = testUnless(libc.ok ? null : `no C library: ${libc.reason}`, import.meta.url);

const OPENERS: Record<string, Opener> = {
  [`The opener of ${RUNTIME}`]: chosenOpener,
  "The opener of other runtimes": noOpener,
  "The fake opener": new FakeOpener({ [LIBC_PATH]: { clock_gettime: () => 0 } }),
};
// Where Deno is not, its opener must still import and fail politely.
if (RUNTIME !== "deno") OPENERS["Deno's opener on another runtime"] = denoOpener;

/** What cannot be opened, each as a path and a table. Every opener runs every case. */
const ABSENT: Record<string, (folder: TempDirectory) => readonly [path: string, table: SymbolTable]> = {
  "an absolute path where nothing is": folder => [`${folder.path}/libnothing.so.1`, LIBC_SYMBOLS],
  "a bare name that the loader does not know": () => ["libcirron-no-such-thing.so.1", LIBC_SYMBOLS],
  "a relative path where nothing is": () => ["no/such/folder/libc.so.6", LIBC_SYMBOLS],
  "a text file": folder => [folder.write("libtext.so", "not a library\n"), LIBC_SYMBOLS],
  "an empty file": folder => [folder.write("libempty.so", ""), LIBC_SYMBOLS],
  "an ELF file that ends after its magic": folder => [folder.write("libelf.so", "\x7fELF"), LIBC_SYMBOLS],
  "a source file of this package": () => [sourcePath("mod.ts"), LIBC_SYMBOLS],
  "a directory": folder => [folder.path, LIBC_SYMBOLS],
  "a path longer than any file system takes": () => [`/${"x".repeat(5000)}`, LIBC_SYMBOLS],
  "a missing symbol": () => [LIBC_PATH, { cirron_no_such_symbol: { parameters: [], result: "i32" } }],
  "one missing symbol among present ones": () => [
    LIBC_PATH,
    { ...LIBC_SYMBOLS, cirron_no_such_symbol: { parameters: [], result: "i32" } },
  ],
};

for (const [name, opener] of Object.entries(OPENERS)) {
  for (const [what, make] of Object.entries(ABSENT)) {
    test(`${name} gives a reason for ${what}`, () => {
      using folder = new TempDirectory();
      const [path, table] = make(folder);
      const reason = reasonOf(opener.open(path, table));
      assertStrictEquals(typeof reason, "string");
      assert(reason.length > 0);
    });
  }
}

test("opener.ts chooses the opener of the runtime", async () => {
  const { opener: deno } = await import("../../ffi/open.deno.ts");
  assertStrictEquals(chosenOpener === deno, RUNTIME === "deno");
  assert(chosenOpener !== noOpener);
});

test("The opener of other runtimes opens nothing, not even libc", () => {
  assert(/\bFFI\b/.test(reasonOf(noOpener.open(LIBC_PATH, LIBC_SYMBOLS))));
});

nativeTest("An opened library says where it came from", () => {
  const probe = chosenOpener.open(LIBC_PATH, LIBC_SYMBOLS);
  assertEquals(probe.ok && probe.source, LIBC_PATH);
});

nativeTest("An opened library has the functions of its table, and no others", () => {
  const probe = chosenOpener.open(LIBC_PATH, LIBC_SYMBOLS);
  assert(probe.ok);
  if (probe.ok) assertEquals(Object.keys(probe.value), ["clock_gettime"]);
});

nativeTest("Every C type of a table arrives and comes back as its JavaScript side", () => {
  const probe = chosenOpener.open(LIBC_PATH, {
    getpid: { parameters: [], result: "i32" },
    abs: { parameters: ["i32"], result: "i32" },
    ffsll: { parameters: ["u64"], result: "i32" },
    htonl: { parameters: ["u32"], result: "u32" },
    strlen: { parameters: ["buffer"], result: "u64" },
    srand: { parameters: ["u32"], result: "void" },
  });
  if (!probe.ok) throw new Error(probe.reason);
  const { getpid, abs, ffsll, htonl, strlen, srand } = probe.value;
  const text = new Uint8Array(new ArrayBuffer(8));
  text.set(new TextEncoder().encode("cirron"));
  assertStrictEquals(getpid(), process.pid);
  assertStrictEquals(abs(-5), 5);
  assertStrictEquals(ffsll(1n << 40n), 41);
  assertStrictEquals(htonl(1), 0x0100_0000);
  assertStrictEquals(htonl(0xff), 0xff00_0000); // no sign creeps in
  assertStrictEquals(strlen(text), 6n);
  assertStrictEquals(srand(0xffff_ffff) as undefined, undefined);
});

nativeTest("A library can be opened twice", () => {
  const first = chosenOpener.open(LIBC_PATH, LIBC_SYMBOLS);
  const second = chosenOpener.open(LIBC_PATH, LIBC_SYMBOLS);
  if (!first.ok || !second.ok) throw new Error("must open");
  const out = new Uint8Array(new ArrayBuffer(16));
  assertEquals([first.value.clock_gettime(1, out), second.value.clock_gettime(1, out)], [0, 0]);
});

nativeTest("A C function that fails gives its return code, not an exception", () => {
  const probe = chosenOpener.open(LIBC_PATH, LIBC_SYMBOLS);
  if (!probe.ok) throw new Error(probe.reason);
  assertStrictEquals(probe.value.clock_gettime(12_345, new Uint8Array(new ArrayBuffer(16))), -1);
});
