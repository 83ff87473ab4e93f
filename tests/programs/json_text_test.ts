import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { jsonOf, jsonOfText } from "../../src/data/json_text.ts";
import { anyText } from "../support/any_text.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { readPage } from "../support/page_reader.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { packageFiles, readSource, withoutComments } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

/** Calls while every list and object has a `toJSON`. */
function withToJson<T>(call: () => T): T {
  const prototypes = [Object.prototype, Array.prototype] as { toJSON?: unknown }[];
  for (const prototype of prototypes) prototype.toJSON = () => "mine";
  try {
    return call();
  } finally {
    for (const prototype of prototypes) delete prototype.toJSON;
  }
}

test("jsonOf() writes what JSON.stringify does of plain data, also while everything has a toJSON", () => {
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      anyText(),
      fc.constantFrom(
        '"',
        "\\",
        "\b\f\n\r\t\v\0",
        "\x7f\u2028\u2029",
        "\ud800",
        "\udc00\ud83d\ude00",
        "__proto__",
      ),
      fc.double(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.array(tie("value")),
      fc.dictionary(anyText(), tie("value")),
    ),
  }));
  fc.assert(fc.property(fc.array(value), item => {
    const expected = JSON.stringify(item);
    assertStrictEquals(jsonOf(item), expected);
    assertStrictEquals(withToJson(() => jsonOf(item)), expected);
  }));
});

test("jsonOfText() writes every code unit as JSON.stringify does", () => {
  for (let code = 0; code < 0x10000; code++) {
    const text = `a${String.fromCharCode(code)}`;
    assertStrictEquals(jsonOfText(text), JSON.stringify(text));
  }
});

test("No file of the package calls JSON.parse or JSON.stringify where a program may have replaced it", () => {
  const calling = packageFiles().filter(file => /\bJSON\.\w/.test(withoutComments(readSource(file))));
  assertEquals(calling, []);
});

/** What a program may do to JSON. */
const TAMPERING: Record<string, string> = {
  "gives a toJSON to every list": "Array.prototype.toJSON = () => 'list';",
  "gives a toJSON to every object": "Object.prototype.toJSON = () => 'object';",
  "gives a toJSON to every primitive": `
    for (const { prototype } of [String, Number, Boolean, BigInt, Date]) prototype.toJSON = () => ({ mine: 1 });`,
  "replaces JSON.stringify by one that says something else": `
    JSON.stringify = () => "[mine";`,
  "replaces JSON.stringify by one that throws": `
    JSON.stringify = () => { throw new Error("mine"); };`,
  "does all of this": `
    for (const { prototype } of [Object, Array, String, Number, Boolean, BigInt]) prototype.toJSON = () => undefined;
    JSON.stringify = value => "{" + value;`,
};

/** A program that writes every kind of text there is to `directory`, and tampers with JSON at one of two moments. */
function program(
  directory: string,
  tampering: string,
  when: "before it is imported" | "after its first use",
): string {
  const at = (path: string) => JSON.stringify(sourceUrl(path));
  const folder = JSON.stringify(directory);
  return `
    import { writeFileSync } from "node:fs";
    const tamper = () => { ${tampering} };
    if (${when === "before it is imported"}) tamper();
    const { TestEngine } = await import(${at("tests/support/engine.ts")});
    const { readSpool } = await import(${at("mod.ts")});

    const record = (ci, outputDir) => {
      ci.profile({ output: "spool", outputDir, counters: { memory: false } });
      const attrs = {
        list: [1, [2, "x"], {}], deep: { a: { b: 'say "x"\\n', c: null } }, set: new Set([1]), map: new Map([["k", [1]]]),
        text: "\\ud800 \\u{1f600} \\u2028 naïve", none: undefined, big: 2n ** 70n, bytes: new Uint8Array(2),
      };
      for (const epoch of ci.epochs(2)) {
        for (const batch of ci.batches(2)) {
          ci.scope('a "name"', { attrs }, () => ci.clock.us(20, 1));
          ci.mark("loss", 1 / (1 + epoch + batch), { attrs });
          for (const value of [NaN, -Infinity, 2n ** 70n, 3n, true, 'x"y\\\\']) ci.mark("m\\n", value);
        }
      }
      try {
        ci.scope("failing", () => { throw new TypeError("mine"); });
      } catch {}
      ci.engine.shutdown();
    };
    const texts = (ci, outputDir) => ({
      json: ci.json(),
      perfetto: ci.host.trace({ format: "perfetto" }),
      speedscope: ci.host.trace({ format: "speedscope" }),
      html: ci.host.trace({ format: "html" }),
      tree: ci.text(),
      "spool.json": readSpool(outputDir).trace({ format: "json" }),
      "spool.perfetto": readSpool(outputDir).trace({ format: "perfetto" }),
    });
    if (${when === "after its first use"}) {
      const first = new TestEngine();
      record(first, ${folder} + "/first");
      texts(first, ${folder} + "/first");
      tamper();
    }
    const ci = new TestEngine();
    record(ci, ${folder} + "/spool");
    for (const [name, text] of Object.entries(texts(ci, ${folder} + "/spool"))) writeFileSync(${folder} + "/" + name, text);
  `;
}

/** Where two texts first differ; -1 where they do not. */
function differsAt(a: string, b: string): number {
  if (a === b) return -1;
  let at = 0;
  while (a[at] === b[at]) at++;
  return at;
}

/** What a page holds, inflated. */
async function pageTexts(page: string): Promise<string> {
  const { model: { names, optional }, details: { texts } } = await readPage(page);
  return [...names, ...Object.keys(optional), ...texts.flatMap(text => text())].join("\n");
}

const MOMENTS = ["before it is imported", "after its first use"] as const;

/** What such a program leaves, by file; without what differs from run to run. */
async function texts(tampering: string, when: typeof MOMENTS[number]): Promise<Record<string, string>> {
  using folder = new TempDirectory();
  const path = folder.write("program.mjs", program(folder.path, tampering, when));
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
  const { code, stdout, stderr } = await run(findRuntime(RUNTIME)!, [...flags, path]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
  const spool = readdirSync(join(folder.path, "spool")).sort().map(name => `spool/${name}`);
  const names = ["json", "perfetto", "speedscope", "html", "tree", "spool.json", "spool.perfetto"];
  const read = (name: string) => readFileSync(join(folder.path, name), "utf8");
  const [, pid] = /"pid":(\d+)/.exec(read("perfetto"))!;
  // Not wherever the number stands: a page's script has numbers of its own.
  const own = new RegExp(`("pid":|"pid","|process )${pid}\\b`, "g");
  const steady = (text: string) => text.replace(/[0-9a-f]{32}/g, "").replace(own, "$11");
  return Object.fromEntries([
    ...await Promise.all(
      names.map(async name => [name, steady(name === "html" ? await pageTexts(read(name)) : read(name))]),
    ),
    ...spool.map((name, i) => [`file ${i}`, steady(read(name))]),
  ]);
}

for (const when of MOMENTS) {
  test(`A program that tampers with JSON ${when} gets the same valid files`, async () => {
    const expected = await texts("", when);
    const { html, tree, ...json } = expected;
    for (const text of Object.values(json)) JSON.parse(text);
    assert(tree.includes("failing") && html.includes("failing") && Object.keys(json).length >= 6);
    const all = await Promise.all(Object.values(TAMPERING).map(tampering => texts(tampering, when)));
    for (const [i, what] of Object.keys(TAMPERING).entries()) {
      for (const [name, text] of Object.entries(expected)) {
        const place = differsAt(text, all[i][name]);
        const near = [text, all[i][name]].map(one => one.slice(Math.max(0, place - 60), place + 60));
        assert(place < 0, `A program that ${what} has another ${name}:\n${near.join("\n")}`);
      }
    }
  });
}
