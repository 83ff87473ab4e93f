/**
 * What is random in ids: drawn once for a process, never for a span. `id_series.ts` makes ids of it.
 *
 * @module
 */

/** Hex characters of what ids end with; the number fills the other 16. */
const SUFFIX_CHARACTERS = 16;

/** A random end for ids, 64 bits in lower-case hex. */
export function randomIdSuffix(): string {
  return randomHex(SUFFIX_CHARACTERS);
}

/** Random lower-case hex characters, an even number of them. */
export function randomHex(characters: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(characters / 2));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}
