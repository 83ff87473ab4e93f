/**
 * Bytes of a keyboard -> keys.
 *
 * @module
 */

/** A key: a character, or one with a name. */
export type Key =
  | { readonly kind: "character"; readonly text: string }
  | { readonly kind: "named"; readonly name: KeyName };

/** Keys with a name. */
export type KeyName =
  | "up"
  | "down"
  | "left"
  | "right"
  | "page up"
  | "page down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "backspace"
  | "interrupt";

const SEQUENCES: Readonly<Record<string, KeyName>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "OA": "up",
  "OB": "down",
  "OC": "right",
  "OD": "left",
  "[5~": "page up",
  "[6~": "page down",
  "[H": "home",
  "[F": "end",
  "[1~": "home",
  "[4~": "end",
  "OH": "home",
  "OF": "end",
};

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x04": "interrupt",
};

// CSI: parameters, intermediates and a final byte; SS3: one byte.
// deno-lint-ignore no-control-regex
const ESCAPED = /^\x1b(\[[0-?]*[ -/]*[@-~]|O[A-Za-z])/;

/** The keys of what was read at once. An escape sequence that is none of the known is no key. */
export function keysOf(text: string): Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < text.length;) {
    const escaped = text[at] === "\x1b" ? ESCAPED.exec(text.slice(at)) : null;
    if (escaped !== null) {
      const name = SEQUENCES[escaped[1]];
      if (name !== undefined) keys.push({ kind: "named", name });
      at += escaped[0].length;
      continue;
    }
    const character = String.fromCodePoint(text.codePointAt(at)!);
    const name = character === "\x1b" ? "escape" : CONTROLS[character];
    if (name !== undefined) keys.push({ kind: "named", name });
    else if (character >= " ") keys.push({ kind: "character", text: character });
    at += character.length;
  }
  return keys;
}
