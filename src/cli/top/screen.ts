/**
 * A picture of a run and a view -> the lines of a screen.
 *
 * @module
 */
import { printable } from "../../data/printable.ts";
import { formatBytes, formatDuration, formatShare } from "../../formats/units.ts";
import type { Picture, PictureOpen, PictureRow } from "./picture.ts";
import { shownRows, type SortKey, type View } from "./view.ts";

/** A screen's size, in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly lines: number;
}

/** How a part of a line looks. */
export type Look = "plain" | "bold" | "dim" | "chosen" | "warning" | "good";

/** A part of a line. */
export interface Piece {
  readonly text: string;
  readonly look: Look;
}

/** A line, no longer than the screen is wide. */
export type Line = readonly Piece[];

const KEYS_TEXT = "q quit  s sort  / filter  enter into  esc back  p pause  w page  ? help";

const HELP: readonly (readonly [keys: string, what: string])[] = [
  ["q, ctrl-c", "quit"],
  ["up, down, j, k", "choose a name"],
  ["enter, right", "look into it: what spans of this name consist of"],
  ["esc, left", "back out; takes a filter away first"],
  ["s, S", "sort by the next column, or the one before"],
  ["r", "the other way round"],
  ["/", "only names with these letters; enter keeps, esc takes it away"],
  ["p, space", "pause: the program goes on, the screen does not"],
  ["w", "write the newest spans as a page: cirron.html"],
  ["n", "the next program that runs"],
];

const ABOUT: readonly string[] = [
  "Figures are of the last minute, or of what there is of it; rate is of the last five seconds. time is",
  "how many spans of the name are open at once, as a share: 200% is two. p50 and p95 are within 1.6%.",
  "A span is among the open ones from 100 ms on. Where more closes than is worth reading, some batches",
  "stand for all, and the head says so. The bars of a row are by its own greatest.",
];

/** The screen: exactly `size.lines` lines. */
export function screenOf(picture: Picture, view: View, size: ScreenSize): Line[] {
  const lines: Line[] = view.isHelp ? helpLines(size) : lookLines(picture, view, size);
  const foot = footOf(view);
  const body = lines.slice(0, Math.max(0, size.lines - 1));
  while (body.length < size.lines - 1) body.push([]);
  return [...body, foot].slice(0, size.lines).map(line => cut(line, size.columns));
}

/** The same without a terminal: as many lines as there are. */
export function textOf(picture: Picture, view: View, columns: number): string {
  const lines = lookLines(picture, view, { columns, lines: Infinity });
  return lines.map(line => cut(line, columns).map(({ text }) => text).join("").trimEnd()).join("\n");
}

function footOf(view: View): Line {
  if (view.isTyping) {
    return [piece(`filter: ${printable(view.filter)}_`, "bold"), piece("  enter keep  esc none", "dim")];
  }
  if (view.note !== "") return [piece(printable(view.note), "bold")];
  return [piece(KEYS_TEXT, "dim")];
}

function helpLines({ columns }: ScreenSize): Line[] {
  const width = Math.max(...HELP.map(([keys]) => keys.length)) + 2;
  return [
    [piece("cirron top", "bold")],
    [],
    ...HELP.map(([keys, what]): Line => [piece(keys.padEnd(width), "bold"), piece(what, "plain")]),
    [],
    ...wrapped(ABOUT.join(" "), Math.min(columns, 100)).map((line): Line => [piece(line, "plain")]),
    [],
    [piece("any key: back", "dim")],
  ];
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (lines[last] === "") lines[last] = word;
    else if (lines[last].length + 1 + word.length <= width) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

function lookLines(picture: Picture, view: View, size: ScreenSize): Line[] {
  const head = headLines(picture, view);
  const rows = shownRows(picture.names, view);
  const threads = threadLines(picture, size.columns);
  // The table has two thirds of what is left, the open spans what it does not need.
  const left = size.lines - 1 - head.length - threads.length - 4;
  const tableNeed = rows.length + (picture.here === null ? 0 : 1);
  const openLines = Math.max(3, Math.floor(left / 3), left - tableNeed);
  const open = openSection(picture, openLines, size.columns);
  const table = tableLines(
    picture,
    rows,
    view,
    size,
    size.lines - 1 - head.length - threads.length - open.length,
  );
  return [...head, ...threads, ...open, ...table];
}

const STATES: Readonly<Record<Picture["run"]["state"], readonly [text: string, look: Look]>> = {
  running: ["running", "good"],
  unknown: ["running, as it seems", "plain"],
  ended: ["has ended", "warning"],
  unfinished: ["was killed", "warning"],
  gone: ["its folder is gone", "warning"],
};

function headLines(picture: Picture, view: View): Line[] {
  const { run, losses, processes } = picture;
  const [state, look] = STATES[run.state];
  const title: Piece[] = [
    piece("cirron top", "bold"),
    piece(`  pid ${run.pid}`, "plain"),
    ...(run.runtime === null ? [] : [piece(`  ${printable(run.runtime)}`, "plain")]),
    ...(run.rank === null || run.rank === 0 ? [] : [piece(`  rank ${run.rank}`, "plain")]),
    piece(`  ${state}`, look),
    piece(
      run.state === "running" || run.state === "unknown"
        ? ` for ${ageText(run.wall_us)}`
        : ` after ${ageText(run.wall_us)}`,
      "plain",
    ),
    ...(view.isPaused ? [piece("  paused", "warning")] : []),
  ];
  const figures: Piece[] = [
    piece(`spans ${countText(picture.span_count)}`, "plain"),
    piece(`  ${countText(picture.spans_per_s)}/s`, "bold"),
    ...processes.slice(0, 4).map(({ pid, cpu_share, memory_bytes }) => {
      const cpu = cpu_share === null ? "" : `  cpu ${Math.round(cpu_share * 100)}%`;
      const memory = memory_bytes === null ? "" : `  memory ${formatBytes(memory_bytes)}`;
      return piece(`${processes.length > 1 ? `  [${pid}]` : ""}${cpu}${memory}`, "plain");
    }),
    piece(`  ${lossText(losses)}`, lossText(losses) === NO_LOSSES ? "plain" : "warning"),
    ...(picture.read_share < 0.995
      ? [piece(`  ${formatShare(picture.read_share)} of spans read`, "dim")]
      : []),
  ];
  const others = run.other_pids;
  const choice = others.length === 0 ? [] : [[
    piece(
      `${others.length} more ${others.length === 1 ? "runs" : "run"}: ${
        others.slice(0, 4).map(pid => `--pid ${pid}`).join(", ")
      }${others.length > 4 ? ", ..." : ""}, or key n`,
      "dim",
    ),
  ]];
  return [title, figures, ...choice];
}

const NO_LOSSES = "nothing lost";

function lossText(losses: Picture["losses"]): string {
  const words = [
    counted(losses.dropped_spans, "span", "dropped"),
    counted(losses.damaged_rows, "row", "damaged"),
    counted(losses.gone_segments, "file", "gone"),
    counted(losses.open_spans_left_out, "open span", "left out"),
  ].filter(word => word !== "");
  return words.length === 0 ? NO_LOSSES : words.join(", ");
}

function counted(count: number, what: string, state: string): string {
  return count === 0 ? "" : `${countText(count)} ${what}${count === 1 ? "" : "s"} ${state}`;
}

/** A line for all threads, where there are several. */
function threadLines({ threads }: Picture, columns: number): Line[] {
  if (threads.length < 2) return [];
  const isOneProcess = new Set(threads.map(({ pid }) => pid)).size === 1;
  let text = `threads ${threads.length}:`;
  for (const [i, thread] of threads.entries()) {
    const name = `${isOneProcess ? "" : `${thread.pid}/`}${thread.thread_name ?? thread.thread_id}`;
    const state = thread.state === "ended" || thread.state === "unfinished" ? " ended" : "";
    const next = `${i === 0 ? " " : ", "}${printable(name)} ${countText(thread.spans_per_s)}/s${state}`;
    if (text.length + next.length + 8 > columns) {
      text += `, +${threads.length - i}`;
      break;
    }
    text += next;
  }
  return [[piece(text, "plain")]];
}

function openSection({ open, threads, run }: Picture, most: number, columns: number): Line[] {
  if (run.state === "ended" || run.state === "gone") return [];
  const title = run.state === "unfinished" ? "OPEN WHEN IT WAS KILLED" : "OPEN NOW";
  if (open.length === 0) return [[], [piece(title, "bold"), piece("  nothing for 100 ms or more", "dim")]];
  const shown = open.length <= most ? open : open.slice(0, most - 1);
  const labels = threads.length > 1;
  const isOneProcess = new Set(threads.map(({ pid }) => pid)).size === 1;
  const lines = shown.map((span): Line => {
    const label = labels
      ? `${
        (isOneProcess ? `${span.thread_id}` : `${span.pid}/${span.thread_id}`).padEnd(isOneProcess ? 4 : 10)
      }`
      : "";
    const age = ageText(span.age_us);
    const room = Math.max(8, Math.min(columns, 100) - label.length - age.length - 3);
    const name = fit(`${"  ".repeat(Math.min(span.depth, 20))}${openName(span)}`, room);
    return [piece(`  ${label}`, "dim"), piece(name, "plain"), piece(` ${age}`, "bold")];
  });
  if (shown.length < open.length) lines.push([piece(`  and ${open.length - shown.length} more`, "dim")]);
  return [[], [piece(title, "bold")], ...lines];
}

function openName({ name, index }: PictureOpen): string {
  return printable(index === null ? name : `${name}[${index}]`);
}

interface Column {
  readonly title: string;
  readonly sort: SortKey | null;
  readonly width: number;
  readonly text: (row: PictureRow) => string;
}

const duration = (us: number | null) => us === null ? "" : formatDuration(us);

const COLUMNS: readonly Column[] = [
  { title: "rate", sort: "rate", width: 8, text: row => `${countText(row.rate_per_s)}/s` },
  { title: "p50", sort: "p50", width: 7, text: row => duration(row.p50_us) },
  { title: "p95", sort: "p95", width: 7, text: row => duration(row.p95_us) },
  { title: "max", sort: "max", width: 7, text: row => duration(row.max_us) },
  { title: "time", sort: "time", width: 6, text: row => formatShare(row.wall_share) },
  {
    title: "cpu",
    sort: null,
    width: 6,
    text: row => row.cpu_share === null ? "" : formatShare(row.cpu_share),
  },
  {
    title: "memory",
    sort: null,
    width: 8,
    text: row => row.memory_peak_bytes === null ? "" : formatBytes(row.memory_peak_bytes),
  },
  { title: "count", sort: "count", width: 7, text: row => countText(row.count) },
];

const LEAST_NAME = 16;
const LEAST_MINUTE = 10;

function tableLines(
  picture: Picture,
  rows: readonly PictureRow[],
  view: View,
  { columns, lines }: ScreenSize,
  most: number,
): Line[] {
  const { here, names, within } = picture;
  const all = here === null ? rows : [here, ...rows];
  // What no row has is left out, and on narrow screens what tells least.
  let shown = COLUMNS.filter(column => column.title === "count" || all.some(row => column.text(row) !== ""));
  const longest = Math.max(4, ...all.map(({ name }) => printable(name).length)) + 3;
  const widthOf = () => shown.reduce((sum, { width }) => sum + width + 1, 0);
  for (const least of ["memory", "cpu", "max", "count"]) {
    if (columns - widthOf() >= Math.max(LEAST_NAME, Math.min(longest, 24)) + LEAST_MINUTE + 2) break;
    shown = shown.filter(({ title }) => title !== least);
  }
  const isFile = lines === Infinity;
  const room = isFile && columns === Infinity ? longest : columns - widthOf() - LEAST_MINUTE - 2;
  const nameWidth = Math.max(LEAST_NAME, Math.min(longest, room));
  const minuteWidth = columns === Infinity
    ? 30
    : Math.max(0, Math.min(60, columns - nameWidth - widthOf() - 2));
  const title: Piece[] = [
    piece(fit(`${view.sort === "name" ? `${arrow(view)} ` : ""}NAME`, nameWidth), "bold"),
    ...shown.map(({ title, sort, width }) => {
      const text = sort === view.sort ? `${arrow(view)}${title.toUpperCase()}` : title.toUpperCase();
      return piece(` ${text.padStart(width)}`, "bold");
    }),
    piece(minuteWidth < LEAST_MINUTE ? "" : `  ${minuteTitle(picture.window_s, minuteWidth)}`, "bold"),
  ];
  const toLine = (row: PictureRow, lead: string, look: Look): Line => [
    piece(fit(`${lead}${printable(row.name)}`, nameWidth), look),
    ...shown.map(({ text, width }) => piece(` ${text(row).padStart(width)}`, look)),
    piece(
      minuteWidth < LEAST_MINUTE ? "" : `  ${sparkline(row.per_second, minuteWidth)}`,
      look === "chosen" ? look : "good",
    ),
  ];
  const result: Line[] = [[]];
  if (within.length > 0) {
    result.push([piece("in ", "dim"), piece(within.map(name => printable(name)).join(" > "), "bold")]);
  }
  result.push(title);
  if (here !== null) result.push(toLine(here, "", "bold"));
  if (rows.length === 0) {
    const why = names.length === 0
      ? within.length === 0 ? "no span has closed in the last minute" : "nothing else is recorded in it"
      : "no name has these letters";
    return [...result, [piece(`  ${why}`, "dim")]];
  }
  const free = Math.max(1, most - result.length);
  // A line says how many there are beyond.
  const space = isFile || rows.length <= free ? rows.length : Math.max(1, free - 1);
  const at = Math.max(0, rows.findIndex(({ name }) => name === view.selected));
  // The chosen row stays in sight.
  const from = Math.max(0, Math.min(at - Math.floor(space / 2), rows.length - space));
  const body = rows.slice(from, from + space).map(row => {
    const isChosen = row.name === view.selected;
    return toLine(row, isChosen ? "> " : "  ", isChosen ? "chosen" : "plain");
  });
  if (space < rows.length) body.push([piece(`  and ${rows.length - space} more`, "dim")]);
  return [...result, ...body];
}

function arrow({ isReversed }: View): string {
  return isReversed ? "^" : "v";
}

function minuteTitle(windowS: number, width: number): string {
  const text = windowS >= 59 ? "LAST MINUTE" : `LAST ${Math.round(windowS)}S`;
  return text.length > width ? text.slice(0, width) : text;
}

const BARS = " ▁▂▃▄▅▆▇█";

/** Counts as bars, the newest on the right; each bar stands for as many seconds as fit. */
export function sparkline(perSecond: readonly number[], width: number): string {
  const each = Math.max(1, Math.ceil((perSecond.length - 1) / Math.max(1, width)));
  const bars: number[] = [];
  // The last second has only begun.
  for (let end = perSecond.length - 1; end > 0; end -= each) {
    let sum = 0;
    const from = Math.max(0, end - each);
    for (let i = from; i < end; i++) sum += perSecond[i];
    bars.unshift(sum / (end - from));
  }
  const most = Math.max(...bars);
  return bars.map(value => value === 0 ? " " : BARS[Math.max(1, Math.round(value / most * 8))]).join("");
}

/** A number for people: 950, 12.3k, 4.5M. */
export function countText(count: number): string {
  if (count > 0 && count < 9.95) return Number.isInteger(count) ? String(count) : count.toFixed(1);
  if (count < 9999.5) return String(Math.round(count));
  for (const [limit, unit, size] of [[999_950, "k", 1e3], [999_950_000, "M", 1e6]] as const) {
    if (count < limit) return `${(count / size).toFixed(1)}${unit}`;
  }
  return `${(count / 1e9).toFixed(1)}G`;
}

/** An age for people: 1.2s, 3m12s, 2h05m, 3d04h. */
export function ageText(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor(whole / 3600) % 24)}h`;
}

function piece(text: string, look: Look): Piece {
  return { text, look };
}

function fit(text: string, width: number): string {
  const characters = [...text];
  if (characters.length > width) return `${characters.slice(0, width - 1).join("")}…`;
  return text + " ".repeat(width - characters.length);
}

/** The line, no longer than `columns`. */
function cut(line: Line, columns: number): Line {
  let left = columns;
  const pieces: Piece[] = [];
  for (const { text, look } of line) {
    const characters = [...text];
    if (characters.length > left) {
      pieces.push({ text: characters.slice(0, left).join(""), look });
      break;
    }
    pieces.push({ text, look });
    left -= characters.length;
  }
  return pieces;
}
