/**
 * The page's own program: how long, how much CPU, what took most and what failed, in one line; and what the page does not have.
 *
 * @module
 */
import type { Dom } from "./dom.ts";
import type { Gauge } from "./gauges.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";
import type { NameStats } from "./stats.ts";
import type { Units } from "./units.ts";

/** Says what is known before any figures are. */
export function sayHeader(dom: Dom, model: Model, units: Units): void {
  const { header } = model;
  const { count } = units;
  dom.byId("title").textContent = header.title;
  const facts = [count(header.spanCount) + (header.spanCount === 1 ? " span" : " spans")];
  if (header.startMs > 0) {
    facts.push(new Date(header.startMs).toISOString().replace("T", " ").slice(0, 19) + " UTC");
  }
  dom.byId("facts").textContent = [...facts, ...header.facts].join(" \u00b7 ");
  const notes: string[] = [];
  if (header.leftOutCount > 0) {
    notes.push(
      "The " + count(header.leftOutCount) + " shortest spans are not in this page: a browser holds "
        + count(model.count) + ".",
    );
  }
  if (header.namesLeftOut > 0) notes.push("Names of " + count(header.namesLeftOut) + " spans found no room.");
  if (header.attrsLeftOut > 0) {
    notes.push("Attributes of " + count(header.attrsLeftOut) + " short spans found no room.");
  }
  if (header.marksLeftOut > 0) notes.push(count(header.marksLeftOut) + " marks found no room.");
  if (header.markStride > 1) notes.push("One of " + header.markStride + " marks is in the page.");
  dom.byId("notes").textContent = notes.join(" ");
  dom.byId("notes").hidden = notes.length === 0;
}

/** Says what the figures say. */
export function sayGlance(
  dom: Dom,
  model: Model,
  units: Units,
  state: State,
  gauges: readonly Gauge[],
  figures: readonly NameStats[],
): void {
  const { time, count, percent } = units;
  let cpuNs = NaN;
  let failedCount = 0;
  let openCount = 0;
  const cpu = model.optional.cpu_ns;
  for (let i = 0; i < model.count; i++) {
    if (model.isFailed(i)) failedCount++;
    if (model.isOpen(i)) openCount++;
  }
  // Of one root it is what that counted; of several that ran at once no sum is true.
  const roots = model.children.subarray(model.firstChild[model.count], model.firstChild[model.count + 1]);
  for (const root of roots) {
    if (cpu === undefined || cpu[root] !== cpu[root] || model.sign(root) !== "") continue;
    cpuNs = (cpuNs === cpuNs ? cpuNs : 0) + cpu[root];
  }
  const glance = dom.byId("glance");
  const part = (label: string, value: string, kind?: string, act?: () => void): void => {
    const item = act === undefined
      ? dom.make("span", undefined, "fact")
      : dom.make("button", undefined, "fact");
    item.append(label === "" ? "" : label + " ", dom.make("b", value, kind));
    if (act !== undefined) item.addEventListener("click", act);
    glance.append(item);
  };
  glance.replaceChildren();
  part("", time(model.header.totalNs));
  if (cpuNs === cpuNs) part("cpu", time(cpuNs) + " (" + percent(cpuNs / model.totalNs) + ")");
  else if (cpu !== undefined) {
    // No root says: what is known of each moment, put together.
    const PARTS = 400;
    const shares = gauges.find(({ unit }) => unit === "share")!.values(0, model.totalNs, PARTS);
    const share = shares.reduce((sum, one) => sum + (one === one ? one : 0), 0) / PARTS;
    part("cpu", "~" + time(share * model.totalNs) + " (" + percent(share) + ")");
  }
  const selfSum = figures.reduce((sum, one) => sum + one.selfNs, 0);
  const most = figures.reduce<NameStats | null>(
    (best, one) => best === null || one.selfNs > best.selfNs ? one : best,
    null,
  );
  if (most !== null && selfSum > 0) {
    part(
      "most",
      model.names[most.name] + ", " + time(most.selfNs) + " of its own (" + percent(most.selfNs / selfSum)
        + ")",
      undefined,
      () => {
        state.openTab(1);
        state.selectName(most.name);
      },
    );
  }
  const first = (is: (span: number) => boolean) => (): void => {
    for (let i = model.count - 1; i >= 0; i--) {
      if (is(i)) {
        state.select(i);
        break;
      }
    }
  };
  part(
    "failed",
    failedCount === 0 ? "none" : count(failedCount) + " of " + count(model.count),
    failedCount > 0 ? "bad" : undefined,
    failedCount > 0 ? first(model.isFailed) : undefined,
  );
  if (openCount > 0) part("open", count(openCount), "unended", first(model.isOpen));
}
