/**
 * Opens libraries through `Deno.dlopen`.
 *
 * @module
 */
import type { Library, Opener, Probe, SymbolTable } from "./types.ts";

/** The opener of Deno. Asks for nothing: what is not granted already counts as absent. */
export const opener: Opener = {
  get isMusl() {
    return Deno.build.env === "musl";
  },
  // A buffer's address is looked up at each call: 5 of 33 ns.
  prefersPointers: true,
  open<T extends SymbolTable>(path: string, table: T): Probe<Library<T>> {
    try {
      // A bare name cannot be granted by itself: --allow-ffi=libc.so.6 means a file in the working directory.
      const descriptor: Deno.FfiPermissionDescriptor = path.startsWith("/")
        ? { name: "ffi", path }
        : { name: "ffi" };
      if (Deno.permissions.querySync(descriptor).state !== "granted") {
        return { ok: false, reason: "FFI is not permitted (--allow-ffi)" };
      }
      const { symbols } = Deno.dlopen(path, table as unknown as Deno.ForeignLibraryInterface);
      return { ok: true, value: symbols as unknown as Library<T>, source: path };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  },
};
