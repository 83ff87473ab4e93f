import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { type DataFrame, pl } from "../../../polars.ts";
import { type Polars, polarsEngine } from "../../../src/api/frames.ts";
import { toArrow } from "../../../src/formats/frame/arrow.ts";
import { FrameBody } from "../../../src/formats/frame/body.ts";
import { type FrameColumn, toColumns } from "../../../src/formats/frame/columns.ts";
import { IntegerColumn } from "../../../src/formats/frame/integer_column.ts";
import { textColumn } from "../../../src/formats/frame/text_column.ts";
import { buildTree } from "../../../src/tree/tree.ts";
import { chain, snapshotOf } from "../../support/cases.ts";
import { LARGE, testUnless } from "../../support/conditions.ts";

const largeTest = testUnless(LARGE, import.meta.url);

const make = polarsEngine(pl as unknown as Polars) as (columns: readonly FrameColumn[]) => DataFrame;

/** What polars reads of a column of texts. */
function throughPolars(texts: readonly (string | null)[]): (string | null)[] {
  return make([{ name: "x", dtype: "Utf8", values: textColumn(texts) }]).getColumn("x")
    .toArray() as (string | null)[];
}

test("toArrow() gives polars no rows, with their dtypes", () => {
  const df = make([
    { name: "text", dtype: "Utf8", values: textColumn([]) },
    { name: "integer", dtype: "Int64", values: IntegerColumn.from([]) },
    { name: "double", dtype: "Float64", values: new Float64Array(0) },
    { name: "word", dtype: "UInt32", values: new Uint32Array(0) },
  ]);
  assertEquals([df.height, df.columns], [0, ["text", "integer", "double", "word"]]);
  const same = pl.DataFrame([
    pl.Series("text", [], pl.Utf8),
    pl.Series("integer", [], pl.Int64),
    pl.Series("double", [], pl.Float64),
    pl.Series("word", [], pl.UInt32),
  ]);
  assertEquals(df.dtypes.map(String), same.dtypes.map(String));
  assertEquals(df.dtypes.map((dtype, i) => dtype.equals(same.dtypes[i])), [true, true, true, true]);
});

test("toArrow() gives polars texts of every length, inline and not, as polars reads them itself", () => {
  const texts = Array.from({ length: 40 }, (_, i) => "abcdefghijklm".repeat(4).slice(0, i));
  assertEquals(throughPolars(texts), texts);
});

test("toArrow() gives polars any texts and nulls", () => {
  const texts = fc.array(fc.option(fc.string({ unit: "grapheme", maxLength: 30 })), { maxLength: 40 });
  fc.assert(fc.property(texts, texts => assertEquals(throughPolars(texts), texts)));
});

test("toArrow() gives polars what it makes itself of lone surrogates", () => {
  const texts = ["\ud800", "a\udc00b", "long enough to lie elsewhere \ud800", "\ud83d\ude00"];
  assertEquals(throughPolars(texts), pl.Series("x", texts, pl.Utf8).toArray());
});

test("toArrow() gives polars nulls alone, and nulls at the border of a byte", () => {
  for (const length of [1, 7, 8, 9, 64, 65]) {
    const nulls = new Array<null>(length).fill(null);
    assertEquals(throughPolars(nulls), nulls);
    const last = [...nulls.slice(1), "x"];
    assertEquals(throughPolars(last), last);
    assertEquals(throughPolars(last.toReversed()), last.toReversed());
  }
});

test("toArrow() gives polars more different texts than are looked up, each as it is", () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `${i % 5001} is the name of this one`);
  assertEquals(throughPolars(texts), texts);
});

largeTest("toArrow() gives polars texts of megabytes", () => {
  const texts = ["a".repeat(10_000_000), "", "é".repeat(1_000_000)];
  assertEquals(throughPolars(texts).map(text => text?.length), [10_000_000, 0, 1_000_000]);
});

test("toArrow() gives polars integers up to 2^53, negative ones and nulls", () => {
  const numbers = [0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53 - 1)];
  const df = make([{ name: "x", dtype: "Int64", values: IntegerColumn.from([...numbers, NaN]) }]);
  assertEquals(df.getColumn("x").toArray().map(value => value === null ? null : Number(value)), [
    ...numbers,
    null,
  ]);
  assertEquals(df.getColumn("x").nullCount(), 1);
});

test("toArrow() gives polars columns that can be filtered, joined and grouped", () => {
  const df = make([
    { name: "name", dtype: "Utf8", values: textColumn(["a", null, "a", "a name longer than twelve"]) },
    { name: "x", dtype: "Int64", values: IntegerColumn.from([1, 2, NaN, 4]) },
  ]);
  assertEquals(df.filter(pl.col("name").eq(pl.lit("a"))).height, 2);
  const grouped = df.groupBy("name").agg(pl.col("x").sum()).sort("x");
  assertEquals(grouped.getColumn("x").toArray(), [1, 2, 4]);
  assertEquals(df.join(df, { on: "name", how: "inner" }).height, 5);
  assertEquals(df.vstack(df).getColumn("name").toArray().at(-1), "a name longer than twelve");
});

test("toArrow() hands the memory of a trace's columns over as it is", () => {
  const columns = toColumns(buildTree(snapshotOf(chain(1000))), false);
  const wall = columns[4].values as Float64Array;
  assertStrictEquals(toArrow(columns).buffer, wall.buffer);
});

test("toArrow() of a trace whose names need more room than there is copies, and says the same", () => {
  const rows = chain(3).map((row, i) => ({ ...row, name: `${i}`.repeat(10_000) }));
  const columns = toColumns(buildTree(snapshotOf(rows)), false);
  const wall = columns[4].values as Float64Array;
  assert(toArrow(columns).buffer !== wall.buffer);
  const df = make(columns);
  for (const { name, values } of columns) assertEquals(df.getColumn(name).toArray(), [...values]);
});

test("toArrow() of the same columns gives the same twice", () => {
  const columns = toColumns(buildTree(snapshotOf(chain(5))), false);
  const first = make(columns);
  assert(make(columns).frameEqual(first, true));
});

test("toArrow() throws where the headers have no room", () => {
  const columns = Array.from({ length: 200 }, (_, i): FrameColumn => (
    { name: `x${i}`, dtype: "UInt32", values: new Uint32Array(1) }
  ));
  assertThrows(() => toArrow(columns), RangeError);
});

test("FrameBody.add() says no when there is no room left", () => {
  const body = new FrameBody(0);
  assertEquals(body.add(new Uint8Array(1 << 20)), null);
  assertEquals(body.length, 0);
  assertEquals(body.add(Uint8Array.of(7)), 0);
  assertEquals(new Uint8Array(body.buffer)[FrameBody.head], 7);
});

test("IntegerColumn gives back what was set, and null for NaN", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.maxSafeInteger())), numbers => {
    const column = IntegerColumn.from(numbers.map(number => number ?? NaN));
    assertEquals([...column], numbers.map(number => number === null ? null : number + 0));
    assertEquals(column.nullCount, numbers.filter(number => number === null).length);
  }));
});

test("TextColumn gives back any texts without lone surrogates", () => {
  const texts = fc.array(fc.option(fc.string({ unit: "grapheme" })));
  fc.assert(fc.property(texts, texts => assertEquals([...textColumn(texts)], texts)));
});
