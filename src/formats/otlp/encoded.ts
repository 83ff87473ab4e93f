/**
 * Spans on their way into a request: as bytes, however they are written.
 *
 * @module
 */
import type { Attrs } from "../../data/values.ts";

/** Spans that were encoded together. */
export interface EncodedSpans {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** One resource and its spans. */
export interface ResourceSpans {
  readonly resource: Attrs;
  readonly spans: readonly EncodedSpans[];
}
