import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PAGES } from "../../tools/pages.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { readSource } from "../support/sources.ts";

// How the documents are laid out, and whether what they name is there. documentation_test.ts runs their examples.

test("No line of a table is over 160 characters long: lists read better", () => {
  const wide = PAGES.flatMap(file =>
    readSource(file).split("\n").map((line, i) => ({ line, at: `${file}:${i + 1}` }))
      .filter(({ line }) => /^\s*\|/.test(line) && line.length > 160)
  );
  assertEquals(wide.map(({ at }) => at), []);
});

// What a stranger asks first, in the order in which it is answered.
const FIRST_ANSWERS = [
  "# @cirron/sdk",
  "npm run demo",
  "npm test",
  "deno add",
  "bun",
  "`scope(",
  "`trace(",
  "CONTRIBUTING.md",
];

test("The README answers in its first 60 lines what a stranger asks, and all in all in under 220", () => {
  const lines = readSource("README.md").split("\n");
  assert(lines.length < 220, `${lines.length} lines`);
  const head = lines.slice(0, 60).join("\n");
  const places = FIRST_ANSWERS.map(answer => head.indexOf(answer));
  assert(!places.includes(-1), FIRST_ANSWERS.filter(answer => !head.includes(answer)).join(", "));
  assertEquals(places, places.toSorted((a, b) => a - b));
});

test("ARCHITECTURE.md is one page: under 150 lines", () => {
  const count = readSource("ARCHITECTURE.md").split("\n").length;
  assert(count < 150, `${count} lines`);
});

// A path of the checkout in a page for those who work on it; `NAME` in it stands for a name to come.
const NAMED = /`((?:src|ffi|tests|tools|bench|docs|examples)\/[\w./-]*|(?:mod|polars)\.ts|[\w-]+\.json)`/g;

test("Every file and folder that CONTRIBUTING.md, ARCHITECTURE.md and tools/README.md name is there", () => {
  const gone: string[] = [];
  for (const page of ["CONTRIBUTING.md", "ARCHITECTURE.md", "docs/internals.md", "tools/README.md"]) {
    const paths = [...readSource(page).matchAll(NAMED)].map(([, path]) => path);
    assert(paths.length > 3, page);
    for (const path of paths) {
      if (!path.includes("NAME") && !existsSync(join(CHECKOUT, path))) gone.push(`${page}: ${path}`);
    }
  }
  assertEquals(gone, []);
});

test("Every link of a document to a file of the checkout leads somewhere", () => {
  const lost = PAGES.flatMap(page =>
    [...readSource(page).matchAll(/\]\((?!https?:)([^)#\s]+)(#[^)\s]+)?\)/g)]
      .filter(([, path]) => !existsSync(join(CHECKOUT, page, "..", path))).map(([, path]) =>
        `${page}: ${path}`
      )
  );
  assertEquals(lost, []);
});

test("Every task that CONTRIBUTING.md names is one", () => {
  const { tasks } = JSON.parse(readSource("deno.json")) as { tasks: Record<string, string> };
  const named = [...readSource("CONTRIBUTING.md").matchAll(/deno task ([\w:]+)/g)].map(([, task]) => task);
  assert(named.length > 4);
  assertEquals(named.filter(task => task !== "NAME" && !(task in tasks)), []);
});
