import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ENTRY_FILES } from "../../tools/entries.ts";
import { findNode } from "../../tools/install.mjs";
import { CHECKOUT, sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import {
  assertNoTypeScript,
  assertWorks,
  compile,
  consumerProgram,
  findDenoRuntime,
  jsrPackage,
  npmPackage,
  npmProject,
  type Polars,
  publicTypes,
  removePackages,
  runConsumer,
  writeManifest,
} from "../support/consumers.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { packageFiles } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Projects that use the package by its name, outside the checkout. Deno's run of this file has what is for Deno, for Node
// and for the compiler; Bun's run has what is for Bun.

const FILE = import.meta.url;
const deno = RUNTIME === "deno" ? findRuntime("deno") : null;
const bun = findRuntime("bun");

after(removePackages);

const BOTH: readonly Polars[] = ["absent", "imported"];

test("What is published exports the same as the sources, under the same names", async () => {
  const [{ directory }, jsr] = [await npmPackage(), await jsrPackage()];
  for (const file of Object.values(ENTRY_FILES)) {
    const source = await exportsOf(sourcePath(file));
    for (const published of [directory, jsr]) {
      assertEquals(await exportsOf(join(published, file.replace(/\.ts$/, ".js"))), source, file);
    }
  }
});

/** Of each export its kind, its own name, and how many arguments it names. */
async function exportsOf(path: string): Promise<Record<string, unknown>> {
  const module = await import(pathToFileURL(path).href) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(module).map(([name, value]) => {
      const isFunction = typeof value === "function";
      return [name, [typeof value, isFunction ? value.name : null, isFunction ? value.length : null]];
    }),
  );
}

function filesOf(directory: string): string[] {
  return (readdirSync(directory, { recursive: true }) as string[]).map(name => name.replaceAll("\\", "/"));
}

function polarsText(polars: Polars): string {
  return polars === "imported" ? "with" : "without";
}

const denoRuntime = deno === null ? null : await findDenoRuntime(deno);

if (deno !== null) denoConsumers(deno);
else bunConsumers(bun!);

/** A Deno project that maps the package's name to something. */
function denoProject(configuration: object, polars: Polars): TempDirectory {
  const folder = new TempDirectory();
  folder.write("deno.json", JSON.stringify(configuration));
  folder.write("main.ts", consumerProgram(polars));
  return folder;
}

/** An import map of the package's entries. */
function mapEntries(to: (name: string, file: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(ENTRY_FILES).map(([name, file]) => [name, to(name, file)]));
}

function denoConsumers(deno: string): void {
  const source = pathToFileURL(`${CHECKOUT}/`).href;
  const mapped = {
    imports: mapEntries((_name, file) => source + file),
  };
  const linked = {
    imports: mapEntries(name => name.replace("@cirron/sdk", "jsr:@cirron/sdk@^0.1.0")),
    links: [CHECKOUT],
  };

  for (const polars of BOTH) {
    for (const [how, configuration] of Object.entries({ "an import map": mapped, links: linked })) {
      test(`A Deno project with ${how}, ${polarsText(polars)} polars, records, reads back and spools`, async () => {
        using folder = denoProject(configuration, polars);
        const probes = assertWorks(await runConsumer(folder, deno, ["run", "-A", "main.ts"]), folder, polars);
        assert(probes.cpu.present && !probes.cpu.source!.includes("cpuUsage"), String(probes.cpu.source));
      });
    }
  }

  for (const polars of BOTH) {
    test(`A Deno project with what JSR is given, ${polarsText(polars)} polars, is checked, records, reads back and spools`, async () => {
      const path = `${pathToFileURL(await jsrPackage()).href}/`;
      const configuration = { imports: mapEntries((_name, file) => path + file.replace(/\.ts$/, ".js")) };
      // In folders of their own: what was checked is locked, and found there by the program too.
      using types = denoProject(configuration, polars);
      types.write("types.ts", publicTypes(polars));
      const checked = await runConsumer(types, deno, ["check", "--quiet", "types.ts"]);
      assertEquals([checked.code, checked.stderr], [0, ""]);
      using folder = denoProject(configuration, polars);
      const probes = assertWorks(await runConsumer(folder, deno, ["run", "-A", "main.ts"]), folder, polars);
      assert(probes.cpu.present && !probes.cpu.source!.includes("cpuUsage"), String(probes.cpu.source));
    });
  }

  // nodejs-polars is left out of bundles by their makers' own means: its binary is found by trying every platform's.
  for (const minify of [[], ["--minify"]]) {
    test(`deno bundle ${minify.join(" ")} makes one file that works alone`, async () => {
      using folder = denoProject(mapped, "absent");
      using elsewhere = new TempDirectory();
      const output = join(elsewhere.path, "main.js");
      const { code, stderr } = await runConsumer(folder, deno, [
        "bundle",
        ...minify,
        "-o",
        output,
        "main.ts",
      ]);
      assertEquals(code, 0, stderr);
      const outcome = await runConsumer(elsewhere, deno, ["run", "-A", "main.js"]);
      const probes = assertWorks(outcome, elsewhere, "absent");
      assert(!probes.cpu.source!.includes("cpuUsage"), "the bundle must have found the library");
    });
  }

  const runtime =
    "deno compile has nothing to put a program into: set DENORT_BIN, or run it once with a network";
  testUnless(denoRuntime === null ? runtime : null, FILE)(
    "deno compile makes one executable that works alone",
    async () => {
      using folder = denoProject(mapped, "imported");
      using elsewhere = new TempDirectory();
      const output = join(elsewhere.path, "program");
      const { code, stderr } = await runConsumer(folder, deno, [
        "compile",
        "-A",
        "--no-check",
        "-o",
        output,
        "main.ts",
      ]);
      assertEquals(code, 0, stderr);
      assertWorks(await runConsumer(elsewhere, output, []), elsewhere, "imported");
    },
  );

  nodeConsumers();
  compilerConsumers();
}

function nodeConsumers(): void {
  const node = findNode();
  const nodeTest = testUnless(
    node === null ? "neither the machine nor tools/node has a Node 22 or newer" : null,
    FILE,
  );
  for (const polars of BOTH) {
    nodeTest(
      `A program on Node 22 or newer, ${polarsText(polars)} polars, works but for the FFI counters`,
      async () => {
        using folder = await npmProject(polars);
        folder.write("main.js", consumerProgram(polars));
        const version = (await run(node!, ["--version"])).stdout;
        assert(Number(/^v(\d+)/.exec(version)?.[1]) >= 22, version);
        const probes = assertWorks(await runConsumer(folder, node!, ["main.js"]), folder, polars);
        assertMatch(probes.wall.source!, /^performance\.now\(\) \(this runtime has no FFI/);
        assertMatch(probes.cpu.source!, /^process\.cpuUsage\(\) \(this runtime has no FFI/);
        assertEquals([probes.gpu.present, probes.memory.present], [false, false]);
        assertMatch(probes.gpu.reason!, /this runtime has no FFI/);
      },
    );
  }

  // The machine's own, of any age that has npm: whoever has an older one finds out here.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const npmTest = testUnless(isOnPath(npm) ? null : "there is no npm on the PATH", FILE);
  npmTest("npm installs the package, and no nodejs-polars with it", async () => {
    using folder = new TempDirectory();
    await writeManifest(folder);
    const install = ["install", "--offline", "--no-audit", "--no-fund"];
    const { code, stderr } = await run(npm, install, { cwd: folder.path });
    assertEquals(code, 0, stderr);
    const installed = readdirSync(join(folder.path, "node_modules")).filter(name => !name.startsWith("."));
    assertEquals(installed, ["@cirron"]);
    if (node === null) return;
    folder.write("main.js", consumerProgram("absent"));
    assertWorks(await runConsumer(folder, node, ["main.js"]), folder, "absent");
  });
}

function isOnPath(command: string): boolean {
  const folders = (process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":");
  return folders.some(folder => {
    try {
      return readdirSync(folder).includes(command);
    } catch {
      return false;
    }
  });
}

function compilerConsumers(): void {
  for (const polars of BOTH) {
    test(`tsc --strict with all libraries checked takes the package's types, ${polarsText(polars)} polars`, async () => {
      using folder = await npmProject(polars);
      folder.write("main.ts", publicTypes(polars));
      assertEquals(await compile(folder), []);
    });
  }

  test("tsc sees each mistake that public_types.ts expects", async () => {
    using folder = await npmProject("imported");
    const text = publicTypes("imported");
    const expected = text.split("@ts-expect-error --").length - 1;
    assert(expected > 25);
    folder.write("main.ts", text.replaceAll("@ts-expect-error", ""));
    const errors = await compile(folder, { options: { skipLibCheck: true } });
    assertEquals(errors.length, expected, errors.join("\n"));
  });

  for (const [resolution, module] of [["bundler", "preserve"], ["nodenext", "nodenext"]]) {
    test(`tsc finds both entries with moduleResolution ${resolution}`, async () => {
      using folder = await npmProject("imported");
      folder.write(
        "main.ts",
        'import { type DataFrame, pl, type PolarsLibrary } from "@cirron/sdk/polars";\n'
          + 'import { trace } from "@cirron/sdk";\n'
          + 'export const df: DataFrame = trace({ format: "df" });\nexport const library: PolarsLibrary = pl;\n'
          + "export const height: number = df.height;\n",
      );
      assertEquals(await compile(folder, { options: { moduleResolution: resolution, module } }), []);
    });
  }
}

function bunConsumers(bun: string): void {
  test("The npm form has a bundle, declarations for each file of the package, and no TypeScript", async () => {
    const { directory } = await npmPackage();
    const files = filesOf(directory);
    assertNoTypeScript(files);
    for (const file of packageFiles()) {
      assert(files.includes(`types/${file.replace(/\.ts$/, ".d.ts")}`), file);
    }
    for (const name of files.filter(name => /\.(js|d\.ts)$/.test(name))) {
      const text = readFileSync(join(directory, name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      assertEquals(
        [...text.matchAll(/["'](npm:[^"']*|jsr:[^"']*|\.[^"'\s]*\.ts)["']/g)].map(String),
        [],
        name,
      );
    }
  });

  test("An import of a published entry opens four files at most, each for Bun to take as it is", async () => {
    const jsr = await jsrPackage();
    for (const directory of [(await npmPackage()).directory, jsr]) {
      for (const file of Object.values(ENTRY_FILES)) {
        const opened = new Set([join(directory, file.replace(/\.ts$/, ".js"))]);
        for (const path of opened) {
          const text = readFileSync(path, "utf8");
          assertMatch(text, /^(#!.*\n)?\/\/ @bun\n/, path);
          for (const [, specifier] of text.matchAll(/^(?:import|export) [^;]*?from '(\.[^']+)';$/gm)) {
            opened.add(join(path, "..", specifier));
          }
        }
        assertLess(opened.size, 5, [...opened].join(" "));
      }
    }
    const second = readFileSync(join(jsr, "mod.js"), "utf8").split("\n")[1];
    assertEquals(second, '/* @ts-self-types="./types/mod.d.ts" */');
    assertEquals(packageFiles().filter(file => !filesOf(jsr).includes(file)), []);
  });

  for (const polars of BOTH) {
    test(`A Bun project with the packed package, ${polarsText(polars)} polars, records, reads back and spools`, async () => {
      using folder = await npmProject(polars);
      folder.write("main.js", consumerProgram(polars));
      const probes = assertWorks(await runConsumer(folder, bun, ["main.js"]), folder, polars);
      assert(!probes.cpu.source!.includes("cpuUsage"), String(probes.cpu.source));
    });

    test(`bun build --compile makes one executable that works alone, ${polarsText(polars)} polars`, async () => {
      using folder = await npmProject(polars);
      using elsewhere = new TempDirectory();
      folder.write("main.ts", consumerProgram(polars));
      const output = join(elsewhere.path, "program");
      const built = await runConsumer(folder, bun, ["build", "--compile", "--outfile", output, "main.ts"]);
      assertEquals(built.code, 0, built.stderr);
      const probes = assertWorks(await runConsumer(elsewhere, output, []), elsewhere, polars);
      assert(!probes.cpu.source!.includes("cpuUsage"), String(probes.cpu.source));
    });
  }

  for (const target of ["bun", "node"]) {
    const node = target === "node" ? findNode() : null;
    const missing = target === "node" && node === null ? "there is no Node 22 or newer" : null;
    for (const minify of [[], ["--minify"]]) {
      const flags = ["--target", target, ...minify];
      testUnless(missing, FILE)(`bun build ${flags.join(" ")} makes one file that works alone`, async () => {
        using folder = await npmProject("absent");
        using elsewhere = new TempDirectory();
        folder.write("main.ts", consumerProgram("absent"));
        const output = join(elsewhere.path, "main.mjs");
        const built = await runConsumer(folder, bun, ["build", ...flags, "--outfile", output, "main.ts"]);
        assertEquals(built.code, 0, built.stderr);
        assertWorks(await runConsumer(elsewhere, node ?? bun, ["main.mjs"]), elsewhere, "absent");
      });
    }
  }
}
