/**
 * Calls the public functions in random order with random arguments, most of which are not what they ask for. A seed gives
 * the same calls again.
 *
 * @module
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as ci from "../../mod.ts";
import { describe, isAllowed, Planted, Values } from "./fuzz_values.ts";

/** What a run found. */
export interface FuzzReport {
  readonly rounds: number;
  readonly calls: number;
  /** Calls that threw what they may throw: an argument was wrong, or an error of the argument's own. */
  readonly refused: number;
  /** Spans that were closed. */
  readonly spans: number;
  /** What must not happen, each with the seed of its round and the calls before it. */
  readonly failures: string[];
}

/** How a run is bounded. */
export interface FuzzOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Where spools go; below it nothing is safe. */
  readonly directory: string;
  /** Whether to use values of 10 MB and of a million parts too. */
  readonly huge: boolean;
  /** Whether it is time to stop, asked between rounds. */
  readonly isOver?: () => boolean;
}

/** The seed of a round: rounds do not depend on how many calls the ones before made. */
export function roundSeed(seed: number, round: number): number {
  return (seed * 1_000_003 + round) >>> 0;
}

const CALLS_PER_ROUND = 120;
const MAX_HANDLES = 20;

/** Runs rounds until there are enough, or it is time. Never throws for what the package does. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const report = { rounds: 0, calls: 0, refused: 0, spans: 0, failures: [] as string[] };
  const console_ = muteConsole();
  try {
    for (; report.rounds < options.rounds && !(options.isOver?.() ?? false); report.rounds++) {
      if (report.failures.length >= 10) break;
      await new Round(options, roundSeed(options.seed, report.rounds), report.rounds, report).run();
    }
  } finally {
    console_.restore();
  }
  ci.shutdown();
  return report;
}

/** Lets nothing through, so that the report is all there is; in some rounds it throws. */
function muteConsole(): { restore(): void } {
  const { log, info, warn } = console;
  const say = (): void => {
    if (isConsoleBroken) throw new Planted("console");
  };
  Object.assign(console, { log: say, info: say, warn: say });
  return { restore: () => void Object.assign(console, { log, info, warn }) };
}

let isConsoleBroken = false;

class Round {
  readonly options: FuzzOptions;
  readonly seed: number;
  readonly number: number;
  readonly report: { calls: number; refused: number; spans: number; failures: string[] };
  readonly #values: Values;
  readonly #log: string[] = [];
  readonly #handles: ci.Scope[] = [];
  readonly #profilers: ci.Profiler[] = [];
  readonly #pending: Promise<unknown>[] = [];
  #depth = 0;

  constructor(
    options: FuzzOptions,
    seed: number,
    number: number,
    report: { calls: number; refused: number; spans: number; failures: string[] },
  ) {
    this.options = options;
    this.seed = seed;
    this.number = number;
    this.report = report;
    this.#values = new Values(seed, options.huge, () => this.#nested());
  }

  async run(): Promise<void> {
    ci.shutdown();
    // So that reading the spool does not take longer round by round.
    for (const name of readdirSync(this.options.directory)) {
      rmSync(join(this.options.directory, name), { recursive: true, force: true });
    }
    isConsoleBroken = false;
    new ci.Cirron({ traceBufferMaxSpans: this.#values.pick([1, 2, 7, 100, 1000]) });
    isConsoleBroken = this.#values.chance(0.05);
    for (let i = 0; i < CALLS_PER_ROUND; i++) {
      this.#call();
      if (this.#values.chance(0.05)) await null;
      if (this.#values.chance(0.005)) await new Promise(resolve => setTimeout(resolve, 0));
    }
    await this.#settle();
    ci.shutdown();
    isConsoleBroken = false;
    this.#check();
  }

  /** Waits for what the calls started; what takes longer than a few turns of the loop hangs. */
  async #settle(): Promise<void> {
    let isSettled = false;
    void Promise.allSettled(this.#pending).then(() => isSettled = true);
    for (let turn = 0; turn < 200 && !isSettled; turn++) await new Promise(resolve => setTimeout(resolve, 0));
    if (!isSettled) this.#fail("promises that the package gave do not settle");
  }

  #check(): void {
    const health = ci.health();
    for (const [field, value] of Object.entries(health)) {
      if (typeof value === "number" && !(value >= 0)) this.#fail(`health().${field} is ${value}`);
    }
    if (health.open_count !== 0 && this.#handles.length === 0) this.#fail(`${health.open_count} are open`);
    const dict = ci.trace({ format: "dict" });
    const json = JSON.parse(ci.trace({ format: "json" })) as ci.TraceDict;
    this.report.spans += dict.span_count;
    if (!isDeepStrictEqual(json, JSON.parse(JSON.stringify(dict, wordOf)))) this.#fail("json is not dict");
    const rows = ci.trace({ format: "summary" }).rows;
    const counted = rows.reduce((sum, row) => sum + row.count, 0);
    if (counted !== dict.span_count) this.#fail(`the summary counts ${counted} of ${dict.span_count} spans`);
    const names = ci.trace({ format: "summary", by: "name" }).rows;
    const named = names.reduce((sum, row) => sum + row.count, 0);
    if (named !== dict.span_count) {
      this.#fail(`the summary by name counts ${named} of ${dict.span_count} spans`);
    }
    if (({} as Record<string, unknown>).polluted !== undefined) this.#fail("Object.prototype was polluted");
  }

  #fail(what: string): void {
    this.report.failures.push(
      `round ${this.number} (seed ${this.seed}): ${what}\n    after ${
        this.#log.slice(-8).join("\n          ")
      }`,
    );
  }

  // One call, whatever comes of it.
  #call(): void {
    const [name, act] = this.#values.pick(this.#actions);
    this.#log.push(name);
    this.report.calls++;
    try {
      const given: unknown = act();
      if (given instanceof Promise) {
        this.#pending.push(given.then(() => {}, error => this.#judge(name, error)));
      }
    } catch (error) {
      this.#judge(name, error);
    }
  }

  #judge(name: string, error: unknown): void {
    this.report.refused++;
    if (isAllowed(error)) return;
    this.#fail(`${name} threw ${describe(error)}`);
  }

  readonly #actions: readonly (readonly [string, () => unknown])[] = [
    ["profile", () => this.#profile(ci.profile)],
    ["Cirron().profile", () => this.#profile(options => new ci.Cirron(this.#options()).profile(options))],
    ["getDefault().profile", () => this.#profile(options => ci.getDefault().profile(options))],
    ["scope", () => this.#keep(ci.scope(this.#name(), this.#scopeOptions()))],
    ["scope", () => this.#keep(ci.scope(this.#name(), this.#scopeOptions()))],
    ["scope(fn)", () => ci.scope(this.#name(), this.#callback())],
    ["scope(options, fn)", () => ci.scope(this.#name(), this.#scopeOptions()!, this.#callback())],
    ["scope(hostile)", () => ci.scope(this.#values.any(), this.#values.any(), this.#values.any())],
    ["mark", () => ci.mark(this.#name(), this.#value(), this.#markOptions())],
    ["mark", () => ci.mark(this.#name(), this.#value(), this.#markOptions())],
    ["mark(hostile)", () => ci.mark(this.#values.any(), this.#values.any(), this.#values.any())],
    ["handle.mark", () => this.#handle()?.mark(this.#name(), this.#value(), this.#markOptions())],
    ["handle.scope", () => this.#keep(this.#handle()?.scope(this.#name(), this.#scopeOptions()))],
    ["handle.scope(fn)", () => this.#handle()?.scope(this.#name(), this.#callback())],
    ["handle.end", () => this.#handle()?.end()],
    ["handle.end", () => this.#handle()?.end()],
    ["handle.dispose", () => this.#handle()?.[Symbol.dispose]()],
    [
      "handle.mark(hostile)",
      () => this.#handle()?.mark(this.#values.any(), this.#values.any(), this.#values.any()),
    ],
    [
      "handle.scope(hostile)",
      () => this.#keep(this.#handle()?.scope(this.#values.any(), this.#values.any(), this.#values.any())),
    ],
    ["epochs", () => this.#loop(ci.epochs(this.#source()))],
    ["batches", () => this.#loop(ci.batches(this.#source()))],
    ["for await batches", () => this.#loopAsync(ci.batches(this.#values.asyncSource()))],
    ["trace", () => ci.trace(this.#traceOptions())],
    ["trace", () => ci.trace(this.#traceOptions())],
    ["trace(hostile)", () => ci.trace(this.#values.any())],
    ["String(trace)", () => String(ci.trace({ format: "summary", open: true }))],
    ["flush", () => ci.flush()],
    ["health", () => ci.health()],
    ["shutdown", () => ci.shutdown()],
    ["new Cirron(hostile)", () => new ci.Cirron(this.#values.any())],
    ["profile(hostile)", () => this.#profile(() => ci.profile(this.#values.any()))],
    ["profiler", () => this.#profiler()],
    ["readSpool", () => this.#readSpool()],
    ["readSpool(hostile)", () => ci.readSpool(this.#values.any())],
    ["without this", () => this.#withoutThis()],
  ];

  // A method that is called on what is no instance; functions of the package may be taken off their module.
  #withoutThis(): void {
    const { scope, mark, trace } = new ci.Cirron();
    scope("taken").end();
    mark("taken", 1);
    trace({ format: "json" });
  }

  #profile(start: (options: ci.ProfileOptions) => ci.Profiler): void {
    const profiler = start(this.#options());
    if (this.#profilers.push(profiler) > 5) this.#profilers.shift();
  }

  #profiler(): unknown {
    const profiler = this.#profilers.length === 0 ? undefined : this.#values.pick(this.#profilers);
    if (this.#values.chance(0.3)) profiler?.shutdown();
    else if (this.#values.chance(0.5)) profiler?.flush();
    else profiler?.health();
    return undefined;
  }

  #readSpool(): unknown {
    const spool = ci.readSpool(this.options.directory);
    // Not spread: they may be a text of 20 million characters, which would be as many keys.
    return spool.trace(this.#traceOptions(["json"]));
  }

  #keep(handle: unknown): void {
    // A scope that a function ran in gives what the function gave.
    if (typeof (handle as ci.Scope | undefined)?.end !== "function") {
      if (handle instanceof Promise) this.#pending.push(handle.catch(error => this.#judge("scope", error)));
      return;
    }
    if (this.#handles.push(handle as ci.Scope) > MAX_HANDLES) this.#handles.shift()!.end();
  }

  #handle(): ci.Scope | undefined {
    return this.#handles.length === 0 ? undefined : this.#values.pick(this.#handles);
  }

  #loop(loop: Iterable<unknown>): void {
    let turns = 0;
    for (const _ of loop) {
      if (this.#values.chance(0.3)) this.#nested();
      if (this.#values.chance(0.1)) break;
      if (this.#values.chance(0.05)) throw new Planted("in a loop");
      if (++turns > 5) break;
    }
  }

  async #loopAsync(loop: AsyncIterable<unknown>): Promise<void> {
    let turns = 0;
    for await (const _ of loop) {
      if (this.#values.chance(0.3)) this.#nested();
      if (this.#values.chance(0.1) || ++turns > 5) break;
    }
  }

  // Calls from within a callback, a loop, a getter or a sink.
  #nested(): void {
    if (this.#depth > 3) return;
    this.#depth++;
    try {
      for (let i = this.#values.int(3); i > 0; i--) this.#call();
    } finally {
      this.#depth--;
    }
  }

  #callback(): (scope: ci.Scope) => unknown {
    const kind = this.#values.int(8);
    const nested = (scope: ci.Scope): void => {
      if (this.#values.chance(0.2)) this.#handles.push(scope);
      this.#nested();
    };
    if (kind === 0) return this.#values.any();
    if (kind === 1) {
      return () => {
        throw this.#values.thrown();
      };
    }
    if (kind === 2) return () => Promise.reject(new Planted("rejected"));
    if (kind === 3) return () => this.#values.thenable();
    if (kind < 6) {
      return async scope => {
        nested(scope);
        await null;
        nested(scope);
        if (this.#values.chance(0.2)) throw new Planted("async");
      };
    }
    return scope => nested(scope);
  }

  #name(): string {
    const known = ["epoch", "batch", "forward", "cirron.session", "root", ""];
    return this.#values.chance(0.8) ? this.#values.pick(known) : this.#values.any();
  }

  #value(): ci.MarkValue {
    return this.#values.chance(0.8)
      ? this.#values.pick<ci.MarkValue>([0, -0, 1.5, NaN, -Infinity, 7n, true, "text"])
      : this.#values.any();
  }

  #scopeOptions(): ci.ScopeOptions | undefined {
    if (this.#values.chance(0.3)) return undefined;
    return this.#object({ index: [0, 1, -5, 2 ** 53], attrs: [{}, { a: 1 }, { nested: { list: [1] } }] });
  }

  #markOptions(): ci.MarkOptions | undefined {
    return this.#values.chance(0.5)
      ? undefined
      : this.#object({ kind: ["point", "summary"], attrs: [{ a: 1 }] });
  }

  #traceOptions(
    formats: readonly ci.TraceFormat[] = ["tree", "text", "dict", "json", "summary", "df"],
  ): ci.TraceOptions & { format: "json" } {
    return this.#object({
      format: formats,
      name: ["epoch", "forward", "none", /o/g, ["batch", /^f/y], []],
      where: [{}, { a: 1 }, { tags: ["x"] }],
      roots: [0, 1, 5, 1000],
      slowest: [0, 1, 5, 1000],
      last: [0, 1, 5, 1000],
      open: [true, false],
      depth: [0, 1, 5],
      minWallUs: [0, 1, 1e9],
      fold: [true, false, 0, 3],
    });
  }

  #options(): ci.ProfileOptions {
    return this.#object({
      output: ["none", "log", "stdout", "spool", "journal", this.#sink(), [
        this.#sink(),
        this.#sink(),
        "spool",
      ], []],
      outputDir: [this.options.directory, `${this.options.directory}/below`],
      spoolMaxBytes: [0, 1000, 1e9],
      journalMaxBytes: [0, 1000, 1e9],
      parent: [`00-${"7".repeat(32)}-${"3".repeat(16)}-01`, ""],
      flushIntervalMs: [1, 5, 1000],
      logger: [{ info: () => {} }, this.#throwingLogger()],
      counters: [{}, { cpu: "thread" }, { cpu: false, memory: true }, { gpu: false }],
      traceBufferMaxSpans: [1, 3, 100],
      enabled: [true, true, true, false],
    });
  }

  #throwingLogger(): ci.Logger {
    return {
      info: () => {
        throw new Planted("logger");
      },
    };
  }

  #sink(): ci.Sink {
    const acts: readonly ((batch: ci.SpanBatch) => unknown)[] = [
      batch => void batch.spans,
      batch => void batch.marks,
      () => {
        throw new Planted("sink");
      },
      () => Promise.reject(new Planted("sink")),
      () => new Promise(resolve => setTimeout(resolve, 0)),
      () => this.#values.thenable(),
      () => this.#values.any(),
      () => this.#nested(),
    ];
    const emit = this.#values.pick(acts) as ci.Sink["emit"];
    return this.#values.chance(0.5)
      ? { emit }
      : { emit, commit: () => this.#values.pick(acts)(EMPTY) as void, close: this.#values.any() };
  }

  /** An object with some of the keys, each with a fitting value or with any. */
  // deno-lint-ignore no-explicit-any -- fits whatever is asked for, or does not
  #object(fitting: Record<string, readonly unknown[]>): any {
    if (this.#values.chance(0.03)) return this.#values.any();
    const object: Record<string, unknown> = {};
    for (const [key, values] of Object.entries(fitting)) {
      if (this.#values.chance(0.4)) {
        object[key] = this.#values.chance(0.85)
          ? this.#values.pick(values)
          : this.#values.any();
      }
    }
    if (!this.#values.chance(0.05)) return object;
    const nested = (): void => this.#nested();
    return new Proxy(object, {
      get(target, key, receiver) {
        nested();
        return Reflect.get(target, key, receiver);
      },
    });
  }

  #source(): number {
    return this.#values.chance(0.5)
      ? this.#values.int(6)
      : this.#values.chance(0.5)
      ? this.#values.iterable()
      : this.#values.any();
  }
}

const EMPTY = { spans: [], marks: [], spanCount: 0 } as unknown as ci.SpanBatch;

/** Numbers that JSON cannot say, as the words that `json` has for them. */
function wordOf(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
