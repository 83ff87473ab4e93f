import { assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import { type Api, APIS, BridgedEngine } from "../support/otel.ts";

function entries({ propagation, ROOT_CONTEXT }: Api, baggage: string | string[]): unknown {
  const found = propagation.getBaggage(propagation.extract(ROOT_CONTEXT, { baggage }));
  return found?.getAllEntries().map(([key, { value, metadata }]) =>
    metadata === undefined ? [key, value] : [key, value, metadata.toString()]
  );
}

for (const [version, api] of APIS) {
  test(`Baggage of the API ${version} is written and read, with what has to be encoded and with properties`, () => {
    using _engine = new BridgedEngine(api);
    const { propagation, ROOT_CONTEXT } = api;
    const baggage = propagation.createBaggage({
      user: { value: "Amélie, =;" },
      "a key": { value: "1", metadata: api.baggageEntryMetadataFromString("ttl=5;private") },
    });
    const headers: Record<string, string> = {};
    propagation.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers);
    assertEquals(headers, { baggage: "user=Am%C3%A9lie%2C%20%3D%3B,a%20key=1;ttl=5;private" });
    assertEquals(entries(api, headers.baggage), [["user", "Amélie, =;"], ["a key", "1", "ttl=5;private"]]);
  });
}

test("Baggage of several headers is put together, and white space around is left out", () => {
  using engine = new BridgedEngine();
  assertEquals(entries(engine.api, ["a=1 , b = 2", "\tc=3;p"]), [["a", "1"], ["b", "2"], ["c", "3", "p"]]);
});

test("What is no entry of a baggage is passed over, and the others are kept", () => {
  using engine = new BridgedEngine();
  assertEquals(entries(engine.api, "a=1,,=2,b,c=,%E0%A4%A=5,d=%zz,e=6=7,__proto__=8"), [
    ["a", "1"],
    ["e", "6=7"],
    ["__proto__", "8"],
  ]);
  assertEquals(entries(engine.api, "nothing"), undefined);
});

test("Without a baggage the context stays, and no header is written", () => {
  using engine = new BridgedEngine();
  const { propagation, ROOT_CONTEXT } = engine.api;
  assertStrictEquals(propagation.extract(ROOT_CONTEXT, {}), ROOT_CONTEXT);
  const headers = {};
  propagation.inject(ROOT_CONTEXT, headers);
  propagation.inject(propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage()), headers);
  assertEquals(headers, {});
});

test("Baggage is bounded on both ways: 180 entries, 4096 bytes of one, 8192 of all", () => {
  using engine = new BridgedEngine();
  const { propagation, ROOT_CONTEXT } = engine.api;
  const write = (pairs: [string, string][]): string => {
    const headers: Record<string, string> = {};
    const all = Object.fromEntries(pairs.map(([key, value]) => [key, { value }]));
    propagation.inject(propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage(all)), headers);
    return headers.baggage;
  };
  const many = Array.from({ length: 200 }, (_, i): [string, string] => [`k${i}`, "v"]);
  assertEquals(write(many).split(",").length, 180);
  assertEquals((entries(engine.api, many.map(([key]) => `${key}=v`).join(",")) as unknown[]).length, 180);
  assertEquals(write([["long", "x".repeat(4100)], ["a", "1"]]), "a=1");
  assertEquals(entries(engine.api, `long=${"x".repeat(4100)},a=1`), [["a", "1"]]);
  const large = Array.from({ length: 4 }, (_, i): [string, string] => [`k${i}`, "x".repeat(3000)]);
  assertEquals(write(large).split(",").length, 2);
  const read = entries(engine.api, large.map(([key, value]) => `${key}=${value}`).join(",")) as unknown[];
  assertEquals(read.length, 2);
});

test("Half of a surrogate pair breaks nothing", () => {
  using engine = new BridgedEngine();
  const { propagation, ROOT_CONTEXT } = engine.api;
  const headers: Record<string, string> = {};
  const baggage = propagation.createBaggage({ a: { value: "\ud800" }, b: { value: "1" } });
  propagation.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), headers);
  assertEquals(entries(engine.api, headers.baggage), [["b", "1"]]);
});
