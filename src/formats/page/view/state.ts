/**
 * The page's own program: what is looked at, and who hears when that changes.
 *
 * @module
 */
import type { Model } from "./model.ts";

/** What changed. */
export type Change = "view" | "region" | "selection" | "search" | "lanes" | "tab" | "tracks" | "theme";

/** What is looked at. */
export interface State {
  /** The stretch of time shown. */
  from: number;
  until: number;
  /** The stretch that tree, tables and curves are of; null for all of the time. */
  region: readonly [from: number, until: number] | null;
  /** Two moments measured, or null. */
  ruler: readonly [from: number, until: number] | null;
  /** -1 for none. With a span goes its name; with a path too. */
  span: number;
  name: number;
  path: number;
  search: string;
  tab: number;
  /** Lanes that are folded: keys as `address` has them. */
  readonly folded: Set<string>;
  /** The stretch meant: the region, or all. */
  meant(): readonly [number, number];
  /** Shows a stretch, within bounds. */
  show(from: number, until: number): void;
  /** Selects a span, and brings it into sight where asked. */
  select(span: number): void;
  selectName(name: number): void;
  selectPath(path: number): void;
  setRegion(region: readonly [number, number] | null): void;
  setRuler(ruler: readonly [number, number] | null): void;
  find(text: string): void;
  openTab(tab: number): void;
  toggleLane(key: string): void;
  on(changes: readonly Change[], act: (change: Change) => void): void;
  tell(change: Change): void;
}

/** Makes the state of a page. */
export function stateOf(model: Model): State {
  const heard = new Map<Change, ((change: Change) => void)[]>();
  const { totalNs } = model;
  const ordered = (pair: readonly [number, number] | null): readonly [number, number] | null => {
    if (pair === null) return null;
    const from = Math.max(0, Math.min(pair[0], pair[1]));
    const until = Math.min(totalNs, Math.max(pair[0], pair[1]));
    return until > from ? [from, until] : null;
  };
  const state: State = {
    from: 0,
    until: totalNs,
    region: null,
    ruler: null,
    span: -1,
    name: -1,
    path: -1,
    search: "",
    tab: 0,
    folded: new Set(),
    meant: () => state.region ?? [0, totalNs],
    show(from, until) {
      // Down to a nanosecond for ten pixels or so: there is nothing between.
      const length = Math.min(totalNs, Math.max(Math.min(100, totalNs), until - from));
      const middle = (from + until) / 2;
      state.from = Math.max(
        0,
        Math.min(totalNs - length, until - from === length ? from : middle - length / 2),
      );
      state.until = state.from + length;
      state.tell("view");
    },
    select(span) {
      state.span = span;
      state.name = span < 0 ? -1 : model.name[span];
      state.path = span < 0 ? -1 : model.paths().of[span];
      state.tell("selection");
    },
    selectName(name) {
      state.span = -1;
      state.path = -1;
      state.name = name;
      state.tell("selection");
    },
    selectPath(path) {
      state.span = -1;
      state.path = path;
      state.name = path < 0 ? -1 : model.paths().name[path];
      state.tell("selection");
    },
    setRegion(region) {
      state.region = ordered(region);
      state.tell("region");
    },
    setRuler(ruler) {
      state.ruler = ordered(ruler);
      state.tell("view");
    },
    find(text) {
      state.search = text;
      state.tell("search");
    },
    openTab(tab) {
      state.tab = tab;
      state.tell("tab");
    },
    toggleLane(key) {
      if (!state.folded.delete(key)) state.folded.add(key);
      state.tell("lanes");
    },
    on(changes, act) {
      for (const change of changes) {
        const list = heard.get(change);
        if (list === undefined) heard.set(change, [act]);
        else list.push(act);
      }
    },
    tell(change) {
      for (const act of heard.get(change) ?? []) act(change);
    },
  };
  return state;
}
