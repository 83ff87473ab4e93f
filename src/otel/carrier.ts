/**
 * Headers as carriers have them.
 *
 * @module
 */
import type { TextMapGetter } from "./api.ts";

/** The values of a header, whatever case its name is written in; none if there is no such. */
export function headerOf(carrier: unknown, getter: TextMapGetter, name: string): string[] {
  const plain = getter.get(carrier, name);
  if (plain !== undefined && plain !== null) return textsOf(plain);
  return (getter.keys?.(carrier) ?? [])
    .filter(key => key !== name && typeof key === "string" && key.toLowerCase() === name)
    .flatMap(key => textsOf(getter.get(carrier, key)));
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(text => typeof text === "string");
}
