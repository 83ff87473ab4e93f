import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Lanes } from "../../src/tree/lanes.ts";

test("Lanes.take() gives the first lane that is free, or the next one", () => {
  const lanes = new Lanes();
  assertEquals([lanes.take(0, 10), lanes.take(0, 5), lanes.take(1, 20)], [0, 1, 2]);
  assertEquals([lanes.take(6, 7), lanes.take(6, 30), lanes.take(10, 11)], [1, 3, 0]);
});

test("Lanes.take() takes a lane for free at the moment it is taken until", () => {
  const lanes = new Lanes();
  assertEquals([lanes.take(0, 5), lanes.take(5, 5), lanes.take(5, 6)], [0, 0, 0]);
});

test("Lanes.take() gives what going through all lanes gives, in any order of moments", () => {
  const stretches = fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(30)), { maxLength: 200 });
  fc.assert(fc.property(stretches, stretches => {
    const lanes = new Lanes();
    const until: number[] = [];
    for (const [since, length] of stretches) {
      let first = until.findIndex(end => end <= since);
      if (first < 0) first = until.length;
      until[first] = since + length;
      assertEquals(lanes.take(since, since + length), first);
    }
  }));
});
