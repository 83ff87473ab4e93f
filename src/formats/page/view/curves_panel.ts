/**
 * The page's own program: the list of curves, to choose those below the time line.
 *
 * @module
 */
import type { Item } from "./browser.ts";
import type { Curves } from "./curves.ts";
import type { Dom } from "./dom.ts";
import type { Series } from "./series.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** Fills the box; gives what draws it anew. */
export function curvesPanelOf(box: Item, dom: Dom, curves: Curves, state: State, units: Units): () => void {
  const MOST = 300;
  const amount = ({ unit }: Series, value: number): string =>
    unit === "ns" ? units.time(value) : units.number(value);
  const draw = (): void => {
    if (state.tab !== 3) return;
    const [from, until] = state.meant();
    const table = dom.make("table");
    const head = dom.make("tr");
    for (
      const title of [
        "shown",
        "log",
        "axes",
        "curve",
        "values",
        "first",
        "last",
        "least",
        "median",
        "greatest",
      ]
    ) {
      const cell = dom.make("th", title);
      cell.setAttribute("scope", "col");
      head.append(cell);
    }
    table.append(head);
    curves.all.slice(0, MOST).forEach((series, i) => {
      const row = dom.make("tr");
      const box = (isOn: boolean, label: string, act: () => void, isUsable = true): void => {
        const cell = dom.make("td");
        const input = dom.make("input");
        input.type = "checkbox";
        input.checked = isOn;
        input.disabled = !isUsable;
        input.setAttribute("aria-label", label + " " + series.label);
        input.addEventListener("change", act);
        cell.append(input);
        row.append(cell);
      };
      const isShown = curves.isShown(i);
      box(isShown, "show", () => curves.toggle(i));
      const track = curves.tracks.findIndex(one => one.series.includes(i));
      box(track >= 0 && curves.tracks[track].isLog, "log scale for", () => curves.toggleLog(i), isShown);
      const cell = dom.make("td");
      const isAlone = track >= 0 && curves.tracks[track].series.length === 1;
      const button = dom.make("button", isAlone ? "to the one above" : "on its own");
      button.type = "button";
      button.disabled = track < 0 || (isAlone && track === 0);
      button.addEventListener("click", () => curves.join(i));
      cell.append(button);
      row.append(cell);
      row.append(dom.make("td", series.label, "name"));
      const inside = [...series.y].filter((_, k) => series.x[k] >= from && series.x[k] <= until);
      const sorted = inside.toSorted((a, b) => a - b);
      const cells = inside.length === 0 ? ["", "", "", "", ""] : [
        inside[0],
        inside[inside.length - 1],
        sorted[0],
        sorted[(sorted.length - 1) >> 1],
        sorted[sorted.length - 1],
      ].map(value => amount(series, value));
      const notFinite = series.notFinite > 0 ? ", " + units.count(series.notFinite) + " not finite" : "";
      for (const text of [units.count(inside.length) + notFinite, ...cells]) row.append(dom.make("td", text));
      table.append(row);
    });
    const more = curves.all.length - MOST;
    const note = curves.all.length === 0
      ? "No numbers were marked, and no loading was measured."
      : "Line: the median in each pixel; band: from the least to the greatest."
        + (more > 0 ? " " + units.count(more) + " more curves are not listed." : "");
    box.replaceChildren(table, dom.make("p", note));
  };
  state.on(["region", "tab", "tracks"], draw);
  return draw;
}
