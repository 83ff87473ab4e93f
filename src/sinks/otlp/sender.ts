/**
 * Sends what waits, one request at a time, again and later where that is asked for.
 *
 * @module
 */
import { describeError } from "../../data/text_limits.ts";
import type { Attrs } from "../../data/values.ts";
import type { OtlpCodec } from "../../formats/otlp/codec.ts";
import type { EncodedSpans } from "../../formats/otlp/encoded.ts";
import type { SpanQueue } from "./queue.ts";
import type { Outcome } from "./transport.ts";

/** Milliseconds before the second try, the most before a later one, and how much each is longer than the one before. */
const FIRST_BACKOFF_MS = 1000;
const MOST_BACKOFF_MS = 30_000;
const BACKOFF_GROWTH = 2;

/** What each wait is made longer or shorter by at most, so that many clients do not come back at once. */
const JITTER = 0.2;

/** What a receiver may ask for at most. */
const MOST_RETRY_AFTER_MS = 300_000;

/** Bytes of a request, before they are compressed. */
const MOST_REQUEST_BYTES = 4_000_000;

/** What the sender needs from above. */
export interface SenderOptions {
  readonly queue: SpanQueue;
  /** Spans in a request. */
  readonly batchSpans: number;
  readonly codec: OtlpCodec;
  readonly resource: () => Attrs;
  /** Sends one request. Never rejects. */
  readonly post: (request: Uint8Array) => Promise<Outcome>;
  /** Calls back in so many milliseconds, without keeping the program alive; gives what takes that back. */
  readonly later: (ms: number, run: () => void) => () => void;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Counts what became of spans: each is sent, rejected, or dropped, once. */
export class Sender {
  sentCount = 0;
  /** Spans that the receiver did not take, and would not take again. */
  rejectCount = 0;
  /** Spans of requests that were under way when it closed. */
  dropCount = 0;
  /** Requests that went wrong. */
  errorCount = 0;
  requestCount = 0;
  /** What went wrong last; null for nothing. */
  lastError: string | null = null;
  /** Spans of the request that is under way or waits to be tried again. */
  underway = 0;
  readonly #options: SenderOptions;
  #running: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #isClosing = false;
  /** Who waits for a pause. */
  readonly #watchers: (() => void)[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends what waits, if nothing is under way. */
  start(): void {
    // Without any the run would be over before it could be noted.
    if (this.#running === null && this.#options.queue.length > 0) this.#running = this.#run();
  }

  /**
   * Sends what waits once more, without waiting between tries, and drops what does not get through.
   * Resolves when nothing is left.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake?.();
    this.start();
    await this.#running;
  }

  /** Resolves when all that waits was sent, or the receiver is to be tried again later: it may stay away. */
  settled(): Promise<void> {
    this.start();
    if (this.#running === null || this.#wake !== null) return Promise.resolve();
    return new Promise(resolve => void this.#watchers.push(resolve));
  }

  async #run(): Promise<void> {
    const { queue, batchSpans } = this.#options;
    try {
      for (let next = queue.take(batchSpans, MOST_REQUEST_BYTES); next.length > 0;) {
        await this.#send(next);
        next = queue.take(batchSpans, MOST_REQUEST_BYTES);
      }
    } finally {
      this.#running = null;
      this.#tellWatchers();
    }
  }

  // Never rejects: nobody waits for it, and that would end the program.
  async #send(spans: readonly EncodedSpans[]): Promise<void> {
    const count = this.underway = spans.reduce((sum, one) => sum + one.count, 0);
    try {
      const { codec, resource } = this.#options;
      await this.#post(codec.encodeRequest([{ resource: resource(), spans }]), count);
    } catch (error) {
      this.errorCount++;
      this.lastError = describeError(error);
      this.dropCount += count;
    }
    this.underway = 0;
  }

  async #post(request: Uint8Array, count: number): Promise<void> {
    for (let tries = 0;; tries++) {
      this.requestCount++;
      const outcome = await this.#options.post(request);
      if (outcome.kind === "taken") return this.#taken(count, outcome.answer);
      this.errorCount++;
      this.lastError = outcome.reason;
      if (outcome.kind === "refused") {
        this.rejectCount += count;
        return;
      }
      // The last try of what is under way; what waits behind it would only fail as well.
      if (this.#isClosing) {
        this.dropCount += count;
        this.#options.queue.dropAll();
        return;
      }
      await this.#wait(outcome.afterMs ?? this.#backoffMs(tries));
    }
  }

  #taken(count: number, answer: { readonly rejected: number; readonly message: string } | null): void {
    const rejected = Math.min(count, Math.max(0, Math.trunc(answer?.rejected ?? 0) || 0));
    this.rejectCount += rejected;
    this.sentCount += count - rejected;
    if (answer === null) this.lastError = "an answer that cannot be read";
    else if (answer.message !== "") this.lastError = answer.message;
  }

  #backoffMs(tries: number): number {
    const ms = Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * BACKOFF_GROWTH ** Math.min(tries, 20));
    return ms * (1 + JITTER * (2 * this.#options.random() - 1));
  }

  #wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        stop();
        this.#wake = null;
        resolve();
      };
      const stop = this.#options.later(Math.min(ms, MOST_RETRY_AFTER_MS), wake);
      this.#wake = wake;
      this.#tellWatchers();
    });
  }

  #tellWatchers(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }
}
