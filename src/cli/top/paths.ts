/**
 * Names by what they lie in, with what each did in the last minute. Bounded: programs may make names of whatever they like.
 *
 * @module
 */
import { Minute, MinuteSums } from "./minute.ts";

/** Names that are known apart, and paths likewise; all others are one. */
const MOST_NAMES = 1000;
const MOST_PATHS = 2000;

/** What stands for the names that are too many. */
export const OTHER_NAME = "(other)";

/** A name in its place. */
export interface Path {
  readonly name: string;
  /** Null for the one that all lie in. */
  readonly parent: Path | null;
  readonly children: Map<string, Path>;
  readonly minute: Minute;
}

/** All paths. */
export class Paths {
  /** What all lie in: it is no span's. */
  readonly root: Path = { name: "", parent: null, children: new Map(), minute: new Minute() };
  readonly #names = new Set<string>();
  #count = 0;

  /** The path of a name within another. */
  child(parent: Path, name: string): Path {
    const found = parent.children.get(name);
    if (found !== undefined) return found;
    if (!this.#names.has(name)) {
      if (this.#names.size >= MOST_NAMES && name !== OTHER_NAME) return this.child(this.root, OTHER_NAME);
      this.#names.add(name);
    }
    if (this.#count >= MOST_PATHS && parent !== this.root) return this.child(this.root, name);
    this.#count++;
    const path: Path = { name, parent, children: new Map(), minute: new Minute() };
    parent.children.set(name, path);
    return path;
  }

  /**
   * The last minute by name: of all spans, or, where `within` names some, of those that lie right in spans of those names, one in the
   * other, wherever the first is.
   */
  byName(within: readonly string[], second: number): Map<string, MinuteSums> {
    const sums = new Map<string, MinuteSums>();
    const visit = (path: Path): void => {
      if (path.parent !== null && endsWith(path.parent, within)) {
        let one = sums.get(path.name);
        if (one === undefined) sums.set(path.name, one = new MinuteSums());
        path.minute.addTo(one, second);
      }
      for (const child of path.children.values()) visit(child);
    };
    visit(this.root);
    return sums;
  }

  /** The last minute of the spans that `names` lead to. */
  at(names: readonly string[], second: number): MinuteSums {
    return this.byName(names.slice(0, -1), second).get(names.at(-1) ?? "") ?? new MinuteSums();
  }
}

function endsWith(path: Path, names: readonly string[]): boolean {
  let at: Path | null = path;
  for (let i = names.length - 1; i >= 0; i--) {
    if (at === null || at.name !== names[i]) return false;
    at = at.parent;
  }
  return true;
}
