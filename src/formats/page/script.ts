/**
 * The HTML view's program: plain JavaScript, as a browser runs it. It is text so that it comes along by raw URL and in a
 * bundle; tests/programs/page_chromium_test.ts runs it. Names, attributes and marks reach the page as text nodes only.
 *
 * @module
 */
import { SESSION_NAME } from "../../data/session_names.ts";
import { PAGE_ICICLE } from "./icicle.ts";
import { PAGE_UNITS } from "./units.ts";

/** Reads the data in the page, and draws it. Nothing in it recurses. */
export const PAGE_SCRIPT: string = String.raw`"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.name.length;
  const OPEN = 1, FAILED = 2, FOLDED = 4, OVERLAPPING = 8, WITHIN = 16;
  const ROW = 22, BOX = 19;
  const byId = id => document.getElementById(id);
  const make = (tag, text, kind) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (kind !== undefined) element.className = kind;
    return element;
  };

${PAGE_UNITS}
  // How nodes hang together.
  const children = Array.from({ length: count }, () => []);
  const roots = [];
  const depth = new Uint32Array(count);
  const place = new Uint32Array(count); // among its siblings
  for (let i = 0; i < count; i++) {
    const up = data.parent[i];
    const siblings = up < 0 ? roots : children[up];
    place[i] = siblings.length;
    siblings.push(i);
    depth[i] = up < 0 ? 0 : depth[up] + 1;
  }
  const siblingsOf = node => data.parent[node] < 0 ? roots : children[data.parent[node]];
  const label = node => {
    const fold = data.flags[node] & FOLDED ? data.details[node].fold : null;
    if (fold) return data.names[data.name[node]] + " x" + fold.count;
    return data.names[data.name[node]] + (data.index[node] === null ? "" : "[" + data.index[node] + "]");
  };
  // Of the parent's time, the part in which it ran. Siblings that ran at once have parts that do not add up: "~".
  const share = node => {
    const up = data.parent[node];
    if (up < 0) return NaN;
    const whole = data.endNs[up] - data.startNs[up];
    if (data.flags[node] & FOLDED) return data.details[node].fold.coveredUs * 1000 / whole;
    return Math.max(0, Math.min(data.endNs[node], data.endNs[up]) - Math.max(data.startNs[node], data.startNs[up])) / whole;
  };
  const shareText = node => {
    const text = percent(share(node));
    return text !== "" && data.flags[node] & OVERLAPPING ? "~" + text : text;
  };
  const words = node => {
    const flags = data.flags[node];
    const list = [];
    if (flags & FAILED) list.push("failed");
    if (flags & OPEN) list.push("open");
    if (flags & FOLDED) list.push("folded");
    return list;
  };

  // Header.
  const say = (id, text) => { byId(id).textContent = text; };
  say("title", data.title);
  const n = value => value.toLocaleString("en");
  const facts = [time(data.totalNs), n(data.spanCount) + (data.spanCount === 1 ? " span" : " spans")];
  if (data.startMs > 0) facts.push(new Date(data.startMs).toISOString().replace("T", " ").slice(0, 19) + " UTC");
  const about = roots.length === 1 && data.title === "${SESSION_NAME}" ? data.details[roots[0]]?.attrs ?? [] : [];
  for (const [name, text] of about.slice(0, 8)) {
    if (text !== "none" && text.length <= 40) facts.push(name + " " + text);
  }
  say("facts", facts.join(" \u00b7 "));
  const notes = [];
  if (data.foldedCount > 0) notes.push(n(data.foldedCount) + " spans are folded into lines of their name, with count and percentiles, or lie below such.");
  if (data.leftOutCount > 0) notes.push("The " + n(data.leftOutCount) + " shortest are not shown.");
  if (data.detailsLeftOut > 0) notes.push("Attributes and marks of " + n(data.detailsLeftOut) + " short spans are not shown.");
  say("notes", notes.join(" "));
  byId("notes").hidden = notes.length === 0;
  byId("view").hidden = count === 0;

  // State: what is selected, what is unfolded, what the filter keeps, which stretch of time the icicle shows.
  let selected = 0;
  let hovered = -1;
  const isExpanded = new Uint8Array(count);
  let kept = null;
  let from = 0, until = Math.max(1, data.totalNs);
  let lines = [];
  for (let i = 0, opened = 0; i < count && opened < 200; i++) {
    if (depth[i] > 2 || children[i].length === 0) continue;
    isExpanded[i] = 1;
    opened += children[i].length;
  }

  // Tree: only the lines that are seen are in the page.
  const tree = byId("tree");
  const spacer = tree.appendChild(make("div"));
  // As high as all of its lines, within bounds: what folds and unfolds does not move what is below.
  document.documentElement.style.setProperty("--high", Math.max(200, Math.min(400, count * ROW + 2)) + "px");
  const layLines = () => {
    lines = [];
    const stack = [...roots].reverse();
    while (stack.length > 0) {
      const node = stack.pop();
      if (kept !== null && kept[node] === 0) continue;
      lines.push(node);
      if (!isOpenLine(node)) continue;
      for (let i = children[node].length - 1; i >= 0; i--) stack.push(children[node][i]);
    }
    spacer.style.height = lines.length * ROW + "px";
  };
  const lineOf = (node, at) => {
    const row = make("div", undefined, "row");
    row.id = "node-" + node;
    row.style.top = at * ROW + "px";
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", depth[node] + 1);
    row.setAttribute("aria-posinset", place[node] + 1);
    row.setAttribute("aria-setsize", siblingsOf(node).length);
    row.setAttribute("aria-selected", node === selected);
    const isParent = children[node].length > 0;
    if (isParent) row.setAttribute("aria-expanded", isOpenLine(node));
    const name = make("span", undefined, "name");
    name.style.paddingLeft = 4 + 14 * Math.min(depth[node], 40) + "px";
    name.append(make("span", isParent ? (isOpenLine(node) ? "\u25be" : "\u25b8") : "", "twist"));
    name.append(label(node));
    if (depth[node] > 40) name.append(make("span", " (level " + depth[node] + ")", "soft"));
    const state = words(node);
    if (state.length > 0) name.append(make("span", " " + state.join(", "), data.flags[node] & FAILED ? "failed" : "soft"));
    const part = share(node);
    const hot = part >= 0.5 ? " hot" : part >= 0.2 ? " warm" : "";
    row.append(name, make("span", time(data.wallNs[node]), "time"), make("span", shareText(node), "share" + hot));
    row.dataset.node = node;
    return row;
  };
  const isOpenLine = node => isExpanded[node] === 1 || (kept !== null && kept[node] === 2);
  const drawTree = () => {
    const first = Math.max(0, Math.floor(tree.scrollTop / ROW) - 5);
    const last = Math.min(lines.length, first + Math.ceil(tree.clientHeight / ROW) + 10);
    const rows = [];
    for (let i = first; i < last; i++) rows.push(lineOf(lines[i], i));
    spacer.replaceChildren(...rows);
    if (rows.some(row => row.dataset.node === String(selected))) tree.setAttribute("aria-activedescendant", "node-" + selected);
    else tree.removeAttribute("aria-activedescendant");
  };
  const reveal = node => {
    for (let up = data.parent[node]; up >= 0; up = data.parent[up]) isExpanded[up] = 1;
    layLines();
    const at = lines.indexOf(node);
    if (at < 0) return;
    if (at * ROW < tree.scrollTop) tree.scrollTop = at * ROW;
    if ((at + 1) * ROW > tree.scrollTop + tree.clientHeight) tree.scrollTop = (at + 1) * ROW - tree.clientHeight;
  };
  const toggle = node => {
    // What a filter opens to show what it found stays open.
    if (children[node].length === 0 || (kept !== null && kept[node] === 2)) return;
    isExpanded[node] = isExpanded[node] ? 0 : 1;
    layLines();
    draw();
  };
  const select = (node, bySight) => {
    selected = node;
    if (!bySight) reveal(node);
    showInIcicle(node);
    draw();
    showDetails(node);
  };
  tree.addEventListener("scroll", () => drawTree());
  tree.addEventListener("click", event => {
    const row = event.target.closest(".row");
    if (row === null) return;
    const node = Number(row.dataset.node);
    select(node, true);
    if (event.target.closest(".twist") !== null || event.detail === 2) toggle(node);
  });
  tree.addEventListener("mousemove", event => {
    const row = event.target.closest(".row");
    hover(row === null ? -1 : Number(row.dataset.node));
  });
  tree.addEventListener("mouseleave", () => hover(-1));
  const move = by => {
    const at = lines.indexOf(selected);
    const next = lines[Math.max(0, Math.min(lines.length - 1, (at < 0 ? 0 : at) + by))];
    if (next !== undefined) select(next);
  };
  tree.addEventListener("keydown", event => {
    const page = Math.max(1, Math.floor(tree.clientHeight / ROW) - 1);
    const act = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      PageDown: () => move(page),
      PageUp: () => move(-page),
      Home: () => move(-lines.length),
      End: () => move(lines.length),
      ArrowRight: () => {
        if (children[selected].length === 0) return;
        if (isOpenLine(selected)) move(1);
        else toggle(selected);
      },
      ArrowLeft: () => {
        if (children[selected].length > 0 && isOpenLine(selected) && (kept === null || kept[selected] !== 2)) toggle(selected);
        else if (data.parent[selected] >= 0) select(data.parent[selected]);
      },
      Enter: () => zoomTo(selected),
      Escape: () => zoomOut(),
      " ": () => toggle(selected),
    }[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });

${PAGE_ICICLE}
  // Details.
  const showDetails = node => {
    const parts = [make("h3", label(node))];
    const list = make("dl");
    const add = (term, text, kind) => list.append(make("dt", term), make("dd", text, kind));
    const detail = data.details[node] ?? {};
    const fold = detail.fold;
    const state = words(node);
    if (state.length > 0) add("state", state.join(", "), data.flags[node] & FAILED ? "bad" : undefined);
    if (fold) {
      const us = value => time(value * 1000);
      add("spans", n(fold.count));
      add("total", time(data.wallNs[node]));
      add("p50", us(fold.p50Us));
      add("p95", us(fold.p95Us));
      add("max", us(fold.maxUs));
      if (fold.failedCount > 0) add("failed", n(fold.failedCount), "bad");
      if (fold.openCount > 0) add("open", n(fold.openCount));
    } else {
      add("time", time(data.wallNs[node]) + (data.flags[node] & OPEN ? " so far" : ""));
    }
    add("starts at", moment(data.startNs[node]));
    if (data.parent[node] >= 0) add("of its parent", shareText(node));
    const sign = data.flags[node] & (OVERLAPPING | WITHIN) ? "~" : "";
    for (const counter of data.counters) {
      if (counter.values !== null && counter.values[node] !== null) add(counter.label, counted(counter, sign, counter.values[node]));
    }
    parts.push(list);
    const table = (title, rows) => {
      parts.push(make("h3", title));
      const entries = make("dl");
      for (const [name, value] of rows) {
        entries.append(make("dt", name), make("dd", number(value)));
      }
      parts.push(entries);
    };
    if (detail.marks) {
      const more = detail.moreMarks ? " (the newest " + detail.marks.length + " of " + n(detail.marks.length + detail.moreMarks) + ")" : "";
      table("Marks" + more, detail.marks);
    }
    if (detail.attrs) table("Attributes", detail.attrs);
    byId("details").replaceChildren(...parts);
  };

  // Filter: 1 where the name matches, 2 where something below does.
  byId("filter").addEventListener("input", event => {
    const wanted = event.target.value.trim().toLowerCase();
    kept = null;
    if (wanted !== "") {
      kept = new Uint8Array(count);
      const matches = data.names.map(name => name.toLowerCase().includes(wanted));
      let found = 0;
      for (let i = count - 1; i >= 0; i--) {
        if (matches[data.name[i]]) { kept[i] = 1; found++; }
        if (kept[i] !== 0 && data.parent[i] >= 0 && kept[data.parent[i]] === 0) kept[data.parent[i]] = 2;
      }
      // What is below a match is shown when it is unfolded.
      for (let i = 0; i < count; i++) {
        if (kept[i] === 0 && data.parent[i] >= 0 && (kept[data.parent[i]] === 1 || kept[data.parent[i]] === 3)) kept[i] = 3;
      }
      say("found", n(found) + " found");
      const first = kept.indexOf(1);
      if (first >= 0) selected = first;
    } else {
      say("found", "");
    }
    layLines();
    tree.scrollTop = 0;
    draw();
    if (count > 0) showDetails(selected);
  });

  // Curves and summary.
  const SVG = "http://www.w3.org/2000/svg";
  byId("curves-part").hidden = data.series.length === 0;
  for (const series of data.series) {
    const box = make("div", undefined, "curve");
    box.append(make("div", series.mark + " in " + series.span));
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1000 100");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", series.mark + " over time" + (series.x.length === 0 ? "" : ", from " + number(series.first) + " to " + number(series.last)));
    const line = document.createElementNS(SVG, "polyline");
    const x0 = series.x[0] ?? 0;
    const dx = (series.x[series.x.length - 1] ?? 0) - x0 || 1;
    const dy = series.max - series.min || 1;
    line.setAttribute("points", series.x.map((x, i) => fixed((x - x0) / dx * 1000, 1) + "," + fixed(96 - (series.y[i] - series.min) / dy * 92, 1)).join(" "));
    svg.append(line);
    box.append(svg);
    const isEmpty = series.count === series.notFinite;
    const facts = isEmpty ? [n(series.count) + " values"] : [number(series.first) + " to " + number(series.last), "min\u00a0" + number(series.min), "max\u00a0" + number(series.max), n(series.count) + "\u00a0values"];
    box.append(make("div", facts.join(" \u00b7 "), "soft"));
    if (series.notFinite > 0) box.append(make("div", n(series.notFinite) + " not finite", "bad"));
    byId("curves").append(box);
  }
  say("curves-note", data.seriesLeftOut > 0 ? n(data.seriesLeftOut) + " more are not shown." : "");
  byId("summary-part").hidden = data.summary.length === 0;
  const us = value => time(value * 1000);
  const has = key => data.summary.some(row => row[key] !== null && row[key] !== 0);
  const sign = row => row.shared_count > 0 ? "~" : "";
  const columns = [
    ["path", row => row.path], ["count", row => n(row.count)], ["share", row => row.share === null ? "" : (row.overlap_count > 0 ? "~" : "") + percent(row.share)],
    ["total", row => us(row.total_us)], ["self", row => us(row.self_us)], ["mean", row => us(row.mean_us)],
    ["p50", row => us(row.p50_us)], ["p95", row => us(row.p95_us)], ["p99", row => us(row.p99_us)], ["max", row => us(row.max_us)],
  ];
  for (const counter of data.counters) {
    const { column, label } = counter;
    if (has(column)) columns.push([label, row => row[column] === null ? "" : counted(counter, sign(row), row[column])]);
  }
  if (has("data_load_ns")) columns.push(["load", row => row.data_load_ns === null ? "" : time(row.data_load_ns)]);
  if (has("error_count")) columns.push(["failed", row => row.error_count === 0 ? "" : n(row.error_count)]);
  if (has("open_count")) columns.push(["open", row => row.open_count === 0 ? "" : n(row.open_count)]);
  const head = byId("summary").createTHead().insertRow();
  for (const [name] of columns) {
    const cell = make("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = byId("summary").createTBody();
  for (const row of data.summary) {
    const line = body.insertRow();
    for (const [, read] of columns) line.insertCell().textContent = read(row);
    line.cells[0].title = row.path;
  }
  const summaryNotes = [];
  if (data.summary.some(row => row.overlap_count > 0 || row.shared_count > 0)) summaryNotes.push("~ of spans that ran at once: these figures count the same time more than once, and do not add up.");
  if (data.summaryLeftOut > 0) summaryNotes.push(n(data.summaryLeftOut) + " more paths are not shown.");
  say("summary-note", summaryNotes.join(" "));

  const draw = () => { drawTree(); drawIcicle(); };
  layLines();
  draw();
  if (count > 0) showDetails(0);
  // Not the window's own event: a frame in a tab behind others has no size when this runs, and hears of none later. In the
  // frame after, since drawing sets a height that is observed too.
  let isDue = false;
  const observer = new ResizeObserver(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; draw(); });
  });
  observer.observe(icicle);
  observer.observe(tree);
  dark.addEventListener("change", draw);
  document.documentElement.dataset.ready = "true";
})();
`;
