/**
 * What a page may hold: text that shows as itself, and JSON that can stand in a script element, also of a page that is
 * itself quoted as an attribute.
 *
 * @module
 */
import { jsonOf } from "../../data/json_text.ts";
import { printable } from "../../data/printable.ts";

/** Characters of a name in a page. */
export const MOST_NAME = 80;

// "<" could end the element, and U+2028 a line; "&" and "'" would grow where the page is quoted for a notebook's cell.
const UNSAFE = /[<&'\u2028\u2029]/g;

/** `value` as JSON without a character that means something to HTML. */
export function pageJson(value: unknown): string {
  return jsonOf(value).replace(
    UNSAFE,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** How many bytes of a page `value` takes. */
export function pageBytes(value: unknown): number {
  return new TextEncoder().encode(pageJson(value)).length;
}

/** `text` as a page shows it: nothing in it turns the direction of what is around it, and it ends within bounds. */
export function shownText(text: string, most: number): string {
  // Cut before as well: whole, a long one would be gone through for the sake of its beginning.
  const safe = printable(text.length <= most ? text : text.slice(0, most + 1));
  if (safe.length <= most) return safe;
  const end = safe.charCodeAt(most - 1);
  return `${safe.slice(0, end >= 0xd800 && end < 0xdc00 ? most - 1 : most)}\u2026`;
}
