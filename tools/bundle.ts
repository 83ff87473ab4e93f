/**
 * The package as few files of JavaScript: what `mod.ts` loads lies in `base.js` (the lowest floors) and `core.js`, and what other entries
 * and each command of the command line need besides in `parts/`. An import then opens three files, not two hundred.
 *
 * @module
 */
import { posix } from "node:path";
import { type GetModuleInfo, type OutputChunk, rollup } from "rollup";
import { ENTRIES } from "./entries.ts";
import { toJavaScript } from "./javascript.ts";

const ENTRY_MODULES = ENTRIES.map(file => file.replace(/\.ts$/, ".js"));
const [MAIN] = ENTRY_MODULES;

// The lowest floors: all that a help of the command line needs.
const BASE = /^(src\/(data|runtime)|ffi)\//;

// Files that several load beside `parts/`.
const COMMON = ["base", "core"];

/** How a bundle is made. */
export interface BundleOptions {
  /** What stands at the beginning of an entry's file, after its shebang and Bun's sign. */
  readonly entryLine?: (file: string) => string;
  /** Rewrites a file's JavaScript before it is bundled. */
  readonly rewrite?: (text: string) => string;
}

/**
 * Bundles the entries.
 * @param files The package's sources, entries included.
 * @returns JavaScript by path: `mod.js`, `base.js`, `core.js`, the other entries, and what they load when they need it below `parts/`.
 */
export async function bundle(
  files: readonly string[],
  options: BundleOptions = {},
): Promise<Map<string, string>> {
  const { entryLine, rewrite = text => text } = options;
  const modules = toJavaScript(files);
  const built = await rollup({
    input: Object.fromEntries(ENTRY_MODULES.map(entry => [entry.replace(/\.js$/, ""), entry])),
    external: id => !modules.has(id) && !id.startsWith("."),
    onwarn: warning => {
      // TypeScript's help for `using` asks for a `this` that modules do not have, and does without.
      if (warning.code !== "THIS_IS_UNDEFINED") throw new Error(warning.message);
    },
    plugins: [{
      name: "sources",
      resolveId: (id, importer) => {
        const path = importer === undefined || !id.startsWith(".")
          ? id
          : posix.join(posix.dirname(importer), id);
        return modules.has(path) ? path : null;
      },
      load: id => {
        const text = modules.get(id);
        return text === undefined ? null : rewrite(text);
      },
    }],
  });
  try {
    const { output } = await built.generate({
      format: "es",
      entryFileNames: "[name].js",
      chunkFileNames: ({ name }) => COMMON.includes(name) ? `${name}.js` : `parts/${name}.js`,
      manualChunks: (id, { getModuleInfo }) => partOf(id, getModuleInfo),
      hoistTransitiveImports: false,
      generatedCode: { preset: "es2015" },
      minifyInternalExports: false,
    });
    const chunks = output.filter((file): file is OutputChunk => file.type === "chunk");
    return new Map(chunks.map(chunk => [chunk.fileName, withFirstLines(chunk, entryLine)]));
  } finally {
    await built.close();
  }
}

const loaded = new WeakMap<GetModuleInfo, Map<string, string>>();

/**
 * Which file a module goes to: `base`, else that of the first entry that imports it. An entry itself stays alone: what it asks of `import.meta`
 * is about the file that was started. What is loaded on demand is left to rollup.
 */
function partOf(id: string, getModuleInfo: GetModuleInfo): string | undefined {
  let parts = loaded.get(getModuleInfo);
  if (parts === undefined) {
    parts = new Map();
    for (const entry of ENTRY_MODULES) {
      const name = entry === MAIN ? "core" : entry.replace(/\.js$/, "");
      const imported = new Set([entry]);
      for (const module of imported) {
        for (const next of getModuleInfo(module)?.importedIds ?? []) imported.add(next);
      }
      for (const module of imported) {
        if (parts.has(module) || ENTRY_MODULES.includes(module)) continue;
        parts.set(module, BASE.test(module) ? "base" : name);
      }
    }
    loaded.set(getModuleInfo, parts);
  }
  return parts.get(id);
}

// Bun does not read for TypeScript and JSX what says in its first line that it is for Bun: half of its time to load.
function withFirstLines(
  { code, isEntry, fileName }: OutputChunk,
  entryLine?: (file: string) => string,
): string {
  const shebang = /^#!.*\n/.exec(code)?.[0] ?? "";
  const line = isEntry && entryLine !== undefined ? `${entryLine(fileName)}\n` : "";
  return `${shebang}// @bun\n${line}${code.slice(shebang.length)}`;
}
