import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { SpanQueue } from "../../../src/sinks/otlp/queue.ts";

function spans(count: number, bytes = count * 10): { bytes: Uint8Array; count: number } {
  return { bytes: new Uint8Array(bytes), count };
}

test("A queue gives spans in the order they came, as many as fit into a request", () => {
  const queue = new SpanQueue(100, 1000);
  for (const count of [3, 4, 5]) queue.add(spans(count));
  assertEquals([queue.length, queue.bytes], [12, 120]);
  assertEquals(queue.take(8, 1000).map(({ count }) => count), [3, 4]);
  assertEquals(queue.take(8, 1000).map(({ count }) => count), [5]);
  assertEquals([queue.take(8, 1000), queue.length, queue.bytes, queue.dropCount], [[], 0, 0, 0]);
});

test("A request holds so many bytes, but at least what was encoded together", () => {
  const queue = new SpanQueue(100, 1000);
  for (const bytes of [60, 30, 30]) queue.add(spans(1, bytes));
  assertEquals([1, 2, 3].map(() => queue.take(100, 50).length), [1, 1, 1]);
});

test("Over its bound the oldest go and are counted, by spans and by bytes", () => {
  const queue = new SpanQueue(10, 1000);
  for (const count of [4, 4, 4]) queue.add(spans(count));
  assertEquals([queue.length, queue.dropCount], [8, 4]);
  queue.add(spans(1, 950));
  assertEquals([queue.length, queue.bytes, queue.dropCount], [5, 990, 8]);
  queue.add(spans(2, 2000)); // more than ever fits
  assertEquals([queue.length, queue.bytes, queue.dropCount], [0, 0, 15]);
});
