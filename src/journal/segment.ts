/**
 * One segment that is being written: messages appended whole, or not at all.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { writeWhole } from "../spool/write_whole.ts";
import { type Problem, problemOf } from "./problem.ts";

/** A file that messages are appended to. No method throws. */
export class Segment {
  /** Bytes of the messages in it. */
  size = 0;
  /** Whether nothing more can be written to it. */
  isBroken = false;
  readonly name: string;
  readonly #file: number;
  readonly #identity: string;

  private constructor(name: string, file: number) {
    this.name = name;
    this.#file = file;
    this.#identity = identityOf(file);
  }

  /** Makes a file; a problem with the code `EEXIST` where there is something of its name. */
  static create(folder: string, name: string): Segment | Problem {
    const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = node.fs.constants;
    let file: number | null = null;
    try {
      // Exclusive creation never follows a link that somebody planted under the name.
      file = node.fs.openSync(node.path.join(folder, name), O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0o600);
      return new Segment(name, file);
    } catch (error) {
      if (file !== null) close(file);
      return problemOf(error);
    }
  }

  /** Appends a message. Where that fails nothing of it is left, or the segment is broken. */
  append(message: Uint8Array): Problem | null {
    try {
      writeWhole(this.#file, message);
      this.size += message.length;
      return null;
    } catch (error) {
      this.#takeBack();
      return problemOf(error);
    }
  }

  /** Whether it is still the file that was made, nobody removed it, and nobody else wrote to it. */
  isIntact(): boolean {
    try {
      const { nlink, size } = node.fs.fstatSync(this.#file);
      return nlink > 0 && size === this.size && identityOf(this.#file) === this.#identity;
    } catch {
      return false;
    }
  }

  /** When it was written last, in milliseconds by the clock of its file system; NaN for unknown. */
  get writtenMs(): number {
    try {
      return node.fs.fstatSync(this.#file).mtimeMs;
    } catch {
      return NaN;
    }
  }

  /** Closes the file, unless its number is another file's by now. */
  close(): void {
    try {
      if (identityOf(this.#file) === this.#identity) close(this.#file);
    } catch {
      // The program closed it.
    }
  }

  // What a reader finds after half a message it never sees. Best without.
  #takeBack(): void {
    try {
      if (identityOf(this.#file) === this.#identity) node.fs.ftruncateSync(this.#file, this.size);
      else this.isBroken = true;
    } catch {
      this.isBroken = true;
    }
  }
}

function identityOf(file: number): string {
  const { dev, ino } = node.fs.fstatSync(file);
  return `${dev} ${ino}`;
}

function close(file: number): void {
  try {
    node.fs.closeSync(file);
  } catch {
    // It is closed.
  }
}
