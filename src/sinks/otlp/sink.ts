/**
 * Spans to whatever speaks OTLP over HTTP: a collector, and through it any backend.
 *
 * Encoding is synchronous and takes about a microsecond a span; sending is not, and nobody waits for it. What cannot be sent waits, up to
 * a bound, and is counted beyond it: what was made is sent, rejected, dropped, or still waits, to the span.
 *
 * @module
 */
import { UNFINISHED } from "../../data/session_names.ts";
import type { Attrs, JsonValue } from "../../data/values.ts";
import type { OtlpCodec } from "../../formats/otlp/codec.ts";
import { resourceAttrs } from "../../formats/otlp/model.ts";
import type { Drained } from "../batch.ts";
import type { ColumnSink } from "../sink.ts";
import { SpanQueue } from "./queue.ts";
import { Sender, type SenderOptions } from "./sender.ts";

/** Milliseconds that a span waits for others, at most. */
const INTERVAL_MS = 1000;

/** Rows that are encoded together. */
const SLICE_ROWS = 512;

/** Bytes that wait, at most. */
const MOST_WAITING_BYTES = 64_000_000;

/** What the sink needs from above. */
export interface OtlpSinkOptions extends Pick<SenderOptions, "post" | "later" | "random" | "batchSpans"> {
  readonly codec: OtlpCodec;
  /** Where to, for people. */
  readonly url: string;
  /** Attributes of the resource; they go before what the session says. */
  readonly resource: Attrs;
  /** Spans that wait, at most. */
  readonly queueSpans: number;
}

/** Sends what closes. */
export class OtlpSink implements ColumnSink {
  readonly intervalMs: number = INTERVAL_MS;
  readonly #options: OtlpSinkOptions;
  readonly #queue: SpanQueue;
  readonly #sender: Sender;
  /** Spans that were given. */
  #madeCount = 0;
  #session: Attrs = {};
  #hasComplained = false;

  constructor(options: OtlpSinkOptions) {
    this.#options = options;
    this.#queue = new SpanQueue(options.queueSpans, MOST_WAITING_BYTES);
    this.#sender = new Sender({ ...options, queue: this.#queue, resource: () => this.#resource() });
  }

  /** Takes what the session says of the process. */
  begin({ snapshot }: Drained): void {
    const { device: _, [UNFINISHED]: __, ...attrs } = snapshot.attrs.at(0) ?? {};
    this.#session = attrs;
  }

  /** Encodes spans. */
  "cirron.take/1"({ snapshot, isProvisional }: Drained): void {
    if (isProvisional) return; // they are given again when they close
    for (let from = 0; from < snapshot.closedLength; from += SLICE_ROWS) {
      const spans = this.#options.codec.encodeSpans(
        snapshot,
        from,
        Math.min(from + SLICE_ROWS, snapshot.closedLength),
      );
      if (spans === null) continue;
      this.#madeCount += spans.count;
      this.#queue.add(spans);
    }
    if (this.#queue.length >= this.#options.batchSpans) this.#sender.start();
  }

  /**
   * Sends what waits.
   * @throws {Error} Once, what went wrong with a request.
   */
  commit(): void {
    this.#sender.start();
    this.#complain();
  }

  #complain(): void {
    const { lastError } = this.#sender;
    if (lastError === null || this.#hasComplained) return;
    this.#hasComplained = true;
    throw new Error(`Spans cannot be sent to ${this.#options.url}: ${lastError}`);
  }

  /** Sends what waits once more; rejects as `commit()` throws. */
  close(): PromiseLike<void> {
    return this.#sender.close().then(() => this.#complain());
  }

  /** Resolves when all that waits was sent, or the receiver is to be tried again later. */
  settled(): Promise<void> {
    return this.#sender.settled();
  }

  /** What became of spans. */
  health(): JsonValue {
    const { sentCount, rejectCount, dropCount, errorCount, requestCount, lastError, underway } = this.#sender;
    return {
      sink: "otlp",
      span_count: this.#madeCount,
      sent_count: sentCount,
      reject_count: rejectCount,
      drop_count: this.#queue.dropCount + dropCount,
      waiting_count: this.#queue.length + underway,
      request_count: requestCount,
      error_count: errorCount,
      last_error: lastError,
    };
  }

  #resource(): Attrs {
    return { ...resourceAttrs(this.#session), ...this.#options.resource };
  }
}
