/**
 * Opens libraries through `bun:ffi`.
 *
 * @module
 */
import type { Library, NativeType, Opener, Probe, SymbolTable } from "./types.ts";

type Dlopen = (
  path: string,
  symbols: Record<string, { args: string[]; returns: string }>,
) => { symbols: object };

const BUN_TYPE: Record<NativeType | "void", string> = {
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "ptr",
  pointer: "ptr",
  void: "void",
};

/**
 * The opener of Bun.
 * @param load Gives one of the runtime's modules. Nothing is imported, since other runtimes load this file too; and not by a
 * dynamic import, since with a top-level await anywhere Bun 1.4.5 drops the messages that a worker is sent while it loads.
 * @param arch As `process.arch`.
 */
export const bunOpener = (load: <T>(name: string) => T, arch: () => string): Opener => ({
  // Bun does not say. A system of glibc may have musl's loader too, for cross-compiling.
  get isMusl() {
    const { existsSync } = load<{ existsSync(path: string): boolean }>("node:fs");
    const [musl, glibc] = arch() === "arm64"
      ? ["/lib/ld-musl-aarch64.so.1", "/lib/ld-linux-aarch64.so.1"]
      : ["/lib/ld-musl-x86_64.so.1", "/lib64/ld-linux-x86-64.so.2"];
    return existsSync(musl) && !existsSync(glibc);
  },
  open<T extends SymbolTable>(path: string, table: T): Probe<Library<T>> {
    try {
      const symbols: Record<string, { args: string[]; returns: string }> = {};
      for (const [name, { parameters, result }] of Object.entries(table)) {
        symbols[name] = { args: parameters.map(type => BUN_TYPE[type]), returns: BUN_TYPE[result] };
      }
      const { dlopen } = load<{ dlopen: Dlopen }>("bun:ffi");
      return { ok: true, value: dlopen(path, symbols).symbols as Library<T>, source: path };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  },
});
