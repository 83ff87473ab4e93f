/**
 * Opens libraries through `bun:ffi`.
 *
 * @module
 */
import type { Library, NativeType, Opener, Probe, SymbolTable } from "./types.ts";

const { dlopen } = await import("bun:ffi");

const BUN_TYPE: Record<NativeType | "void", string> = {
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "ptr",
  void: "void",
};

/** The opener of Bun. */
export const opener: Opener = {
  // Bun does not say. A system of glibc may have musl's loader too, for cross-compiling.
  get isMusl() {
    // Not imported: the module costs every program's start.
    const { process } = globalThis as unknown as { process: typeof import("node:process") };
    const { existsSync } = process.getBuiltinModule("node:fs");
    const [musl, glibc] = process.arch === "arm64"
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
      const library = dlopen(path, symbols as never);
      return { ok: true, value: library.symbols as unknown as Library<T>, source: path };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  },
};
