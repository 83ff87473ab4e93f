/**
 * A directory of ours: whether it is still the one that was looked at, and files written into it whole.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { node } from "../runtime/builtins.ts";
import { isMissing } from "../runtime/missing.ts";
import { isWritable } from "../runtime/permissions.ts";
import type { DatedFile } from "./oldest_files.ts";
import { writeWhole } from "./write_whole.ts";

/** What became of a file that was to be deleted: it was, or was gone already, or cannot be. */
export type Removal = "removed" | "gone" | "kept";

/** Writes into one directory and deletes from it, and follows no link that stands in its place. */
export class OwnDirectory {
  readonly path: string;
  /** What it is called in an error. */
  readonly #title: string;
  /** Device and number of the directory that was there the last time. */
  #identity: string | null = null;

  /** @param title What it is called in an error. */
  constructor(path: string, title: string) {
    this.path = path;
    this.#title = title;
  }

  /**
   * Makes the directory if it is not there, and looks at it. A link above it is the user's own affair.
   * @returns Whether another one was there before, or none.
   * @throws {Error} If it is a link, or no directory, or cannot be made.
   */
  open(): boolean {
    let found = this.#look();
    if (found === null) {
      const parent = node.path.dirname(this.path);
      // Asked before: to look, or write, where that is not permitted would prompt.
      const isOurs = node.path.basename(parent) === OUR_NAME && isWritable(parent)
        && !node.fs.existsSync(parent);
      node.fs.mkdirSync(this.path, { recursive: true, mode: 0o700 });
      if (isOurs) ignoreInGit(parent);
      found = this.#look();
    }
    const isNew = found !== this.#identity;
    this.#identity = found;
    return isNew;
  }

  /** Whether the directory is still the one of the last `open()`. Never throws. */
  isSame(): boolean {
    try {
      return this.#identity !== null && this.#look() === this.#identity;
    } catch {
      return false;
    }
  }

  #look(): string | null {
    const found = this.#stat();
    if (found === undefined) return null;
    if (found.isSymbolicLink()) {
      throw new Error(
        `${this.#title} ${quote(this.path)} is a link, which is not followed: give the directory it leads to`,
      );
    }
    if (!found.isDirectory()) throw new Error(`${this.#title} ${quote(this.path)} is no directory`);
    return `${found.dev} ${found.ino}`;
  }

  #stat(): ReturnType<typeof node.fs.lstatSync> {
    try {
      return node.fs.lstatSync(this.path, { throwIfNoEntry: false });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * Writes a file under a temporary name and renames it.
   * @param encode Gives the content once the file is there: encoding is the dearest part, and in vain where it cannot be made.
   * @throws What the runtime throws; then there is no file.
   */
  write(name: string, encode: () => Uint8Array): DatedFile {
    const temporary = node.path.join(this.path, `${name}.tmp`);
    const { O_WRONLY, O_CREAT, O_EXCL } = node.fs.constants;
    // Exclusive creation never follows a link that somebody planted under the name.
    const file = node.fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o600);
    try {
      let writtenMs: number;
      const bytes = encode();
      try {
        writeWhole(file, bytes);
        writtenMs = node.fs.fstatSync(file).mtimeMs;
      } finally {
        node.fs.closeSync(file);
      }
      node.fs.renameSync(temporary, node.path.join(this.path, name));
      return { name, size: bytes.length, writtenMs };
    } catch (error) {
      this.remove(`${name}.tmp`);
      throw error;
    }
  }

  /** The file `name`, or null if it is gone, a link or no file. */
  find(name: string): DatedFile | null {
    try {
      const found = node.fs.lstatSync(node.path.join(this.path, name), { throwIfNoEntry: false });
      return found?.isFile() ? { name, size: found.size, writtenMs: found.mtimeMs } : null;
    } catch {
      return null;
    }
  }

  /** Deletes a file; tells whether it did, or whether it was gone already, or cannot. */
  remove(name: string): Removal {
    try {
      node.fs.unlinkSync(node.path.join(this.path, name));
      return "removed";
    } catch (error) {
      return isMissing(error) ? "gone" : "kept";
    }
  }
}

/** The folder of all that is recorded, where nobody says otherwise. */
const OUR_NAME = ".cirron";

// What a program records is nothing for its repository. A folder that its user has made, or named otherwise, is the user's own.
function ignoreInGit(folder: string): void {
  try {
    node.fs.writeFileSync(node.path.join(folder, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 });
  } catch {
    // There cannot be one.
  }
}

/** The directory of a spool. */
export class SpoolDirectory extends OwnDirectory {
  constructor(path: string) {
    super(path, "Spool directory");
  }
}
