import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ENTRIES, ENTRY_FILES } from "../../tools/entries.ts";
import { CHECKOUT } from "../support/checkout.ts";
import { importLines, packageFiles, readSource, resolveImport, withoutComments } from "../support/sources.ts";

// A folder is a floor: a file imports its own folder and those before it here, types included. Entries are on top.
const FLOORS: readonly string[] = [
  "ffi",
  "src/data",
  "src/runtime",
  "src/meters",
  "src/tree",
  "src/record",
  "src/formats",
  "src/spool",
  "src/journal",
  "src/sinks",
  "src/session",
  "src/api",
  "src/otel",
  "src/cli",
];

const FILES = packageFiles();

/** The place of a file's folder in the list; entries come last. */
function floorOf(path: string): number {
  const floor = FLOORS.findIndex(folder => path.startsWith(`${folder}/`));
  return floor >= 0 ? floor : ENTRIES.includes(path) ? FLOORS.length : NaN;
}

test("Every file of the package lies in a folder that is a floor, or is an entry", () => {
  assertEquals(FILES.filter(file => Number.isNaN(floorOf(file))), []);
  assertEquals(FLOORS.filter(folder => !FILES.some(file => file.startsWith(`${folder}/`))), []);
});

test("Every file imports its own floor or a lower one, types included", () => {
  const climbing: string[] = [];
  for (const file of FILES) {
    for (const { specifier } of importLines(readSource(file))) {
      if (!specifier.startsWith(".")) continue;
      const target = resolveImport(file, specifier);
      if (!(floorOf(target) <= floorOf(file))) climbing.push(`${file} imports ${target}`);
    }
  }
  assertEquals(climbing, []);
});

test("Every relative import names a file of the package, with its extension", () => {
  const lost: string[] = [];
  for (const file of FILES) {
    for (const { specifier } of importLines(readSource(file))) {
      if (specifier.startsWith(".") && !FILES.includes(resolveImport(file, specifier))) {
        lost.push(`${file}: ${specifier}`);
      }
    }
  }
  assertEquals(lost, []);
});

test("Every specifier is relative or node:, but for polars in polars.ts, and its type", () => {
  const allowed: Record<string, RegExp> = {
    "src/api/data_frame.ts": /^npm:nodejs-polars@\d+\.\d+\.\d+$/,
    "polars.ts": /^(npm:nodejs-polars@\d+\.\d+\.\d+|nodejs-polars)$/,
  };
  const foreign: string[] = [];
  for (const file of FILES) {
    for (const { specifier } of importLines(readSource(file))) {
      if (/^(\.\.?\/|node:)/.test(specifier) || allowed[file]?.test(specifier)) continue;
      foreign.push(`${file}: ${specifier}`);
    }
  }
  assertEquals(foreign, []);
});

test("Every dynamic import has a literal specifier", () => {
  const computed = FILES.filter(file => /\bimport\s*\(\s*[^"'\s]/.test(withoutComments(readSource(file))));
  assertEquals(computed, []);
});

test("Only the openers, and the NVML thread that cannot import them, name Deno.dlopen or bun:ffi", () => {
  const naming = (word: string) =>
    FILES.filter(file =>
      withoutComments(readSource(file)).includes(word) && !/^ffi\/(open\.\w+|nvml_worker)\.ts$/.test(file)
    );
  assertEquals(naming("dlopen"), []);
  assertEquals(naming("bun:ffi"), []);
});

test("Only clock.ts reads time", () => {
  // The page's own program has the browser's.
  const reading = FILES.filter(file =>
    !file.startsWith("src/formats/page/view/")
    && /\b(performance\.now|Date\.now|new Date\(\)|hrtime)/.test(withoutComments(readSource(file)))
  );
  assertEquals(reading, ["src/meters/clock.ts"]);
});

test("Only which.ts asks which runtime this is, but for what runs without it", () => {
  // The text of NVML's thread, the opener that Deno alone calls, and an entry that chooses what to load.
  const apart = /^(ffi\/(nvml_worker|open\.deno)|polars)\.ts$/;
  const asking = FILES.filter(file =>
    !apart.test(file) && /"(Deno|Bun)" in |\b(Deno|Bun)\??: /.test(withoutComments(readSource(file)))
  );
  assertEquals(asking, ["src/runtime/which.ts"]);
});

test("Only host_calls.ts has the host call anything: every timer, hook and listener goes through what catches", () => {
  // What runs elsewhere, in a page or as the text of a thread, is not in the program.
  const apart = /^(src\/formats\/page\/view\/\w+|ffi\/nvml_worker)\.ts$/;
  const installing =
    /\b(setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|FinalizationRegistry|MutationObserver|PerformanceObserver|createHook|registerHooks)\b|\.\s*(on|once|addListener|prependListener|prependOnceListener|addEventListener|addSignalListener|subscribe)\s*(\?\.)?\s*\(|\.on[a-z]+\s*=[^=>]/;
  const names = FILES.filter(file => !apart.test(file) && installing.test(withoutComments(readSource(file))));
  assertEquals(names, ["src/runtime/host_calls.ts"]);
});

test("No file imports itself, directly or through others, types included", () => {
  const DONE = 2;
  const state = new Map<string, number>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const known = state.get(file);
    if (known === DONE) return;
    if (known !== undefined) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, 1);
    for (const { specifier } of importLines(readSource(file))) {
      if (specifier.startsWith(".")) visit(resolveImport(file, specifier), [...path, file]);
    }
    state.set(file, DONE);
  };
  for (const file of FILES) visit(file, []);
  assertEquals(cycles, []);
});

test("No file declares globals", () => {
  assertEquals(FILES.filter(file => /\bdeclare\s+global\b/.test(withoutComments(readSource(file)))), []);
});

test("No tests, tools or paths outside the package are imported by it", () => {
  const outside = FILES.flatMap(file =>
    importLines(readSource(file))
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => resolveImport(file, specifier))
      .filter(target => !/^(ffi|src)\//.test(target) && !ENTRIES.includes(target))
      .map(target => `${file}: ${target}`)
  );
  assertEquals(outside, []);
});

test("importLines() sees every form of import and no commented one", () => {
  const source = `
    import a from "./a.ts"; import * as b from './b.ts';
    import {
      c, // import x from "./no.ts"
      type C,
    } from "./c.ts";
    import type { D } from "./d.ts";
    export { e } from "./e.ts";
    export * from "./f.ts";
    export type { G } from "./g.ts";
    import "./h.ts";
    const i: { x: I } = await import("./i.ts");
    type J = typeof import("./j.ts");
    /* import "./no.ts" */
    // import "./no.ts"
    const url = "http://x.test"; import k from "./k.ts";
  `;
  const seen = importLines(source).map(line => (line.typeOnly ? "type " : "") + line.specifier).sort();
  assertEquals(seen, [
    "./a.ts",
    "./b.ts",
    "./c.ts",
    "./e.ts",
    "./f.ts",
    "./h.ts",
    "./i.ts",
    "./k.ts",
    "type ./d.ts",
    "type ./g.ts",
    "type ./j.ts",
  ]);
});

interface Manifest {
  version: string;
  license: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
  devDependencies: Record<string, string>;
  publish: { include: string[] };
}

function manifest(path: string): Manifest {
  return JSON.parse(readSource(path)) as Manifest;
}

/** `npm:@scope/name@1.2.3/path` as its name and version. */
function npmPin(specifier: string): { name: string; version: string } {
  const match = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)@([^/]+)/.exec(specifier);
  if (match === null) throw new Error(`${specifier} must pin a version`);
  return { name: match[1], version: match[2] };
}

test("deno.json and package.json agree on version, license and entries", () => {
  const deno = manifest("deno.json");
  const npm = manifest("package.json");
  assertEquals(npm.version, deno.version);
  assertEquals(npm.license, deno.license);
  assertEquals(npm.exports, deno.exports);
});

test("Every task of deno.json is a script of package.json", () => {
  const { tasks } = JSON.parse(readSource("deno.json")) as { tasks: Record<string, string> };
  const { scripts } = JSON.parse(readSource("package.json")) as { scripts: Record<string, string> };
  assertEquals(
    Object.entries(scripts),
    Object.keys(tasks).map(name => [name, `node tools/npm.mjs ${name}`]),
  );
});

test("deno.json maps its own name to the entries it exports, and publishes them", () => {
  const { imports, publish } = manifest("deno.json");
  for (const [name, file] of Object.entries(ENTRY_FILES)) {
    assertEquals(imports[name], `./${file}`);
    assert(existsSync(join(CHECKOUT, file)), `${file} must exist`);
    assert(publish.include.includes(file), `${file} must be published`);
  }
});

test("What needs the list of entries reads deno.json's: none is written out beside it", () => {
  const sources = ["tools", "tests"].flatMap(folder =>
    (readdirSync(join(CHECKOUT, folder), { recursive: true }) as string[])
      .map(name => `${folder}/${name.replaceAll("\\", "/")}`)
  ).filter(path => /\.(ts|mjs)$/.test(path) && !path.includes("node_modules"));
  const listing = sources.filter(path => /["'`]mod\.ts["'`],\s*["'`]polars\.ts["'`]/.test(readSource(path)));
  assertEquals(listing, []);
});

test("Every npm: pin of deno.json is package.json's", () => {
  const { imports } = manifest("deno.json");
  const { devDependencies } = manifest("package.json");
  const pins = Object.values(imports).filter(target => target.startsWith("npm:")).map(npmPin);
  assert(pins.length > 0);
  for (const { name, version } of pins) {
    // Another version of the same package has a name of its own.
    const pinned = [devDependencies[name], ...Object.values(devDependencies)];
    assert(pinned[0] === version || pinned.includes(`npm:${name}@${version}`), `${name}@${version}`);
  }
});

test("Every version in package.json is exact", () => {
  for (const [name, version] of Object.entries(manifest("package.json").devDependencies)) {
    assert(/^(npm:(?:@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+(-r\.\d+)?$/.test(version), `${name}: ${version}`);
  }
});

test("polars.ts and its type's file pin the nodejs-polars of package.json wherever they name it", () => {
  const { devDependencies } = manifest("package.json");
  const pins = ["polars.ts", "src/api/data_frame.ts"].flatMap(file => importLines(readSource(file)))
    .filter(({ specifier }) => specifier.startsWith("npm:"))
    .map(({ specifier }) => npmPin(specifier));
  assert(pins.length > 0);
  for (const pin of pins) {
    assertEquals(pin, { name: "nodejs-polars", version: devDependencies["nodejs-polars"] });
  }
});

test("tsconfig.json maps to existing files what deno.json maps, and polars.ts's own specifier", () => {
  const config = JSON.parse(readSource("tsconfig.json")) as {
    compilerOptions: { paths: Record<string, string[]> };
  };
  const { paths } = config.compilerOptions;
  for (const [name, targets] of Object.entries(paths)) {
    for (const target of targets) {
      assert(existsSync(join(CHECKOUT, target)), `${name}: ${target} must exist`);
    }
  }
  const { imports } = manifest("deno.json");
  const mapped = Object.keys(imports).filter(name => name.startsWith("@cirron/") || name.startsWith("@std/"));
  assertEquals(mapped.filter(name => !(name in paths)), []);
  const wanted = importLines(readSource("polars.ts"))
    .map(({ specifier }) => specifier)
    .filter(specifier => specifier.startsWith("npm:"));
  assertEquals(wanted.filter(specifier => !(specifier in paths)), []);
});
