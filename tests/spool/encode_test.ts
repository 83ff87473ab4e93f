import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { encodeFile, encodeMarks, encodeSpans } from "../../src/spool/encode.ts";
import { spoolFileName } from "../../src/spool/format.ts";
import { markRows, spanRows } from "../../src/spool/rows.ts";
import { parseExact } from "../support/exact_json.ts";
import { drainedOf, upTo } from "../support/sinks.ts";

/** Ten spans with a mark each, and a mark of a scope that is open. */
function tenSpans() {
  return drainedOf(ci => {
    for (let i = 0; i < 10; i++) ci.scope("x", { index: i, attrs: { i } }, scope => scope.mark("m", i));
    ci.mark("open", true);
  });
}

test("encodeSpans() and encodeMarks() of ranges make together what they make of all rows", () => {
  const { snapshot, identity } = tenSpans();
  const ranges: [from: number, until: number][] = [[0, 3], [3, 4], [4, 4], [4, snapshot.closedLength]];
  for (const encode of [encodeSpans, encodeMarks]) {
    const texts = ranges.map(([from, until]) => encode(snapshot, identity, from, until));
    assertEquals(texts[2], "");
    assertEquals(
      texts.filter(text => text !== "").join(","),
      encode(snapshot, identity, 0, snapshot.closedLength),
    );
  }
});

test("encodeMarks() has new marks alone, also of rows that are open", () => {
  const { snapshot, identity } = tenSpans();
  const values = (marks: string) =>
    (parseExact(`[${marks}]`) as { value: unknown }[]).map(({ value }) => value);
  assertEquals(values(encodeMarks(snapshot, identity, 0, snapshot.length)), [...upTo(10).map(BigInt), true]);
  const drained = snapshot.marks.drained.slice();
  drained[3] = 1;
  const later = { ...snapshot, marks: { ...snapshot.marks, drained } };
  assertEquals(values(encodeMarks(later, identity, 2, 5)), [2n, 4n]);
});

test("encodeSpans() and encodeMarks() give the same each time, and change nothing", () => {
  const { snapshot, identity } = tenSpans();
  const before = structuredClone({ ...snapshot, ids: null });
  const encoded = () => encodeSpans(snapshot, identity, 0, 10) + encodeMarks(snapshot, identity, 0, 11);
  assertEquals(encoded(), encoded());
  assertEquals<unknown>(structuredClone({ ...snapshot, ids: null }), before);
});

test("encodeSpans() and encodeMarks() say what spanRows() and markRows() do, also of awkward values", () => {
  const awkward = 'ü😀\ud800x\u0001"\\\n\u2028';
  const { snapshot, identity } = drainedOf(ci => {
    for (let i = 0; i < 50; i++) {
      const attrs = [
        {},
        {
          a: -0,
          b: 1.5,
          c: -7,
          d: 1e300,
          e: NaN,
          f: [1, { awkward }],
          g: null,
          h: undefined,
          toJSON: "x",
          [awkward]: 5n,
        },
        { long: "ü".repeat(i * 20), data_load_ns: 5 },
        JSON.parse('{"__proto__":true}') as Record<string, unknown>,
      ][i % 4];
      const parent = [undefined, null, `00-${"1".repeat(32)}-${"2".repeat(16)}-01`][i % 3];
      ci.scope(awkward + i, { index: i % 2 === 0 ? null : i, attrs, parent }, scope => {
        const value = [1, -0.5, NaN, 10n ** 20n, true, awkward][i % 6];
        scope.mark(awkward, value, { kind: i % 2 === 0 ? "summary" : "point", attrs });
        for (let k = 0; k < i % 3; k++) ci.mark("more", k);
        ci.clock.advance(1_234_567);
      });
    }
    for (const i of ci.batches([1, 2])) ci.mark("turn", i);
    ci.mark("open", 1);
  });
  const plain = (rows: readonly object[]): unknown =>
    JSON.parse(JSON.stringify(rows, (_key, value: unknown) => {
      if (typeof value === "bigint") return Number(value);
      return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
    }));
  const { closedLength, length } = snapshot;
  const [spans, marks] = [
    encodeSpans(snapshot, identity, 0, closedLength),
    encodeMarks(snapshot, identity, 0, length),
  ];
  assertEquals(JSON.parse(`[${spans}]`), plain(spanRows(snapshot, identity, 0, closedLength)));
  assertEquals(JSON.parse(`[${marks}]`), plain(markRows(snapshot, identity, 0, length)));
  const [{ start_ns }] = spanRows(snapshot, identity, 0, 1);
  assertEquals((parseExact(`[${spans}]`) as { start_ns: bigint }[])[0].start_ns, start_ns);
});

test("encodeFile() is a file of version 1 in UTF-8, whatever its parts hold", () => {
  const header = { sdkVersion: '1.0"ü', batchId: "a".repeat(32), createdNs: 1_767_323_045_678_901_234n };
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const parts = [{ spans: [], marks: [] }, { spans: [utf8('{"a"'), utf8(":1}")], marks: [] }, {
    spans: [utf8('{"a":2}')],
    marks: [utf8('{"b":3}')],
  }];
  assertEquals(
    new TextDecoder().decode(encodeFile(header, parts)),
    '{"schema_version":1,"sdk_version":"1.0\\"ü","batch_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",'
      + '"created_ns":1767323045678901234,"spans":[{"a":1},{"a":2}],"marks":[{"b":3}],"snapshots":[]}',
  );
  assertEquals(spoolFileName(5n, header.batchId), `00000000000000000005-${header.batchId}.json`);
});
