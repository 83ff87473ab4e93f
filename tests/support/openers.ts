/**
 * An opener of libraries that exist only in the test.
 *
 * @module
 */
import type { Library, Opener, Probe, SymbolTable } from "../../ffi/types.ts";

/** Functions of one fake library, by name. */
export type FakeLibrary = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Opens what it was given, by path, and notes what was asked for. */
export class FakeOpener implements Opener {
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  readonly isMusl: boolean = false;
  prefersPointers: boolean = false;
  readonly #libraries: Readonly<Record<string, FakeLibrary>>;

  constructor(libraries: Readonly<Record<string, FakeLibrary>>) {
    this.#libraries = libraries;
  }

  open<T extends SymbolTable>(path: string, table: T): Probe<Library<T>> {
    this.asked.push(path);
    const library = Object.hasOwn(this.#libraries, path) ? this.#libraries[path] : undefined;
    if (library === undefined) return { ok: false, reason: `${path}: no such file` };
    const missing = Object.keys(table).filter(name => !Object.hasOwn(library, name));
    if (missing.length > 0) return { ok: false, reason: `${path}: no symbol ${missing.join(", ")}` };
    return { ok: true, value: library as unknown as Library<T>, source: path };
  }
}

/** Writes a `struct timespec` into the buffer that a `clock_gettime` was given. */
export function writeTimespec(out: ArrayBufferView, seconds: bigint, nanoseconds: bigint): void {
  const wide = new BigUint64Array(out.buffer, out.byteOffset, 2);
  wide[0] = seconds;
  wide[1] = nanoseconds;
}

/** Why a probe is absent; fails if it is present. */
export function reasonOf(probe: Probe<unknown>): string {
  if (probe.ok) throw new Error(`expected nothing, found ${probe.source}`);
  return probe.reason;
}

/** What a counter says whose hardware is not there. */
export const NO_DRIVER: Probe<never> = { ok: false, reason: "no driver" };
