/**
 * The page's own program: puts its parts together. It is given them as an object, not as imports: a browser gets the text of these
 * functions (`../script.ts`), and so none of them may name anything outside itself but what every browser has.
 *
 * @module
 */
import type { PageHeader } from "../data.ts";
import type { Browser } from "./browser.ts";
import type { PageParts } from "./parts.ts";

/** Draws the page. */
export async function startPage(browser: Browser, parts: PageParts): Promise<void> {
  const dom = parts.domOf(browser);
  const { byId } = dom;
  const root = browser.document.documentElement;
  try {
    const header = dom.parse(byId("data").textContent!) as PageHeader;
    const units = parts.unitsOfPage();
    const open = parts.opener(browser, byId("alphabet").textContent!);
    const decode = parts.decoder();
    const model = parts.modelOf(header, decode(header.spans, await open("spans", header.spans)));
    parts.sayHeader(dom, model, units);
    byId("view").hidden = model.count === 0;
    if (model.count === 0) {
      root.dataset.ready = "true";
      return;
    }
    const sizes = { row: 18, head: 20, axis: 28 };
    const state = parts.stateOf(model);
    const colors = parts.colorsOf(browser);
    const rows = parts.rowsOf(model);
    const lit = parts.litOf(model, rows, state);
    state.on(["selection", "search"], () => lit.refresh());
    const axis = parts.axisOf();
    const curves = parts.curvesOf(model, state, parts.seriesMaker());
    const gauges = parts.gaugesOf(model);
    const tracks = parts.trackPainterOf({ browser, state, colors, units, axis, curves, gauges });
    const layLanes = parts.lanesOf(model, rows, sizes);
    const painter = parts.rowPainterOf({ browser, model, rows, state, lit, colors, units });
    const chart = parts.chartOf(byId("chart"), {
      browser,
      model,
      rows,
      layLanes,
      state,
      colors,
      units,
      axis,
      tracks,
      painter,
      sizes,
    });
    const drawMap = parts.minimapOf(byId("map"), { browser, model, rows, state, lit, colors });
    const input = parts.chartInputOf({ browser, chart, model, rows, state, tracks, units, tip: byId("tip") });
    chart.draw();
    drawMap();
    // The time line is there; what is beside it is read while it is looked at.
    await new Promise<void>(resolve => browser.requestAnimationFrame(() => browser.setTimeout(resolve, 0)));
    root.dataset.drawn = String(Math.round(browser.performance.now()));

    const goTo = (span: number): void => {
      if (span < 0) return;
      state.select(span);
      chart.reveal(span);
    };
    // Before what it shows and hides: that draws nothing while it is hidden.
    parts.wireBar({ dom, model, state, units, lit, chart });
    const nodes = parts.treeNodesOf(model);
    const drawTree = parts.treePanelOf(byId("tree"), {
      dom,
      model,
      state,
      units,
      nodes,
      reveal: chart.reveal,
      fit: input.fit,
    });
    const stats = parts.statsOf(model);
    const names = parts.namesPanelOf(byId("names"), { dom, model, state, units, stats, near: byId("near") });
    const drawShape = parts.shapePanelOf(byId("shape"), byId("flames"), byId("below"), {
      browser,
      model,
      state,
      units,
      colors,
      note: byId("shape-note"),
    });
    parts.curvesPanelOf(byId("curves"), dom, curves, state, units);
    const takeDetails = parts.detailsPanelOf(byId("details"), { dom, model, state, units, goTo });
    const readAddress = parts.addressOf(browser, model, state, curves);
    parts.listenToKeys({ dom, model, state, chart: input, lit, goTo });
    parts.sayGlance(dom, model, units, state, gauges, names.figures());
    if (browser.location.hash !== "") readAddress();

    const redraw = (): void => {
      colors.refresh();
      state.tell("theme");
      drawTree();
      if (state.tab === 1) names.draw();
      drawShape();
      drawMap();
    };
    // Not the window's own event: a frame in a tab behind others has no size when this runs, and hears of none later. In the frame
    // after, since drawing sets a height that is observed too.
    let isDue = false;
    const observer = new browser.ResizeObserver(() => {
      if (isDue) return;
      isDue = true;
      browser.requestAnimationFrame(() => {
        isDue = false;
        redraw();
      });
    });
    for (const id of ["chart", "panel"]) observer.observe(byId(id));
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
      browser.matchMedia(query).addEventListener("change", redraw);
    }
    browser.addEventListener("beforeprint", redraw);

    const details = decode(header.details, await open("more", header.details));
    curves.load(details);
    takeDetails(details);
    root.dataset.ready = "true";
  } catch (error) {
    byId("notes").hidden = false;
    byId("notes").textContent = "This page cannot be shown: " + String(error);
    root.dataset.ready = "failed";
    throw error;
  }
}
