/**
 * `bench/results.json`, and the README's tables that are made of it.
 *
 * @module
 */
import { aimOf, type Measured } from "./compare.ts";

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

/** Where the README's tables stand. */
const BEGIN = "<!-- bench/results.json: begin -->";
const END = "<!-- bench/results.json: end -->";

/** A README with the tables of `results`. */
export function withTables(readme: string, results: Results): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md has no place for the tables: ${BEGIN} ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${tables(results)}\n${readme.slice(end)}`;
}

/** Every case with its target, then what they are made of: the medians. */
function tables({ date, machine, runtimes }: Results): string {
  const names = runtimes.map(({ runtime }) => runtime);
  const rows = rowsOf(runtimes);
  const held = rows.filter(row => row.some(one => one?.target));
  return `${
    table(
      ["what it costs", "at most", ...names],
      held.map(row => {
        const one = row.find(one => one !== null)!;
        return [one.name, targetText(one), ...row.map(each => each === null ? "" : figureText(each))];
      }),
    )
  }
${machine}, ${date}. A figure is the median over rounds in which all cases of a group took turns; in bold what is over its
bound.

<details>
<summary>The medians themselves, which do not travel</summary>

${
    table(
      ["median", ...names],
      rows.map(row => {
        const one = row.find(one => one !== null)!;
        return [one.name, ...row.map(each => each === null ? "" : amount(each.median, each.unit))];
      }),
    )
  }
</details>
`;
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
  const terms = Object.entries(of).map(([name, factor]) => {
    if (factor === 1) return name;
    return isPart(factor) ? `1/${Math.round(1 / factor)} of ${name}` : `${factor} x ${name}`;
  });
  if (plus !== undefined) terms.push(amount(plus, unit));
  return terms.join(" + ");
}

/** What came out, in the form of the target's last term. */
export function figureText(one: Measured): string {
  const { target, figure, unit } = one;
  if (target === null || figure === null) return "";
  const aim = aimOf(target);
  const text = target.plus !== undefined
    ? amount(figure, unit)
    : isPart(aim)
    ? `1/${Math.round(1 / figure)}`
    : `${figure.toFixed(2)} x`;
  return figure <= aim ? text : `**${text}**`;
}

// 1/30 and its like: a bound that says how many times faster.
function isPart(factor: number): boolean {
  return factor < 1 && Math.abs(Math.round(1 / factor) * factor - 1) < 0.01;
}

function amount(value: number, unit: Measured["unit"]): string {
  if (unit === "bytes") return `${Math.round(value)} bytes`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e8 ? 0 : 1)} ms`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} us`;
  return `${value.toFixed(value < 10 ? 1 : 0)} ns`;
}

// As the formatter lays tables out.
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map(row => row[i].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |\n`;
  return line(head) + line(widths.map(width => "-".repeat(width))) + rows.map(line).join("");
}
