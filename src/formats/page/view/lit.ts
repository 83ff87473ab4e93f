/**
 * The page's own program: which spans are meant by what is sought or selected; the others fade.
 *
 * @module
 */
import type { Model } from "./model.ts";
import type { Rows } from "./rows.ts";
import type { State } from "./state.ts";

/** What stands out: all, or some. */
export interface Lit {
  /** 1 by span; null if all do. */
  readonly spans: Uint8Array | null;
  /** How many before a place in the rows. */
  readonly before: Int32Array | null;
  /** Spans whose name holds what is sought; -1 if nothing is. */
  readonly foundCount: number;
  refresh(): void;
  /** The next found after a span in order of start, or before it. */
  next(span: number, step: 1 | -1): number;
}

/** Makes it. */
export function litOf(model: Model, rows: Rows, state: State): Lit {
  const lit = {
    spans: null as Uint8Array | null,
    before: null as Int32Array | null,
    foundCount: -1,
    refresh(): void {
      const sought = state.search.trim().toLowerCase();
      const { count, name, names } = model;
      lit.foundCount = -1;
      lit.spans = lit.before = null;
      if (sought === "" && state.name < 0) return;
      const isName = Uint8Array.from(names, text => text.toLowerCase().includes(sought) ? 1 : 0);
      const path = state.path >= 0 && state.span < 0 ? model.paths().of : null;
      const spans = new Uint8Array(count);
      let found = 0;
      for (let i = 0; i < count; i++) {
        const is = sought !== ""
          ? isName[name[i]]
          : path !== null
          ? Number(path[i] === state.path)
          : Number(name[i] === state.name);
        spans[i] = is;
        found += is;
      }
      if (sought !== "") lit.foundCount = found;
      // Nothing that could be pointed at: then nothing fades.
      if (found === 0) return;
      lit.spans = spans;
      lit.before = new Int32Array(count + 1);
      for (let k = 0; k < count; k++) lit.before[k + 1] = lit.before[k] + spans[rows.spans[k]];
    },
    next(span: number, step: 1 | -1): number {
      const { spans } = lit;
      if (spans === null) return -1;
      const { count } = model;
      let at = span < 0 && step < 0 ? 0 : span;
      for (let k = 0; k < count; k++) {
        at = (at + step + count) % count;
        if (spans[at] === 1) return at;
      }
      return -1;
    },
  };
  return lit;
}
