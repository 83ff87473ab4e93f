/**
 * What the compiler must say of programs that use the package: `deno check` reads this file with the checkout's sources, and
 * `tsc` with the declarations of the npm form. It never runs. `@ts-expect-error` is an error where there is none.
 *
 * @module
 */
import * as ci from "@cirron/sdk";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

function same<A, B>(_proof: Same<A, B>): void {}

/** Results by format. */
export function results(): void {
  const printed = ci.trace();
  same<typeof printed, ci.TraceTree | undefined>(true);
  const alsoPrinted = ci.trace({ last: 1 });
  same<typeof alsoPrinted, ci.TraceTree | undefined>(true);
  const tree = ci.trace({ format: "tree", open: true });
  same<typeof tree, ci.TraceTree | undefined>(true);
  ci.trace({ format: null, name: null, where: null, roots: null, slowest: null, last: null });
  ci.trace({ open: null, depth: null, minWallUs: null, fold: null });
  const text = ci.trace({ format: "text", roots: 2, fold: false });
  same<typeof text, string>(true);
  const dict = ci.trace({ format: "dict", name: "epoch" });
  same<typeof dict, ci.TraceDict>(true);
  const json = ci.trace({ format: "json" });
  same<typeof json, string>(true);
  const df = ci.trace({ format: "df" });
  same<typeof df, ci.DataFrame>(true);
  const summary = ci.trace({ format: "summary" });
  same<typeof summary, ci.TraceSummary>(true);
  const byPath = ci.trace({ format: "summary", by: "path" });
  same<typeof byPath, ci.TraceSummary<ci.SummaryRow>>(true);
  const byName = ci.trace({ format: "summary", by: "name" });
  same<typeof byName, ci.TraceSummary<ci.NameSummaryRow>>(true);
  const spooledByName = ci.readSpool().trace({ format: "summary", by: "name", slowest: 3 });
  same<typeof spooledByName, ci.TraceSummary<ci.NameSummaryRow>>(true);
  const spooledText = ci.readSpool().trace({ format: "text", name: [/^GET /, "health"] });
  same<typeof spooledText, string>(true);
  const byEither = ci.trace({ format: "summary", by: "name" as ci.SummaryBy });
  same<typeof byEither, ci.TraceSummary<ci.SummaryRow> | ci.TraceSummary<ci.NameSummaryRow>>(true);
  ci.trace({
    format: "dict",
    where: { path: "/", status: 200, ok: true, tags: ["a"], at: new Date(), n: 1n, none: null },
  });
  const page = ci.trace({ format: "html", fold: 5 });
  same<typeof page, string>(true);
  const perfetto = ci.trace({ format: "perfetto" });
  same<typeof perfetto, string>(true);
  const speedscope = ci.trace({ format: "speedscope", depth: 3, minWallUs: 10 });
  same<typeof speedscope, string>(true);
  const read: ci.ReadTrace = ci.read([".cirron/journal", "spool"]);
  same<ci.ReadTrace, ci.SpoolTrace>(true);
  const wholeRun = ci.trace({ from: "journal", format: "dict" });
  same<typeof wholeRun, ci.TraceDict>(true);
  // @ts-expect-error -- there is no such source
  ci.trace({ from: "disk" });
  void read.running_count;
  const spooled = ci.readSpool().trace({ format: "dict" });
  same<typeof spooled, ci.TraceDict>(true);
  const method = new ci.Cirron().trace({ format: "json" });
  same<typeof method, string>(true);
  // A format that is known only when the program runs gives any of them.
  const some = ci.trace({ format: "json" as ci.TraceFormat });
  same<typeof some extends string ? true : false, false>(true);
  // @ts-expect-error -- so that `same` is known to tell types apart
  same<typeof json, string | undefined>(true);
}

/** A node has null where nothing was measured, and never undefined. */
export function fields(node: ci.TraceNode): void {
  same<ci.TraceNode["index"], number | null>(true);
  same<ci.TraceNode["cpu_ns"], number | null>(true);
  same<ci.TraceNode["gpu_ns"], number | null>(true);
  same<ci.TraceNode["memory_peak_bytes"], number | null>(true);
  same<ci.TraceNode["wall_us"], number>(true);
  same<ci.TraceNode["children"], ci.TraceNode[]>(true);
  same<ci.TraceMark["value"], number | string | boolean>(true);
  same<ci.SpanRow["start_ns"], bigint>(true);
  // @ts-expect-error -- null must be looked for
  node.cpu_ns.toFixed();
  // @ts-expect-error -- no such field
  node.wallUs;
}

/** Options of `trace()`. */
export function traceOptions(): void {
  // @ts-expect-error -- a format that is none
  ci.trace({ format: "yaml" });
  // @ts-expect-error -- a number in quotes
  ci.trace({ format: "dict", last: "5" });
  // @ts-expect-error -- a name that is none
  ci.trace({ name: 3 });
  // @ts-expect-error -- a number among names
  ci.trace({ name: [/a/, 3] });
  // @ts-expect-error -- a number in quotes
  ci.trace({ roots: "2" });
  // @ts-expect-error -- no value
  ci.trace({ where: { path: undefined } });
  // @ts-expect-error -- only a summary has rows of something
  ci.trace({ format: "dict", by: "name" });
  // @ts-expect-error -- a summary by what is none
  ci.trace({ format: "summary", by: "self" });
  // @ts-expect-error -- misspelt
  ci.trace({ format: "dict", lsat: 5 });
  // @ts-expect-error -- not a boolean
  ci.trace({ open: "yes" });
  // @ts-expect-error -- the format of the Python package's habit, as an argument of its own
  ci.trace("dict");
}

/** Options of `profile()` and `new Cirron()`. */
export function profileOptions(): void {
  ci.profile({ output: ["spool", "stdout", { emit: batch => void batch.spanCount }] });
  ci.profile({ counters: { cpu: "thread", memory: true, gpu: false }, flushIntervalMs: 100 });
  ci.profile({ output: null, counters: null, flushIntervalMs: null, logger: null, enabled: null });
  ci.profile({ counters: { cpu: null, cpuCoalesceNs: null, memory: null, gpu: null } });
  new ci.Cirron({
    outputDir: null,
    spoolMaxBytes: null,
    journalMaxBytes: null,
    parent: null,
    traceBufferMaxSpans: null,
  });
  same<ReturnType<typeof ci.profile>, ci.Profiler>(true);
  // @ts-expect-error -- an output that is none
  ci.profile({ output: "file" });
  // @ts-expect-error -- one of a list
  ci.profile({ output: ["spool", "file"] });
  // @ts-expect-error -- a sink without emit
  ci.profile({ output: { write: () => {} } });
  // @ts-expect-error -- the Python package's spelling
  ci.profile({ trace_buffer_max_spans: 10 });
  // @ts-expect-error -- without its unit
  ci.profile({ flushInterval: 10 });
  // @ts-expect-error -- a counter that is none
  ci.profile({ counters: { disk: true } });
  // @ts-expect-error -- a clock that is none
  ci.profile({ counters: { cpu: true } });
  // @ts-expect-error -- a number in quotes
  new ci.Cirron({ traceBufferMaxSpans: "10" });
  // @ts-expect-error -- a logger without info
  ci.profile({ logger: { log: () => {} } });
}

/** Scopes in their three forms. */
export function scopes(): void {
  const handle = ci.scope("a", { index: 1, attrs: { any: [1, { thing: null }] } });
  same<typeof handle, ci.Scope>(true);
  const value = ci.scope("a", scope => (same<typeof scope, ci.Scope>(true), 1));
  same<typeof value, number>(true);
  const promised = ci.scope("a", { index: 1 }, () => Promise.resolve("text"));
  same<typeof promised, Promise<string>>(true);
  const nested = handle.scope("b", () => [1]);
  same<typeof nested, number[]>(true);
  ci.scope("a", { index: null, attrs: null }).end();
  // @ts-expect-error -- no name
  ci.scope();
  // @ts-expect-error -- misspelt
  ci.scope("a", { idx: 1 });
  // @ts-expect-error -- a number in quotes
  ci.scope("a", { index: "1" });
  // @ts-expect-error -- not a function
  ci.scope("a", {}, 5);
  // @ts-expect-error -- no such method
  handle.close();
}

/** Streams: what a scope gives is what its function gives, and `stream` keeps whether it is async. */
export function streams(): void {
  const generated = ci.scope("a", function*() {
    yield 1;
  });
  const one: number | void = generated.next().value;
  const sync = ci.stream("a", [one]);
  same<typeof sync, Iterable<number | void>>(true);
  const generator = ci.scope("a", async function*() {
    yield await Promise.resolve("text");
  });
  const later = ci.stream("a", generator, { unit: "token", index: 1, attrs: {} });
  same<typeof later, AsyncIterable<string>>(true);
  ci.stream("a", [], { unit: null, index: null, attrs: null });
  // @ts-expect-error -- no iterable
  ci.stream("a", 5);
  // @ts-expect-error -- a promise of one, which is to be awaited
  ci.stream("a", Promise.resolve([1]));
  // @ts-expect-error -- misspelt
  ci.stream("a", [], { units: "token" });
}

/** Functions that stay what they are, and decorators. */
export function tracedFunctions(): void {
  const plain = ci.traced((a: number, b?: string) => [a, b] as const);
  same<typeof plain, (a: number, b?: string) => readonly [number, string | undefined]>(true);
  const named = ci.traced("name", async function(this: Date, unit: "ms") {
    return await Promise.resolve(this.getTime() + unit);
  });
  same<typeof named, (this: Date, unit: "ms") => Promise<string>>(true);
  class Members {
    @ci.traced()
    static make(): Members {
      return new this();
    }
    @ci.traced("name")
    async method(a: number): Promise<number> {
      return await Promise.resolve(a);
    }
    @ci.traced()
    get value(): number {
      return 1;
    }
    @ci.traced()
    set value(_value: number) {}
    @ci.traced()
    field = (a: number): number => a;
    @ci.traced()
    async *stream(): AsyncGenerator<string> {
      yield await Promise.resolve("a");
    }
  }
  const members = Members.make();
  const promised = members.method(members.value);
  same<typeof promised, Promise<number>>(true);
  // @ts-expect-error -- not a function
  ci.traced("name", 5);
  // @ts-expect-error -- a number for a name
  ci.traced(5);
}

/** Captures. */
export async function captures(): Promise<void> {
  const now = ci.capture(() => 1);
  same<typeof now, ci.Captured<number>>(true);
  const later = ci.capture(() => Promise.resolve("text"));
  same<typeof later, Promise<ci.Captured<string>>>(true);
  const { result, trace } = await later;
  same<typeof result, string>(true);
  const shape = trace();
  same<typeof shape, string>(true);
  const filtered = trace({ name: "a", open: true });
  same<typeof filtered, string>(true);
  const dict = trace({ format: "dict" });
  same<typeof dict, ci.TraceDict>(true);
  const printed = trace({ format: "tree" });
  same<typeof printed, ci.TraceTree | undefined>(true);
  // @ts-expect-error -- no function
  ci.capture(5);
  // @ts-expect-error -- a format that is none
  trace({ format: "shapes" });
}

/** Marks. */
export function marks(): void {
  ci.mark("a", 1);
  ci.mark("a", 1n, { kind: "summary", attrs: { step: 1 } });
  ci.mark("a", 1, { kind: null, attrs: null });
  ci.mark("a", "text");
  ci.mark("a", true);
  // @ts-expect-error -- a kind that is none
  ci.mark("a", 1, { kind: "total" });
  // @ts-expect-error -- the kind as an argument of its own
  ci.mark("a", 1, "summary");
  // @ts-expect-error -- no value
  ci.mark("a");
  // @ts-expect-error -- an object
  ci.mark("a", { value: 1 });
  // @ts-expect-error -- what a lookup may give
  ci.mark("a", undefined as number | undefined);
}

/** Loops give what their source gives. */
export async function loops(): Promise<void> {
  for (const n of ci.epochs(3)) same<typeof n, number>(true);
  for (const pair of ci.batches([["a", 1] as [string, number]])) same<typeof pair, [string, number]>(true);
  for (const text of ci.batches(new Set(["a"]))) same<typeof text, string>(true);
  async function* loader(): AsyncGenerator<Float32Array> {
    yield await Promise.resolve(new Float32Array(1));
  }
  for await (const batch of ci.batches(loader())) same<typeof batch, Float32Array>(true);
  // @ts-expect-error -- nothing to loop over
  ci.epochs({ length: 3 });
  // @ts-expect-error -- an async source in a plain loop
  for (const batch of ci.batches(loader())) batch.length;
}

/** What can be caught. */
export function errors(error: unknown): string {
  if (error instanceof ci.CirronDependencyError) {
    same<ci.CirronDependencyError extends ci.CirronError ? true : false, true>(true);
    return error.message;
  }
  return error instanceof ci.CirronError ? error.name : "";
}
