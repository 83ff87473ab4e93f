/**
 * JSON with exact integers: `JSON.parse` rounds those beyond 2^53.
 *
 * @module
 */

/** `JSON.parse`, with every number that has neither a point nor an exponent as a bigint. */
export function parseExact(text: string): unknown {
  // As text of its own kind first: outside strings, and marked so that no string of the document can look alike.
  const marked = text.replace(
    /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
    token => token.startsWith('"') ? `"s${token.slice(1)}` : /[.eE]/.test(token) ? token : `"i${token}"`,
  );
  return restore(JSON.parse(marked));
}

function restore(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith("i") ? BigInt(value.slice(1)) : value.slice(1);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(restore);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.slice(1), restore(one)]));
}
