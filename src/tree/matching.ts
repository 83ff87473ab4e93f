/**
 * Which spans a filter means: by name, and by attributes.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import type { Attrs, JsonValue } from "../data/values.ts";

/** This name, all that a pattern finds, or any of several. */
export type NameFilter = string | RegExp | readonly (string | RegExp)[];

/**
 * What tells whether a name is meant. Patterns are tried from the beginning of each name, whatever their flags: `g` and `y`
 * have the others go on where the last one ended. They are copies, so the caller's stay as they are.
 */
export function nameMatcher(filter: NameFilter): (name: string) => boolean {
  if (typeof filter === "string") return name => name === filter;
  const all = isOne(filter) ? [filter] : filter;
  const names = new Set(all.filter(one => typeof one === "string"));
  const patterns = all.filter(one => typeof one !== "string").map(({ source, flags }) =>
    new RegExp(source, flags)
  );
  if (patterns.length === 0) return name => names.has(name);
  // A trace has few names, each of many spans.
  const known = new Map<string, boolean>();
  return name => {
    let isMeant = known.get(name);
    if (isMeant === undefined) {
      isMeant = names.has(name) || patterns.some(pattern => finds(pattern, name));
      known.set(name, isMeant);
    }
    return isMeant;
  };
}

// A list of a union: `Array.isArray` leaves a readonly one in both halves.
function isOne(filter: RegExp | readonly (string | RegExp)[]): filter is RegExp {
  return !Array.isArray(filter);
}

function finds(pattern: RegExp, name: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(name);
}

/** What tells whether a row has all of these attributes, and others perhaps. Types count: `"200"` is not 200. */
export function attrsMatcher(wanted: Attrs): (snapshot: Snapshot, row: number) => boolean {
  const entries = Object.entries(wanted);
  return ({ attrs, dataLoadNs }, row) => {
    const own = attrs.at(row);
    return entries.every(([key, value]) => {
      // Readers see it among the attributes, where it is not kept.
      if (key === "data_load_ns" && !Number.isNaN(dataLoadNs[row])) return value === dataLoadNs[row];
      return own !== undefined && Object.hasOwn(own, key) && areEqual(own[key], value);
    });
  };
}

/** Whether two values are one in JSON, whatever the order of keys. As deep as `wanted`, which has 16 levels at most. */
function areEqual(value: JsonValue, wanted: JsonValue): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  if (typeof value !== "object" || value === null || Array.isArray(value) !== Array.isArray(wanted)) {
    return false;
  }
  const keys = Object.keys(wanted);
  const [a, b] = [value, wanted] as Record<string, JsonValue>[];
  return keys.length === Object.keys(value).length
    && keys.every(key => Object.hasOwn(value, key) && areEqual(a[key], b[key]));
}
