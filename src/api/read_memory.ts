/**
 * Memory that files are read into, one after the other: fresh memory for each takes longer than what is done with it.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";

/** What is read at once beyond what a file was said to have: one that never changes ends there. */
const SPARE_BYTES = 1024;

/** Holds one file at a time. */
export class ReadMemory {
  #bytes: Uint8Array = new Uint8Array(1 << 16);

  /**
   * A file's bytes, which hold until the next is read.
   * @param size How large it was just now.
   * @throws What the runtime throws if it cannot be read.
   */
  read(path: string, size: number): Uint8Array {
    const file = node.fs.openSync(path, "r");
    try {
      let length = 0;
      for (;;) {
        this.#reserve(Math.max(length, size) + SPARE_BYTES, length);
        const count = node.fs.readSync(file, this.#bytes, length, this.#bytes.length - length, null);
        if (count === 0) return this.#bytes.subarray(0, length);
        length += count;
      }
    } finally {
      node.fs.closeSync(file);
    }
  }

  #reserve(size: number, kept: number): void {
    if (this.#bytes.length >= size) return;
    const bytes = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, kept));
    this.#bytes = bytes;
  }
}
