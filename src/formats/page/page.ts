/**
 * Tree -> HTML: one self-contained page, and the same in a notebook's cell.
 *
 * @module
 */
import type { FoldedTree } from "../../tree/fold.ts";
import type { Tree } from "../../tree/tree.ts";
import { toPageData } from "./data.ts";
import { pageJson } from "./json.ts";
import { PAGE_SCRIPT } from "./script.ts";
import { PAGE_STYLE } from "./style.ts";

// Nothing is loaded, sent or framed, whatever a name or an attribute says.
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * A page that shows `tree`: under 3 MB whatever its size.
 * @param shown `tree`, folded or not.
 */
export function toPage(tree: Tree, shown: Tree | FoldedTree): string {
  const data = pageJson(toPageData(tree, shown));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<title>Trace</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<h1 id="title"></h1>
<p id="facts"></p>
<p id="notes"></p>
<div id="view">
<div class="bar">
<label>Filter by name <input id="filter" type="search" autocomplete="off" spellcheck="false"></label>
<span id="found" role="status"></span>
<button id="reset" type="button">Show all of the time (Escape)</button>
<span id="range" class="soft"></span>
</div>
<h2 id="icicle-title">Over time</h2>
<div class="axis" id="axis" aria-hidden="true"></div>
<div class="icicle" id="icicle" tabindex="0" role="group" aria-labelledby="icicle-title" aria-describedby="icicle-help"><canvas aria-hidden="true"></canvas></div>
<p id="icicle-help">Click a box to look closer. With the keyboard: arrows to go to the next, Enter to look closer, Escape for all.</p>
<div class="split">
<section><h2 id="tree-title">Spans</h2><div class="tree" id="tree" tabindex="0" role="tree" aria-labelledby="tree-title"></div></section>
<section><h2 id="details-title">Details</h2><div class="details" id="details" tabindex="0" role="region" aria-labelledby="details-title" aria-live="polite"></div></section>
</div>
<section id="curves-part"><h2>Marks over time</h2><div class="curves" id="curves"></div><p id="curves-note"></p></section>
<section id="summary-part"><h2>Where the time went</h2><div class="scroll" tabindex="0" role="region" aria-label="Summary"><table id="summary"></table></div><p id="summary-note"></p></section>
</div>
<script type="application/json" id="data">${data}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/**
 * The page as a cell shows it: in a frame of its own, which neither touches the notebook nor is touched by other cells.
 */
export function toCell(page: string): string {
  // In single quotes: JSON is full of the others, and each would become six.
  const quoted = page.replaceAll("&", "&amp;").replaceAll("'", "&#39;");
  return `<iframe title="Trace" sandbox="allow-scripts" style="width:100%;height:760px;border:0" srcdoc='${quoted}'></iframe>`;
}
