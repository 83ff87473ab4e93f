/**
 * The HTML view's style sheet.
 *
 * @module
 */

/** Light and dark follow the reader's system. */
export const PAGE_STYLE: string = String.raw`
:root {
  color-scheme: light dark;
  --paper: #fff; --panel: #f6f7f9; --ink: #1c2128; --soft: #5b6572; --line: #d5dae1;
  --mark: #0b62c4; --bad: #b3261e; --hot: #b3261e; --warm: #8a5a00; --select: #dbe9fb; --focus: #0b62c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --panel: #1c2027; --ink: #e4e8ee; --soft: #b0bac6; --line: #323944;
    --mark: #77b1f6; --bad: #ff8a80; --hot: #ff8a80; --warm: #e6b450; --select: #22405f; --focus: #77b1f6;
  }
}
* { box-sizing: border-box; }
html, body { margin: 0; background: var(--paper); color: var(--ink); }
body { font: 14px/1.45 system-ui, sans-serif; padding: 12px 16px 24px; font-variant-numeric: tabular-nums; }
h1 { font-size: 18px; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 14px; margin: 18px 0 6px; }
p { margin: 0 0 6px; color: var(--soft); }
.bar { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin: 8px 0; }
input, button {
  font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: 3px 8px;
}
button { cursor: pointer; background: var(--panel); }
button:disabled { cursor: default; color: var(--soft); border-style: dashed; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.axis { position: relative; height: 20px; overflow: hidden; color: var(--soft); font-size: 12px; line-height: 18px; }
.axis span { position: absolute; top: 0; bottom: 0; padding-left: 4px; border-left: 1px solid var(--line); white-space: pre; }
.icicle { border: 1px solid var(--line); overflow-y: auto; max-height: 380px; background: var(--panel); position: relative; }
.icicle canvas { position: sticky; top: 0; display: block; width: 100%; }
.split { display: grid; grid-template-columns: minmax(0, 3fr) minmax(220px, 2fr); gap: 12px; }
@media (max-width: 760px) { .split { grid-template-columns: minmax(0, 1fr); } }
.tree { border: 1px solid var(--line); height: var(--high, 400px); overflow: auto; position: relative; background: var(--paper); }
.tree .row {
  position: absolute; left: 0; right: 0; height: 22px; line-height: 22px; white-space: pre; padding-right: 8px;
  display: flex; gap: 10px; cursor: default;
}
.row .name { flex: 1; overflow: hidden; text-overflow: ellipsis; }
.row .time, .row .share { text-align: right; flex: none; }
.row .time { min-width: 64px; }
.row .share { min-width: 48px; color: var(--soft); }
.row .share.hot { color: var(--hot); font-weight: 600; }
.row .share.warm { color: var(--warm); }
.row .twist { display: inline-block; width: 16px; text-align: center; color: var(--soft); }
.row .failed, .bad { color: var(--bad); font-weight: 600; }
.row .soft, .soft { color: var(--soft); }
.row[aria-selected="true"] { background: var(--select); }
.tree:focus-visible .row[aria-selected="true"] { outline: 2px solid var(--focus); outline-offset: -2px; }
.details { border: 1px solid var(--line); background: var(--panel); padding: 8px 10px; height: var(--high, 400px); overflow: auto; overflow-wrap: anywhere; }
@media (max-width: 760px) { .details { height: auto; min-height: 160px; max-height: 400px; } }
.details h3 { font-size: 14px; margin: 0 0 4px; }
.details dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 1px 12px; margin: 0 0 8px; }
.details dt { color: var(--soft); }
.details dd { margin: 0; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 8px; }
.curve { border: 1px solid var(--line); background: var(--panel); padding: 6px 8px; }
.curve svg { display: block; width: 100%; height: 48px; }
.curve polyline { fill: none; stroke: var(--mark); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.scroll { overflow: auto; max-height: 420px; border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: 2px 7px; white-space: nowrap; }
th { position: sticky; top: 0; background: var(--panel); font-weight: 600; }
th:first-child, td:first-child { text-align: left; white-space: pre; max-width: 420px; overflow: hidden; text-overflow: ellipsis; }
tbody tr:nth-child(even) { background: var(--panel); }
`;
