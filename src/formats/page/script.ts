/**
 * The page's program, as text. It is written as functions of this package, which are checked, linted and tested as all others, and
 * comes along as their text: by raw URL, from npm and in a bundle, without a file to be read. Each gets what it needs of the others as
 * an argument, since a bundle may call them anything.
 *
 * @module
 */
import { addressOf } from "./view/address.ts";
import { axisOf } from "./view/axis.ts";
import { wireBar } from "./view/bar.ts";
import { chartOf } from "./view/chart.ts";
import { chartInputOf } from "./view/chart_input.ts";
import { colorsOf } from "./view/colors.ts";
import { curvesOf } from "./view/curves.ts";
import { curvesPanelOf } from "./view/curves_panel.ts";
import { decoder } from "./view/decode.ts";
import { detailsPanelOf } from "./view/details_panel.ts";
import { domOf } from "./view/dom.ts";
import { gaugesOf } from "./view/gauges.ts";
import { sayGlance, sayHeader } from "./view/header.ts";
import { listenToKeys } from "./view/keys.ts";
import { lanesOf } from "./view/lanes.ts";
import { litOf } from "./view/lit.ts";
import { minimapOf } from "./view/minimap.ts";
import { modelOf } from "./view/model.ts";
import { namesPanelOf } from "./view/names_panel.ts";
import { opener } from "./view/open.ts";
import { rowPainterOf } from "./view/row_painter.ts";
import { rowsOf } from "./view/rows.ts";
import { seriesMaker } from "./view/series.ts";
import { shapePanelOf } from "./view/shape_panel.ts";
import { startPage } from "./view/start.ts";
import { stateOf } from "./view/state.ts";
import { statsOf } from "./view/stats.ts";
import { trackPainterOf } from "./view/track_painter.ts";
import { treeNodesOf } from "./view/tree_nodes.ts";
import { treePanelOf } from "./view/tree_panel.ts";
import { unitsOfPage } from "./view/units.ts";

const PARTS = {
  addressOf,
  axisOf,
  chartInputOf,
  chartOf,
  colorsOf,
  curvesOf,
  curvesPanelOf,
  decoder,
  detailsPanelOf,
  domOf,
  gaugesOf,
  lanesOf,
  listenToKeys,
  litOf,
  minimapOf,
  modelOf,
  namesPanelOf,
  opener,
  rowPainterOf,
  rowsOf,
  sayGlance,
  sayHeader,
  seriesMaker,
  shapePanelOf,
  stateOf,
  statsOf,
  trackPainterOf,
  treeNodesOf,
  treePanelOf,
  unitsOfPage,
  wireBar,
};

/** The functions of which the page's program consists. */
export type PageParts = typeof PARTS;

let text: string | null = null;

/** The program. Its functions are asked for their text once. */
export function pageScript(): string {
  if (text !== null) return text;
  const parts = Object.entries(PARTS).map(([name, part]) => `${name}: ${part},`);
  // Some bundlers keep names by calling a helper of theirs within functions.
  const helper = "const __name = part => part;";
  return text = `"use strict";\n{\n${helper}\nconst parts = {\n${
    parts.join("\n")
  }\n};\n(${startPage})(window, parts);\n}`;
}
