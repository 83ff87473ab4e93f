import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { callCirron, serverSpool } from "../support/command_line.ts";

// What people type wrongly, and the one line that they get: it says what is wrong, and what would be right.

const ANSWERS: readonly (readonly [typed: string, answer: string])[] = [
  ["sumary", 'unknown command "sumary", did you mean "summary"?'],
  ["ls", 'unknown command "ls", did you mean "list"?'],
  ["show", 'unknown command "show", did you mean "tree"?'],
  ["stats", 'unknown command "stats", did you mean "summary"?'],
  ["rm", 'unknown command "rm", did you mean "clear"?'],
  ["--verison", 'unknown option "--verison", did you mean "--version"?'],
  ["-x", 'unknown option "-x", expected one of --help, --version'],
  ["help sumary", 'unknown command "sumary", did you mean "summary"?'],
  ["tree --lats 3", 'unknown option "--lats", did you mean "--last"?'],
  ["tree --jsno", 'unknown option "--jsno", did you mean "--json"?'],
  ["tree --json=yes", '--json takes no value, got "yes"'],
  ["tree --last", "--last needs a value: --last N"],
  ["tree --last three", '--last takes a whole number from 0 on, got "three"'],
  ["tree --last -1", '--last takes a whole number from 0 on, got "-1"'],
  [
    "tree --last 3 --roots 2 PLACE",
    "Cannot trace: roots keeps whole trees and last cuts them: give only one of them",
  ],
  ["tree --where path", '--where takes KEY=VALUE, got "path"'],
  ["tree --min 5", '--min takes a time as 250us, 1.5ms or 2s, got "5"'],
  ["tree --fold yes PLACE", '--fold takes a whole number from 0 on, or no, got "yes"'],
  ["tree nowhere", 'Cannot read "nowhere": there is no such file or directory'],
  ["summary --by nmae", '--by has no "nmae", did you mean "name"?'],
  ["html -o", "-o needs a value: -o FILE"],
  ["html -o / PLACE", 'Cannot write "/": it is a directory'],
  ["html -o - --open", "--open is for a page in a file"],
  ["export", "FORMAT is missing: one of FORMATS"],
  ["export perfeto", 'unknown "perfeto", did you mean "perfetto"?'],
  ["export PLACE", 'unknown "PLACE", expected one of FORMATS'],
  ["doctor .", 'unexpected argument "."'],
  ["clear --keep all", '--keep takes a whole number from 0 on, got "all"'],
  ["clear a b", 'unexpected argument "b"'],
  ["clear -", 'Cannot read "-": there is no such file or directory'],
  ["completion fsh", 'unknown "fsh", did you mean "fish"?'],
];

for (const [typed, answer] of ANSWERS) {
  test(`cirron ${typed}: ${answer}`, async () => {
    using spool = serverSpool();
    const { code, out, errors } = await callCirron(typed.replace("PLACE", spool.path).split(" "));
    const expected = answer.replace("PLACE", spool.path);
    assertEquals([code, out, errors.length], [2, "", 1]);
    const [formats] = /(?<=one of )[^,]+, .*$/.exec(errors[0]) ?? [""];
    assertEquals(errors[0], `cirron: ${expected.replace("FORMATS", formats)}`);
  });
}

test("A word that is near no command is answered with all of them", async () => {
  const { code, errors } = await callCirron(["frobnicate"]);
  assertEquals([code, errors[0].includes("list"), errors[0].includes("completion")], [2, true, true]);
});
