/**
 * What a span's id is made of: a random prefix per process, and the counter that the recorder keeps anyway.
 *
 * @module
 */

/** Hex characters of the prefix; the counter fills the other 16. */
const PREFIX_CHARACTERS = 16;

/** A random prefix, 64 bits in lower-case hex. */
export function randomIdPrefix(): string {
  return randomHex(PREFIX_CHARACTERS);
}

/** Random lower-case hex characters, an even number of them. */
export function randomHex(characters: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(characters / 2));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}
