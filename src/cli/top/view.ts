/**
 * What somebody at the keyboard has chosen to see, and what a key makes of it.
 *
 * @module
 */
import type { Key } from "./keys.ts";
import type { PictureRow } from "./picture.ts";

/** A column that rows can be sorted by. */
export type SortKey = "time" | "rate" | "count" | "p50" | "p95" | "max" | "name";

/** In the order in which a key goes through them. */
export const SORT_KEYS: readonly SortKey[] = ["time", "rate", "count", "p50", "p95", "max", "name"];

/** What is shown. */
export interface View {
  readonly sort: SortKey;
  readonly isReversed: boolean;
  /** Part of the names that are shown, in lower case; empty for all. */
  readonly filter: string;
  /** Whether the filter is being typed. */
  readonly isTyping: boolean;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
  /** Names that are looked into, one in the other. */
  readonly within: readonly string[];
  /** The row that is chosen, by its name: rows change their places. */
  readonly selected: string | null;
  /** What was last done, to be said. */
  readonly note: string;
}

/** How it begins. */
export const FIRST_VIEW: View = {
  sort: "time",
  isReversed: false,
  filter: "",
  isTyping: false,
  isPaused: false,
  isHelp: false,
  within: [],
  selected: null,
  note: "",
};

/** What a key asks for that is more than another view. */
export type Demand = "quit" | "save" | "next run" | null;

/** Rows that a page key moves by. */
const PAGE_ROWS = 10;

/**
 * The view after a key.
 * @param rows Those that are shown, in their order.
 */
export function press(view: View, key: Key, rows: readonly PictureRow[]): { view: View; demand: Demand } {
  const next = (changes: Partial<View>, demand: Demand = null) => ({
    view: { ...view, note: "", ...changes },
    demand,
  });
  if (key.kind === "named" && key.name === "interrupt") return next({}, "quit");
  if (view.isTyping) return next(typed(view, key));
  if (view.isHelp) return next({ isHelp: false }, isCharacter(key, "q") ? "quit" : null);
  if (key.kind === "named") {
    const at = rows.findIndex(({ name }) => name === view.selected);
    const move = (by: number) => {
      const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by;
      return next({ selected: rows[Math.max(0, Math.min(rows.length - 1, to))]?.name ?? null });
    };
    switch (key.name) {
      case "up":
        return move(-1);
      case "down":
        return move(1);
      case "page up":
        return move(-PAGE_ROWS);
      case "page down":
        return move(PAGE_ROWS);
      case "home":
        return move(-Infinity);
      case "end":
        return move(Infinity);
      case "enter":
      case "right":
        return at < 0 ? next({}) : next({ within: [...view.within, rows[at].name], selected: null });
      case "escape":
      case "left":
      case "backspace":
        return next(back(view));
    }
    return next({});
  }
  switch (key.text) {
    case "q":
      return next({}, "quit");
    case "w":
      return next({}, "save");
    case "n":
      return next({}, "next run");
    case "s":
    case "S": {
      const by = key.text === "s" ? 1 : SORT_KEYS.length - 1;
      return next({ sort: SORT_KEYS[(SORT_KEYS.indexOf(view.sort) + by) % SORT_KEYS.length] });
    }
    case "r":
      return next({ isReversed: !view.isReversed });
    case "/":
      return next({ isTyping: true, filter: "" });
    case "p":
    case " ":
      return next({ isPaused: !view.isPaused });
    case "j":
      return press(view, { kind: "named", name: "down" }, rows);
    case "k":
      return press(view, { kind: "named", name: "up" }, rows);
    case "?":
    case "h":
      return next({ isHelp: true });
  }
  return next({});
}

function isCharacter(key: Key, text: string): boolean {
  return key.kind === "character" && key.text === text;
}

function typed(view: View, key: Key): Partial<View> {
  if (key.kind === "character") return { filter: view.filter + key.text.toLowerCase() };
  if (key.name === "enter") return { isTyping: false };
  if (key.name === "escape") return { isTyping: false, filter: "" };
  if (key.name === "backspace") return { filter: [...view.filter].slice(0, -1).join("") };
  return {};
}

// What was chosen last goes first.
function back(view: View): Partial<View> {
  if (view.filter !== "") return { filter: "" };
  const last = view.within.at(-1);
  return last === undefined ? { selected: null } : { within: view.within.slice(0, -1), selected: last };
}

const VALUES: Readonly<Record<Exclude<SortKey, "name">, (row: PictureRow) => number>> = {
  time: row => row.wall_share,
  rate: row => row.rate_per_s,
  count: row => row.count,
  p50: row => row.p50_us ?? -1,
  p95: row => row.p95_us ?? -1,
  max: row => row.max_us ?? -1,
};

/** The rows that a view shows, in its order: the most first, or names from A to Z. */
export function shownRows(rows: readonly PictureRow[], view: View): PictureRow[] {
  const { sort, isReversed, filter } = view;
  const byName = (a: PictureRow, b: PictureRow) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  const value = sort === "name" ? null : VALUES[sort];
  const kept = rows.filter(({ name }) => filter === "" || name.toLowerCase().includes(filter));
  kept.sort((a, b) => (value === null ? 0 : value(b) - value(a)) || byName(a, b));
  return isReversed ? kept.reverse() : kept;
}
