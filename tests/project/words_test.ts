import { assertEquals } from "@std/assert";
import { test } from "node:test";
import * as names from "../../src/data/session_names.ts";
import { packageFiles, readSource, withoutComments } from "../support/sources.ts";

test("What the package itself calls things in the data is spelt in session_names.ts alone", () => {
  const spelt = Object.values(names).map(name => new RegExp(`["'\`]${name.replace(/[.()]/g, "\\$&")}["'\`]`));
  // In the journal, "root" is a column: the number of a span's root.
  const spelling = packageFiles().filter(file =>
    file !== "src/data/session_names.ts" && !file.startsWith("src/journal/")
    && spelt.some(name => name.test(withoutComments(readSource(file))))
  );
  assertEquals(spelling, []);
});
