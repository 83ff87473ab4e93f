import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { formatTraceparent } from "../../src/data/trace_context.ts";
import type { Attrs } from "../../src/data/values.ts";
import { jsonCodec, type OtlpCodec, protobufCodec } from "../../src/formats/otlp/codec.ts";
import { fieldsOf, ProtobufWriter } from "../../src/formats/otlp/protobuf.ts";
import { readAnswer } from "../../src/formats/otlp/response.ts";
import type { Drained } from "../../src/sinks/batch.ts";
import type { TestEngine } from "../support/engine.ts";
import { attributesOf, decodeRequest, type OtlpRequest, type OtlpSpan, spansOf } from "../support/otlp.ts";
import { drainedOf } from "../support/sinks.ts";

function requestOf(codec: OtlpCodec, { snapshot }: Drained): OtlpRequest {
  const spans = codec.encodeSpans(snapshot, 0, snapshot.closedLength);
  const bytes = codec.encodeRequest([{
    resource: { "service.name": "x" },
    spans: spans === null ? [] : [spans],
  }]);
  return codec.contentType === "application/json"
    ? JSON.parse(new TextDecoder().decode(bytes)) as OtlpRequest
    : decodeRequest(bytes);
}

function spansBy(record: (ci: TestEngine) => void): OtlpSpan[] {
  return spansOf(requestOf(protobufCodec(), drainedOf(record)));
}

test("A span has its ids, its exact times, its attributes, counters and marks", () => {
  const [inner, outer] = spansBy(ci => {
    const request = ci.scope("request", { attrs: { path: "/é", n: -3, ok: true, half: 0.5, none: null } });
    ci.clock.us(3, 1);
    ci.mark("loss", 0.25);
    ci.scope("inner", { index: 7 }).end();
    request.end();
  });
  assertEquals([inner.name, outer.name], ["inner", "request"]);
  assertMatch(outer.traceId, /^[0-9a-f]{32}$/);
  assertEquals([inner.traceId, inner.parentSpanId, outer.parentSpanId], [
    outer.traceId,
    outer.spanId,
    undefined,
  ]);
  assertEquals(BigInt(outer.endTimeUnixNano) - BigInt(outer.startTimeUnixNano), 3000n);
  assertEquals(attributesOf(inner.attributes), { "cirron.index": "7", "cirron.cpu_ns": "0" });
  assertEquals(attributesOf(outer.attributes), {
    path: "/é",
    n: "-3",
    ok: true,
    half: 0.5,
    none: undefined,
    "cirron.cpu_ns": "3000",
  });
  assertEquals(outer.events.map(({ name, attributes }) => [name, attributesOf(attributes)]), [["loss", {
    value: 0.25,
  }]]);
  assertEquals([outer.status, outer.flags], [{}, 0x101]);
});

test("What fails has a status, and what continues a trace of elsewhere its ids and that the parent is remote", () => {
  const parent = formatTraceparent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
  const [inner, remote] = spansBy(ci => {
    ci.scope("remote", { parent }, () => {
      const inner = ci.scope("inner");
      inner.fail(new RangeError("no such row"));
      inner.end();
    });
  });
  assertEquals([remote.traceId, remote.parentSpanId], [
    "0af7651916cd43dd8448eb211c80319c",
    "b7ad6b7169203331",
  ]);
  assertEquals([remote.flags, inner.flags, inner.traceId], [0x301, 0x101, remote.traceId]);
  assertEquals(inner.status, { message: "RangeError: no such row", code: 2 });
});

test("A span of OpenTelemetry keeps its kind, and any other is internal", () => {
  const kinds = ["server", "client", "producer", "consumer", "internal", "nonsense", 3];
  const drained = drainedOf(ci => {
    for (const kind of kinds) ci.scope("a", { attrs: { "span.kind": kind } }).end();
    ci.scope("a").end();
  });
  for (const codec of [protobufCodec(), jsonCodec()]) {
    assertEquals(spansOf(requestOf(codec, drained)).map(({ kind }) => kind), [2, 3, 4, 5, 1, 1, 1, 1]);
  }
});

test("The session is no span, and neither is what holds marks outside any scope", () => {
  const drained = drainedOf(ci => {
    ci.mark("loose", 1);
    ci.scope("a").end();
  });
  assertEquals(spansOf(requestOf(protobufCodec(), drained)).map(({ name }) => name), ["a"]);
  assertEquals(protobufCodec().encodeSpans(drained.snapshot, 0, 0), null);
});

test("Protocol buffers say what JSON says, whatever attributes and marks hold", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")),
    ),
  })).value;
  const attrs = fc.dictionary(fc.string(), value) as fc.Arbitrary<Attrs>;
  const markValue = fc.oneof(
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  );
  const span = fc.record({
    name: fc.string({ unit: "binary", minLength: 1 }),
    attrs,
    marks: fc.array(markValue, { maxLength: 3 }),
  });
  const [protobuf, json] = [protobufCodec(), jsonCodec()];
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 5 }), spans => {
      const drained = drainedOf(ci => {
        for (const { name, attrs, marks } of spans) {
          const scope = ci.scope(name, { attrs });
          for (const one of marks) scope.mark("m", one);
          scope.end();
        }
      });
      assertEquals(requestOf(protobuf, drained), requestOf(json, drained));
    }),
    { numRuns: 100 },
  );
});

test("Lengths of one to four bytes stand before what is nested", () => {
  for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const out = new ProtobufWriter();
    out.byte(0x0a);
    const start = out.open();
    out.raw(new Uint8Array(size).fill(7));
    out.close(start);
    const fields = [...fieldsOf(out.finish())];
    assertEquals([fields.length, fields[0].bytes!.length, fields[0].bytes!.every(byte => byte === 7)], [
      1,
      size,
      true,
    ]);
  }
});

test("Numbers of 53 and 64 bits are written as they are", () => {
  for (const value of [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER]) {
    const out = new ProtobufWriter();
    out.byte(0x08);
    out.varint(value);
    assertEquals([...fieldsOf(out.finish())][0].number, value);
    const same = new ProtobufWriter();
    same.byte(0x08);
    same.varint64(BigInt(value));
    assertEquals(same.finish(), out.finish());
  }
});

test("An answer is read as protocol buffers and as JSON; what is none is null", () => {
  const text = new TextEncoder();
  const partial = Uint8Array.of(0x0a, 0x07, 0x08, 0x80, 0x01, 0x12, 0x02, 0x6e, 0x6f);
  assertEquals(readAnswer(new Uint8Array(), ""), { rejected: 0, message: "" });
  assertEquals(readAnswer(partial, "application/x-protobuf"), { rejected: 128, message: "no" });
  const json = text.encode('{"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}}');
  assertEquals(readAnswer(json, "application/json; charset=utf-8"), { rejected: 3, message: "old" });
  assertEquals(readAnswer(text.encode("{}"), "application/json"), { rejected: 0, message: "" });
  for (const garbage of ["<html>", "\u0003", "\u000a\u00ff"]) {
    assertEquals(readAnswer(text.encode(garbage), "x"), null);
  }
  assertEquals(readAnswer(text.encode("nonsense"), "application/json"), null);
  assert(readAnswer(text.encode("null"), "application/json") === null);
});
