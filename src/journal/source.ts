/**
 * Where the bytes of a segment come from: memory, or a file of which only parts are read.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { node } from "../runtime/builtins.ts";

/** Bytes that can be read from any place on. */
export interface ByteSource {
  /** Bytes there are: of a file that grows, those it had when it was opened. */
  readonly size: number;
  /** Up to `length` bytes from `at` on, fewer if there are no more or they cannot be read. Never throws. */
  read(at: number, length: number): Uint8Array;
}

/** Bytes in memory; what is read of them is no copy. */
export function bytesSource(given: Uint8Array): ByteSource {
  // What a runtime reads of a file may be of a class that slices and shows itself in its own way.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  return {
    size: bytes.length,
    read: (at, length) => bytes.subarray(Math.min(at, bytes.length), Math.min(at + length, bytes.length)),
  };
}

/** An open file. */
export class FileSource implements ByteSource, Disposable {
  readonly size: number;
  readonly #file: number;

  /**
   * @throws What the runtime throws if the file cannot be opened; an Error if it is no file: another thing might never end.
   */
  constructor(path: string) {
    // Not through a link, which may lead to where Deno has to ask.
    if (!node.fs.lstatSync(path).isFile()) throw new Error(`${quote(path)} is no file`);
    this.#file = node.fs.openSync(path, "r");
    this.size = node.fs.fstatSync(this.#file).size;
  }

  /** Reads a part. */
  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - at)));
    let done = 0;
    try {
      while (done < bytes.length) {
        const count = node.fs.readSync(this.#file, bytes, done, bytes.length - done, at + done);
        if (count === 0) break; // it was cut short meanwhile
        done += count;
      }
    } catch {
      // What was read until then is what there is.
    }
    return bytes.subarray(0, done);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    node.fs.closeSync(this.#file);
  }
}
