/**
 * The page's own program: what the time went to, by name, with callers and callees of the one selected.
 *
 * @module
 */
import type { Item } from "./browser.ts";
import type { Dom } from "./dom.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { NameStats, Neighbour, Stats } from "./stats.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface NamesParts {
  readonly dom: Dom;
  readonly model: Model;
  readonly state: State;
  readonly units: Units;
  readonly stats: Stats;
  /** What tells callers and callees. */
  readonly near: Item;
}

/** A table of figures by name. */
export interface NamesPanel {
  draw(): void;
  /** Those of the stretch that is meant, computed when first asked for. */
  figures(): readonly NameStats[];
}

/** Fills the boxes. */
export function namesPanelOf(box: Item, { dom, model, state, units, stats, near }: NamesParts): NamesPanel {
  const ROW = 22;
  const MOST_NEAR = 6;
  const NAME = 120;
  const CELL = 62;
  const FIRST = ["self", "self %", "total", "count", "failed", "p95", "cpu", "max", "open", "p50"];
  interface Column {
    readonly title: string;
    readonly value: (one: NameStats) => number | string;
    readonly text: (one: NameStats) => string;
  }
  const time = (ns: number): string => ns === ns ? units.time(ns) : "";
  const sum = (one: NameStats, ns: number): string =>
    ns === ns ? (one.isBeside ? "~" : "") + units.time(ns) : "";
  const whole = (value: number): string => value === 0 ? "" : units.count(value);
  let selfSum = 1;
  const columns: Column[] = [
    { title: "name", value: one => model.names[one.name], text: one => model.names[one.name] },
    { title: "self", value: one => one.selfNs, text: one => time(one.selfNs) },
    { title: "self %", value: one => one.selfNs, text: one => units.percent(one.selfNs / selfSum) },
    { title: "total", value: one => one.totalNs, text: one => sum(one, one.totalNs) },
    { title: "count", value: one => one.count, text: one => units.count(one.count) },
    { title: "p50", value: one => one.p50Ns, text: one => time(one.p50Ns) },
    { title: "p95", value: one => one.p95Ns, text: one => time(one.p95Ns) },
    { title: "max", value: one => one.maxNs, text: one => time(one.maxNs) },
    {
      title: "cpu",
      value: one => one.cpuNs === one.cpuNs ? one.cpuNs : -1,
      text: one => sum(one, one.cpuNs),
    },
    { title: "failed", value: one => one.failedCount, text: one => whole(one.failedCount) },
    { title: "open", value: one => one.openCount, text: one => whole(one.openCount) },
  ];
  let rows: NameStats[] = [];
  let isFresh = false;
  let sortedBy = 1;
  let isUp = false;
  let used: Column[] = columns;

  const figures = (): readonly NameStats[] => {
    if (!isFresh) {
      isFresh = true;
      rows = stats.of(...state.meant());
      selfSum = rows.reduce((all, one) => all + one.selfNs, 0) || 1;
      sort();
    }
    return rows;
  };
  const sort = (): void => {
    const { value } = columns[sortedBy];
    const sign = isUp ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return sign * (typeof x === "number" ? x - Number(y) : x < y ? -1 : x > y ? 1 : 0) || a.name - b.name;
    });
  };
  const line = (index: number): Item => {
    const one = rows[index];
    const row = dom.make("div", undefined, "row");
    row.dataset.name = String(one.name);
    row.setAttribute("role", "row");
    row.setAttribute("aria-selected", String(one.name === state.name));
    for (const column of used) {
      const cell = dom.make("span", column.text(one), column.title === "name" ? "name" : "cell");
      cell.setAttribute("role", column.title === "name" ? "rowheader" : "cell");
      if (column.title === "failed" && one.failedCount > 0) cell.className = "cell failed";
      if (column.title === "name") cell.title = column.text(one);
      if (column.title === "self %") {
        cell.style.setProperty("--part", (100 * one.selfNs / selfSum).toFixed(1) + "%");
      }
      if (column.title === "self %") cell.className = "cell part";
      row.append(cell);
    }
    return row;
  };
  const head = dom.make("div", undefined, "head");
  head.setAttribute("role", "row");
  const body = dom.make("div", undefined, "lines");
  body.setAttribute("role", "rowgroup");
  body.tabIndex = 0;
  body.setAttribute("aria-label", "Names; arrows choose one");
  box.append(head, body);
  const list = dom.list(body, ROW, line);

  const drawHead = (): void => {
    head.replaceChildren(...used.map(column => {
      const at = columns.indexOf(column);
      const cell = dom.make("span", undefined, column.title === "name" ? "name" : "cell");
      cell.setAttribute("role", "columnheader");
      cell.setAttribute("aria-sort", at === sortedBy ? (isUp ? "ascending" : "descending") : "none");
      const button = dom.make(
        "button",
        column.title + (at === sortedBy ? (isUp ? " \u25b4" : " \u25be") : ""),
      );
      button.type = "button";
      button.addEventListener("click", () => {
        isUp = at === sortedBy ? !isUp : at === 0;
        sortedBy = at;
        sort();
        draw();
      });
      cell.append(button);
      return cell;
    }));
  };
  const drawNear = (): void => {
    near.hidden = state.name < 0 || state.tab !== 1;
    if (near.hidden) return;
    const part = (title: string, found: Neighbour[], none: string): Item => {
      const section = dom.make("div");
      section.append(dom.make("h3", title));
      const most = found[0]?.totalNs || 1;
      for (const { name, count, totalNs } of found.slice(0, MOST_NEAR)) {
        const button = dom.make("button", undefined, "near");
        button.type = "button";
        button.disabled = name < 0;
        button.style.setProperty("--part", (100 * totalNs / most).toFixed(1) + "%");
        button.append(
          dom.make("span", name < 0 ? none : model.names[name], "name"),
          dom.make("span", units.time(totalNs) + "  x" + units.count(count), "time"),
        );
        if (name >= 0) button.addEventListener("click", () => state.selectName(name));
        section.append(button);
      }
      if (found.length > MOST_NEAR) {
        section.append(dom.make("p", units.count(found.length - MOST_NEAR) + " more"));
      }
      if (found.length === 0) section.append(dom.make("p", "none"));
      return section;
    };
    const [from, until] = state.meant();
    near.replaceChildren(
      part("Called in", stats.callers(state.name, from, until), "(no parent)"),
      part("Calls", stats.callees(state.name, from, until), ""),
    );
  };
  const draw = (): void => {
    figures();
    const having = columns.filter(({ title }) =>
      (title !== "cpu" || rows.some(one => one.cpuNs === one.cpuNs))
      && (title !== "failed" || rows.some(one => one.failedCount > 0))
      && (title !== "open" || rows.some(one => one.openCount > 0))
    );
    // As many as find room, the least telling ones go first: a wider panel has all.
    const room = Math.max(3, Math.floor((box.clientWidth - NAME) / CELL));
    const kept = FIRST.filter(title => having.some(column => column.title === title)).slice(0, room);
    used = having.filter(({ title }) => title === "name" || kept.includes(title));
    box.style.setProperty("--cells", String(used.length - 1));
    drawHead();
    list.refresh(rows.length);
    drawNear();
  };
  const choose = (index: number): void => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    if (rows.length === 0) return;
    state.selectName(rows[at].name);
    list.reveal(at);
  };
  body.addEventListener("click", event => {
    const row = event.target.closest(".row");
    if (row !== null) state.selectName(Number(row.dataset.name));
  });
  body.addEventListener("keydown", event => {
    const at = rows.findIndex(one => one.name === state.name);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length,
      PageDown: at + list.page(),
      PageUp: at - list.page(),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose(to);
  });
  state.on(["region"], () => {
    isFresh = false;
    if (state.tab === 1) draw();
  });
  state.on(["selection", "tab"], () => {
    if (state.tab !== 1) {
      near.hidden = true;
      return;
    }
    draw();
    const at = rows.findIndex(one => one.name === state.name);
    if (at >= 0) list.reveal(at);
  });
  return { draw, figures };
}
