/**
 * Runs tests on Deno and Bun and counts them: what `deno task test`, `test:quick`, `watch` and `ok` have in common.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { ROOT } from "./install.mjs";
import { run } from "./run.ts";

/** A runtime that tests run on. */
export type Runtime = "deno" | "bun";

/** Which tests to run, and where. */
export interface Wanted {
  readonly runtimes: readonly Runtime[];
  /** Files and folders. */
  readonly paths: readonly string[];
  /**
   * Whether what takes long is left out, large data and what starts programs; the runtimes then run side by side, each on a core of
   * its own, and what they say is shown one after the other.
   */
  readonly isQuick: boolean;
}

/** What came of it. */
export interface Outcome {
  readonly ok: boolean;
  /** Why tests were skipped, if any were, and the sum: the last lines of the whole. */
  readonly summary: readonly string[];
}

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const RUNTIMES: readonly Runtime[] = ["deno", "bun"];
const TITLES: Readonly<Record<Runtime, string>> = { deno: "Deno", bun: "Bun" };

// Failures are worth a line; thousands of passes are not, and skips have one at the end.
const PASSED = /^running \d+ tests? from|\.\.\. (?:ok|ignored) \(|^\(skip\) |^-+ post-test output|^$/;

// What Bun puts before what a file's tests say: worth a line where they say anything.
const FILE = /^\S+_test\.ts:$/;

// What `testUnless` prints for each test that it skips.
const SKIPPING = /^\S+: skipping ".*": (.*)$/;

// What starts programs and browsers, and what is no test.
const SLOW_FOLDERS = new Set(["programs", "support"]);

/** Reads `[deno|bun] [paths]`, with `--quick` anywhere. */
export function readWanted(args: readonly string[]): Wanted {
  const isQuick = args.includes("--quick");
  const words = args.filter(arg => arg !== "--quick");
  const only = RUNTIMES.find(name => name === words[0]);
  const paths = only === undefined ? words : words.slice(1);
  const all = isQuick ? quickFolders() : ["tests"];
  return {
    runtimes: only === undefined ? RUNTIMES : [only],
    paths: paths.length > 0 ? paths : all,
    isQuick,
  };
}

/** The folders of tests that start no process. */
export function quickFolders(): string[] {
  return Array.from(Deno.readDirSync(`${ROOT}/tests`))
    .filter(({ name, isDirectory }) => isDirectory && !SLOW_FOLDERS.has(name))
    .map(({ name }) => `tests/${name}`)
    .sort();
}

/** The files of tests in files and folders, by their whole paths. */
export function testFiles(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    const whole = resolve(ROOT, path);
    if (Deno.statSync(whole).isFile) return [whole];
    const names = (Array.from(Deno.readDirSync(whole)))
      .filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
      .map(({ name }) => join(whole, name));
    return testFiles(names.sort());
  });
}

/** Set where only quick tests are wanted: `tests/support/conditions.ts` reads it. */
export const QUICK_ENV: Readonly<Record<string, string>> = { CIRRON_QUICK_TESTS: "1" };

/** The arguments with which a runtime runs tests. */
export function testArguments(runtime: Runtime, paths: readonly string[]): string[] {
  return runtime === "deno"
    ? ["test", "-A", "--no-check", ...paths]
    // Bun gives a test 5 s; those that start whole programs on a busy machine take longer. It takes a path for a filter of names
    // unless it begins with a dot or a slash.
    : [
      "test",
      "--only-failures",
      "--timeout",
      "120000",
      ...paths.map(path => /^[./]/.test(path) ? path : `./${path}`),
    ];
}

/**
 * The arguments of the commands that run quick tests. Deno gives each file an isolate of its own, which takes a quarter of a second:
 * here those of a folder share one. All tests in one would take longer again, in a heap that grows.
 */
function quickCommands(runtime: Runtime, paths: readonly string[]): string[][] {
  return runtime === "deno"
    ? paths.map(path => [...testArguments("deno", ["tools/together.ts"]), "--", ...testFiles([path])])
    : [testArguments("bun", paths)];
}

/** Runs tests, showing what fails. */
export async function runTests({ runtimes, paths, isQuick }: Wanted): Promise<Outcome> {
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Map<string, number>();

  async function count(runtime: Runtime): Promise<void> {
    const title = `\n== ${TITLES[runtime]}`;
    const kept: string[] = [];
    if (!isQuick) console.log(title);
    const show = isQuick ? (line: string) => void kept.push(line) : (line: string) => console.log(line);
    let file: string | null = null;
    const isShown = (line: string): boolean => {
      const reason = SKIPPING.exec(line)?.[1];
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (reason !== undefined || PASSED.test(line)) return false;
      if (FILE.test(line)) {
        file = line;
        return false;
      }
      if (file !== null) show(file);
      file = null;
      return true;
    };
    for (const args of isQuick ? quickCommands(runtime, paths) : [testArguments(runtime, paths)]) {
      const { ok, output } = await run(runtime, args, isShown, isQuick ? QUICK_ENV : {}, show);
      // A runner that died, or counted nothing, has failed whatever it printed before.
      const found = (runtime === "deno" ? denoCount : bunCount)(output)
        ?? { passed: 0, failed: 0, skipped: 0 };
      if ((!ok && found.failed === 0) || found.passed + found.failed + found.skipped === 0) found.failed++;
      total.passed += found.passed;
      total.failed += found.failed;
      total.skipped += found.skipped;
    }
    if (isQuick) console.log([title, ...kept].join("\n"));
  }

  if (isQuick) await Promise.all(runtimes.map(count));
  else for (const runtime of runtimes) await count(runtime);

  const sum = `${total.passed} passed, ${total.failed} failed`;
  return {
    ok: total.failed === 0,
    summary: total.skipped > 0
      ? [`skipped: ${reasonsText(reasons, total.skipped)}`, `${sum}, ${total.skipped} skipped`]
      : [sum],
  };
}

/** Why tests were skipped, the most frequent reason first. */
function reasonsText(reasons: Map<string, number>, skipped: number): string {
  const known = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  if (known < skipped) reasons.set("no reason given", skipped - known);
  return [...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`).join("; ");
}

function denoCount(output: string): Count | null {
  const line = [...output.matchAll(/^(?:ok|FAILED) \| (.*)$/gm)].at(-1)?.[1];
  return line === undefined ? null : {
    passed: numberBefore(line, "passed"),
    failed: numberBefore(line, "failed"),
    skipped: numberBefore(line, "ignored"),
  };
}

function bunCount(output: string): Count | null {
  const lines = output.slice(output.search(/^ *\d+ pass$/m));
  return /^ *\d+ pass$/m.test(output)
    ? {
      passed: numberBefore(lines, "pass"),
      failed: numberBefore(lines, "fail"),
      skipped: numberBefore(lines, "skip"),
    }
    : null;
}

function numberBefore(text: string, word: string): number {
  return Number(text.match(new RegExp(`(\\d+) ${word}\\b`))?.[1] ?? 0);
}
