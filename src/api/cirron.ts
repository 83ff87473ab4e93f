/**
 * The public functions, bound to the process's engine, and the class that carries options for them.
 *
 * @module
 */
import type { Health } from "../data/health.ts";
import { NO_CONTEXT } from "../data/trace_context.ts";
import type { MarkValue } from "../data/values.ts";
import { itemStream, type StreamOptions } from "../record/item_stream.ts";
import { BATCHES, EPOCHS, loop } from "../record/loops.ts";
import type { MarkOptions, Scope, ScopeFunction, ScopeOptions } from "../record/scope.ts";
import { type CheckedOptions, checkOptions, mergeOptions, type ProfileOptions } from "../session/options.ts";
import type { Profiler } from "../session/profiler.ts";
import { capture } from "./capture.ts";
import { engine, host } from "./shared.ts";
import type { TraceFunction } from "./trace.ts";
import { traced } from "./traced.ts";

/**
 * Starts a session: opens the root span `cirron.session` on an empty buffer. While one runs, a second call warns once
 * and returns the same `Profiler`. Reads the environment only if that is permitted, and never prompts.
 *
 * Closed spans go to the session's sinks once a second and when the program ends, whatever ends it; by default to a
 * spool in `.cirron/spool`. Where Deno does not permit that, it warns once and the trace stays in memory.
 *
 * @param options See {@link ProfileOptions}.
 * @returns The session; `using` shuts it down.
 * @throws {RangeError} If an option is out of bounds or an output is unknown.
 * @throws {TypeError} If an option has the wrong type, or there is none of its name.
 *
 * @example Profile in memory
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.profile({ output: "none" });
 * ci.scope("load", () => ci.mark("rows", 3));
 * ci.shutdown();
 * const { roots } = ci.trace({ format: "dict" });
 * assertEquals(roots[0].name, "cirron.session");
 * assertEquals(roots[0].children[0].name, "load");
 * ```
 */
export function profile(options?: ProfileOptions): Profiler {
  return engine.profile(options);
}

/**
 * Opens a scope inside the innermost one of the calling flow. Close it with `using` or `end()`. About two clock
 * readings, no I/O; with the CPU counter on, a system call more where the last reading is older than 5 us.
 *
 * Without a function the scope belongs to the flow it is opened in, so work that runs concurrently within one flow
 * (`Promise.all`) needs the form with a function, which makes a flow of its own.
 *
 * @param name Cut at 256 bytes of UTF-8.
 * @param options Index and attributes.
 * @throws {TypeError} If `name` is no string or an option has the wrong type.
 * @throws {RangeError} If `index` is no whole number.
 *
 * @example Time a block
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * {
 *   using step = ci.scope("step", { index: 7 });
 *   step.mark("loss", 0.25);
 * }
 * const { roots } = ci.trace({ format: "dict", last: 1 });
 * assertEquals([roots[0].name, roots[0].index, roots[0].marks[0].value], ["step", 7, 0.25]);
 * ```
 */
export function scope(name: string, options?: ScopeOptions): Scope;
/**
 * Runs `fn` in a scope, as a flow of its own: whatever it opens or marks, across every `await`, hangs on this scope,
 * however many such flows run at once. The scope closes when `fn` returns, or when the promise it returned settles;
 * if it throws or rejects, the span gets the attribute `error` and the same error goes on.
 *
 * If `fn` gives a stream, or a promise of one, the scope closes with that: when it is exhausted, when a loop breaks, when it
 * throws. What the stream's body opens hangs on the scope. A stream is what `for await` takes, an iterator such as a
 * generator object, a `ReadableStream`, or a `Response` whose body is one; lists, maps and other collections are values. One
 * that nobody reads to its end is closed when it is collected, or with the session, with the attribute `abandoned`.
 *
 * @returns What `fn` returns. A promise (or any thenable that is no stream as well) comes back as a promise of the same value or
 * error, a `ReadableStream` and a `Response` that streams as another one with the same content; everything else is the same object.
 *
 * @example Time concurrent requests
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const pages = await Promise.all(["a", "b"].map(page =>
 *   ci.scope("request", async () => {
 *     ci.mark("page", page);
 *     return await ci.scope("render", () => Promise.resolve(page));
 *   })
 * ));
 * assertEquals(pages, ["a", "b"]);
 * ```
 */
export function scope<T>(name: string, fn: (scope: Scope) => T): T;
/** Runs `fn` in a scope with options, as a flow of its own. */
export function scope<T>(name: string, options: ScopeOptions, fn: (scope: Scope) => T): T;
export function scope(name: string, second?: ScopeOptions | ScopeFunction, third?: ScopeFunction): unknown {
  return engine.recording.scope(name, second, third, null);
}

/**
 * Attaches a value to the innermost open scope of the calling flow; outside any, to the session's root span. One
 * clock reading and one append, no I/O.
 *
 * @param name Cut at 256 bytes of UTF-8.
 * @param value NaN and infinities are kept: a diverged loss must be seen. Strings are cut at 256 bytes of UTF-8.
 * @param options Kind and attributes.
 * @throws {TypeError} If `value` is no number, string, boolean or bigint, or the kind is unknown.
 * @throws {RangeError} If a bigint has more than 4096 bits.
 *
 * @example Record a loss
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.scope("train", () => {
 *   ci.mark("loss", 0.5234);
 *   ci.mark("accuracy", 0.97, { kind: "summary" });
 * });
 * const [train] = ci.trace({ format: "dict", last: 1 }).roots;
 * assertEquals(train.marks.map(mark => mark.kind), ["point", "summary"]);
 * ```
 */
export function mark(name: string, value: MarkValue, options?: MarkOptions): void {
  engine.recording.mark(name, value, options, null);
}

/**
 * The innermost open scope of the calling flow; null outside any, and with `enabled: false`. For what is known only in the middle
 * of it: see {@link Scope}.
 *
 * @example Say how a request went
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.scope("request", () => {
 *   ci.current()?.rename("GET /users/:id");
 *   ci.current()?.set({ status: 500 });
 *   ci.current()?.fail(new Error("no database"));
 * });
 * const [request] = ci.trace({ format: "dict", last: 1 }).roots;
 * assertEquals(request.name, "GET /users/:id");
 * assertEquals(request.attrs, { status: 500, error: "Error: no database" });
 * ```
 */
export function current(): Scope | null {
  return engine.recording.current?.() ?? null;
}

/**
 * The W3C trace context (`traceparent`) of the innermost open scope of the calling flow, for what continues the trace elsewhere: a
 * header of a request, the data of a worker. Outside any scope it is the session's; without a session, and with `enabled: false`, its
 * ids are zeros, which every receiver takes for none.
 *
 * @example Continue a trace in another process
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const header = ci.scope("client", () => ci.context());
 * ci.scope("server", { parent: header }, () => {}); // in the other process
 * const [client, server] = ci.trace({ format: "dict", last: 2 }).roots;
 * assertEquals(server.trace_id, client.trace_id);
 * assertEquals(server.parent_id, client.id.slice(0, 16));
 * ```
 */
export function context(): string {
  return engine.recording.context?.() ?? NO_CONTEXT;
}

/**
 * A loop with a scope `epoch` around each turn, indexed from 0.
 *
 * @param source Anything to loop over, or a whole number n meaning 0 to n - 1. Breaking out of the loop closes the
 * scope and the source.
 * @throws {RangeError} If a number is negative or not whole.
 * @throws {TypeError} If `source` cannot be iterated.
 *
 * @example Count epochs
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * for (const epoch of ci.epochs(3)) ci.mark("epoch_loss", 1 / (1 + epoch));
 * const { roots } = ci.trace({ format: "dict", name: "epoch", last: 3 });
 * assertEquals(roots.map(root => root.index), [0, 1, 2]);
 * ```
 */
export function epochs(source: number): Iterable<number>;
/** A loop with a scope `epoch` around each turn, indexed from 0. */
export function epochs<T>(source: Iterable<T>): Iterable<T>;
/** A loop for `for await` with a scope `epoch` around each turn, indexed from 0. */
export function epochs<T>(source: AsyncIterable<T>): AsyncIterable<T>;
export function epochs(source: number | Iterable<unknown> | AsyncIterable<unknown>): unknown {
  return loop(() => engine.recording.loopRecorder(), EPOCHS, source);
}

/**
 * A loop with a scope `batch` around each turn, indexed from 0. Each span has the attribute `data_load_ns`: the
 * nanoseconds that the source took to give the batch. Two clock readings a turn.
 *
 * @param source Anything to loop over, or a whole number n meaning 0 to n - 1. Breaking out of the loop closes the
 * scope and the source.
 * @throws {RangeError} If a number is negative or not whole.
 * @throws {TypeError} If `source` cannot be iterated.
 *
 * @example Loop over an async source
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * async function* loader() {
 *   yield* [[1, 2], [3, 4]];
 * }
 * for await (const batch of ci.batches(loader())) ci.mark("size", batch.length);
 * const { roots } = ci.trace({ format: "dict", name: "batch", last: 2 });
 * assertEquals(roots.map(root => root.index), [0, 1]);
 * assertEquals(typeof roots[0].attrs.data_load_ns, "number");
 * ```
 */
export function batches(source: number): Iterable<number>;
/** A loop with a scope `batch` around each turn, with `data_load_ns`. */
export function batches<T>(source: Iterable<T>): Iterable<T>;
/** A loop for `for await` with a scope `batch` around each turn, with `data_load_ns`. */
export function batches<T>(source: AsyncIterable<T>): AsyncIterable<T>;
export function batches(source: number | Iterable<unknown> | AsyncIterable<unknown>): unknown {
  return loop(() => engine.recording.loopRecorder(), BATCHES, source);
}

/**
 * The items of `source`, with a scope around each iteration that counts them. When it ends, early or not, it has the summary marks
 * `first_item_ns`, the time until the first item, `item_count`, and `items_per_s`, the items by the time until the last
 * one. What `source` opens while it works hangs on the scope. A clock reading an item.
 *
 * @param name Name of the scope.
 * @param source Anything to loop over; what it offers is offered on. Breaking out of the loop closes it.
 * @param options What an item is called (`unit: "token"` makes `first_token_ns`, `token_count`, `tokens_per_s`), index and
 * attributes.
 * @returns The same items; `source` itself where nothing is recorded.
 * @throws {TypeError} If `source` cannot be iterated, an option has the wrong type, or there is none of its name.
 *
 * @example Count tokens
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * async function* model() {
 *   yield* ["Hel", "lo"];
 * }
 * let text = "";
 * for await (const token of ci.stream("generate", model(), { unit: "token" })) text += token;
 * assertEquals(text, "Hello");
 * const [{ marks }] = ci.trace({ format: "dict", name: "generate" }).roots;
 * assertEquals(marks.find(mark => mark.name === "token_count")?.value, 2);
 * ```
 */
export function stream<T>(name: string, source: AsyncIterable<T>, options?: StreamOptions): AsyncIterable<T>;
/** The items of `source`, with a scope around each iteration that counts them. */
export function stream<T>(name: string, source: Iterable<T>, options?: StreamOptions): Iterable<T>;
export function stream(name: string, source: unknown, options?: StreamOptions): unknown {
  return itemStream(() => engine.recording.streamRecorder?.() ?? null, name, source, options);
}

/**
 * Reads back what was recorded: the newest closed spans, as a printed tree, text, nested objects, JSON, a DataFrame or a summary.
 * Works with or without a session, and writes nothing but the printed tree: plain lines, and on a terminal guides, shares,
 * counters and colours, with equal siblings folded.
 *
 * @throws {TypeError} If an option has the wrong type, there is none of its name, `fold` is given with a format that does not
 * fold, `by` with another one than `"summary"`, or `last` with `roots` or `slowest`.
 * @throws {RangeError} If the format is unknown, or a number is out of bounds.
 * @throws {CirronDependencyError} If the format is `"df"` and nodejs-polars is not to be had.
 *
 * @example Read the last span
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.scope("standalone", () => ci.mark("x", 1));
 * const { roots, span_count } = ci.trace({ format: "dict", last: 1 });
 * assertEquals([span_count, roots[0].name, roots[0].marks[0].value], [1, "standalone", 1]);
 * ```
 *
 * @example Where the time went
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * for (const _ of ci.batches(100)) ci.scope("forward", () => {});
 * const summary = ci.trace({ format: "summary", name: "batch" });
 * assertEquals(summary.rows.map(row => [row.path, row.count]), [["batch", 100], ["batch > forward", 100]]);
 * console.log(summary); // a table
 * ```
 *
 * @example The last requests of a server, whole, for a log
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * for (const path of ["/", "/users", "/health"]) {
 *   ci.scope("request", { attrs: { path } }, () => ci.scope("query", () => ci.mark("rows", path.length)));
 * }
 * const text = ci.trace({ format: "text", name: /^req/, roots: 2 });
 * console.log(text);
 * assertEquals(text.replace(/ - .*?(?= \{|$)/gm, ""), "request\n└─ query {rows=6}\nrequest\n└─ query {rows=7}");
 * const { roots } = ci.trace({ format: "dict", where: { path: "/users" } });
 * assertEquals(roots.map(root => root.children[0].name), ["query"]);
 * ```
 *
 * @example Where the time went, by name
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const walk = (depth: number): void => ci.scope("walk", () => depth > 1 ? walk(depth - 1) : undefined);
 * walk(3);
 * const [row] = ci.trace({ format: "summary", by: "name", name: "walk" }).rows;
 * const outermost = ci.trace({ format: "dict", name: "walk" }).roots[0];
 * assertEquals([row.name, row.count, row.total_us], ["walk", 3, outermost.wall_us]); // what recurs counts once
 * ```
 */
export const trace: TraceFunction = (options => host.trace(options)) as TraceFunction;

/**
 * Gives what was recorded to the session's sinks; complete when it returns, but for sinks with promises. About 0.1 us a
 * span with the journal. Does nothing without a session. Never throws: a sink that fails is counted in `health()`.
 *
 * @example Make the journal complete, now
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.profile({ outputDir: "journal" });
 * ci.scope("work").end();
 * ci.flush();
 * assertEquals(ci.read("journal").span_count, 1); // the session itself is open
 * ci.shutdown();
 * ```
 */
export function flush(): void {
  engine.flush();
}

/**
 * The state of recording, as a copy: counts of what was kept, evicted, dropped or failed, where the session writes, and what
 * each counter is read from, or why it is not. About a microsecond without a GPU, no I/O; the first call
 * also measures what recording costs here ({@link Health.overhead}): some milliseconds. Never throws.
 *
 * @example Ask what is measured
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const { probes, misnested_count } = ci.health();
 * console.log(probes.cpu.present ? `cpu_ns from ${probes.cpu.source}` : `no cpu_ns: ${probes.cpu.reason}`);
 * assertEquals([probes.wall.present, misnested_count], [true, 0]);
 * ```
 */
export function health(): Health {
  return engine.health();
}

/**
 * Ends the session, if one runs: closes what is open, flushes, and takes every timer and handler back. The trace stays
 * readable until the next `profile()`. Does nothing the second time. Never throws.
 *
 * @example End, then read
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * ci.profile({ output: "none" });
 * ci.scope("still open");
 * ci.shutdown();
 * assertEquals(ci.trace({ format: "dict" }).roots[0].children[0].name, "still open");
 * ```
 */
export function shutdown(): void {
  engine.shutdown();
}

/**
 * The `Cirron` without options of its own, the same one each time.
 *
 * @example Hand the profiler to a library
 * ```ts
 * import { type Cirron, getDefault } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * function train(ci: Cirron): void {
 *   for (const _ of ci.epochs(3));
 * }
 * train(getDefault());
 * assertEquals(getDefault().trace({ format: "dict", name: "epoch" }).span_count, 3);
 * ```
 */
export function getDefault(): Cirron {
  return defaultCirron ??= new Cirron();
}

let defaultCirron: Cirron | null = null;

/**
 * The public functions as methods, with options for their `profile()`. There is one recorder and one buffer in a
 * process: every instance works on it.
 *
 * @example Bound the buffer
 * ```ts
 * import { Cirron } from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const ci = new Cirron({ traceBufferMaxSpans: 10, output: "none" });
 * ci.profile();
 * for (const _ of ci.batches(20));
 * assertEquals(ci.trace({ format: "dict" }).span_count, 10);
 * ci.shutdown();
 * ```
 */
export class Cirron {
  readonly #options: CheckedOptions;
  /** See {@link scope}. */
  readonly scope: typeof scope = scope;
  /** See {@link mark}. */
  readonly mark: typeof mark = mark;
  /** See {@link current}. */
  readonly current: typeof current = current;
  /** See {@link context}. */
  readonly context: typeof context = context;
  /** See {@link epochs}. */
  readonly epochs: typeof epochs = epochs;
  /** See {@link batches}. */
  readonly batches: typeof batches = batches;
  /** See {@link stream}. */
  readonly stream: typeof stream = stream;
  /** See {@link traced}. */
  readonly traced: typeof traced = traced;
  /** See {@link capture}. */
  readonly capture: typeof capture = capture;
  /** See {@link trace}. */
  readonly trace: typeof trace = trace;
  /** See {@link flush}. */
  readonly flush: typeof flush = flush;
  /** See {@link health}. */
  readonly health: typeof health = health;
  /** See {@link shutdown}. */
  readonly shutdown: typeof shutdown = shutdown;
  /** See {@link getDefault}. */
  readonly getDefault: typeof getDefault = getDefault;

  /**
   * Makes an instance; starts nothing.
   * @param options Defaults for `profile()`. `traceBufferMaxSpans` bounds the process's buffer from now on.
   * @throws {RangeError} If an option is out of bounds or an output is unknown.
   * @throws {TypeError} If an option has the wrong type, or there is none of its name.
   */
  constructor(options: ProfileOptions = {}) {
    this.#options = checkOptions(options);
    const { traceBufferMaxSpans } = this.#options;
    if (traceBufferMaxSpans !== undefined) engine.setMaxSpans(traceBufferMaxSpans);
  }

  /** Starts a session with this instance's options, and `options` over them. See {@link profile}. */
  profile(options: ProfileOptions = {}): Profiler {
    return engine.profile(mergeOptions(this.#options, checkOptions(options)));
  }
}
