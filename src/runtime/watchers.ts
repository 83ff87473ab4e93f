/**
 * Whether a file watcher may be running the program: Deno's and Bun's own, which start it anew in the same process when a
 * file changes, and before call its listeners to SIGTERM without any signal.
 *
 * @module
 */
import { cString, O_RDONLY_CLOEXEC, openFileLibc } from "../../ffi/libc.ts";
import { node } from "./builtins.ts";
import { opener } from "./opener.ts";
import { bun, deno } from "./which.ts";

/**
 * What a watcher does to the program after it has called the listeners: nothing, as there is none; starts it anew, soon;
 * or starts it anew and lets the old one live beside, as Deno's does with tests.
 */
export type Watcher = "none" | "restarts" | "lets live";

let found: Watcher | null = null;

/**
 * What may be watching. Where it cannot be told, there is one: Deno says it to nobody but the system. Looked for once: each time
 * would open the C library again, which a sanitizer of Deno's tests takes for a leak.
 */
export function findWatcher(): Watcher {
  return found ??= lookForWatcher();
}

function lookForWatcher(): Watcher {
  if (bun() !== null) return node.process.execArgv.some(isWatch) ? "restarts" : "none";
  const Deno = deno<DenoArgs>();
  if (Deno === null) return "none"; // Node's watcher sends a signal, to a process of its own
  const line = commandLine();
  if (line !== null && !isWatchedLine(line, Deno.args.length)) return "none";
  return (Deno.test?.length ?? 0) === 0 ? "restarts" : "lets live"; // in a program that is no test it is a function that does nothing
}

interface DenoArgs {
  readonly args: readonly string[];
  readonly test?: { readonly length: number };
}

/** Whether Deno's own part of a command line has it watch: without the `argCount` arguments of the program at its end. */
export function isWatchedLine(line: readonly string[], argCount: number): boolean {
  return line.slice(1, line.length - argCount).some(isWatch);
}

function isWatch(argument: string): boolean {
  return /^--(watch|hot|(\w+-)?hmr)(=|$)/.test(argument);
}

// Read past Deno, which lets nobody read below /proc who may not do everything.
function commandLine(): string[] | null {
  if (node.process.platform !== "linux") return null;
  const libc = openFileLibc(opener, node.process.platform, node.process.arch);
  if (!libc.ok) return null;
  const { open, read, close } = libc.value;
  const file = open(cString("/proc/self/cmdline"), O_RDONLY_CLOEXEC);
  if (file < 0) return null;
  const bytes = new Uint8Array(new ArrayBuffer(MAX_LINE_BYTES));
  let length = 0;
  for (;;) {
    const count = read(file, bytes.subarray(length), BigInt(bytes.length - length));
    if (count <= 0) break;
    length += count;
  }
  close(file);
  if (length === 0 || length === bytes.length) return null;
  return new TextDecoder().decode(bytes.subarray(0, length)).replace(/\0$/, "").split("\0");
}

/** Longer lines are not looked at: a shell may pass 2 MiB. */
const MAX_LINE_BYTES = 1 << 17;
