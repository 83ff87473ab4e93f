/**
 * Spans that wait to be sent, encoded, in the order they came.
 *
 * @module
 */
import type { EncodedSpans } from "../../formats/otlp/encoded.ts";

/** A bounded queue: over its bound the oldest go, and are counted. */
export class SpanQueue {
  /** Spans that had to go. */
  dropCount = 0;
  /** Spans that wait. */
  length = 0;
  /** Bytes of those. */
  bytes = 0;
  readonly #maxSpans: number;
  readonly #maxBytes: number;
  #waiting: EncodedSpans[] = [];

  constructor(maxSpans: number, maxBytes: number) {
    this.#maxSpans = maxSpans;
    this.#maxBytes = maxBytes;
  }

  /** Adds spans at the end. What is larger than the whole queue is dropped. */
  add(spans: EncodedSpans): void {
    this.#waiting.push(spans);
    this.length += spans.count;
    this.bytes += spans.bytes.length;
    while (this.length > this.#maxSpans || this.bytes > this.#maxBytes) {
      this.dropCount += this.#shift().count;
    }
  }

  /** Takes the oldest, at most so many spans and bytes, but at least what was encoded together. Empty if none waits. */
  take(mostSpans: number, mostBytes: number): EncodedSpans[] {
    const taken: EncodedSpans[] = [];
    let [count, bytes] = [0, 0];
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      count += next.count;
      bytes += next.bytes.length;
      if (taken.length > 0 && (count > mostSpans || bytes > mostBytes)) break;
      taken.push(this.#shift());
    }
    return taken;
  }

  /** Drops all. */
  dropAll(): void {
    while (this.length > 0) this.dropCount += this.#shift().count;
  }

  #shift(): EncodedSpans {
    const first = this.#waiting.shift()!;
    this.length -= first.count;
    this.bytes -= first.bytes.length;
    return first;
  }
}
