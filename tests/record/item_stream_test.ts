import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { itemStream, type StreamOptions } from "../../src/record/item_stream.ts";
import { GARBAGE, testUnless } from "../support/conditions.ts";
import { TestEngine } from "../support/engine.ts";
import { collectGarbage, nextTask } from "../support/recording.ts";

const collectingTest = testUnless(GARBAGE, import.meta.url);

function stream<T extends Iterable<unknown> | AsyncIterable<unknown>>(
  ci: TestEngine,
  source: T,
  options?: StreamOptions,
): T {
  return itemStream(() => ci.engine.recording.streamRecorder!(), "generate", source, options) as T;
}

async function* tokens(ci: TestEngine): AsyncGenerator<string> {
  ci.clock.us(500);
  await nextTask();
  for (const token of ["a", "b", "c"]) {
    yield token;
    ci.clock.us(250);
    ci.scope("step", () => {});
  }
}

function* items(ci: TestEngine): Generator<number> {
  ci.clock.us(500);
  yield 1;
}

test("stream() gives the same items and marks their first, their count and their rate", async () => {
  const ci = new TestEngine();
  const items: string[] = [];
  for await (const token of stream(ci, tokens(ci), { unit: "token", index: 3, attrs: { model: "m" } })) {
    items.push(token);
    ci.scope("use", () => {});
  }
  assertEquals(items, ["a", "b", "c"]);
  const [generate, ...uses] = ci.dict().roots;
  assertEquals([generate.name, generate.index, generate.attrs], ["generate", 3, { model: "m" }]);
  assertEquals(generate.marks.map(({ name, value, kind }) => [name, value, kind]), [
    ["first_token_ns", 500_000, "summary"],
    ["token_count", 3, "summary"],
    ["tokens_per_s", 3000, "summary"], // 3 in 1 ms: what comes after the last one counts for nothing
  ]);
  assertEquals([generate.children.length, uses.length], [3, 3]);
  assertEquals(generate.wall_us, 1250);
});

test("stream() has a rate of batches, entries and keys, not of batchs, entrys and keies", () => {
  const ci = new TestEngine();
  for (const unit of ["batch", "entry", "key"]) for (const _ of stream(ci, items(ci), { unit }));
  assertEquals(
    ci.dict().roots.map(({ marks }) => marks.at(-1)?.name),
    ["batches_per_s", "entries_per_s", "keys_per_s"],
  );
});

test("stream() over an iterable is one, and each iteration has a scope of its own", () => {
  const ci = new TestEngine();
  const numbers = stream(ci, [1, 2]);
  assertEquals([[...numbers], [...numbers]], [[1, 2], [1, 2]]);
  assertEquals(Symbol.asyncIterator in numbers, false);
  const marks = ci.dict().roots.map(root => root.marks.map(mark => `${mark.name}=${mark.value}`));
  assertEquals(marks, [["first_item_ns=0", "item_count=2"], ["first_item_ns=0", "item_count=2"]]);
});

test("stream() records what there was when a loop breaks, the source throws or has nothing", async () => {
  const ci = new TestEngine();
  for await (const _ of stream(ci, tokens(ci))) break;
  assertThrows(() => [...stream(
    ci,
    (function*() {
      yield 1;
      throw new Error("boom");
    })(),
  )]);
  assertEquals([...stream(ci, [])], []);
  assertEquals(
    ci.shape(),
    [
      "generate {first_item_ns=500000, item_count=1, items_per_s=2000}",
      "generate {first_item_ns=0, item_count=1} !Error: boom",
      "generate {item_count=0}",
    ].join("\n"),
  );
});

collectingTest("stream() of an abandoned source keeps its count", async () => {
  const ci = new TestEngine();
  ci.profile();
  const iterator = stream(ci, tokens(ci))[Symbol.asyncIterator]();
  await iterator.next();
  ci.engine.shutdown();
  const [{ children: [kept] }] = ci.dict().roots;
  assertEquals([kept.attrs, kept.marks[1].value], [{ abandoned: true }, 1]);
  for (let i = 0; i < 10; i++) await stream(ci, tokens(ci))[Symbol.asyncIterator]().next();
  for (let i = 0; i < 20 && ci.engine.health().open_count > 0; i++) await collectGarbage();
  const collected = ci.dict({ name: "generate" }).roots.filter(root => root.attrs.abandoned === true);
  assert(collected.length > 5);
  assert(collected.every(root => root.marks[1].value === 1));
});

test("stream() takes a ReadableStream", async () => {
  const ci = new TestEngine();
  const source = new ReadableStream<string>({
    pull: controller => {
      controller.enqueue("a");
      controller.close();
    },
  });
  for await (const _ of stream(ci, source as AsyncIterable<string>));
  assertEquals(ci.dict().roots[0].marks[1].value, 1);
});

test("stream() hangs on the parent that it is given", () => {
  const ci = new TestEngine();
  const parent = ci.scope("parent");
  const other = ci.scope("other");
  assertEquals([...stream(ci, [1], { parent })], [1]);
  assertEquals([...stream(ci, [1], { parent: null })], [1]);
  other.end();
  parent.end();
  const marks = "{first_item_ns=0, item_count=1}";
  assertEquals(ci.shape(), `parent\n  other\n  generate ${marks}\ngenerate ${marks}`);
});

test("stream() gives its source where nothing is recorded, or by an engine that cannot record it", () => {
  const ci = new TestEngine();
  ci.profile({ enabled: false });
  const source = [1];
  assertStrictEquals(stream(ci, source), source);
  assertStrictEquals(stream(ci, source, { unit: 5 } as unknown as StreamOptions), source); // nor are options looked at
  assertStrictEquals(itemStream(() => null, "generate", source), source);
});

test("stream() throws at once for what is no stream and for wrong options", () => {
  const ci = new TestEngine();
  const of = (source: unknown, options?: unknown) => () =>
    stream(ci, source as number[], options as StreamOptions);
  const expected = 'Cannot stream "generate": expected an iterable or an async iterable, got';
  assertThrows(of(5), TypeError, `${expected} number`);
  assertThrows(of(Promise.resolve([1])), TypeError, `${expected} object`);
  assertThrows(of([1], { units: "x" }), TypeError, 'unknown option "units", did you mean "unit"?');
  assertThrows(of([1], { unit: 5 }), TypeError, "unit must be a string, got number");
  assertThrows(of([1], { index: 0.5 }), RangeError, "index must be a whole number");
  assertThrows(of([1], 5), TypeError, "expected options, got number");
  const nameless = () => itemStream(() => null, 5 as unknown as string, []);
  assertThrows(nameless, TypeError, "name must be a string");
  of([1], { unit: null, index: null, attrs: null })();
});
