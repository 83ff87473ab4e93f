/**
 * Messages of a journal that could not be written yet: the newest, up to a bound, and a count of what was dropped.
 *
 * @module
 */
import type { JournalKind } from "../journal/format.ts";

/** Bytes that wait; beyond, the oldest goes. */
export const WAITING_BYTES = 16_000_000;

/** A message, and what is lost with it. */
export interface WaitingMessage {
  readonly kind: JournalKind;
  readonly message: Uint8Array;
  readonly spanCount: number;
  readonly markCount: number;
}

/** A queue of messages. */
export class Waiting {
  /** Spans that will never be written. */
  spanDropCount = 0;
  /** Marks likewise. */
  markDropCount = 0;
  /** Spans in the messages that wait. */
  spanCount = 0;
  readonly #messages: WaitingMessage[] = [];
  #bytes = 0;

  /** Messages that wait. */
  get length(): number {
    return this.#messages.length;
  }

  /** The one that waits longest. */
  get first(): WaitingMessage | undefined {
    return this.#messages[0];
  }

  /** Adds a message behind the others. */
  add(message: WaitingMessage): void {
    this.#messages.push(message);
    this.#bytes += message.message.length;
    this.spanCount += message.spanCount;
    while (this.#bytes > WAITING_BYTES && this.#messages.length > 1) this.#dropFirst();
  }

  /** Takes the first one out: it was written. */
  takeFirst(): WaitingMessage {
    const taken = this.#messages.shift()!;
    this.#bytes -= taken.message.length;
    this.spanCount -= taken.spanCount;
    return taken;
  }

  /** Counts what never got here. */
  drop(spans: number, marks: number): void {
    this.spanDropCount += spans;
    this.markDropCount += marks;
  }

  /** Gives all of them up. */
  dropAll(): void {
    while (this.#messages.length > 0) this.#dropFirst();
  }

  #dropFirst(): void {
    const { spanCount, markCount } = this.takeFirst();
    this.drop(spanCount, markCount);
  }
}
