/**
 * Copies attributes in, as something JSON can say.
 *
 * @module
 */
import { jsonValue } from "./json_value.ts";
import { ATTR_TEXT_BYTES, cutText, describeError, TEXT_BYTES } from "./text_limits.ts";
import type { Attrs, JsonValue } from "./values.ts";

/** Values kept of one set of attributes, at all depths together. */
export const ATTR_VALUES = 1000;

/** Levels kept of one set of attributes. */
export const ATTR_DEPTH = 16;

interface Pending {
  readonly source: object;
  readonly target: Attrs | JsonValue[];
  readonly depth: number;
  readonly outer: Pending | null;
}

/**
 * A copy of `attrs` that JSON can say. Strings are cut at 4096 bytes of UTF-8, and what lies beyond 16 levels or
 * 1000 values is named, not kept. bigint becomes a number where exact, else its digits; Date its ISO form; Map an
 * object; Set and typed arrays arrays; NaN and infinities their names; functions, symbols and cycles a word in
 * brackets; what throws when read, `[Throws: ...]`; undefined is left out. Never throws.
 */
export function copyAttrs(attrs: object): Attrs {
  return copyInto({}, attrs, ATTR_VALUES);
}

/** Kept attributes with others over them, in a new object; within the same bounds, all together. Never throws. */
export function mergeAttrs(kept: Attrs, attrs: object): Attrs {
  return copyInto({ ...kept }, attrs, ATTR_VALUES - countValues(kept));
}

/** How many values there are, at all depths. */
export function countValues(kept: Attrs | readonly JsonValue[]): number {
  let count = 0;
  for (const value of Object.values(kept)) {
    count += typeof value === "object" && value !== null ? 1 + countValues(value) : 1;
  }
  return count;
}

/** Copies `attrs` over what is in `root`, at most `most` values. */
function copyInto(root: Attrs, attrs: object, most: number): Attrs {
  let done = 0;
  try {
    const prototype = Object.getPrototypeOf(attrs);
    if (prototype === Object.prototype || prototype === null) {
      // Most are a few short values, which this loop copies in a third of the time that the rest of this file takes.
      const keys = Object.keys(attrs);
      for (; done < keys.length && done < most; done++) {
        const key = keys[done];
        const value = (attrs as Record<string, unknown>)[key];
        if (!isSimple(value) || key.length * 3 > TEXT_BYTES || key === "__proto__") {
          return copyEach(attrs, root, done, most, () => value);
        }
        root[key] = value;
      }
      if (done === keys.length) return root;
    }
  } catch (error) {
    // A getter or a proxy. Not asked again: a getter may do something.
    return copyEach(attrs, root, done, most, () => {
      throw error;
    });
  }
  return copyEach(attrs, root, done, most, null);
}

/** Whether a value is kept as it is. */
export function isSimple(value: unknown): value is JsonValue {
  const type = typeof value;
  if (type === "string") return (value as string).length * 3 <= ATTR_TEXT_BYTES;
  if (type === "number") return Number.isFinite(value);
  return type === "boolean";
}

/**
 * Copies what is left of `attrs` into `root`, value by value.
 * @param done How many keys are in `root` already.
 * @param readNext Gives the next one's value, if it was read already.
 */
function copyEach(
  attrs: object,
  root: Attrs,
  done: number,
  most: number,
  readNext: (() => unknown) | null,
): Attrs {
  const pending: Pending[] = [{ source: attrs, target: root, depth: 1, outer: null }];
  let left = most - done;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const current = next;
    try {
      fill(current);
    } catch (error) {
      put(current.target, "error", `[Throws: ${describeError(error)}]`);
    }
  }
  return root;

  function fill(current: Pending): void {
    const { source, target } = current;
    if (isArrayLike(source)) {
      for (let i = 0; i < source.length && room(target); i++) {
        put(target, String(i), convert(() => source[i], current) ?? null);
      }
    } else if (source instanceof Set) {
      let i = 0;
      for (const value of source) {
        if (!room(target)) break;
        put(target, String(i++), convert(() => value, current) ?? null);
      }
    } else if (source instanceof Map) {
      for (const [key, value] of source) {
        if (!room(target)) break;
        put(target, keyText(key), convert(() => value, current));
      }
    } else {
      const keys = Object.keys(source);
      for (let i = source === attrs ? done : 0; i < keys.length && room(target); i++) {
        const read = () => (source as Record<string, unknown>)[keys[i]];
        put(target, keys[i], convert(source === attrs && i === done ? readNext ?? read : read, current));
      }
    }
  }

  function room(target: Attrs | JsonValue[]): boolean {
    if (left > 0) {
      left--;
      return true;
    }
    if (left === 0) {
      left--; // say so once
      put(target, "...", "[Truncated]");
    }
    return false;
  }

  function convert(read: () => unknown, parent: Pending): JsonValue | undefined {
    try {
      let value = read();
      const primitive = convertPrimitive(value);
      if (primitive !== undefined || value === undefined) return primitive;
      if (value instanceof Date) return dateText(value);
      if (value instanceof Error) return describeError(value);
      const { toJSON } = value as { toJSON?: unknown };
      if (typeof toJSON === "function" && !isEverybodys(toJSON)) {
        value = toJSON.call(value);
        const said = convertPrimitive(value);
        if (said !== undefined || value === undefined) return said;
      }
      if (
        value instanceof Number || value instanceof String || value instanceof Boolean
        || value instanceof BigInt
      ) {
        return convertPrimitive(value.valueOf());
      }
      if (
        value instanceof RegExp || value instanceof Promise || value instanceof WeakMap
        || value instanceof WeakSet
      ) {
        return cutText(
          value instanceof RegExp ? String(value) : `[${value.constructor.name}]`,
          ATTR_TEXT_BYTES,
        );
      }
      if (value instanceof ArrayBuffer) return `[ArrayBuffer of ${value.byteLength} bytes]`;
      const source = value as object;
      for (let outer: Pending | null = parent; outer !== null; outer = outer.outer) {
        if (outer.source === source) return "[Circular]";
      }
      const isList = isArrayLike(source) || source instanceof Set;
      if (parent.depth >= ATTR_DEPTH) return isList ? "[Array]" : "[Object]";
      const target: Attrs | JsonValue[] = isList ? [] : {};
      pending.push({ source, target, depth: parent.depth + 1, outer: parent });
      return target;
    } catch (error) {
      return `[Throws: ${describeError(error)}]`;
    }
  }
}

// A `toJSON` that all lists or all objects were given says nothing of this one, and would be asked of our own copies too.
function isEverybodys(toJSON: unknown): boolean {
  return toJSON === (Object.prototype as { toJSON?: unknown }).toJSON
    || toJSON === (Array.prototype as { toJSON?: unknown }).toJSON;
}

// The date's own fields, whatever methods somebody gave it.
function dateText(date: Date): string {
  const ms = Date.prototype.getTime.call(date);
  return Number.isNaN(ms) ? "[Invalid Date]" : Date.prototype.toISOString.call(date);
}

/** The JSON form of a primitive; undefined for objects and for undefined. */
function convertPrimitive(value: unknown): JsonValue | undefined {
  switch (typeof value) {
    case "string":
      return cutText(value, ATTR_TEXT_BYTES);
    case "number":
    case "boolean":
    case "bigint":
      return jsonValue(value);
    case "function":
      return cutText(`[Function ${typeof value.name === "string" ? value.name : ""}]`);
    case "symbol":
      return cutText(String(value));
    default:
      return value === null ? null : undefined;
  }
}

function isArrayLike(value: object): value is ArrayLike<unknown> & object {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function keyText(key: unknown): string {
  try {
    return String(key);
  } catch {
    return `[${typeof key}]`;
  }
}

function put(target: Attrs | JsonValue[], key: string, value: JsonValue | undefined): void {
  if (value === undefined) return;
  if (Array.isArray(target)) {
    target.push(value);
  } else if (key === "__proto__") {
    // Assigning would set the prototype instead of a key.
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[cutText(key)] = value;
  }
}
