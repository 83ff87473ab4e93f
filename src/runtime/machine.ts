/**
 * The machine that this is, in Node's words.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { deno } from "./which.ts";

/** An operating system and a processor. */
export interface Machine {
  /** As `process.platform`. */
  readonly platform: string;
  /** As `process.arch`. */
  readonly arch: string;
}

const PLATFORM: Readonly<Record<string, string>> = { windows: "win32" };
const ARCH: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** What this program runs on. Deno says so itself: its `process` takes 10 ms to be there. */
export function machine(): Machine {
  const { os, arch } = deno<{ build?: { os?: string; arch?: string } }>()?.build ?? {};
  if (os === undefined || arch === undefined) return node.process;
  return { platform: PLATFORM[os] ?? os, arch: ARCH[arch] ?? arch };
}
