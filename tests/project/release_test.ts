import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import {
  LIBC_FILE_SYMBOLS,
  LIBC_LINK_SYMBOLS,
  LIBC_MEMORY_SYMBOLS,
  LIBC_POINTER_SYMBOLS,
  LIBC_SIGNAL_SYMBOLS,
  LIBC_SYMBOLS,
} from "../../ffi/libc.ts";
import { NVML_SYMBOLS } from "../../ffi/nvml.ts";
import { VERSION } from "../../src/data/version.ts";
import { ENTRIES } from "../../tools/entries.ts";
import { PAGES } from "../../tools/pages.ts";
import { packageFiles, readSource } from "../support/sources.ts";

// What is written in several places, and must be the same in each.

interface Manifest {
  readonly version: string;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly packages: Readonly<Record<string, Manifest>>;
  readonly specifiers: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function manifest(path: string): Manifest {
  return JSON.parse(readSource(path)) as Manifest;
}

const { devDependencies } = manifest("package.json");

test("The version is the same in deno.json, package.json, package-lock.json and version.ts", () => {
  const lock = manifest("package-lock.json");
  assertEquals(
    [manifest("package.json").version, lock.version, lock.packages[""].version, VERSION],
    new Array(4).fill(manifest("deno.json").version),
  );
});

test("The lock files lock what the manifests pin", () => {
  for (const folder of ["", "tools/pinned/", "tools/node/"]) {
    const { devDependencies: dev, optionalDependencies: optional } = manifest(`${folder}package.json`);
    const { packages } = manifest(`${folder}package-lock.json`);
    for (const [name, version] of Object.entries({ ...dev, ...optional })) {
      const pin = version.slice(version.lastIndexOf("@") + 1); // also of one under another name
      assertEquals(packages[`node_modules/${name}`]?.version, pin, folder + name);
    }
  }
  const { specifiers } = manifest("deno.lock");
  for (const target of Object.values(manifest("deno.json").imports)) {
    const pin = /^npm:\/?((?:@[^/@]+\/)?[^/@]+@[^/]+)/.exec(target)?.[1];
    if (pin !== undefined) assertEquals(specifiers[`npm:${pin}`], pin.slice(pin.lastIndexOf("@") + 1), pin);
  }
});

test("Whatever names a version of nodejs-polars names the pinned one, and every command to install it names it", () => {
  let count = 0;
  for (const file of [...PAGES, ...packageFiles(), "tests/programs/ways_in_test.ts"]) {
    const text = readSource(file);
    for (const [, version] of text.matchAll(/nodejs-polars@(\d[\w.]*\d)/g)) {
      assertEquals(version, devDependencies["nodejs-polars"], file);
      count++;
    }
    const command = /(?:deno add npm:|bun add |npm install )nodejs-polars(?!@\d)/.exec(text);
    assertEquals(command?.[0], undefined, `${file}: the newest does not install everywhere`);
  }
  assert(count > 4);
});

test("CHANGELOG.md has every exported name", () => {
  const changes = readSource("CHANGELOG.md");
  const names = ENTRIES.flatMap(exportedNames);
  assert(names.length > 40, names.join(" "));
  const missing = names.filter(name => !new RegExp(`\`[^\`]*\\b${name}\\b[^\`]*\``).test(changes));
  assertEquals(missing, []);
});

/** The names that an entry exports, as its own text lists them. */
function exportedNames(entry: string): string[] {
  const source = readSource(entry);
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
    list.split(",")
  );
  const single = [...source.matchAll(/^export (?:declare )?(?:const|type|function|class|interface) (\w+)/gm)];
  return [...lists, ...single.map(([, name]) => name)].map(name => name.trim().replace(/^type /, "")).filter(
    name => name !== "",
  );
}

test("SECURITY.md names every function of libc that is called, and says of NVML's that they are queries", () => {
  const text = readSource("SECURITY.md");
  const tables = [
    LIBC_SYMBOLS,
    LIBC_POINTER_SYMBOLS,
    LIBC_SIGNAL_SYMBOLS,
    LIBC_MEMORY_SYMBOLS,
    LIBC_LINK_SYMBOLS,
    LIBC_FILE_SYMBOLS,
  ];
  const exported = [...readSource("ffi/libc.ts").matchAll(/^export const (\w+_SYMBOLS|LIBC_SYMBOLS)\b/gm)];
  assertEquals(exported.length, tables.length, "a table that this test does not know");
  for (const name of tables.flatMap(table => Object.keys(table))) assert(text.includes(`\`${name}\``), name);
  for (const name of Object.keys(NVML_SYMBOLS)) {
    assertMatch(name, /^nvml(Init_v2$|SystemGetDriverVersion$|DeviceGet|Gpm)/);
  }
});

test("SECURITY.md asks for no flags that docs/permissions.md does not have", () => {
  const table = readSource("docs/permissions.md");
  const flags = [...readSource("SECURITY.md").matchAll(/--allow-[\w-]+=\S+/g)].map(([flag]) => flag);
  assert(flags.length >= 3);
  assertEquals(flags.filter(flag => !table.includes(flag)), []);
});

test("The README leads to every page", () => {
  const readme = readSource("README.md");
  assertEquals(PAGES.filter(page => page !== "README.md" && !readme.includes(`](${page})`)), []);
});
