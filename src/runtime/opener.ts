/**
 * Chooses the runtime's opener once, when the module loads. It opens no library.
 *
 * @module
 */
import { bunOpener } from "../../ffi/open.bun.ts";
import { opener as deno } from "../../ffi/open.deno.ts";
import { opener as none } from "../../ffi/open.none.ts";
import type { Opener } from "../../ffi/types.ts";
import { load, node } from "./builtins.ts";

/**
 * Opens shared libraries on the runtime that this is. Bun has a `Deno` in globalThis only when somebody fakes one, so Bun is
 * asked for first.
 */
export const opener: Opener = "Bun" in globalThis
  ? bunOpener(load, () => node.process.arch)
  : "Deno" in globalThis
  ? deno
  : none;
