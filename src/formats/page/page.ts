/**
 * Tree -> HTML: one self-contained page, and the same in a notebook's cell.
 *
 * @module
 */
import { FOLD_LIMIT } from "../../tree/fold.ts";
import type { Tree } from "../../tree/tree.ts";
import { toPageData } from "./data.ts";
import { pageJson } from "./json.ts";
import { ALPHABET } from "./packing.ts";
import { pageScript } from "./script.ts";
import { PAGE_STYLE } from "./style.ts";

// Nothing is loaded, sent or framed, whatever a name or an attribute says.
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * A page that shows every span of `tree`, up to a million.
 * @param fold Siblings of one name that its tree shows apart; `Infinity` for all.
 */
export function toPage(tree: Tree, fold: number = FOLD_LIMIT): string {
  const { header, spans, details } = toPageData(tree, fold);
  return `<!doctype html>
<html lang="en" data-rows="${header.rowCount}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<title>Trace</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1 id="title"></h1><div id="glance" role="group" aria-label="At a glance"></div><p id="facts"></p></header>
<p id="notes" hidden></p>
<div class="bar" role="toolbar" aria-label="Search and range">
<label>Search <input id="filter" type="search" autocomplete="off" spellcheck="false"></label>
<span id="found" role="status"></span>
<button id="reset" type="button">All of the time</button>
<span id="range" class="soft"></span>
<span id="picked" role="status" hidden></span>
<span class="grow"></span>
<button id="ask" type="button" aria-label="Keys">?</button>
</div>
<main id="view">
<section id="time" aria-label="Over time">
<canvas id="map" aria-hidden="true"></canvas>
<div id="stage">
<canvas id="chart" tabindex="0" role="img" aria-label="Spans over time. Arrows go from span to span; the tree beside has the same as text."></canvas>
<div id="tip" hidden></div>
</div>
</section>
<div id="edge" role="separator" aria-orientation="vertical" aria-label="Width of the panel" tabindex="0"></div>
<section id="panel" aria-label="Figures">
<div class="tabs" role="tablist">
<button type="button" role="tab" id="tab-where" aria-controls="where">Where</button>
<button type="button" role="tab" id="tab-what" aria-controls="what">What</button>
<button type="button" role="tab" id="tab-shape" aria-controls="shape-part">Shape</button>
<button type="button" role="tab" id="tab-curves" aria-controls="curves-part">Curves</button>
</div>
<div class="sheet" id="where" role="tabpanel" aria-labelledby="tab-where"><div id="tree" tabindex="0" role="tree" aria-label="Spans"></div></div>
<div class="sheet" id="what" role="tabpanel" aria-labelledby="tab-what" hidden><div id="names" role="table" aria-label="Time by name"></div><div id="near" hidden></div></div>
<div class="sheet" id="shape-part" role="tabpanel" aria-labelledby="tab-shape" hidden><div id="shape" tabindex="0" role="group" aria-label="Shape of the time"><canvas id="flames" aria-hidden="true"></canvas><div id="below"></div></div><p id="shape-note"></p></div>
<div class="sheet" id="curves-part" role="tabpanel" aria-labelledby="tab-curves" hidden><div id="curves"></div></div>
<div id="details" tabindex="0" role="region" aria-label="Details" aria-live="polite"></div>
</section>
</main>
<div id="help" role="dialog" aria-label="Keys" aria-modal="true" hidden></div>
<script type="application/json" id="data">${pageJson(header)}</script>
<script type="text/plain" id="alphabet">${ALPHABET}</script>
<script type="text/plain" id="spans">${spans}</script>
<script type="text/plain" id="more">${details}</script>
<script>${pageScript()}</script>
</body>
</html>
`;
}

/** Pixels of a cell besides its rows, and the least and the most of it. */
const AROUND = 190;
const LOWEST = 420;
const HIGHEST = 760;
const ROW = 18;

/**
 * The page as a cell shows it: in a frame of its own, which neither touches the notebook nor is touched by other cells. It is as high as
 * its trace needs.
 */
export function toCell(page: string): string {
  const rows = Number(/ data-rows="(\d+)"/.exec(page)?.[1] ?? 0);
  const height = Math.min(HIGHEST, Math.max(LOWEST, AROUND + rows * ROW));
  // In single quotes: the page has fewer of those than of the others, and each becomes five characters.
  const quoted = page.replaceAll("&", "&amp;").replaceAll("'", "&#39;");
  return `<iframe title="Trace" sandbox="allow-scripts" style="width:100%;height:${height}px;border:0" srcdoc='${quoted}'></iframe>`;
}
