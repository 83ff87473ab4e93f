/**
 * Chooses the runtime's opener once, when the module loads. It opens no library.
 *
 * @module
 */
import { bunOpener } from "../../ffi/open.bun.ts";
import { opener as denoOpener } from "../../ffi/open.deno.ts";
import { opener as none } from "../../ffi/open.none.ts";
import type { Opener } from "../../ffi/types.ts";
import { load, node } from "./builtins.ts";
import { bun, deno } from "./which.ts";

/** Opens shared libraries on the runtime that this is. */
export const opener: Opener = bun() !== null
  ? bunOpener(load, () => node.process.arch)
  : deno() !== null
  ? denoOpener
  : none;
