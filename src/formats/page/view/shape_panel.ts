/**
 * The page's own program: the shape of the time: paths of names with widths of their totals, the widest on the left.
 *
 * @module
 */
import type { Browser, Item } from "./browser.ts";
import type { Colors } from "./colors.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface ShapeParts {
  readonly browser: Browser;
  readonly model: Model;
  readonly state: State;
  readonly units: Units;
  readonly colors: Colors;
  readonly note: Item;
}

interface Box {
  readonly path: number;
  readonly x: number;
  readonly width: number;
  readonly depth: number;
}

/** Fills the canvas in its box, which scrolls; gives what draws it anew. */
export function shapePanelOf(frame: Item, canvas: Item, spacer: Item, parts: ShapeParts): () => void {
  const { browser, model, state, units, colors, note } = parts;
  const ROW = 20;
  const pen = canvas.getContext("2d");
  let weights: { total: Float64Array; width: Float64Array; below: number[][]; roots: number[] } | null = null;
  let top = -1; // the path that takes the whole width
  let boxes: Box[] = [];

  const weigh = (): NonNullable<typeof weights> => {
    if (weights !== null) return weights;
    const { of, parent } = model.paths();
    const [from, until] = state.meant();
    const count = parent.length;
    const total = new Float64Array(count);
    for (let i = 0; i < model.count; i++) total[of[i]] += model.clipped(i, from, until);
    // What ran at once takes together more than what it is in: then that is as wide as they are.
    const inside = new Float64Array(count);
    const width = new Float64Array(count);
    const below: number[][] = Array.from({ length: count }, () => []);
    const roots: number[] = [];
    for (let path = count - 1; path >= 0; path--) {
      width[path] = Math.max(total[path], inside[path]);
      if (parent[path] >= 0) {
        inside[parent[path]] += width[path];
        below[parent[path]].push(path);
      } else roots.push(path);
    }
    return weights = { total, width, below, roots };
  };
  const lay = (): number => {
    const { width, below, roots } = weigh();
    const { parent } = model.paths();
    const wide = canvas.clientWidth;
    boxes = [];
    let deepest = 0;
    const stack: Box[] = [];
    const put = (paths: number[], x: number, scale: number, depth: number): void => {
      for (const path of paths.sort((a, b) => width[b] - width[a] || a - b)) {
        const box = { path, x, width: width[path] * scale, depth };
        if (box.width < 0.4) break; // the next ones are no wider
        stack.push(box);
        x += box.width;
      }
    };
    if (top < 0) put(roots, 0, wide / (roots.reduce((sum, root) => sum + width[root], 0) || 1), 0);
    else {
      const chain: number[] = [];
      for (let path = top; path >= 0; path = parent[path]) chain.unshift(path);
      chain.forEach((path, depth) => {
        const box = { path, x: 0, width: wide, depth };
        if (path === top) stack.push(box);
        else boxes.push(box);
      });
    }
    while (stack.length > 0) {
      const box = stack.pop()!;
      boxes.push(box);
      if (box.depth > deepest) deepest = box.depth;
      put(below[box.path], box.x, box.width / (width[box.path] || 1), box.depth + 1);
    }
    return (deepest + 1) * ROW;
  };
  const draw = (): void => {
    if (state.tab !== 2 || frame.clientWidth === 0) return;
    const ratio = browser.devicePixelRatio;
    const high = frame.clientHeight;
    canvas.style.height = high + "px";
    const full = lay();
    spacer.style.height = Math.max(0, Math.min(1e7, full - high)) + "px";
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(high * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.fillStyle = colors.paper;
    pen.fillRect(0, 0, canvas.clientWidth, high);
    const { total } = weigh();
    const { name } = model.paths();
    const sought = state.search.trim().toLowerCase();
    for (const { path, x, width, depth } of boxes) {
      const y = depth * ROW - frame.scrollTop;
      if (y < -ROW || y > high) continue;
      const text = model.names[name[path]];
      const isLit = sought !== ""
        ? text.toLowerCase().includes(sought)
        : state.name < 0 || name[path] === state.name;
      pen.fillStyle = colors.of(name[path], isLit ? 0 : 2);
      pen.fillRect(x, y, Math.max(0.5, width - 0.7), ROW - 1);
      if (path === state.path) {
        pen.strokeStyle = colors.ink;
        pen.lineWidth = 2;
        pen.strokeRect(x + 1, y + 1, Math.max(1, width - 2.7), ROW - 3);
      }
      if (width < 30) continue;
      const whole = text + "  " + units.time(total[path]);
      const room = (width - 7) / pen.measureText(whole).width;
      pen.fillStyle = colors.ink;
      pen.fillText(
        room >= 1 ? whole : whole.slice(0, Math.max(0, Math.floor(whole.length * room) - 1)) + "\u2026",
        x + 4,
        y + ROW / 2,
      );
    }
    note.textContent = top < 0
      ? "Widths are time together, the widest first. A click selects, a second one looks closer."
      : "Below " + model.names[name[top]] + ". Escape, or a click on what is above, looks from farther.";
  };
  const at = (x: number, y: number): number => {
    const depth = Math.floor((y + frame.scrollTop) / ROW);
    return boxes.find(box => box.depth === depth && x >= box.x && x < box.x + box.width)?.path ?? -1;
  };
  canvas.addEventListener("click", event => {
    const path = at(event.offsetX, event.offsetY);
    if (path < 0) return;
    if (path === state.path) top = top === path ? model.paths().parent[path] : path;
    else if (
      top >= 0 && !boxes.some(box => box.path === path && box.depth > 0 && box.width < canvas.clientWidth)
    ) top = path;
    state.selectPath(path);
  });
  canvas.addEventListener("pointermove", event => {
    const path = at(event.offsetX, event.offsetY);
    canvas.title = path < 0
      ? ""
      : model.names[model.paths().name[path]] + "  " + units.time(weigh().total[path]);
  });
  frame.addEventListener("scroll", draw);
  frame.addEventListener("keydown", event => {
    if (state.path < 0 && model.count > 0 && event.key.startsWith("Arrow")) {
      state.selectPath(0);
      return;
    }
    const { below, roots } = weigh();
    const { parent } = model.paths();
    const siblings = state.path < 0 ? [] : parent[state.path] < 0 ? roots : below[parent[state.path]];
    const place = siblings.indexOf(state.path);
    const to: Record<string, number | undefined> = {
      ArrowRight: siblings[place + 1],
      ArrowLeft: siblings[place - 1],
      ArrowUp: state.path < 0 ? undefined : parent[state.path],
      ArrowDown: state.path < 0 ? undefined : below[state.path][0],
    };
    if (event.key === "Enter") top = state.path;
    else if (event.key === "Escape" && top >= 0) top = -1;
    else if (!(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    const path = to[event.key];
    if (path !== undefined && path >= 0) state.selectPath(path);
    else draw();
  });
  state.on(["region"], () => {
    weights = null;
    draw();
  });
  state.on(["selection", "search", "tab", "theme"], draw);
  return draw;
}
