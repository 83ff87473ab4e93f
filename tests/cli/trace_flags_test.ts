import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { UsageError } from "../../src/cli/argument_spec.ts";
import { OptionValues } from "../../src/cli/option_values.ts";
import { FILTER_FLAGS, FOLD_FLAG, traceOptions } from "../../src/cli/trace_flags.ts";

const FLAGS = [...FILTER_FLAGS, FOLD_FLAG];

function optionsOf(given: Readonly<Record<string, readonly string[]>>) {
  return traceOptions(new OptionValues(new Map(Object.entries(given))), FLAGS);
}

test("traceOptions() says nothing of what was not given", () => {
  assertEquals(optionsOf({}), {});
});

test("traceOptions() gives each flag in the words of trace()", () => {
  assertEquals(
    optionsOf({
      name: ["request", "/^GET /i"],
      where: ["path=/users", "status=200", 'code="200"', "ok=true", "note=a=b", "empty="],
      roots: ["1", "2"],
      slowest: ["3"],
      last: ["4"],
      depth: ["5"],
      min: ["1.5ms"],
      "open-spans": [],
      fold: ["6"],
    }),
    {
      name: ["request", /^GET /i],
      where: { path: "/users", status: 200, code: "200", ok: true, note: "a=b", empty: "" },
      roots: 2,
      slowest: 3,
      last: 4,
      depth: 5,
      minWallUs: 1500,
      open: true,
      fold: 6,
    },
  );
});

test("traceOptions() takes times in four units", () => {
  for (const [text, us] of Object.entries({ "500ns": 0.5, "250us": 250, "2ms": 2000, ".5s": 500_000 })) {
    assertEquals(optionsOf({ min: [text] }), { minWallUs: us });
  }
});

test("traceOptions() takes no for every sibling apart", () => {
  assertEquals(optionsOf({ fold: ["no"] }), { fold: false });
});

const WRONG: readonly (readonly [name: string, value: string, message: string])[] = [
  ["name", "/(/", '--name "/(/" is no pattern'],
  ["where", "path", '--where takes KEY=VALUE, got "path"'],
  ["where", "=x", '--where takes KEY=VALUE, got "=x"'],
  ["min", "5", '--min takes a time as 250us, 1.5ms or 2s, got "5"'],
  ["min", "-5ms", '--min takes a time as 250us, 1.5ms or 2s, got "-5ms"'],
  ["roots", "x", '--roots takes a whole number from 0 on, got "x"'],
  ["fold", "yes", '--fold takes a whole number from 0 on, or no, got "yes"'],
];

for (const [name, value, message] of WRONG) {
  test(`traceOptions() answers --${name} ${value} with a UsageError`, () => {
    assertThrows(() => optionsOf({ [name]: [value] }), UsageError, message);
  });
}
