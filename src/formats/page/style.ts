/**
 * The HTML view's style sheet.
 *
 * @module
 */

/** Light and dark follow the reader's system. Nothing scrolls but lists: the window is as high as the page. */
export const PAGE_STYLE: string = String.raw`
:root {
  color-scheme: light dark;
  --paper: #fff; --panel: #f3f5f8; --ink: #1c2128; --soft: #56606d; --line: #d5dae1; --grid: #e4e8ee;
  --mark: #0b62c4; --bad: #c5221f; --open: #a05a00; --warm: #8a5a00; --select: #d6e6fb; --focus: #0b62c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --panel: #1d222a; --ink: #e4e8ee; --soft: #aeb8c4; --line: #353d49; --grid: #262c35;
    --mark: #77b1f6; --bad: #ff6b61; --open: #f0b84a; --warm: #e6b450; --select: #24486c; --focus: #77b1f6;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --panel: #f3f5f8; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd;
    --mark: #0b62c4; --bad: #c5221f; --open: #a05a00; --warm: #8a5a00; --select: #d6e6fb;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html, body { margin: 0; height: 100%; background: var(--paper); color: var(--ink); }
body {
  font: 13px/1.4 system-ui, sans-serif; font-variant-numeric: tabular-nums; display: flex; flex-direction: column;
  padding: 8px 10px; gap: 6px; overflow: hidden;
}
h1 { font-size: 16px; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 40ch; }
h3 { font-size: 13px; margin: 0 0 4px; overflow-wrap: anywhere; }
h4 { font-size: 12px; margin: 8px 0 3px; color: var(--soft); font-weight: 600; }
p { margin: 0; color: var(--soft); }
header { display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; }
#glance { display: flex; flex-wrap: wrap; gap: 2px 14px; }
.fact { color: var(--soft); } .fact b { color: var(--ink); font-weight: 600; }
button.fact { border: 0; background: none; padding: 0; text-decoration: underline dotted; text-underline-offset: 3px; }
#facts { font-size: 12px; }
input, button { font: inherit; color: inherit; }
input[type="search"], .bar button {
  background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: 2px 8px;
}
button { cursor: pointer; } button:disabled { cursor: default; color: var(--soft); }
.bar { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
.bar .grow { flex: 1; }
#picked { color: var(--mark); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.bad, .failed, b.bad { color: var(--bad); font-weight: 600; } .open, b.unended { color: var(--open); font-weight: 600; }
.soft { color: var(--soft); }
#view { flex: 1; min-height: 0; display: flex; }
#time { flex: 1; min-width: 0; display: flex; flex-direction: column; border: 1px solid var(--line); }
canvas { display: block; width: 100%; touch-action: none; }
#map { height: 38px; cursor: crosshair; border-bottom: 1px solid var(--line); }
#stage { position: relative; flex: 1; min-height: 0; }
#chart { position: absolute; inset: 0; height: 100%; cursor: default; }
#chart:focus-visible { outline-offset: -2px; }
#tip {
  position: absolute; pointer-events: none; white-space: pre; background: var(--panel); border: 1px solid var(--line); padding: 2px 6px;
  border-radius: 3px; max-width: 60%; overflow: hidden; text-overflow: ellipsis; z-index: 2;
}
#edge { width: 8px; cursor: col-resize; flex: none; touch-action: none; }
#panel { width: var(--wide, min(44%, 540px)); flex: none; display: flex; flex-direction: column; min-height: 0; }
.tabs { display: flex; gap: 2px; }
.tabs button { border: 1px solid var(--line); border-bottom: 0; border-radius: 4px 4px 0 0; background: var(--panel); padding: 3px 12px; color: var(--soft); }
.tabs button[aria-selected="true"] { background: var(--paper); color: var(--ink); font-weight: 600; }
.sheet { flex: 1; min-height: 0; border: 1px solid var(--line); display: flex; flex-direction: column; }
.lines, #tree { flex: 1; min-height: 0; overflow: auto; position: relative; }
#names { flex: 1; min-height: 0; display: flex; flex-direction: column; overflow: hidden; }
.room { position: relative; }
.row { position: absolute; left: 0; right: 0; height: 22px; line-height: 22px; white-space: pre; padding-right: 8px; display: flex; gap: 8px; cursor: default; }
#names .row, #names .head { display: grid; grid-template-columns: minmax(80px, 1fr) repeat(var(--cells, 10), var(--cell, 58px)); gap: 4px; padding: 0 4px; }
#names .head { background: var(--panel); border-bottom: 1px solid var(--line); scrollbar-gutter: stable; overflow: hidden auto; flex: none; }
#names .lines { scrollbar-gutter: stable; overflow: hidden auto; }
.head button { border: 0; background: none; padding: 1px 0; font-weight: 600; width: 100%; text-align: right; white-space: nowrap; }
.head .name button { text-align: left; }
.cell { text-align: right; overflow: hidden; text-overflow: ellipsis; }
.part, .near { background: linear-gradient(to right, var(--select) var(--part, 0%), transparent var(--part, 0%)); }
.row .name { flex: 1; overflow: hidden; text-overflow: ellipsis; }
.row .time, .row .share { text-align: right; flex: none; }
.row .time { min-width: 60px; } .row .share { min-width: 50px; color: var(--soft); }
.row .share.hot { color: var(--bad); font-weight: 600; } .row .share.warm { color: var(--warm); }
.twist { display: inline-block; width: 15px; text-align: center; color: var(--soft); }
.row:hover { background: var(--panel); }
.row[aria-selected="true"] { background: var(--select); }
#near { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; padding: 6px 8px; border-top: 1px solid var(--line); max-height: 40%; overflow: auto; flex: none; }
.near { border: 0; display: flex; width: 100%; gap: 8px; padding: 1px 3px; text-align: left; background-color: transparent; }
.near .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.near .time { color: var(--soft); white-space: pre; }
#shape { flex: 1; min-height: 0; overflow: hidden auto; } #flames { position: sticky; top: 0; }
#shape-note { padding: 3px 8px; border-top: 1px solid var(--line); }
#curves-part { overflow: auto; } #curves p { padding: 6px 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: 2px 6px; white-space: nowrap; } td.name, th:nth-child(4) { text-align: left; }
th { background: var(--panel); position: sticky; top: 0; }
td button { border: 1px solid var(--line); border-radius: 3px; background: var(--panel); }
#details { border: 1px solid var(--line); background: var(--panel); padding: 6px 9px; margin-top: 6px; height: 30%; overflow: auto; overflow-wrap: anywhere; flex: none; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 1px 12px; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; }
#help { position: fixed; inset: 8% 0 auto; margin: auto; width: min(620px, 92%); max-height: 84%; overflow: auto; background: var(--paper); border: 1px solid var(--line); box-shadow: 0 8px 40px #0006; padding: 14px 18px; z-index: 5; }
#help h2 { font-size: 15px; margin: 0 0 8px; } #help button { margin-top: 10px; }
@media (max-width: 700px) {
  #view { flex-direction: column; } #edge { display: none; } #panel { width: auto; height: 55%; margin-top: 6px; }
}
@media print {
  html, body, #view, #panel { height: auto; overflow: visible; display: block; }
  #time { height: 460px; } #edge, .bar, #help { display: none !important; }
  #panel { width: auto; margin-top: 10px; } .lines, #tree { height: 480px; overflow: hidden; } #details { height: auto; }
}
`;
