import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type ArgumentSpec, UsageError } from "../../src/cli/argument_spec.ts";
import { parseArguments } from "../../src/cli/option_values.ts";

const COMMAND: ArgumentSpec = {
  operands: "SHAPE [DIRECTORY]",
  mostOperands: 2,
  choices: ["round", "square"],
  options: [
    { name: "last", short: "n", value: "N", about: "" },
    { name: "by", value: "path|name", choices: ["path", "name"], about: "" },
    { name: "all", short: "a", about: "" },
  ],
};

function parse(line: string) {
  return parseArguments(line.split(" "), COMMAND);
}

test("parseArguments() reads options in every form, in any place, and keeps the order of operands", () => {
  for (const line of ["round x --last 3 -a", "--last=3 --all round x", "-a -n 3 round x", "round -an3 x"]) {
    const { options, operands } = parse(line);
    assertEquals([options.whole("last"), options.has("all"), operands], [3, true, ["round", "x"]], line);
  }
});

test("parseArguments() keeps all values of an option, and takes the last where one is asked for", () => {
  const { options } = parse("round --last 1 --last 2");
  assertEquals([options.all("last"), options.text("last"), options.text("by")], [["1", "2"], "2", undefined]);
});

test("parseArguments() takes what follows -- for operands", () => {
  assertEquals(parse("round -- --last").operands, ["round", "--last"]);
});

const WRONG: Readonly<Record<string, string>> = {
  "round --lats 3": 'unknown option "--lats", did you mean "--last"?',
  "round --zzz": 'unknown option "--zzz", expected one of --last, --by, --all, --help',
  "round -x": 'unknown option "-x", expected one of --last, --by, --all, --help',
  "round --last": "--last needs a value: --last N",
  "round --last --all": "--last needs a value: --last N",
  "round -n": "-n needs a value: -n N",
  "round --all=3": '--all takes no value, got "3"',
  "round --by nam": '--by has no "nam", did you mean "name"?',
  "round --no-all": 'unknown option "--no-all", did you mean "--all"?',
  rond: 'unknown "rond", did you mean "round"?',
  "-a": "SHAPE is missing: one of round, square",
  "round a b": 'unexpected argument "b"',
};

for (const [line, message] of Object.entries(WRONG)) {
  test(`parseArguments() answers ${line} with: ${message}`, () => {
    assertThrows(() => parse(line), UsageError, message);
  });
}

test("parseArguments() lets --help go before operands that are missing or too many", () => {
  for (const line of ["--help", "-h", "a b c d --help"]) assertEquals(parse(line).options.has("help"), true);
});

test("OptionValues.whole() takes whole numbers from 0 on, and nothing else for one", () => {
  assertEquals(parse("round -n 0").options.whole("last"), 0);
  assertEquals(parse("round").options.whole("last"), undefined);
  for (const text of ["x", "-1", "1.5", "1e3", "0x10", "99999999999999999999"]) {
    const { options } = parse(`round --last=${text}`);
    assertThrows(
      () => options.whole("last"),
      UsageError,
      `--last takes a whole number from 0 on, got "${text}"`,
    );
  }
});

test("What follows another command is that command's", () => {
  const spec = {
    operands: "COMMAND",
    isCommandLine: true,
    options: [{ name: "output", short: "o", value: "DIR", about: "" }, { name: "json", about: "" }],
  };
  const parse = (line: string) => {
    const { options, operands } = parseArguments(line.split(" "), spec);
    return [options.text("output"), options.has("json"), options.has("help"), operands.join(" ")];
  };
  assertEquals(parse("-o out --json -- ls --json -- -h"), ["out", true, false, "ls --json -- -h"]);
  assertEquals(parse("--output out ls --json --help"), ["out", false, false, "ls --json --help"]);
  assertEquals(parse("-- -o x"), [undefined, false, false, "-o x"]);
});
