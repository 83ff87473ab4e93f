/**
 * `bench/results.json`, and what pages say that is made of it: the tables of `bench/RESULTS.md`, five lines in the README.
 *
 * @module
 */
import { aimOf, type Floor, type Measured, type MeasuredAddition } from "./compare.ts";

/** What `bench/results.json` holds. */
export interface Results {
  /** Day of the run, as `2026-11-24`. */
  readonly date: string;
  readonly machine: string;
  readonly runtimes: readonly RuntimeResults[];
}

/** One runtime's figures. */
export interface RuntimeResults {
  /** As `Deno 2.9.6`. */
  readonly runtime: string;
  readonly groups: Readonly<Record<string, readonly Measured[]>>;
}

/** Where in a page it stands. */
const BEGIN = "<!-- bench/results.json: begin -->";
const END = "<!-- bench/results.json: end -->";

/** A page with the tables of `results`. */
export function withTables(page: string, results: Results): string {
  return between(page, tables(results));
}

/** A page with five lines of `results`: what recording costs, for somebody in a hurry. */
export function withCosts(page: string, results: Results): string {
  return between(page, costs(results));
}

function between(page: string, text: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The page has no place for the figures: ${BEGIN} ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n${page.slice(end)}`;
}

/** What the five lines are of: a median by its case's name, or what a case adds to another. */
const COSTS:
  readonly (readonly [what: string, from: { readonly median: string } | { readonly added: string }])[] = [
    ["a scope, wall and CPU time", { median: "scope + end, with cpu" }],
    ["a mark", { median: "mark, in a scope" }],
    ["a span in a program that works in between", {
      median: "a span of a whole program, 1 to 100 us of work, with cpu",
    }],
    ["a server's request, four scopes and two marks, on disk", { added: "a request, cirron, output spool" }],
    ["the same by OpenTelemetry JS, nothing exported", { added: "a request, OpenTelemetry JS" }],
  ];

function costs({ runtimes }: Results): string {
  const cell = (from: (typeof COSTS)[number][1], { groups }: RuntimeResults): string => {
    const name = "median" in from ? from.median : from.added;
    const one = Object.values(groups).flat().find(one => one.name === name);
    const value = "median" in from ? one?.median : one?.added?.median;
    if (value === undefined) throw new Error(`The README tells of "${name}", which was not measured`);
    return "median" in from ? amount(value, one!.unit) : amount(value, one!.unit, 1e3);
  };
  return table(
    ["what it costs", ...runtimes.map(({ runtime }) => runtime)],
    COSTS.map(([what, from]) => [what, ...runtimes.map(runtime => cell(from, runtime))]),
  );
}

/** What recording costs, from the single call to the whole program; what others cost; what is held to a bound; the medians. */
function tables({ date, machine, runtimes }: Results): string {
  const names = runtimes.map(({ runtime }) => runtime);
  const rows = rowsOf(runtimes);
  const tableOf = (head: readonly string[], has: (one: Measured) => unknown, cells: CellsOf) =>
    table(
      [...head, ...names],
      rows.filter(row => row.some(one => one !== null && has(one))).map(row => {
        const one = row.find(one => one !== null)!;
        const { before, each } = cells(one);
        return [one.name, ...before, ...row.map((one, i) => one === null ? "" : each(one, runtimes[i]))];
      }),
    );
  const isOfServer = (name: string) => groupOf(name, runtimes)?.startsWith("server") ?? false;
  const serverTable = (head: string, unit: Measured["unit"]) =>
    tableOf([head], one => one.unit === unit && isOfServer(one.name), () => ({
      before: [],
      each: ({ median, unit, added }) =>
        added === undefined ? amount(median, unit, 1e3) : addedText(added, unit),
    }));
  return `**A call, over and over:** the floor that it stands on + what is ours.

${
    tableOf(["call", "floor"], one => one.floor, ({ floor }) => ({
      before: [sumText(floor!.of)],
      each: ({ floor }) => floor === undefined ? "" : aboveText(floor),
    }))
  }
**The first in a process of its own:** nothing is compiled yet. As a multiple: of what the same takes when it is compiled.

${
    tableOf(["first"], ({ name }) => isFirst(name, runtimes), () => ({
      before: [],
      each: (one, { groups }) => amount(one.median, one.unit) + partsText(one, groups),
    }))
  }
**A whole program:** seven names, three levels, every form, attributes and marks, as time and as a multiple of what its calls cost
above, one by one.

${
    tableOf(["program"], ({ name }) => groupOf(name, runtimes) === "program", () => ({
      before: [],
      each: (one, { groups }) => amount(one.median, one.unit) + partsText(one, groups),
    }))
  }
**A server:** Hono and SQLite, four scopes in each other with two attributes each and two marks a request, 32 requests in flight, made in
its own process or over HTTP. What a request takes of the processor untraced, then what each adds to that, also as times of what
OpenTelemetry JS adds, which exports to nowhere. In brackets the bound, in bold what is over it.

${serverTable("request", "ns")}
What is resident at the end, when the package keeps its newest 100 000 spans: of the untraced server, then what each adds.

${serverTable("server", "bytes")}
**The same span by others,** one attribute and one value in it: how many times as long they take as ours, with CPU time and without.
The event loop turns every 20 ms, or never.

${
    tableOf(["by others"], one => one.times, () => ({
      before: [],
      each: ({ times }) => times === undefined ? "" : timesText(times),
    }))
  }
**Held to a bound,** in bold what is over it.

${
    tableOf(["what it costs", "at most"], ({ target, floor }) => target && !floor, one => ({
      before: [targetText(one)],
      each: figureText,
    }))
  }
${machine}, ${date}. A figure is the median over rounds in which all cases of a group took turns.

<details>
<summary>The medians themselves, which do not travel</summary>

${tableOf(["median"], () => true, () => ({ before: [], each: ({ median, unit }) => amount(median, unit) }))}
</details>
`;
}

/** Cells of a row: those that every runtime has in common, and one for each runtime. */
type CellsOf = (one: Measured) => {
  readonly before: readonly string[];
  readonly each: (one: Measured, runtime: RuntimeResults) => string;
};

function groupOf(name: string, runtimes: readonly RuntimeResults[]): string | undefined {
  return runtimes.flatMap(({ groups }) => Object.entries(groups))
    .find(([, cases]) => cases.some(one => one.name === name))?.[0];
}

function isFirst(name: string, runtimes: readonly RuntimeResults[]): boolean {
  return groupOf(name, runtimes)?.startsWith("first ") ?? false;
}

// A row per case, over the runtimes; null where one has it not.
function rowsOf(runtimes: readonly RuntimeResults[]): (Measured | null)[][] {
  const keys = new Set<string>();
  for (const { groups } of runtimes) {
    for (const [group, cases] of Object.entries(groups)) {
      for (const { name } of cases) keys.add(JSON.stringify([group, name]));
    }
  }
  const seen = new Set<string>();
  return [...keys].flatMap(key => {
    const [group, name] = JSON.parse(key) as [string, string];
    const row = runtimes.map(({ groups }) => groups[group]?.find(one => one.name === name) ?? null);
    // A floor stands in several groups; once is enough.
    if (row.every(one => !one?.target) && seen.has(name)) return [];
    seen.add(name);
    return [row];
  });
}

/** What a target says, as `1.6 x two clock reads`. */
export function targetText({ target, unit }: Measured): string {
  const { of, plus } = target!;
  return [sumText(of), plus === undefined ? "" : amount(plus, unit)].filter(term => term !== "").join(" + ");
}

function sumText(of: Readonly<Record<string, number>>): string {
  return Object.entries(of).map(([name, factor]) => factor === 1 ? name : `${factor} x ${name}`).join(" + ");
}

// As `60 + 34 ns`: whose clock is faster has less of the first.
function aboveText({ median, above }: Floor): string {
  return `${Math.round(median)} + ${Math.round(above)} ns`;
}

// As `5.1 to 6.0 x`.
function timesText([least, most]: readonly [number, number]): string {
  const [from, to] = [least, most].map(times => times.toFixed(times < 10 ? 1 : 0));
  return from === to ? `${from} x` : `${from} to ${to} x`;
}

// As `, 1.6 x`: against the sum of the medians of its parts.
function partsText({ median, parts }: Measured, groups: RuntimeResults["groups"]): string {
  if (parts === undefined) return "";
  const all = Object.values(groups).flat();
  const sum = Object.entries(parts).reduce((sum, [name, count]) => {
    const part = all.find(one => one.name === name);
    if (part === undefined) throw new Error(`A program is made of "${name}", which was not measured`);
    return sum + count * part.median;
  }, 0);
  return `, ${(median / sum).toFixed(1)} x`;
}

// As `+ 19.0 us, **2.07 x** (at most 1.10 x)`.
function addedText({ median, times, atMost }: MeasuredAddition, unit: Measured["unit"]): string {
  const plus = `${median < 0 ? "-" : "+"} ${amount(Math.abs(median), unit, 1e3)}`;
  const multiple = times === undefined ? undefined : `${times.toFixed(2)} x`;
  if (atMost === undefined) return multiple === undefined ? plus : `${plus}, ${multiple}`;
  const bold = (text: string) => (times ?? median) > atMost ? `**${text}**` : text;
  return multiple === undefined
    ? `${bold(plus)} (at most ${amount(atMost, unit)})`
    : `${plus}, ${bold(multiple)} (at most ${atMost.toFixed(2)} x)`;
}

/** What came out, in the form of the target's last term. */
export function figureText(one: Measured): string {
  const { target, figure, unit } = one;
  if (target === null || figure === null) return "";
  const aim = aimOf(target);
  const text = target.plus !== undefined ? amount(figure, unit) : `${figure.toFixed(2)} x`;
  return figure <= aim ? text : `**${text}**`;
}

/** @param usFrom The nanoseconds from which on it is told in microseconds. */
function amount(value: number, unit: Measured["unit"], usFrom = 1e4): string {
  if (unit === "bytes") {
    return value >= 1e5 ? `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB` : `${Math.round(value)} bytes`;
  }
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e8 ? 0 : 1)} ms`;
  if (value >= usFrom) return `${(value / 1e3).toFixed(1)} us`;
  return `${value.toFixed(value < 10 ? 1 : 0)} ns`;
}

// As the formatter lays tables out.
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map(row => row[i].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |\n`;
  return line(head) + line(widths.map(width => "-".repeat(width))) + rows.map(line).join("");
}
