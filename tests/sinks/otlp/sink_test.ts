import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { protobufCodec } from "../../../src/formats/otlp/codec.ts";
import { OtlpSink } from "../../../src/sinks/otlp/sink.ts";
import type { Outcome } from "../../../src/sinks/otlp/transport.ts";
import { TestEngine } from "../../support/engine.ts";
import { attributesOf, decodeRequest, spansOf } from "../../support/otlp.ts";
import { given } from "../../support/sinks.ts";

const TAKEN: Outcome = { kind: "taken", answer: { rejected: 0, message: "" } };

/** A session with the sink alone, and the requests that it made. */
function start(outcome: Outcome = TAKEN) {
  const requests: Uint8Array[] = [];
  const ci = new TestEngine();
  const sink = new OtlpSink({
    codec: protobufCodec(),
    url: "http://collector.test/v1/traces",
    resource: { "service.name": "shop" },
    batchSpans: 3,
    queueSpans: 100,
    post: request => {
      requests.push(request);
      return Promise.resolve(outcome);
    },
    later: () => () => {},
    random: () => 0.5,
  });
  const profiler = ci.engine.profile({ output: given(sink) });
  const counts = () => ci.engine.health().sinks[0] as Record<string, number>;
  return { ci, requests, profiler, counts };
}

test("A session's spans go out with what it says of the process as the resource", async () => {
  const { ci, requests, profiler } = start();
  ci.scope("a", () => ci.scope("b", () => ci.mark("loss", 0.5)));
  profiler.flush();
  await profiler.settled();
  assertEquals(requests.length, 1);
  const request = decodeRequest(requests[0]);
  assertEquals(spansOf(request).map(({ name }) => name), ["b", "a"]);
  const resource = attributesOf(request.resourceSpans[0].resource.attributes);
  assertEquals([resource["service.name"], typeof resource["process.pid"]], ["shop", "string"]);
  assertEquals(Object.keys(resource).filter(key => /unfinished|device/.test(key)), []);
  profiler.shutdown();
});

test("health().sinks says what became of spans, also of those that the end sends", async () => {
  const { ci, profiler, counts } = start();
  ci.scope("a").end();
  profiler.shutdown();
  await profiler.settled();
  const { span_count, sent_count, waiting_count } = counts();
  assertEquals([span_count, sent_count, waiting_count], [1, 1, 0]);
});

test("That spans cannot be sent is told once, and nothing else happens", async () => {
  const { ci, profiler, counts } = start({ kind: "refused", reason: "HTTP 401" });
  for (let i = 0; i < 3; i++) {
    ci.scope("a").end();
    profiler.flush();
    await profiler.settled();
  }
  profiler.shutdown();
  await profiler.settled();
  const told = ci.warnings.filter(text =>
    /cannot be sent to http:\/\/collector.test\S+: HTTP 401/.test(text)
  );
  assertEquals([told.length, ci.engine.health().sink_error_count, counts().reject_count], [1, 1, 3]);
});

test("That the end could not send is told as well", async () => {
  const { ci, profiler, counts } = start({ kind: "again", afterMs: null, reason: "HTTP 503" });
  ci.scope("a").end();
  profiler.shutdown();
  await profiler.settled();
  assertEquals([ci.warnings.length, ci.engine.health().sink_error_count, counts().drop_count], [1, 1, 1]);
});
