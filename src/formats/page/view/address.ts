/**
 * The page's own program: what is looked at, behind the # of the address, so that a link shows the same and the browser's back goes back.
 *
 * @module
 */
import type { Browser } from "./browser.ts";
import type { Curves } from "./curves.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";

/** Keeps address and state alike; gives what reads the address. */
export function addressOf(browser: Browser, model: Model, state: State, curves: Curves): () => void {
  const TABS = ["where", "what", "shape", "curves"];
  const { totalNs } = model;
  let timer = 0;
  let isReading = false;
  let hasCurves = false;
  const write = (): string => {
    const parts: string[] = [];
    const add = (key: string, value: string): void => void parts.push(key + "=" + encodeURIComponent(value));
    if (state.from > 0 || state.until < totalNs) {
      add("t", state.from.toFixed(0) + "-" + state.until.toFixed(0));
    }
    if (state.region !== null) add("region", state.region.map(ns => ns.toFixed(0)).join("-"));
    if (state.ruler !== null) add("ruler", state.ruler.map(ns => ns.toFixed(0)).join("-"));
    if (state.tab > 0) add("tab", TABS[state.tab]);
    if (state.span >= 0) add("span", String(state.span));
    else if (state.path >= 0) add("path", String(state.path));
    else if (state.name >= 0) add("name", String(state.name));
    if (state.search !== "") add("find", state.search);
    if (state.folded.size > 0) add("folded", [...state.folded].join(" "));
    if (hasCurves) add("curves", curves.write());
    return "#" + parts.join("&");
  };
  const put = (isStep: boolean): void => {
    browser.clearTimeout(timer);
    if (isReading) return;
    const hash = write();
    if (hash === (browser.location.hash || "#")) return;
    try {
      if (isStep) browser.history.pushState(null, "", hash);
      else browser.history.replaceState(null, "", hash);
    } catch {
      // A frame of a notebook has no address of its own, and a browser may have enough of them.
    }
  };
  const pair = (text: string | undefined): [number, number] | null => {
    const found = /^(\d+)-(\d+)$/.exec(text ?? "");
    return found === null ? null : [Number(found[1]), Number(found[2])];
  };
  const read = (): void => {
    isReading = true;
    const given: Record<string, string | undefined> = {};
    for (const part of browser.location.hash.slice(1).split("&")) {
      const at = part.indexOf("=");
      if (at < 0) continue;
      try {
        given[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1));
      } catch {
        // Cut somewhere on its way: the rest of it may be whole.
      }
    }
    const below = (text: string | undefined, count: number): number => {
      const number = text !== undefined && /^\d+$/.test(text) ? Number(text) : -1;
      return number < count ? number : -1;
    };
    state.folded.clear();
    for (const key of (given.folded ?? "").split(" ")) {
      if (/^[ptf]\d+(\.\d+)?$/.test(key)) state.folded.add(key);
    }
    state.tell("lanes");
    const t = pair(given.t);
    state.ruler = pair(given.ruler);
    state.setRegion(pair(given.region));
    if (t !== null && t[1] > t[0]) state.show(t[0], t[1]);
    else state.show(0, totalNs);
    state.find(given.find ?? "");
    state.openTab(Math.max(0, TABS.indexOf(given.tab ?? "")));
    if (given.curves !== undefined) {
      hasCurves = true;
      curves.read(given.curves);
      state.tell("tracks");
    }
    const span = below(given.span, model.count);
    const path = given.path === undefined ? -1 : below(given.path, model.paths().name.length);
    if (span >= 0 || (path < 0 && given.name === undefined)) state.select(span);
    else if (path >= 0) state.selectPath(path);
    else state.selectName(below(given.name, model.names.length));
    isReading = false;
  };
  // What moves writes once it stands still, and is no step to go back to; what is chosen is one.
  state.on(["view", "search"], () => {
    browser.clearTimeout(timer);
    timer = browser.setTimeout(() => put(false), 250);
  });
  state.on(["selection", "region", "tab", "lanes"], () => put(true));
  state.on(["tracks"], () => {
    if (!isReading && curves.all.length > 0 && hasLoaded) {
      hasCurves = true;
      put(true);
    }
    hasLoaded ||= curves.all.length > 0;
  });
  let hasLoaded = false;
  browser.addEventListener("popstate", read);
  browser.addEventListener("hashchange", read);
  return read;
}
