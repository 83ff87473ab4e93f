/**
 * The functions of which the page's own program consists, by name.
 *
 * @module
 */
import { addressOf } from "./address.ts";
import { axisOf } from "./axis.ts";
import { wireBar } from "./bar.ts";
import { chartOf } from "./chart.ts";
import { chartInputOf } from "./chart_input.ts";
import { colorsOf } from "./colors.ts";
import { curvesOf } from "./curves.ts";
import { curvesPanelOf } from "./curves_panel.ts";
import { decoder } from "./decode.ts";
import { detailsPanelOf } from "./details_panel.ts";
import { domOf } from "./dom.ts";
import { gaugesOf } from "./gauges.ts";
import { sayGlance, sayHeader } from "./header.ts";
import { listenToKeys } from "./keys.ts";
import { lanesOf } from "./lanes.ts";
import { litOf } from "./lit.ts";
import { minimapOf } from "./minimap.ts";
import { modelOf } from "./model.ts";
import { namesPanelOf } from "./names_panel.ts";
import { opener } from "./open.ts";
import { rowPainterOf } from "./row_painter.ts";
import { rowsOf } from "./rows.ts";
import { seriesMaker } from "./series.ts";
import { shapePanelOf } from "./shape_panel.ts";
import { stateOf } from "./state.ts";
import { statsOf } from "./stats.ts";
import { trackPainterOf } from "./track_painter.ts";
import { treeNodesOf } from "./tree_nodes.ts";
import { treePanelOf } from "./tree_panel.ts";
import { unitsOfPage } from "./units.ts";

/** What the page's program consists of, besides what puts it together. */
export interface PageParts {
  readonly addressOf: typeof addressOf;
  readonly axisOf: typeof axisOf;
  readonly chartInputOf: typeof chartInputOf;
  readonly chartOf: typeof chartOf;
  readonly colorsOf: typeof colorsOf;
  readonly curvesOf: typeof curvesOf;
  readonly curvesPanelOf: typeof curvesPanelOf;
  readonly decoder: typeof decoder;
  readonly detailsPanelOf: typeof detailsPanelOf;
  readonly domOf: typeof domOf;
  readonly gaugesOf: typeof gaugesOf;
  readonly lanesOf: typeof lanesOf;
  readonly listenToKeys: typeof listenToKeys;
  readonly litOf: typeof litOf;
  readonly minimapOf: typeof minimapOf;
  readonly modelOf: typeof modelOf;
  readonly namesPanelOf: typeof namesPanelOf;
  readonly opener: typeof opener;
  readonly rowPainterOf: typeof rowPainterOf;
  readonly rowsOf: typeof rowsOf;
  readonly sayGlance: typeof sayGlance;
  readonly sayHeader: typeof sayHeader;
  readonly seriesMaker: typeof seriesMaker;
  readonly shapePanelOf: typeof shapePanelOf;
  readonly stateOf: typeof stateOf;
  readonly statsOf: typeof statsOf;
  readonly trackPainterOf: typeof trackPainterOf;
  readonly treeNodesOf: typeof treeNodesOf;
  readonly treePanelOf: typeof treePanelOf;
  readonly unitsOfPage: typeof unitsOfPage;
  readonly wireBar: typeof wireBar;
}

/** These. */
export const PARTS: PageParts = {
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
