/**
 * The page's own program: where the time went, as a tree.
 *
 * @module
 */
import type { Item } from "./browser.ts";
import type { Dom } from "./dom.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { TreeNode, TreeNodes } from "./tree_nodes.ts";
import type { Units } from "./units.ts";

/** What it needs of the others. */
export interface TreeParts {
  readonly dom: Dom;
  readonly model: Model;
  readonly state: State;
  readonly units: Units;
  readonly nodes: TreeNodes;
  /** Brings a span into sight elsewhere. */
  readonly reveal: (span: number) => void;
  readonly fit: (span: number) => void;
}

/** Fills the box; gives what draws it anew. */
export function treePanelOf(
  box: Item,
  { dom, model, state, units, nodes, reveal, fit }: TreeParts,
): () => void {
  const ROW = 22;
  const FIRST_LINES = 40;
  let roots: TreeNode[] = [];
  let lines: TreeNode[] = [];
  let chosen: TreeNode | null = null;
  let isOwn = false;

  const lay = (): void => {
    lines = [];
    const stack = [...roots].reverse();
    while (stack.length > 0) {
      const node = stack.pop()!;
      lines.push(node);
      if (!node.isUnfolded) continue;
      const below = nodes.below(node, ...state.meant());
      for (let i = below.length - 1; i >= 0; i--) stack.push(below[i]);
    }
  };
  const labelOf = (node: TreeNode): string =>
    node.spans.length === 1
      ? model.label(node.spans[0])
      : model.names[node.name] + " x" + units.count(node.spans.length);

  const line = (index: number): Item => {
    const node = lines[index];
    const row = dom.make("div", undefined, "row");
    row.id = "line-" + index;
    row.dataset.line = String(index);
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", String(node.depth + 1));
    const isAbove = nodes.hasBelow(node);
    if (isAbove) row.setAttribute("aria-expanded", String(node.isUnfolded));
    row.setAttribute("aria-selected", String(node === chosen));
    const name = dom.make("span", undefined, "name");
    name.style.paddingLeft = Math.min(node.depth, 24) * 13 + 2 + "px";
    name.append(dom.make("span", isAbove ? (node.isUnfolded ? "\u25be" : "\u25b8") : "", "twist"));
    if (node.note !== "") name.append(dom.make("span", node.note + " ", "soft"));
    name.append(labelOf(node));
    const { failedCount, openCount } = node;
    const count = node.spans.length;
    const of = (some: number, word: string): string =>
      count === 1 ? " " + word : " " + units.count(some) + " of " + units.count(count) + " " + word;
    if (failedCount > 0) name.append(dom.make("span", of(failedCount, "failed"), "failed"));
    if (openCount > 0) name.append(dom.make("span", of(openCount, "open"), "open"));
    row.append(name, dom.make("span", units.time(node.totalNs), "time"));
    const isBeside = node.spans.some((span, i) =>
      i < 50 && model.sign(span) === "~" && (model.flags[span] & 4) !== 0
    );
    const share = units.percent(node.share);
    const kind = "share" + (node.share >= 0.5 ? " hot" : node.share >= 0.2 ? " warm" : "");
    row.append(dom.make("span", share === "" ? "" : (isBeside ? "~" : "") + share, kind));
    return row;
  };
  const list = dom.list(box, ROW, line);

  const draw = (): void => {
    lay();
    list.refresh(lines.length);
    const at = chosen === null ? -1 : lines.indexOf(chosen);
    if (at >= 0) box.setAttribute("aria-activedescendant", "line-" + at);
    else box.removeAttribute("aria-activedescendant");
  };
  const rebuild = (): void => {
    roots = nodes.roots(...state.meant());
    chosen = null;
    // The first lines are unfolded as far as they find room, from the top down.
    let room = FIRST_LINES - roots.length;
    for (let level = roots; level.length > 0 && room > 0;) {
      const next: TreeNode[] = [];
      for (const node of level) {
        if (node.spans.length > 1 || !nodes.hasBelow(node)) continue;
        const below = nodes.below(node, ...state.meant());
        if (below.length > room) continue;
        node.isUnfolded = true;
        room -= below.length;
        next.push(...below);
      }
      level = next;
    }
    follow();
  };
  /** Unfolds down to what is selected. */
  const follow = (): void => {
    if (isOwn) return;
    const target = state.span >= 0 ? state.span : -1;
    chosen = null;
    if (target >= 0) {
      const chain: number[] = [];
      for (let span = target; span >= 0; span = model.parent[span]) chain.push(span);
      let level = roots;
      for (let k = chain.length - 1; k >= 0; k--) {
        const found = level.find(node =>
          node.spans.length === 1 && node.spans[0] === chain[k] && node.note === ""
        )
          ?? level.find(node => node.spans.length > 1 && node.spans.includes(chain[k]));
        if (found === undefined) break;
        chosen = found;
        if (k > 0) {
          found.isUnfolded = true;
          level = nodes.below(found, ...state.meant());
        }
      }
    } else if (state.path >= 0) {
      const paths = model.paths();
      const chain: number[] = [];
      for (let path = state.path; path >= 0; path = paths.parent[path]) chain.push(paths.name[path]);
      let level = roots;
      for (let k = chain.length - 1; k >= 0; k--) {
        const found = level.find(node => node.name === chain[k] && node.note === "");
        if (found === undefined) break;
        chosen = found;
        if (k > 0) {
          found.isUnfolded = true;
          level = nodes.below(found, ...state.meant());
        }
      }
    }
    draw();
    if (chosen !== null) list.reveal(lines.indexOf(chosen));
  };
  const choose = (node: TreeNode | undefined): void => {
    if (node === undefined) return;
    chosen = node;
    isOwn = true;
    if (node.spans.length === 1) {
      state.select(node.spans[0]);
      reveal(node.spans[0]);
    } else state.selectPath(model.paths().of[node.spans[0]]);
    isOwn = false;
    draw();
    list.reveal(lines.indexOf(node));
  };
  const toggle = (node: TreeNode): void => {
    if (!nodes.hasBelow(node)) return;
    node.isUnfolded = !node.isUnfolded;
    draw();
  };
  box.addEventListener("click", event => {
    const row = event.target.closest(".row");
    if (row === null) return;
    const node = lines[Number(row.dataset.line)];
    const isTwist = event.target.closest(".twist") !== null;
    if (isTwist) toggle(node);
    else choose(node);
  });
  box.addEventListener("dblclick", event => {
    const row = event.target.closest(".row");
    if (row === null || event.target.closest(".twist") !== null) return;
    fit(lines[Number(row.dataset.line)].spans[0]);
  });
  box.addEventListener("keydown", event => {
    const at = chosen === null ? -1 : lines.indexOf(chosen);
    const move = (to: number): void => choose(lines[Math.max(0, Math.min(lines.length - 1, to))]);
    const acts: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      PageDown: () => move(at + list.page()),
      PageUp: () => move(at - list.page()),
      Home: () => move(0),
      End: () => move(lines.length - 1),
      ArrowRight() {
        if (chosen === null || !nodes.hasBelow(chosen)) return;
        if (chosen.isUnfolded) move(at + 1);
        else toggle(chosen);
      },
      ArrowLeft() {
        if (chosen === null) return;
        if (chosen.isUnfolded) toggle(chosen);
        else if (chosen.above !== null) choose(chosen.above);
      },
      Enter: () => chosen !== null && fit(chosen.spans[0]),
      " ": () => chosen !== null && toggle(chosen),
    };
    const act = acts[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  state.on(["region"], rebuild);
  state.on(["selection"], follow);
  rebuild();
  return draw;
}
