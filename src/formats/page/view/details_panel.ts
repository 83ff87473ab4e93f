/**
 * The page's own program: all that is known of what is selected.
 *
 * @module
 */
import type { Item } from "./browser.ts";
import type { Block } from "./decode.ts";
import type { Dom } from "./dom.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface DetailsParts {
  readonly dom: Dom;
  readonly model: Model;
  readonly state: State;
  readonly units: Units;
  readonly goTo: (span: number) => void;
}

/** Fills the box; gives what takes the details in once they are read. */
export function detailsPanelOf(
  box: Item,
  { dom, model, state, units, goTo }: DetailsParts,
): (details: Block) => void {
  const MOST_MARKS = 100;
  const SLOWEST = 8;
  let details: Block | null = null;
  let attrs: string[] = [];
  let texts: string[] = [];

  const marksOf = (span: number): [name: string, value: string][] => {
    const columns = details?.columns ?? {};
    const of = columns.markSpan;
    if (of === undefined) return [];
    let low = 0;
    let high = of.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (of[middle] >= span) high = middle;
      else low = middle + 1;
    }
    const found: [string, string][] = [];
    for (let k = low; k < of.length && of[k] === span; k++) {
      const isText = (columns.markKind[k] & 2) !== 0;
      const value = isText ? texts[columns.markText[k]] ?? "" : units.number(columns.markValue?.[k] ?? NaN);
      found.push([texts[columns.markName[k]] ?? "", value]);
    }
    return found;
  };
  const table = (title: string, entries: readonly (readonly [string, string])[]): Item[] => {
    const list = dom.make("dl");
    for (const [name, value] of entries) list.append(dom.make("dt", name), dom.make("dd", value));
    return title === "" ? [list] : [dom.make("h4", title), list];
  };
  const draw = (): void => {
    const { span } = state;
    if (span < 0) {
      if (state.name < 0) box.replaceChildren(dom.make("p", "Nothing is selected. Press ? for the keys."));
      else drawSeveral();
      return;
    }
    const wall = model.end[span] - model.start[span];
    const entries: [string, string][] = [];
    const failed = model.isFailed(span);
    if (failed || model.isOpen(span)) {
      entries.push([
        "state",
        [failed ? "failed" : "", model.isOpen(span) ? "open" : ""].filter(word => word !== "").join(", "),
      ]);
    }
    entries.push(["time", units.time(wall) + (model.isOpen(span) ? " so far" : "")]);
    entries.push(["starts at", units.moment(model.start[span])]);
    for (const counter of model.header.counters) {
      const value = model.optional[counter.column]?.[span];
      if (value !== undefined && value === value) {
        entries.push([counter.label, units.counted(counter, model.sign(span), value)]);
      }
    }
    const load = model.optional.data_load_ns?.[span];
    if (load !== undefined && load === load) entries.push(["loading", units.time(load)]);
    const parts: Item[] = [
      dom.make("h3", model.label(span), failed ? "failed" : undefined),
      ...table("", entries),
    ];
    const set = details?.columns.attrs?.[span];
    if (set !== undefined && set === set) {
      parts.push(...table("Attributes", dom.parse(attrs[set]) as [string, string][]));
    }
    const marks = marksOf(span);
    if (marks.length > 0) {
      const more = marks.length > MOST_MARKS
        ? " (the newest " + MOST_MARKS + " of " + units.count(marks.length) + ")"
        : "";
      parts.push(...table("Marks" + more, marks.slice(-MOST_MARKS)));
    }
    if (model.parent[span] >= 0) {
      const chain: number[] = [];
      for (let up = model.parent[span]; up >= 0 && chain.length < 8; up = model.parent[up]) chain.unshift(up);
      parts.push(dom.make("h4", "In"), ...buttons(chain));
    }
    box.replaceChildren(...parts);
  };
  const buttons = (spans: readonly number[]): Item[] =>
    spans.map(span => {
      const button = dom.make("button", undefined, "near");
      button.type = "button";
      const bad = model.isFailed(span);
      button.append(
        dom.make("span", model.label(span) + (bad ? "  failed" : ""), bad ? "name failed" : "name"),
        dom.make("span", units.time(model.end[span] - model.start[span]), "time"),
      );
      button.addEventListener("click", () => goTo(span));
      return button;
    });
  /** Of a name or a path: how many, and the slowest of them to go to. */
  const drawSeveral = (): void => {
    const [from, until] = state.meant();
    const of = state.path >= 0 ? model.paths().of : null;
    const meant: number[] = [];
    let failedCount = 0;
    let totalNs = 0;
    for (let i = 0; i < model.count; i++) {
      if (of === null ? model.name[i] !== state.name : of[i] !== state.path) continue;
      if (model.end[i] < from || model.start[i] > until) continue;
      meant.push(i);
      totalNs += model.clipped(i, from, until);
      if (model.isFailed(i)) failedCount++;
    }
    const wall = (i: number): number => model.end[i] - model.start[i];
    const slowest = meant.toSorted((a, b) => wall(b) - wall(a)).slice(0, SLOWEST);
    const failed = meant.filter(i => model.isFailed(i)).slice(0, SLOWEST);
    const entries: [string, string][] = [["spans", units.count(meant.length)], [
      "time together",
      units.time(totalNs),
    ]];
    if (failedCount > 0) {
      entries.push(["failed", units.count(failedCount) + " of " + units.count(meant.length)]);
    }
    const parts = [
      dom.make("h3", model.names[state.name]),
      ...table("", entries),
      dom.make("h4", "Slowest"),
      ...buttons(slowest),
    ];
    if (failed.length > 0) parts.push(dom.make("h4", "Failed"), ...buttons(failed));
    box.replaceChildren(...parts);
  };
  state.on(["selection", "region"], draw);
  draw();
  return read => {
    details = read;
    attrs = read.texts[0]();
    texts = read.texts[1]();
    draw();
  };
}
