/**
 * A folder of many files, put in its place when the last is written.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { node } from "../runtime/builtins.ts";
import { onExit } from "../runtime/exit.ts";
import { isWritable } from "../runtime/permissions.ts";
import { reasonText, turn } from "./whole_file.ts";

/** Files that lie beside their folder under a temporary name, until they are published; without that, they go. */
export class Dataset implements Disposable {
  readonly #path: string;
  readonly #staging: string;
  readonly #names: string[] = [];
  readonly #forget: () => void;
  /** Whether the program ends: what is written from then on would stay. */
  #isOver = false;
  /** Bytes written so far. */
  bytes = 0;

  /**
   * @param path The folder: one that is there keeps what else is in it.
   * @throws {CirronError} If nothing can be written there.
   */
  constructor(path: string) {
    this.#path = path.replace(/(.)[\\/]+$/, "$1");
    this.#staging = `${this.#path}.${node.process.pid}.tmp`;
    this.#forget = onExit(() => {
      this.#isOver = true;
      this.#remove();
    });
    const parent = node.path.dirname(this.#path);
    if (!isWritable(parent)) {
      this[Symbol.dispose]();
      const flags = ["read", "write"].map(name => `--allow-${name}=${parent}`).join(" ");
      throw new CirronError(`Cannot write ${quote(path)}: Deno needs ${flags} for it`);
    }
    this.#attempt(() => {
      const found = node.fs.statSync(this.#path, { throwIfNoEntry: false });
      if (found !== undefined && !found.isDirectory()) throw Object.assign(new Error(), { code: "ENOTDIR" });
      node.fs.mkdirSync(this.#staging);
    });
  }

  /** How many files it has. */
  get fileCount(): number {
    return this.#names.length;
  }

  /** Writes a file, and lets the program hear signals. */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    this.#attempt(() => {
      const path = node.path.join(this.#staging, name);
      node.fs.mkdirSync(node.path.dirname(path), { recursive: true });
      node.fs.writeFileSync(path, bytes);
    });
    this.#names.push(name);
    this.bytes += bytes.length;
    await turn();
    if (this.#isOver) await new Promise(() => {}); // Deno ends some turns after the signal
  }

  /** Puts all files in their place: the folder at once where it is new, else one file after another, each over its namesake. */
  publish(): void {
    this.#attempt(() => {
      const { join, dirname } = node.path;
      if (node.fs.statSync(this.#path, { throwIfNoEntry: false }) === undefined) {
        node.fs.renameSync(this.#staging, this.#path);
        return;
      }
      for (const name of this.#names) {
        node.fs.mkdirSync(join(this.#path, dirname(name)), { recursive: true });
        node.fs.renameSync(join(this.#staging, name), join(this.#path, name));
      }
    });
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.#remove();
  }

  #remove(): void {
    node.fs.rmSync(this.#staging, { recursive: true, force: true });
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this[Symbol.dispose]();
      throw new CirronError(`Cannot write ${quote(this.#path)}: ${reasonText(cause)}`, { cause });
    }
  }
}
