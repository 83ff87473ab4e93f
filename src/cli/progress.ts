/**
 * How far a command has come, on a terminal, of what takes longer than a second.
 *
 * @module
 */

/** Milliseconds until something is said, and between two times. */
const FIRST_MS = 1000;
const BETWEEN_MS = 100;

/** A line that is written over again and again, and gone in the end. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #nowMs: () => number;
  #dueMs: number;
  #isShown = false;

  /**
   * @param write Writes to the terminal as it is.
   * @param nowMs A clock that never goes back, in milliseconds.
   */
  constructor(write: (text: string) => void, nowMs: () => number) {
    this.#write = write;
    this.#nowMs = nowMs;
    this.#dueMs = nowMs() + FIRST_MS;
  }

  /** Says how much of what is done, if it is time to. */
  update(what: string, done: number, total: number): void {
    const now = this.#nowMs();
    if (now < this.#dueMs) return;
    this.#dueMs = now + BETWEEN_MS;
    this.#isShown = true;
    this.#write(`\r${what}: ${done} of ${total} (${Math.floor((done / total) * 100)}%)\x1b[K`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#isShown) this.#write("\r\x1b[K");
    this.#isShown = false;
  }
}
