/**
 * Records at full speed for minutes, with sinks of every temper and faults on purpose, and watches memory and counts:
 * `soak.ts SECONDS`. Ends with 1 if a span was lost that nobody counted, or memory grew. `deno task soak` runs it on both
 * runtimes.
 *
 * @module
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as ci from "../mod.ts";

const SECONDS = Number(process.argv[2] ?? 600);
const SESSION_SECONDS = 5;
/** Memory of the first part is not looked at: code is compiled and buffers reach their size. */
const WARM_UP = 0.1;
/** How much more the last minutes may hold than the first ones after the warm-up. */
const GROWTH_MIB = 48;

const directory = mkdtempSync(join(tmpdir(), "cirron-soak-"));
const spool = join(directory, "spool");
const startMs = performance.now();
const elapsed = (): number => (performance.now() - startMs) / 1000;

const total = { sessions: 0, spans: 0, marks: 0, dropped: 0, sinkErrors: 0, spoolDrops: 0, spooled: 0 };
const failures: string[] = [];
let unhandled = 0;
process.on("unhandledRejection", () => void unhandled++);

function check(ok: boolean, what: () => string): void {
  if (!ok && failures.length < 20) failures.push(`${elapsed().toFixed(0)} s: ${what()}`);
}

// What a session recorded, counted by the program itself.
let spans = 0;
let marks = 0;

function mark(value: ci.MarkValue, kind: ci.MarkKind = "point"): void {
  ci.mark("value", value, { kind });
  marks++;
}

/** A loop as a program trains: closed scopes, marks, attributes. */
function train(turns: number): void {
  for (const epoch of ci.epochs(1)) {
    spans++;
    for (const batch of ci.batches(turns)) {
      spans++;
      ci.scope("forward", { index: epoch }, () => mark(batch));
      spans++;
      if (batch % 8 === 0) {
        using step = ci.scope("step", { attrs: { batch, nested: { list: [1, 2] } } });
        step.mark("loss", 1 / batch);
        marks++;
        spans++;
      }
    }
  }
}

/** A request as a server has many of, which may fail. */
async function serve(request: number): Promise<void> {
  try {
    spans++;
    await ci.scope("request", { index: request }, async scope => {
      await null;
      spans++;
      const query = scope.scope("query");
      if (request % 3 === 0) await new Promise(resolve => setTimeout(resolve, request % 5));
      query.end();
      mark(request, "summary");
      if (request % 7 === 0) throw new Error("asked for");
      spans++;
      await ci.scope("render", () => Promise.resolve(mark("page")));
    });
  } catch {
    // counted by the span
  }
}

async function work(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const many = Math.floor(Math.random() * 50);
    await Promise.all(Array.from({ length: many }, (_, i) => serve(i)));
    // Some bursts are longer than the buffer is big: then a lap is all that saves the sinks' spans.
    const untilMs = performance.now() + (Math.random() < 0.1 ? 300 : 10);
    while (performance.now() < untilMs) train(100);
    if (Math.random() < 0.02) {
      ci.trace({ format: "dict", last: 100, open: true });
      ci.trace({ format: "json", name: "request", last: 10 });
      ci.trace({ format: "summary" });
      ci.health();
    }
    await new Promise(resolve => setTimeout(resolve, 0));
  }
}

/** Rows that a sink was given. */
interface Counting extends ci.Sink {
  rows: number;
}

function counting(act: (batch: ci.SpanBatch) => void | Promise<void>): Counting {
  const sink: Counting = {
    rows: 0,
    emit(batch) {
      sink.rows += batch.rowCount;
      return act(batch);
    },
  };
  return sink;
}

/** Own sinks: one that is quick, one that takes its time, one that fails each time. */
async function withSinks(isOver: () => boolean): Promise<void> {
  const quick = counting(() => {});
  const slow = counting(() => new Promise(resolve => setTimeout(resolve, Math.random() * 30)));
  const failing = counting(() => {
    throw new Error("asked for");
  });
  const rejecting = counting(() => Promise.reject(new Error("asked for")));
  const profiler = ci.profile({ output: [quick, slow, failing, rejecting], flushIntervalMs: 20 });
  await work(isOver);
  ci.shutdown();
  await profiler.settled();
  const health = ci.health();
  const rows = spans + marks + 1;
  check(quick.rows === rows, () => `a quick sink was given ${quick.rows} of ${rows} rows`);
  check(failing.rows === rows, () => `a failing sink was given ${failing.rows} of ${rows} rows`);
  const counted = slow.rows + rejecting.rows + health.sink_drop_count;
  check(
    counted === 2 * rows,
    () => `slow sinks: ${counted} of ${2 * rows} rows were given or counted as dropped`,
  );
  check(health.sink_error_count > 0, () => "no sink error was counted");
  total.dropped += health.sink_drop_count;
  total.sinkErrors += health.sink_error_count;
}

/** The spool, with somebody who reads and removes its files, and in every other session somebody who breaks it. */
async function withSpool(isOver: () => boolean, isBroken: boolean): Promise<void> {
  ci.profile({ output: "spool", outputDir: spool, flushIntervalMs: 50 });
  let read = 0;
  const collect = (): void => {
    for (const name of namesIn(spool).filter(name => name.endsWith(".json"))) {
      const path = join(spool, name);
      const text = readFileSync(path, "latin1");
      for (let at = text.indexOf('"start_ns":'); at >= 0; at = text.indexOf('"start_ns":', at + 1)) read++;
      unlinkSync(path);
    }
  };
  const reader = setInterval(collect, 100);
  const breaker = setInterval(() => {
    if (!isBroken) return;
    collect();
    rmSync(spool, { recursive: true, force: true });
    if (Math.random() < 0.5) writeFileSync(spool, "a file where the directory was");
  }, 700);
  await work(isOver);
  clearInterval(breaker);
  collect();
  if (isBroken) rmSync(spool, { recursive: true, force: true });
  ci.shutdown();
  clearInterval(reader);
  collect();
  const { spool_span_drop_count: drops } = ci.health();
  check(isBroken || drops === 0, () => `${drops} spans could not be written`);
  check(read + drops === spans + 1, () => `the spool has ${read} of ${spans + 1}, and ${drops} are counted`);
  total.spooled += read;
  total.spoolDrops += drops;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // gone, or a file
  }
}

/** The sinks that print, into nothing. */
async function withLines(isOver: () => boolean): Promise<void> {
  let lines = 0;
  ci.profile({ output: "log", logger: { info: () => void lines++ }, flushIntervalMs: 20 });
  await work(isOver);
  ci.shutdown();
  check(lines === spans + 1, () => `${lines} lines of ${spans + 1} spans`);
}

/** The buffer alone, at another size each time. */
async function withBuffer(isOver: () => boolean): Promise<void> {
  const traceBufferMaxSpans = [1, 1000, 100_000][total.sessions % 3];
  ci.profile({ output: "none", traceBufferMaxSpans, counters: { cpu: false } });
  await work(isOver);
  ci.shutdown();
  const { span_count: kept, span_evict_count: evicted } = ci.health();
  check(kept + evicted === spans + 1, () => `${kept} kept and ${evicted} evicted of ${spans + 1} spans`);
}

const KINDS = [withSinks, withSpool, withLines, withBuffer];

interface Sample {
  readonly second: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
}

const samples: Sample[] = [];
const collectGarbage = (globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }).Bun?.gc
  ?? (globalThis as { gc?: () => void }).gc;

/** Between sessions, when all that is held is held on purpose. */
function sample(): void {
  collectGarbage?.(true);
  const { rss, heapUsed } = process.memoryUsage();
  samples.push({ second: elapsed(), rssMiB: rss / 2 ** 20, heapMiB: heapUsed / 2 ** 20 });
}

mkdirSync(spool, { recursive: true });
const warn = console.warn;
console.warn = () => {}; // a line per session, asked for
while (elapsed() < SECONDS) {
  spans = marks = 0;
  const untilS = Math.min(elapsed() + SESSION_SECONDS, SECONDS);
  const kind = KINDS[total.sessions % KINDS.length];
  await kind(() => elapsed() >= untilS, total.sessions % (2 * KINDS.length) >= KINDS.length);
  const health = ci.health();
  check(health.open_count === 0 && health.scope_depth === 0, () => `${health.open_count} scopes are open`);
  check(health.misnested_count === 0, () => `${health.misnested_count} scopes are misnested`);
  check(health.mark_drop_count === 0, () => `${health.mark_drop_count} marks were dropped`);
  total.sessions++;
  total.spans += spans;
  total.marks += marks;
  sample();
}
console.warn = warn;
rmSync(directory, { recursive: true, force: true });

/** The least of a stretch: what is held however the collector was timed. Each kind of session is in it. */
function least(from: number, to: number, of: (sample: Sample) => number): number {
  return Math.min(
    ...samples.filter(({ second }) => second >= from * SECONDS && second <= to * SECONDS + 1).map(of),
  );
}

check(unhandled === 0, () => `${unhandled} rejections were not handled`);
if (samples.length >= 20) {
  for (const [what, of] of [["RSS", (s: Sample) => s.rssMiB], ["heap", (s: Sample) => s.heapMiB]] as const) {
    const [before, after] = [least(WARM_UP, 0.4, of), least(0.7, 1, of)];
    check(
      after <= before + GROWTH_MIB,
      () => `${what} grew from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`,
    );
  }
}

const at = [0.1, 0.25, 0.5, 0.75, 1].map(part =>
  samples.findLast(({ second }) => second <= part * SECONDS + 6)
);
console.log("  second   RSS MiB  heap MiB");
for (const one of at) {
  if (one === undefined) continue;
  const cells = [one.second.toFixed(0), one.rssMiB.toFixed(0), one.heapMiB.toFixed(1)];
  console.log(cells.map(cell => cell.padStart(8)).join("  "));
}
const { sessions, dropped, sinkErrors, spoolDrops, spooled } = total;
console.log(
  `${sessions} sessions, ${total.spans} spans (${
    Math.round(total.spans / elapsed())
  } a second), ${total.marks} marks; `
    + `${spooled} spans read from the spool, ${spoolDrops} lost on purpose; `
    + `${sinkErrors} sink errors asked for, ${dropped} rows dropped for slow sinks, all counted`,
);
for (const failure of failures) console.log(`FAILED ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;
