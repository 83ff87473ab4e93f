import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { IdSeries } from "../../src/data/id_series.ts";
import {
  formatTraceparent,
  NO_CONTEXT,
  parseTraceparent,
  spanIdText,
  traceIdText,
} from "../../src/data/trace_context.ts";
import { idText } from "../../src/tree/columns.ts";
import { anyText } from "../support/any_text.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const READ: readonly (readonly [what: string, text: string, flags: number])[] = [
  ["that is sampled", `00-${TRACE}-${SPAN}-01`, 1],
  ["that is not sampled", `00-${TRACE}-${SPAN}-00`, 0],
  ["with every flag", `00-${TRACE}-${SPAN}-ff`, 255],
  ["of a later version", `cc-${TRACE}-${SPAN}-01`, 1],
  ["of a later version with more behind", `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, 1],
  ["of a later version with flags that nobody knows yet", `01-${TRACE}-${SPAN}-fe-`, 0],
];
for (const [what, text, flags] of READ) {
  test(`parseTraceparent() reads one ${what}`, () => {
    assertEquals(parseTraceparent(text), { traceId: TRACE, spanId: SPAN, flags });
  });
}

const MALFORMED: readonly (readonly [what: string, text: string])[] = [
  ["nothing", ""],
  ["one of zeros", NO_CONTEXT],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["a span id of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["version ff", `ff-${TRACE}-${SPAN}-01`],
  ["upper case in the trace id", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["upper case in the span id", `00-${TRACE}-${SPAN.toUpperCase()}-01`],
  ["upper case in the version", `CC-${TRACE}-${SPAN}-01`],
  ["upper case in the flags", `00-${TRACE}-${SPAN}-0A`],
  ["version 00 with more behind", `00-${TRACE}-${SPAN}-01-x`],
  ["version 00 with a dash behind", `00-${TRACE}-${SPAN}-01-`],
  ["a later version with something else than a dash behind", `cc-${TRACE}-${SPAN}-01.x`],
  ["a later version cut off", `cc-${TRACE}-${SPAN}-0`],
  ["a short trace id", `00-${TRACE.slice(1)}-${SPAN}-01`],
  ["a short span id", `00-${TRACE}-${SPAN.slice(1)}-01`],
  ["a character that is no hex", `00-${TRACE.slice(1)}g-${SPAN}-01`],
  ["other separators", `00_${TRACE}_${SPAN}_01`],
  ["space before it", ` 00-${TRACE}-${SPAN}-01`],
  ["a line behind it", `00-${TRACE}-${SPAN}-01\n`],
];
for (const [what, text] of MALFORMED) {
  test(`parseTraceparent() takes ${what} for none`, () => {
    assertEquals(parseTraceparent(text), null);
  });
}

test("parseTraceparent() takes any text without harm, and reads back what was written", () => {
  fc.assert(
    fc.property(anyText(80), text => {
      const context = parseTraceparent(text);
      if (context !== null) assertMatch(text, /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/);
    }),
    { numRuns: 500 },
  );
  const hex = (length: number) =>
    fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
  fc.assert(
    fc.property(hex(32), hex(16), fc.nat(3), (traceId, spanId, flags) => {
      fc.pre(!/^0+$/.test(traceId) && !/^0+$/.test(spanId));
      assertEquals(parseTraceparent(formatTraceparent(traceId, spanId, flags)), { traceId, spanId, flags });
    }),
    { numRuns: 200 },
  );
});

test("formatTraceparent() hands on the flags that have a meaning", () => {
  assertEquals(formatTraceparent(TRACE, SPAN), `00-${TRACE}-${SPAN}-01`);
  assertEquals(formatTraceparent(TRACE, SPAN, 0), `00-${TRACE}-${SPAN}-00`);
  assertEquals(formatTraceparent(TRACE, SPAN, 0xff), `00-${TRACE}-${SPAN}-03`);
});

test("spanIdText() is the half with which the id of a span begins, traceIdText() both halves the other way round", () => {
  fc.assert(
    fc.property(fc.maxSafeNat().map(number => Math.max(1, number)), number => {
      const series = new IdSeries("0123456789abcdef");
      const id = idText(series, number);
      assertEquals(spanIdText(series, number), id.slice(0, 16));
      assertEquals(traceIdText(series, number), id.slice(16) + id.slice(0, 16));
      assertNotEquals(
        parseTraceparent(formatTraceparent(traceIdText(series, number), id.slice(0, 16))),
        null,
      );
    }),
    { numRuns: 200 },
  );
});
