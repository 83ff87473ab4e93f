/**
 * Chooses the runtime's opener once, when the module loads. It opens no library.
 *
 * @module
 */
import type { Opener } from "./types.ts";

// Literal specifiers: JSR and bundlers must see them. Bun also has a `Deno` in globalThis only when somebody
// fakes one, so Bun is asked for first.
const chosen: { opener: Opener } = "Bun" in globalThis
  ? await import("./open.bun.ts")
  : "Deno" in globalThis
  ? await import("./open.deno.ts")
  : await import("./open.none.ts");

/** Opens shared libraries on the runtime that this is. */
export const opener: Opener = chosen.opener;
