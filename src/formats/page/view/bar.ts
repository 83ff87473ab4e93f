/**
 * The page's own program: search, tabs, what is picked, and the edge between time line and panel.
 *
 * @module
 */
import type { Chart } from "./chart.ts";
import type { Dom } from "./dom.ts";
import type { Lit } from "./lit.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface BarParts {
  readonly dom: Dom;
  readonly model: Model;
  readonly state: State;
  readonly units: Units;
  readonly lit: Lit;
  readonly chart: Chart;
}

/** Wires what stands around the time line. */
export function wireBar({ dom, model, state, units, lit, chart }: BarParts): void {
  const { byId } = dom;
  const PANELS = ["where", "what", "shape-part", "curves-part"];
  const filter = byId("filter");
  const picked = byId("picked");
  filter.addEventListener("input", () => state.find(filter.value));
  byId("reset").addEventListener("click", () => {
    state.setRegion(null);
    state.show(0, model.totalNs);
  });
  const tabs = ["tab-where", "tab-what", "tab-shape", "tab-curves"].map(byId);
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => state.openTab(i));
    tab.addEventListener("keydown", event => {
      const to = event.key === "ArrowRight" ? i + 1 : event.key === "ArrowLeft" ? i - 1 : -1;
      if (to < 0 || to > 3) return;
      event.preventDefault();
      state.openTab(to);
      tabs[to].focus();
    });
  });
  const showTab = (): void => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === state.tab));
      tab.tabIndex = i === state.tab ? 0 : -1;
    });
    PANELS.forEach((id, i) => byId(id).hidden = i !== state.tab);
  };
  const showRange = (): void => {
    const { from, until } = state;
    byId("range").textContent = units.moment(from) + " to " + units.moment(until);
    const { region } = state;
    picked.hidden = region === null;
    if (region !== null) {
      picked.textContent = "Tree, table and curves: " + units.time(region[1] - region[0]) + " from "
        + units.moment(region[0]) + " (Escape for all)";
    }
  };
  const showFound = (): void => {
    if (filter.value !== state.search) filter.value = state.search;
    byId("found").textContent = lit.foundCount < 0 ? "" : units.count(lit.foundCount) + " found";
  };
  const edge = byId("edge");
  const panel = byId("panel");
  const setWidth = (wide: number): void => {
    const most = byId("view").clientWidth - 240;
    panel.style.setProperty("--wide", Math.max(220, Math.min(most, wide)) + "px");
  };
  let isHeld = false;
  edge.addEventListener("pointerdown", event => {
    isHeld = true;
    edge.setPointerCapture(event.pointerId);
  });
  edge.addEventListener("pointermove", event => {
    if (!isHeld) return;
    const { left, width } = byId("view").getBoundingClientRect();
    setWidth(left + width - event.clientX);
  });
  edge.addEventListener("pointerup", () => isHeld = false);
  edge.addEventListener("keydown", event => {
    const by = event.key === "ArrowLeft" ? 40 : event.key === "ArrowRight" ? -40 : 0;
    if (by === 0) return;
    event.preventDefault();
    setWidth(panel.clientWidth + by);
  });
  state.on(["tab"], showTab);
  state.on(["view", "region"], showRange);
  state.on(["search", "selection"], showFound);
  state.on(["view", "lanes"], () => chart.due());
  showTab();
  showRange();
}
