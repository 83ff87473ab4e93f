/**
 * Types shared by the symbol tables and the openers; no code.
 *
 * @module
 */

/**
 * C types a symbol table may use. `buffer` is a pointer, passed as a typed array that the caller keeps alive; `pointer` is one that a
 * function of C gave.
 */
export type NativeType = "i32" | "u32" | "u64" | "buffer" | "pointer";

/** A pointer as the runtime has it. */
export interface NativePointer {
  readonly [nativePointer]?: never;
}
declare const nativePointer: unique symbol;

/** One C function: what it takes and what it returns. */
export interface NativeFunction {
  readonly parameters: readonly NativeType[];
  readonly result: NativeType | "void";
}

/**
 * C functions by name, in a form that neither runtime owns; an opener translates it. A table is written `as const`, and
 * checked where it is opened: with `satisfies`, declarations could not be made from its file alone.
 */
export type SymbolTable = Readonly<Record<string, NativeFunction>>;

/** JavaScript's side of one C type. 64-bit integers are bigint: a number leaves Deno's fast path. */
export type NativeValue<T extends NativeType | "void"> = T extends "u64" ? bigint
  : T extends "buffer" ? ArrayBufferView
  : T extends "pointer" ? NativePointer | null
  : T extends "void" ? void
  : number;

type Arguments<P extends readonly NativeType[]> = { -readonly [I in keyof P]: NativeValue<P[I]> };

// On its own: written out in `Library`, TypeScript before 5.4 does not see that the arguments are a list.
type Callable<P extends readonly NativeType[], R extends NativeType | "void"> = (
  ...args: Arguments<P>
) => NativeValue<R>;

/** The callable form of a symbol table. Destructure what you call: `library.f()` is slower than `f()`. */
export type Library<T extends SymbolTable> = {
  readonly [K in keyof T]: Callable<T[K]["parameters"], T[K]["result"]>;
};

/** Something the hardware or the system may or may not offer. Absence is a value with a reason, never an exception. */
export type Probe<T> =
  | { readonly ok: true; readonly value: T; readonly source: string }
  | { readonly ok: false; readonly reason: string };

/** Opens shared libraries on one runtime. */
export interface Opener {
  /** Whether this process runs on musl. Only its own C library may be opened: a second one in a process crashes it. */
  readonly isMusl: boolean;
  /** Whether a call with a pointer that was made once is cheaper than one with a buffer. */
  readonly prefersPointers?: boolean;
  /**
   * Opens the library at `path` with every symbol of `table`. Never prompts and never throws.
   * @param path An absolute path, or a bare name for the system's loader to find.
   */
  open<T extends SymbolTable>(path: string, table: T): Probe<Library<T>>;
}
