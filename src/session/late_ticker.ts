/**
 * Carries late figures, which as yet are those of GPUs, from their meter to the buffer while a session runs: into rows, and totals
 * onto the session's span.
 *
 * @module
 */
import type { LateMeter } from "../meters/meter.ts";
import type { TraceBuffer } from "../record/buffer.ts";
import { cancelSoon, every, type Immediate, soon, stopTimer, type Timer } from "../runtime/host_calls.ts";

const INTERVAL_MS = 1000;

/** Rows settled in one turn of the event loop: about a millisecond. */
const SLICE_ROWS = 8192;

/** One session's ticks. They never keep the process alive. */
export class LateTicker {
  readonly #buffer: Pick<TraceBuffer, "session" | "settle">;
  readonly #meter: Pick<LateMeter, "poke" | "attrs" | "stop">;
  readonly #intervalMs: number;
  #timer: Timer | null = null;
  #slice: Immediate | null = null;

  constructor(
    buffer: Pick<TraceBuffer, "session" | "settle">,
    meter: Pick<LateMeter, "poke" | "attrs" | "stop">,
    intervalMs: number = INTERVAL_MS,
  ) {
    this.#buffer = buffer;
    this.#meter = meter;
    this.#intervalMs = intervalMs;
  }

  /** Starts the ticks. */
  start(): void {
    this.#timer = every(this.#intervalMs, () => this.#tick());
  }

  /** Asks for what is newest, for whoever reads next. */
  poke(): void {
    this.#meter.poke();
  }

  /** Puts what is known of the whole onto the session's span. */
  describe(): void {
    const { session } = this.#buffer;
    if (session !== null) session.attrs = { ...session.attrs, ...this.#meter.attrs() };
  }

  /** Ends the ticks and the meter; the last figures go onto the session's span, which must still be open. */
  stop(): void {
    if (this.#timer !== null) stopTimer(this.#timer);
    if (this.#slice !== null) cancelSoon(this.#slice);
    this.#timer = this.#slice = null;
    this.#buffer.settle(0);
    this.describe();
    this.#meter.stop();
  }

  #tick(): void {
    const isMore = this.#buffer.settle(SLICE_ROWS);
    this.describe();
    if (isMore && this.#slice === null) {
      this.#slice = soon(() => {
        this.#slice = null;
        if (this.#timer !== null) this.#tick();
      });
    }
  }
}
