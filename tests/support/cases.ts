/**
 * What the read-back tests share: snapshots made by hand, columns without polars, a trace as flat rows, and one list of
 * recorded programs whose trace is known in every format.
 *
 * @module
 */
import type { TraceOptions } from "../../src/api/trace_options.ts";
import { IdSeries } from "../../src/data/id_series.ts";
import type { Snapshot } from "../../src/data/snapshot.ts";
import { traceIdText } from "../../src/data/trace_context.ts";
import type { Attrs, MarkKind, MarkValue, TraceDict, TraceNode } from "../../src/data/values.ts";
import type { FrameColumn } from "../../src/formats/frame/columns.ts";
import { idText } from "../../src/tree/columns.ts";
import { FAKE_UNIX_NS, TestEngine } from "./engine.ts";

/** The ids of hand-made snapshots, as in a {@link TestEngine}. */
export const IDS: IdSeries = new IdSeries("0123456789abcdef");

/** The text of the id with this number. */
export function idOf(number: number): string {
  return idText(IDS, number);
}

/** The text of the id of the trace that the span with this number began. */
export function traceOf(root: number): string {
  return traceIdText(IDS, root);
}

/** A mark of a hand-made row. */
export interface HandMark {
  readonly name: string;
  readonly value: MarkValue;
  readonly kind?: MarkKind;
  readonly tsNs?: number;
  readonly attrs?: Attrs;
}

/** A row of a hand-made snapshot. */
export interface HandRow {
  readonly id: number;
  /** 0 for none. */
  readonly parent?: number;
  /** By default that of the parent. */
  readonly root?: number;
  readonly name?: string;
  readonly index?: number;
  readonly startNs?: number;
  readonly endNs?: number;
  readonly cpuNs?: number;
  readonly dataLoadNs?: number;
  readonly attrs?: Attrs;
  readonly marks?: readonly HandMark[];
}

/** A snapshot made by hand: closed rows in order of close, then open ones in order of start. */
export function snapshotOf(closed: readonly HandRow[], open: readonly HandRow[] = []): Snapshot {
  const rows = [...closed, ...open];
  const marks = rows.flatMap(row => row.marks ?? []);
  const first = new Uint32Array(rows.length + 1);
  const roots = new Map<number, number>();
  for (const { id, parent = 0, root } of rows.toSorted((a, b) => a.id - b.id)) {
    roots.set(id, root ?? roots.get(parent) ?? id);
  }
  rows.forEach((row, i) => first[i + 1] = first[i] + (row.marks?.length ?? 0));
  return {
    length: rows.length,
    closedLength: closed.length,
    anchorNs: FAKE_UNIX_NS,
    ids: IDS,
    gpuNs: null,
    memoryPeakBytes: null,
    id: Float64Array.from(rows, row => row.id),
    parent: Float64Array.from(rows, row => row.parent ?? 0),
    root: Float64Array.from(rows, row => roots.get(row.id)!),
    name: rows.map(row => row.name ?? `s${row.id}`),
    index: Float64Array.from(rows, row => row.index ?? NaN),
    startNs: Float64Array.from(rows, row => row.startNs ?? 0),
    endNs: Float64Array.from(rows, row => row.endNs ?? 0),
    cpuNs: Float64Array.from(rows, row => row.cpuNs ?? NaN),
    dataLoadNs: Float64Array.from(rows, row => row.dataLoadNs ?? NaN),
    attrs: rows.map(row => row.attrs),
    markCount: Uint32Array.from(rows, row => row.marks?.length ?? 0),
    marks: {
      first,
      name: marks.map(mark => mark.name),
      value: marks.map(mark => mark.value),
      summary: Uint8Array.from(marks, mark => mark.kind === "summary" ? 1 : 0),
      tsNs: Float64Array.from(marks, mark => mark.tsNs ?? 0),
      attrs: marks.map(mark => mark.attrs),
      order: Float64Array.from(marks, (_, i) => i),
      drained: new Uint8Array(marks.length),
    },
  };
}

/** A chain of rows, each opened in the one before it and closed before it. */
export function chain(depth: number): HandRow[] {
  return Array.from({ length: depth }, (_, i) => ({ id: depth - i, parent: depth - i - 1, name: "x" }));
}

/** An engine whose DataFrames are the bare columns. */
export function columnEngine(maxSpans?: number): TestEngine {
  const ci = new TestEngine(maxSpans);
  ci.engine.frameEngine = columns => columns;
  return ci;
}

/** The columns that a {@link columnEngine} would make a DataFrame of. */
export function columnsOf(ci: TestEngine, options: Omit<TraceOptions, "format"> = {}): FrameColumn[] {
  return ci.host.trace({ ...options, format: "df" }) as FrameColumn[];
}

/** The values of one column. */
export function column(columns: readonly FrameColumn[], name: string): unknown[] {
  const found = columns.find(candidate => candidate.name === name);
  if (found === undefined) throw new Error(`There is no column "${name}"`);
  return Array.from<unknown>(found.values);
}

/** A node with its depth, as a flat row. */
export interface FlatNode {
  readonly node: TraceNode;
  readonly depth: number;
}

/** All nodes of a trace with their depth, parents before children, siblings in their order. */
export function flat(dict: TraceDict): FlatNode[] {
  const rows: FlatNode[] = [];
  const stack = dict.roots.map(node => ({ node, depth: 0 })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    rows.push(next);
    for (const node of next.node.children.toReversed()) stack.push({ node, depth: next.depth + 1 });
  }
  return rows;
}

/** Records a chain of `depth` scopes, each opened in the one before it, closed innermost first. */
export function recordChain(ci: TestEngine, depth: number): void {
  const scopes = [ci.scope("x")];
  while (scopes.length < depth) scopes.push(ci.scope("x"));
  while (scopes.length > 0) scopes.pop()!.end();
}

/** What every format says of a span. */
export interface ExpectedSpan {
  /** Its number in order of opening, from 1; 0 for the pseudo-span `root`. */
  readonly id: number;
  /** The number of the span it was opened in, shown or not; null for none. */
  readonly parent: number | null;
  readonly name: string;
  readonly index: number | null;
  readonly wallUs: number;
  readonly cpuNs: number | null;
  readonly marks: readonly (readonly [string, unknown])[];
  readonly depth: number;
}

/** A recorded program and its trace. */
export interface TraceCase {
  readonly title: string;
  /** Bound of the buffer. */
  readonly maxSpans?: number;
  readonly options?: Omit<TraceOptions, "format">;
  readonly record: (ci: TestEngine) => void;
  /** In order of start and from the top down, as the tree prints them. */
  readonly spans: readonly ExpectedSpan[];
  /** Numbers of the spans in the order of the DataFrame's rows. */
  readonly rows: readonly number[];
  readonly text: string;
}

function expected(
  id: number,
  parent: number | null,
  depth: number,
  name: string,
  wallUs: number,
  more: Partial<ExpectedSpan> = {},
): ExpectedSpan {
  return { id, parent, depth, name, wallUs, index: null, cpuNs: wallUs * 1000, marks: [], ...more };
}

function page(ci: TestEngine): void {
  for (const epoch of ci.epochs(2)) {
    for (const batch of ci.batches(2)) {
      ci.clock.us(10, 1);
      ci.mark("loss", 1 / (1 + epoch + batch));
    }
    ci.mark("epoch_loss", 0.5234, { kind: "summary" });
  }
}

const PAGE: readonly ExpectedSpan[] = [
  expected(1, null, 0, "epoch", 20, { index: 0, marks: [["epoch_loss", 0.5234]] }),
  expected(2, 1, 1, "batch", 10, { index: 0, marks: [["loss", 1]] }),
  expected(3, 1, 1, "batch", 10, { index: 1, marks: [["loss", 0.5]] }),
  expected(4, null, 0, "epoch", 20, { index: 1, marks: [["epoch_loss", 0.5234]] }),
  expected(5, 4, 1, "batch", 10, { index: 0, marks: [["loss", 0.5]] }),
  expected(6, 4, 1, "batch", 10, { index: 1, marks: [["loss", 1 / 3]] }),
];

function siblings(ci: TestEngine): void {
  for (const name of ["a", "b", "c"]) {
    ci.scope(name, () => {
      ci.clock.us(1, 1);
      ci.scope("x", () => ci.clock.us(2, 1));
    });
  }
}

/** Programs whose trace is known; each is checked in every format that programs read, and as text. */
export const CASES: readonly TraceCase[] = [
  { title: "nothing recorded", record: () => {}, spans: [], rows: [], text: "(no spans)" },
  {
    title: "nothing recorded, open spans asked for",
    record: () => {},
    options: { open: true },
    spans: [],
    rows: [],
    text: "(no spans)",
  },
  {
    title: "one span",
    record: ci => ci.scope("a", () => ci.clock.us(142, 1)),
    spans: [expected(1, null, 0, "a", 142)],
    rows: [1],
    text: "a - 142us",
  },
  {
    title: "epochs of batches with marks",
    record: page,
    spans: PAGE,
    rows: [2, 3, 1, 5, 6, 4],
    text: [
      "epoch[0] - 20us {epoch_loss=0.5234}",
      "  batch[0] - 10us {loss=1}",
      "  batch[1] - 10us {loss=0.5000}",
      "epoch[1] - 20us {epoch_loss=0.5234}",
      "  batch[0] - 10us {loss=0.5000}",
      "  batch[1] - 10us {loss=0.3333}",
    ].join("\n"),
  },
  {
    title: "a name with descendants",
    record: page,
    options: { name: "epoch" },
    spans: PAGE,
    rows: [2, 3, 1, 5, 6, 4],
    text: [
      "epoch[0] - 20us {epoch_loss=0.5234}",
      "  batch[0] - 10us {loss=1}",
      "  batch[1] - 10us {loss=0.5000}",
      "epoch[1] - 20us {epoch_loss=0.5234}",
      "  batch[0] - 10us {loss=0.5000}",
      "  batch[1] - 10us {loss=0.3333}",
    ].join("\n"),
  },
  {
    title: "a name whose parents are not kept",
    record: page,
    options: { name: "batch" },
    spans: PAGE.filter(span => span.name === "batch").map(span => ({ ...span, depth: 0 })),
    rows: [2, 3, 5, 6],
    text: [
      "batch[0] - 10us {loss=1}",
      "batch[1] - 10us {loss=0.5000}",
      "batch[0] - 10us {loss=0.5000}",
      "batch[1] - 10us {loss=0.3333}",
    ].join("\n"),
  },
  {
    title: "a name that never occurs",
    record: page,
    options: { name: "Epoch" },
    spans: [],
    rows: [],
    text: "(no spans)",
  },
  {
    title: "the last two",
    record: page,
    options: { last: 2 },
    spans: [PAGE[3], PAGE[5]],
    rows: [4, 6],
    text: "epoch[1] - 20us {epoch_loss=0.5234}\n  batch[1] - 10us {loss=0.3333}",
  },
  {
    title: "the last four, across a root that is cut in half",
    record: page,
    options: { last: 4 },
    spans: [PAGE[0], PAGE[3], PAGE[4], PAGE[5]],
    rows: [4, 6, 5, 1],
    text: [
      "epoch[0] - 20us {epoch_loss=0.5234}",
      "epoch[1] - 20us {epoch_loss=0.5234}",
      "  batch[0] - 10us {loss=0.5000}",
      "  batch[1] - 10us {loss=0.3333}",
    ].join("\n"),
  },
  { title: "the last none", record: page, options: { last: 0 }, spans: [], rows: [], text: "(no spans)" },
  {
    title: "more of the last than there are",
    record: siblings,
    options: { last: 7 },
    spans: [
      expected(1, null, 0, "a", 3),
      expected(2, 1, 1, "x", 2),
      expected(3, null, 0, "b", 3),
      expected(4, 3, 1, "x", 2),
      expected(5, null, 0, "c", 3),
      expected(6, 5, 1, "x", 2),
    ],
    rows: [5, 6, 3, 4, 1, 2],
    text: "a - 3.0us\n  x - 2.0us\nb - 3.0us\n  x - 2.0us\nc - 3.0us\n  x - 2.0us",
  },
  {
    title: "a name first, the last of those then",
    record: siblings,
    options: { name: "b", last: 5 },
    spans: [expected(3, null, 0, "b", 3), expected(4, 3, 1, "x", 2)],
    rows: [3, 4],
    text: "b - 3.0us\n  x - 2.0us",
  },
  {
    title: "the last one of a name",
    record: siblings,
    options: { name: "x", last: 1 },
    spans: [expected(6, 5, 0, "x", 2)],
    rows: [6],
    text: "x - 2.0us",
  },
  {
    title: "open spans hidden by default",
    record: ci => {
      ci.scope("outer");
      ci.scope("inner").end();
    },
    spans: [expected(2, 1, 0, "inner", 0)],
    rows: [2],
    text: "inner - 0.00us",
  },
  {
    title: "open spans with their time so far",
    record: ci => {
      ci.scope("outer", { index: 9 });
      ci.mark("x", 1);
      ci.clock.us(5, 1);
      ci.scope("inner").end();
      ci.clock.us(6, 1);
      ci.scope("leaf");
      ci.clock.us(7, 1);
    },
    options: { open: true },
    spans: [
      expected(1, null, 0, "outer", 18, { index: 9, marks: [["x", 1]] }),
      expected(2, 1, 1, "inner", 0),
      expected(3, 1, 1, "leaf", 7),
    ],
    rows: [2, 1, 3],
    text: "outer[9] - 18us open {x=1}\n  inner - 0.00us\n  leaf - 7.0us open",
  },
  {
    title: "open spans beside the last one",
    record: ci => {
      ci.scope("outer");
      ci.scope("a").end();
      ci.scope("b").end();
    },
    options: { open: true, last: 1 },
    spans: [expected(1, null, 0, "outer", 0), expected(3, 1, 1, "b", 0)],
    rows: [1, 3],
    text: "outer - 0.00us open\n  b - 0.00us",
  },
  {
    title: "open spans of a name",
    record: ci => {
      ci.scope("outer");
      ci.scope("b");
      ci.scope("c").end();
    },
    options: { open: true, name: "b" },
    spans: [expected(2, 1, 0, "b", 0), expected(3, 2, 1, "c", 0)],
    rows: [3, 2],
    text: "b - 0.00us open\n  c - 0.00us",
  },
  {
    title: "open spans of a name beside the last none",
    record: ci => {
      ci.scope("outer");
      ci.scope("b");
      ci.scope("c").end();
    },
    options: { open: true, name: "b", last: 0 },
    spans: [expected(2, 1, 0, "b", 0)],
    rows: [2],
    text: "b - 0.00us open",
  },
  {
    title: "a depth of 0",
    record: page,
    options: { depth: 0 },
    spans: [PAGE[0], PAGE[3]],
    rows: [1, 4],
    text: "epoch[0] - 20us {epoch_loss=0.5234}\nepoch[1] - 20us {epoch_loss=0.5234}",
  },
  {
    title: "a depth that nothing exceeds",
    record: siblings,
    options: { depth: 1, name: "b" },
    spans: [expected(3, null, 0, "b", 3), expected(4, 3, 1, "x", 2)],
    rows: [4, 3],
    text: "b - 3.0us\n  x - 2.0us",
  },
  {
    title: "a depth below what a name keeps: its spans are roots",
    record: siblings,
    options: { depth: 0, name: "x" },
    spans: [2, 4, 6].map(id => expected(id, id - 1, 0, "x", 2)),
    rows: [2, 4, 6],
    text: "x - 2.0us\nx - 2.0us\nx - 2.0us",
  },
  {
    title: "a depth of what the last keep: a span without its parent is a root",
    record: ci => {
      const parent = ci.scope("a");
      const child = parent.scope("b");
      const grandchild = child.scope("c");
      parent.end();
      grandchild.end();
      child.end();
    },
    options: { depth: 0, last: 2 },
    spans: [expected(2, 1, 0, "b", 0)],
    rows: [2],
    text: "b - 0.00us",
  },
  {
    title: "a depth, open spans too",
    record: ci => {
      ci.scope("outer");
      ci.scope("inner");
      ci.scope("leaf").end();
    },
    options: { depth: 1, open: true },
    spans: [expected(1, null, 0, "outer", 0), expected(2, 1, 1, "inner", 0)],
    rows: [1, 2],
    text: "outer - 0.00us open\n  inner - 0.00us open",
  },
  {
    title: "spans of at least so many microseconds",
    record: siblings,
    options: { minWallUs: 3 },
    spans: [1, 3, 5].map((id, i) => expected(id, null, 0, ["a", "b", "c"][i], 3)),
    rows: [1, 3, 5],
    text: "a - 3.0us\nb - 3.0us\nc - 3.0us",
  },
  {
    title: "spans of more microseconds than there are",
    record: siblings,
    options: { minWallUs: 3.001 },
    spans: [],
    rows: [],
    text: "(no spans)",
  },
  {
    title: "a span that is shorter than its child, for which it stays",
    record: ci => {
      const early = ci.scope("early");
      const late = early.scope("late");
      const brief = early.scope("brief");
      ci.clock.us(1, 1);
      brief.end();
      early.end();
      ci.clock.us(9, 1);
      late.end();
    },
    options: { minWallUs: 5 },
    spans: [expected(1, null, 0, "early", 1), expected(2, 1, 1, "late", 10)],
    rows: [1, 2],
    text: "early - 1.0us\n  late - 10us",
  },
  {
    title: "a span that would stay for its child, which is too deep",
    record: ci => {
      const early = ci.scope("early");
      const late = early.scope("late");
      ci.clock.us(1, 1);
      early.end();
      ci.clock.us(9, 1);
      late.end();
    },
    options: { minWallUs: 5, depth: 0 },
    spans: [],
    rows: [],
    text: "(no spans)",
  },
  {
    title: "short spans of the last ones, which are counted before",
    record: page,
    options: { last: 4, minWallUs: 15 },
    spans: [PAGE[0], PAGE[3]],
    rows: [4, 1],
    text: "epoch[0] - 20us {epoch_loss=0.5234}\nepoch[1] - 20us {epoch_loss=0.5234}",
  },
  {
    title: "marks outside any scope",
    record: ci => {
      ci.mark("lost", 1);
      ci.clock.us(3, 1);
      ci.scope("a").end();
    },
    options: { open: true },
    spans: [
      expected(0, null, 0, "root", 3, { cpuNs: null, marks: [["lost", 1]] }),
      expected(1, null, 0, "a", 0),
    ],
    rows: [1, 0],
    text: "root - 3.0us open {lost=1}\na - 0.00us",
  },
  {
    title: "parents that were evicted",
    maxSpans: 3,
    record: ci => {
      const a = ci.scope("a");
      const b = a.scope("b");
      const c = b.scope("c");
      const d = c.scope("d");
      a.end();
      b.end();
      d.end();
      c.end();
    },
    spans: [expected(2, 1, 0, "b", 0), expected(3, 2, 1, "c", 0), expected(4, 3, 2, "d", 0)],
    rows: [2, 4, 3],
    text: "b - 0.00us\n  c - 0.00us\n    d - 0.00us",
  },
  {
    title: "a buffer of one",
    maxSpans: 1,
    record: siblings,
    spans: [expected(5, null, 0, "c", 3)],
    rows: [5],
    text: "c - 3.0us",
  },
  {
    title: "children that outlive their parent",
    record: ci => {
      const outer = ci.scope("outer");
      const inner = outer.scope("inner");
      ci.clock.us(1, 1);
      outer.end();
      ci.clock.us(2, 1);
      inner.end();
    },
    spans: [expected(1, null, 0, "outer", 1), expected(2, 1, 1, "inner", 3)],
    rows: [1, 2],
    text: "outer - 1.0us\n  inner - 3.0us",
  },
  {
    title: "marks of every type",
    record: ci =>
      ci.scope("a", () => {
        ci.mark("number", -2.5);
        ci.mark("text", "hello world");
        ci.mark("yes", true);
        ci.mark("big", 12n);
        ci.mark("bigger", 2n ** 64n);
      }),
    spans: [
      expected(1, null, 0, "a", 0, {
        marks: [["number", -2.5], ["text", "hello world"], ["yes", true], ["big", 12], [
          "bigger",
          "18446744073709551616",
        ]],
      }),
    ],
    rows: [1],
    text: 'a - 0.00us {number=-2.5000, text="hello world", yes=true, big=12, bigger=18446744073709551616}',
  },
  {
    title: "counters that are off",
    record: ci => {
      ci.profile({ counters: { cpu: false } });
      ci.scope("a", () => ci.clock.us(20, 1));
    },
    spans: [expected(2, 1, 0, "a", 20, { cpuNs: null })],
    rows: [2],
    text: "a - 20us",
  },
];
