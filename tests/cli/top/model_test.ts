import { assert, assertEquals, assertMatch } from "@std/assert";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { choose } from "../../../src/cli/top/choice.ts";
import { Model, type ModelOptions } from "../../../src/cli/top/model.ts";
import { ageText, countText, screenOf, sparkline, textOf } from "../../../src/cli/top/screen.ts";
import { FIRST_VIEW } from "../../../src/cli/top/view.ts";
import { METADATA, SESSION, span, type SpanValues } from "../../support/journal.ts";
import { type LiveOptions, LiveRecorder, processesOf } from "../../support/live_journal.ts";
import { TempDirectory } from "../../support/temp_directory.ts";

/** A run in a folder of its own, a model of it, and a clock that stands where it is put. */
class Stage extends TempDirectory {
  seconds = 10;
  readonly pids = new Set([SESSION.pid, 99]);
  readonly main: LiveRecorder;
  #model: Model | null = null;
  readonly #mostRows: number | undefined;

  constructor(options: LiveOptions = {}, mostRows?: number) {
    super();
    this.#mostRows = mostRows;
    this.main = new LiveRecorder(this.path, options);
    this.main.write([span(1, { name: "cirron.session", startNs: 0, endNs: 1 })], "opens");
  }

  get options(): ModelOptions {
    const unixNs = () => METADATA.anchorNs + BigInt(Math.round(this.seconds * 1e9));
    return { processes: processesOf(this.pids), unixNs, random: () => 0, mostRows: this.#mostRows };
  }

  /** Looks, and gives what is known. */
  look(...within: string[]) {
    this.#model ??= new Model(this.path, this.main.run, this.options);
    this.#model.look();
    return this.#model.picture(within);
  }
}

let lastId = 1;

/** A span that ended at a moment in seconds, of so many microseconds. */
function ended(name: string, atS: number, us: number, values: Partial<SpanValues> = {}): SpanValues {
  const endNs = Math.round(atS * 1e9);
  return span(++lastId, { name, endNs, startNs: endNs - us * 1000, ...values });
}

/** A request with a query in it, in order of close. */
function request(atS: number): SpanValues[] {
  const outer = ended("request", atS, 1000, { parent: 1 });
  return [ended("query", atS - 0.0001, 300, { parent: outer.id }), outer];
}

const nameCounts = (picture: ReturnType<Stage["look"]>) =>
  picture.names.map(({ name, count }) => [name, count]);

test("Spans count by name and by what they lie in", () => {
  using stage = new Stage();
  stage.main.write([...request(9.5), ...request(9.6)]);
  const picture = stage.look();
  assertEquals(nameCounts(picture), [["request", 2], ["query", 2]]);
  const [row] = picture.names;
  assertEquals([Math.round(row.p50_us! / 50), row.max_us, picture.span_count], [20, 1000, 4]);
  const into = stage.look("request");
  assertEquals([into.here?.name, into.here?.count, nameCounts(into)], ["request", 2, [["query", 2]]]);
  assertEquals(nameCounts(stage.look("query")), []);
});

test("A child that closed before one look and its parent after it are put together", () => {
  using stage = new Stage();
  const [query, outer] = request(9.5);
  stage.main.write([query]);
  assertEquals(nameCounts(stage.look()), []); // whose it is will be known
  stage.main.write([outer]);
  stage.look();
  assertEquals(nameCounts(stage.look("request")), [["query", 1]]);
  // Of one whose parent never comes, nobody will ever know.
  stage.main.write([ended("lost", 9.7, 10, { parent: 900_000 })]);
  for (let i = 0; i < 4; i++) stage.look();
  assertEquals(stage.look().names.map(({ name }) => name), ["request", "query", "lost"]);
});

test("Children of what is open are found in it at once", () => {
  using stage = new Stage();
  stage.main.write([span(700_001, { name: "epoch", index: 3, startNs: 1e9, endNs: 2e9 })], "opens");
  stage.main.write([ended("batch", 9, 100, { parent: 700_001 })]);
  const picture = stage.look("epoch");
  assertEquals(nameCounts(picture), [["batch", 1]]);
  assertEquals(picture.open, [
    { pid: SESSION.pid, thread_id: 0, name: "epoch", index: 3, depth: 0, age_us: 9e6 },
  ]);
});

test("Where more comes than is read, some batches stand for all, and the counts are right", () => {
  using stage = new Stage({}, 6.4);
  for (let i = 0; i < 64; i++) stage.main.write(Array.from({ length: 8 }, () => ended("x", 9.5, 10)));
  const picture = stage.look();
  assert(picture.read_share < 0.2, `${picture.read_share}`);
  assertEquals([nameCounts(picture), picture.span_count], [[["x", 512]], 512]);
  assertMatch(textOf(picture, FIRST_VIEW, 100), /\d+% of spans read/);
});

test("A row that is written again with its GPU time counts once", () => {
  using stage = new Stage();
  const one = ended("kernel", 9, 10);
  stage.main.write([one]);
  stage.look();
  stage.main.write([{ ...one, gpuNs: 5 }, ended("kernel", 9.5, 10)]);
  assertEquals(nameCounts(stage.look()), [["kernel", 2]]);
});

test("Rates are of whole seconds, and what is older than a minute counts no more", () => {
  using stage = new Stage();
  stage.seconds = 20;
  for (let second = 10; second < 20; second++) {
    stage.main.write(Array.from({ length: 4 }, () => ended("x", second + 0.5, 10)));
  }
  const { names: [row], spans_per_s } = stage.look();
  assertEquals([row.rate_per_s, spans_per_s, row.per_second.slice(-4)], [4, 4, [4, 4, 4, 4]]);
  stage.seconds = 100;
  const { names: [later] } = stage.look();
  assertEquals([later.count, later.rate_per_s, later.p50_us, Math.max(...later.per_second)], [
    40,
    0,
    null,
    0,
  ]);
});

test("Processes, threads and what was lost are named", () => {
  using stage = new Stage({ session: { span_drop_count: 3, thread_name: "main", runtime: "deno 2.9.6" } });
  stage.main.write(request(9.5));
  new LiveRecorder(stage.path, { session: { thread: 2, thread_name: "loader" } }).write(request(9.5));
  const picture = stage.look();
  stage.seconds = 11;
  const { processes } = stage.look();
  // The tests' process used nothing more meanwhile.
  assertEquals(processes, [{ pid: SESSION.pid, cpu_share: 0, memory_bytes: 2 << 20, source: "system" }]);
  assertEquals(picture.threads.map(({ thread_name, state }) => [thread_name, state]), [["main", "running"], [
    "loader",
    "running",
  ]]);
  const text = textOf(picture, FIRST_VIEW, 100);
  assertMatch(text, /threads 2: main [\d.]+\/s, loader /);
  assertMatch(text, /3 spans dropped/);
});

test("A program that ends keeps its last minute; one that is killed says so; a folder that goes is said to be gone", () => {
  using stage = new Stage();
  stage.main.write(request(9.5));
  assertEquals(stage.look().run.state, "running");
  stage.pids.clear();
  assertEquals(stage.look().run.state, "unfinished");
  assertMatch(textOf(stage.look(), FIRST_VIEW, 100), /was killed after/);
  stage.main.writer.close({ ended_unix_ns: String(METADATA.anchorNs + 10_000_000_000n) });
  stage.seconds = 5000;
  const over = stage.look();
  assertEquals([over.run.state, over.run.wall_us, over.names[0].p50_us !== null], [
    "ended",
    10_000_000,
    true,
  ]);
  rmSync(join(stage.path, stage.main.run), { recursive: true });
  assertEquals(stage.look().run.state, "gone");
});

test("A screen has as many lines as the terminal, none longer than that is wide, and obeys no name", () => {
  using stage = new Stage();
  const evil = "a\x1b[2J\nb";
  stage.main.write([span(800_000, { name: evil, startNs: 0, endNs: 1e9 })], "opens");
  stage.main.write(Array.from({ length: 70 }, (_, i) => ended(`${evil}${i} ${"x".repeat(i)}`, 9, 10 + i)));
  const picture = stage.look();
  for (const [columns, lines] of [[80, 24], [200, 60], [40, 10], [10, 3], [1, 1]]) {
    for (
      const view of [FIRST_VIEW, { ...FIRST_VIEW, isHelp: true }, { ...FIRST_VIEW, selected: `${evil}3 xxx` }]
    ) {
      const screen = screenOf(picture, view, { columns, lines });
      assertEquals(screen.length, lines);
      for (const line of screen) {
        const text = line.map(piece => piece.text).join("");
        assert([...text].length <= columns, text);
        // deno-lint-ignore no-control-regex
        assertEquals(/[\x00-\x1f]/.test(text), false);
      }
    }
  }
  const chosen = screenOf(picture, { ...FIRST_VIEW, sort: "name", selected: `${evil}9 ${"x".repeat(9)}` }, {
    columns: 80,
    lines: 24,
  });
  assert(chosen.some(line => line.some(({ look }) => look === "chosen")), "the chosen row is out of sight");
});

test("Of several programs the newest that runs is chosen, and the others are named", () => {
  using stage = new Stage();
  stage.main.write(request(9));
  new LiveRecorder(stage.path, { run: 2, session: { pid: 99 } }).write(request(9));
  new LiveRecorder(stage.path, { run: 3, session: { pid: 98 } }).write(request(9)); // is gone
  const { processes } = stage.options;
  const pick = (pid: number | null) => {
    const { run, over, others } = choose({ directory: stage.path, run: null, pid }, processes, 0);
    return [run?.pid, over?.pid, others.map(({ pid }) => pid)];
  };
  assertEquals(pick(null), [99, 98, [SESSION.pid]]);
  assertEquals(pick(SESSION.pid), [SESSION.pid, undefined, [99]]);
  assertEquals(pick(98), [undefined, 98, [99, SESSION.pid]]);
  const model = new Model(stage.path, stage.main.run, stage.options);
  model.look();
  assertMatch(textOf(model.picture([], [99]), FIRST_VIEW, 100), /1 more runs: --pid 99, or key n/);
});

test("Numbers and ages are as short as columns are", () => {
  assertEquals([0, 3, 3.25, 950, 12_345, 999_960, 4.5e9].map(countText), [
    "0",
    "3",
    "3.3",
    "950",
    "12.3k",
    "1.0M",
    "4.5G",
  ]);
  assertEquals([5e5, 72e6, 3_725e6, 273_600e6].map(ageText), ["0.5s", "1m12s", "1h02m", "3d04h"]);
  assertEquals(sparkline([0, 0, 4, 8, 9], 4), "  ▄█");
  assertEquals(sparkline(new Array(60).fill(0), 10).trim(), "");
});
