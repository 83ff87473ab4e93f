/**
 * The page's own program: keys, and the help that tells them.
 *
 * @module
 */
import type { ChartKeys } from "./chart_input.ts";
import type { Dom } from "./dom.ts";
import type { Lit } from "./lit.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";

/** What it needs of the others. */
export interface KeyParts {
  readonly dom: Dom;
  readonly model: Model;
  readonly state: State;
  readonly chart: ChartKeys;
  readonly lit: Lit;
  /** Selects a span and brings it into sight. */
  readonly goTo: (span: number) => void;
}

/** Listens to keys. */
export function listenToKeys({ dom, model, state, chart, lit, goTo }: KeyParts): void {
  const { browser, byId, make } = dom;
  const { document } = browser;
  const KEYS: readonly (readonly [keys: string, what: string])[] = [
    ["w s, + -, wheel", "closer, farther"],
    ["a d, Shift wheel, drag", "earlier, later"],
    ["Alt wheel, drag", "lanes up and down"],
    ["arrows in the time line", "next span, the one before, above, below"],
    ["Enter or f, double click", "the selected span over the whole width"],
    ["0", "all of the time"],
    ["r", "the selected span's time as the region; drag on the axis for any other"],
    ["m", "measures the selected span; Shift drag between any two moments"],
    ["1 2 3 4", "where, what, shape, curves"],
    ["/", "search; then n and N for the next and the one before"],
    ["[ ]", "the span before and the next one of the same name"],
    ["e E", "next and previous failed span"],
    ["Escape", "lets go: of the measure, the search, the region, what is selected"],
    ["?", "this list"],
  ];
  const help = byId("help");
  const list = make("dl");
  for (const [keys, what] of KEYS) list.append(make("dt", keys), make("dd", what));
  const close = make("button", "Close");
  close.type = "button";
  help.append(make("h2", "Keys"), list, close);
  let before: ReturnType<typeof byId> | null = null;
  const showHelp = (isOn: boolean): void => {
    help.hidden = !isOn;
    if (isOn) {
      before = document.activeElement;
      close.focus();
    } else before?.focus();
  };
  close.addEventListener("click", () => showHelp(false));
  byId("ask").addEventListener("click", () => showHelp(help.hidden));
  const same = (step: 1 | -1): void => {
    if (state.span < 0) return;
    for (let at = state.span + step; at >= 0 && at < model.count; at += step) {
      if (model.name[at] === model.name[state.span]) {
        goTo(at);
        return;
      }
    }
  };
  const failed = (step: 1 | -1): void => {
    for (let k = 1, at = state.span; k <= model.count; k++) {
      at = (at + step + model.count) % model.count;
      if (model.isFailed(at)) {
        goTo(at);
        return;
      }
    }
  };
  const letGo = (): void => {
    if (!help.hidden) showHelp(false);
    else if (state.ruler !== null) state.setRuler(null);
    else if (state.search !== "") {
      byId("filter").value = "";
      state.find("");
    } else if (state.region !== null) state.setRegion(null);
    else if (state.from > 0 || state.until < model.totalNs) state.show(0, model.totalNs);
    else state.select(-1);
  };
  const spanOf = (): readonly [number, number] | null =>
    state.span < 0 ? null : [model.start[state.span], model.end[state.span]];
  const acts: Record<string, () => void> = {
    w: () => chart.zoom(1.4),
    "+": () => chart.zoom(1.4),
    "=": () => chart.zoom(1.4),
    s: () => chart.zoom(1 / 1.4),
    "-": () => chart.zoom(1 / 1.4),
    a: () => chart.pan(-0.15),
    d: () => chart.pan(0.15),
    f: () => chart.fit(state.span),
    "0": () => state.show(0, model.totalNs),
    r: () => state.setRegion(spanOf() ?? [state.from, state.until]),
    m: () => state.setRuler(spanOf()),
    n: () => goTo(lit.next(state.span, 1)),
    N: () => goTo(lit.next(state.span, -1)),
    "[": () => same(-1),
    "]": () => same(1),
    e: () => failed(1),
    E: () => failed(-1),
    "?": () => showHelp(help.hidden),
    "/": () => byId("filter").select(),
    Escape: letGo,
  };
  for (let tab = 0; tab < 4; tab++) acts[String(tab + 1)] = () => state.openTab(tab);
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target.tagName === "INPUT" && event.target.type !== "checkbox";
    if (isTyping) {
      if (event.key === "Escape") letGo();
      else if (event.key === "Enter") goTo(lit.next(state.span, event.shiftKey ? -1 : 1));
      return;
    }
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  byId("chart").addEventListener("keydown", event => {
    const step: Record<string, () => void> = {
      ArrowRight: () => chart.go("next"),
      ArrowLeft: () => chart.go("before"),
      ArrowUp: () => chart.go("up"),
      ArrowDown: () => chart.go("down"),
      Enter: () => chart.fit(state.span),
      Home: () => goTo(0),
      End: () => goTo(model.count - 1),
    };
    if (!(event.key in step) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step[event.key]();
  });
}
