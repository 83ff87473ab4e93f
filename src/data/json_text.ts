/**
 * Plain data -> JSON text, whatever the program has done to JSON. Old libraries give a `toJSON` to every array or object, and
 * programs replace `JSON.stringify`: either would change what files say, or leave them invalid.
 *
 * @module
 */

/** The one that was there when the package was loaded. Used where it is right: it takes a fifth of the time. */
const { stringify, parse } = JSON;

/** A `toJSON` that every list or object has is found in a list's prototypes. */
const LIST: object = [];

// Halves of surrogate pairs, since they have no bytes; pairs are no match.
// deno-lint-ignore no-control-regex
const ESCAPED = /[\u0000-\u001f"\\]|\p{Surrogate}/gu;

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** A string as JSON has it, with its quotes. */
export function jsonOfText(text: string): string {
  isRight ??= tryOut();
  return isRight ? stringify(text) : escapedText(text);
}

/**
 * Lists and objects as JSON, by what they hold themselves. What is undefined in an object is left out, and numbers that are
 * not finite are null.
 * @param value Nested no deeper than recursion goes: attributes have 16 levels.
 */
export function jsonOf(value: unknown): string {
  isRight ??= tryOut();
  return isRight && !("toJSON" in LIST) ? stringify(value) : writtenOut(value);
}

/** Whether `stringify` does what it should; null before it was asked. */
let isRight: boolean | null = null;

// The program may have replaced it before the package was loaded.
function tryOut(): boolean {
  const shadow = { toJSON: undefined }; // hides one that every list or object has
  const list = Object.assign([-1.5, null, true, 'a"\\\n\u0001\ud800-\ud83d\ude00'], shadow);
  const value = { ...shadow, list };
  try {
    return stringify(list[3]) === writtenOut(list[3]) && stringify(value) === writtenOut(value);
  } catch {
    return false;
  }
}

function escapedText(text: string): string {
  return `"${text.replace(ESCAPED, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  return SHORT_ESCAPES.get(character) ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function writtenOut(value: unknown): string {
  switch (typeof value) {
    case "string":
      return escapedText(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "boolean":
      return String(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value)
        ? writtenOutList(value)
        : writtenOutFields(value as Record<string, unknown>);
    default:
      return "null";
  }
}

function writtenOutList(list: readonly unknown[]): string {
  let text = "[";
  for (let i = 0; i < list.length; i++) {
    if (i > 0) text += ",";
    text += writtenOut(list[i]);
  }
  return `${text}]`;
}

function writtenOutFields(fields: Readonly<Record<string, unknown>>): string {
  let text = "{";
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${escapedText(key)}:${writtenOut(value)}`;
  }
  return `${text}}`;
}

/**
 * What a JSON text says, by the parser that was there when the package was loaded.
 * @throws {SyntaxError} If it is none.
 */
export function parseJson(text: string): unknown {
  return parse(text);
}
