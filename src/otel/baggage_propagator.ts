/**
 * W3C Baggage in carriers: https://www.w3.org/TR/baggage/
 *
 * @module
 */
import type { ApiPropagator, BaggageEntry, Context, TextMapGetter, TextMapSetter } from "./api.ts";
import { type Bridge, isSuppressed } from "./bridge.ts";
import { headerOf } from "./carrier.ts";

const BAGGAGE = "baggage";

/** Entries, bytes of one and bytes of all that are handed on. */
const MOST_ENTRIES = 180;
const ENTRY_BYTES = 4096;
const ALL_BYTES = 8192;

/** Hands on what a request carries along. */
export class BaggagePropagator implements ApiPropagator {
  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  /** Writes the context's baggage; entries beyond the bounds are left out. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = this.#bridge.api.propagation.getBaggage(context);
    if (baggage === undefined || isSuppressed(context)) return;
    let header = "";
    let count = 0;
    for (const [key, { value, metadata }] of baggage.getAllEntries()) {
      // Both are ASCII by now: as many bytes as characters.
      const entry = `${encoded(key)}=${encoded(value)}${metadata === undefined ? "" : `;${metadata}`}`;
      const all = header === "" ? entry : `${header},${entry}`;
      if (entry.length > ENTRY_BYTES || all.length > ALL_BYTES) continue;
      header = all;
      if (++count === MOST_ENTRIES) break;
    }
    if (header !== "") setter.set(carrier, BAGGAGE, header);
  }

  /** The context with the caller's baggage; as it was where there is none. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const entries = new Map<string, BaggageEntry>();
    let bytes = 0;
    for (const part of headerOf(carrier, getter, BAGGAGE).join(",").split(",")) {
      const entry = part.length > ENTRY_BYTES ? null : this.#parse(part);
      if (entry === null) continue;
      bytes += part.length + (entries.size === 0 ? 0 : 1);
      if (bytes > ALL_BYTES || entries.size === MOST_ENTRIES) break;
      entries.set(...entry);
    }
    if (entries.size === 0) return context;
    const { propagation } = this.#bridge.api;
    return propagation.setBaggage(context, propagation.createBaggage(Object.fromEntries(entries)));
  }

  /** The header that it writes. */
  fields(): string[] {
    return [BAGGAGE];
  }

  #parse(part: string): [key: string, entry: BaggageEntry] | null {
    const semicolon = part.indexOf(";");
    const pair = semicolon < 0 ? part : part.slice(0, semicolon);
    const equals = pair.indexOf("=");
    const key = decoded(pair.slice(0, Math.max(0, equals)).trim());
    const value = decoded(pair.slice(equals + 1).trim());
    if (!key || !value) return null;
    const properties = semicolon < 0 ? "" : part.slice(semicolon + 1);
    return [
      key,
      properties === ""
        ? { value }
        : { value, metadata: this.#bridge.api.baggageEntryMetadataFromString(properties) },
    ];
  }
}

// Half of a pair of surrogates has no encoding: what cannot be written is left empty, and so is left out by who reads it.
function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return "";
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
