/**
 * Attributes of a span of OpenTelemetry: as ours, within the same bounds.
 *
 * @module
 */
import { ATTR_VALUES, countValues, isSimple, mergeAttrs } from "../data/attrs.ts";
import { TEXT_BYTES } from "../data/text_limits.ts";
import type { Attrs } from "../data/values.ts";

/** Names that numbers of tokens have. */
const USAGE = /^(?:gen_ai|ai|llm)\.usage\.(\w+)$/;

/** What has attributes: an open scope, or what will be one. */
export interface AttrsOwner {
  attrs: Attrs | undefined;
}

/** Its attributes, which may be added to in place: nobody else has them. */
export function attrsOf(owner: AttrsOwner): Attrs {
  return owner.attrs ??= {};
}

/**
 * Puts an attribute. What is no value (null, undefined, a function, a symbol) and an empty key are passed over, as
 * the API wants it.
 * @param room How many more values are certain to be within the bounds.
 * @returns The same after it.
 */
export function putAttribute(owner: AttrsOwner, key: unknown, value: unknown, room: number): number {
  if (!isKey(key) || !isValue(value)) return room;
  if (room > 0 && isSimple(value) && key.length * 3 <= TEXT_BYTES && key !== "__proto__") {
    attrsOf(owner)[key] = value;
    return room - 1;
  }
  const attrs = owner.attrs = mergeAttrs(attrsOf(owner), { [key]: value });
  return ATTR_VALUES - countValues(attrs);
}

/** The same for all of an object's own. Never throws: what throws when it is read becomes a text that says so. */
export function putAttributes(owner: AttrsOwner, attributes: unknown, room: number): number {
  if (typeof attributes !== "object" || attributes === null) return room;
  try {
    const keys = Object.keys(attributes);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      room = putAttribute(owner, key, (attributes as Record<string, unknown>)[key], room);
    }
    return room;
  } catch {
    const attrs = owner.attrs = mergeAttrs(attrsOf(owner), attributes);
    return ATTR_VALUES - countValues(attrs);
  }
}

/** Numbers of tokens among attributes, by what comes last in their names, `input_tokens`: as marks they are seen in every format. */
export function tokenCounts(attrs: Attrs): ReadonlyMap<string, number> {
  let counts: Map<string, number> | null = null;
  for (const key in attrs) {
    // Most keys are told from one by a character.
    const first = key.charCodeAt(0);
    if (first !== 97 && first !== 103 && first !== 108) continue;
    const value = attrs[key];
    const name = typeof value === "number" ? USAGE.exec(key)?.[1] : undefined;
    // One library writes the same twice, under the names of two conventions.
    if (name !== undefined) (counts ??= new Map()).set(snakeCase(name), value as number);
  }
  return counts ?? NONE;
}

const NONE: ReadonlyMap<string, number> = new Map();

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function isKey(key: unknown): key is string {
  return typeof key === "string" && key !== "";
}

function isValue(value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== "function" && typeof value !== "symbol";
}
